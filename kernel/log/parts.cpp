#include "kernel/log/parts.h"

#include <sodium.h>

#include "kernel/log/row.h"

namespace tk::log {
namespace {

constexpr size_t kHashBytes = 32;
constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;

/// The place of the quote that ends the string whose characters begin at `at`.
size_t EndOfString(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != '"') {
    at = text[at] == '\\' ? at + 2 : text.find_first_of("\"\\", at);
  }
  return std::min(at, text.size());
}

bool Decode(std::string_view base64, std::string* bytes) {
  bytes->resize(base64.size() / 4 * 3);
  size_t size = 0;
  const char* end = nullptr;
  const bool good = base64.size() % 4 == 0 &&
                    sodium_base642bin(reinterpret_cast<unsigned char*>(bytes->data()), bytes->size(),
                                      base64.data(), base64.size(), nullptr, &size, &end, kVariant) == 0 &&
                    end == base64.data() + base64.size();
  bytes->resize(good ? size : 0);
  return good;
}

Error Damaged() {
  return MakeError(ErrorCode::kCorrupt,
                   "An attachment of a stored resource is missing or damaged; restore the contents from a "
                   "backup.");
}

}  // namespace

Result<std::vector<Part>> TakeParts(std::string_view text, const PersonKey& owner, ContentStore* contents,
                                    std::string* rest) {
  std::vector<Part> parts;
  std::string bytes;
  size_t kept = 0;  // up to here the text is in `rest` or in a part
  for (size_t quote = text.find('"'); quote != std::string_view::npos;) {
    const size_t begin = quote + 1, end = EndOfString(text, begin);
    if (end - begin >= kPartCharsMin && Decode(text.substr(begin, end - begin), &bytes)) {
      rest->append(text.substr(kept, begin - kept));
      kept = end;
      parts.push_back({rest->size(), end - begin, TRY(contents->Put(owner, bytes)).hash});
    }
    quote = end == text.size() ? std::string_view::npos : text.find('"', end + 1);
  }
  rest->append(text.substr(kept));
  return parts;
}

namespace {

Result<std::string> BytesOf(const Part& part, OwnerNumber owner, const ContentStore& contents) {
  auto bytes = contents.Get(owner, part.hash);
  if (!bytes.ok() && bytes.error().code == ErrorCode::kNotFound) return Damaged();
  if (bytes.ok() && sodium_base64_encoded_len(bytes->size(), kVariant) - 1 != part.chars) return Damaged();
  return bytes;
}

}  // namespace

Result<std::string> PutBack(std::string_view rest, const std::vector<Part>& parts, OwnerNumber owner,
                            const ContentStore& contents, std::vector<std::string>* lost) {
  std::string text;
  size_t used = 0;
  for (const Part& part : parts) {
    if (part.at < used || part.at > rest.size()) return Damaged();
    text.append(rest.substr(used, part.at - used));
    used = part.at;
    auto bytes = BytesOf(part, owner, contents);
    if (!bytes.ok() && lost != nullptr && bytes.error().code == ErrorCode::kCorrupt) {
      lost->push_back(part.hash);
      continue;
    }
    if (!bytes.ok()) return bytes.TakeError();
    const size_t from = text.size();
    text.resize(from + part.chars + 1);  // the encoder ends with a zero
    sodium_bin2base64(text.data() + from, part.chars + 1,
                      reinterpret_cast<const unsigned char*>(bytes->data()), bytes->size(), kVariant);
    text.pop_back();
  }
  return text.append(rest.substr(used));
}

void AppendParts(const std::vector<Part>& parts, std::string* out) {
  PutVarint(out, parts.size());
  for (const Part& part : parts) {
    PutVarint(out, part.at);
    PutVarint(out, part.chars);
    std::array<unsigned char, kHashBytes> hash{};
    size_t size = 0;
    CHECK(sodium_hex2bin(hash.data(), hash.size(), part.hash.data(), part.hash.size(), nullptr, &size,
                         nullptr) == 0 &&
          size == kHashBytes);
    out->append(reinterpret_cast<const char*>(hash.data()), hash.size());
  }
}

std::optional<std::vector<Part>> ReadParts(std::string_view frame, size_t* at) {
  uint64_t count = 0;
  if (!GetVarint(frame, at, &count) || count > frame.size()) return std::nullopt;
  std::vector<Part> parts(count);
  for (Part& part : parts) {
    if (!GetVarint(frame, at, &part.at) || !GetVarint(frame, at, &part.chars) ||
        frame.size() - *at < kHashBytes)
      return std::nullopt;
    part.hash.resize(2 * kHashBytes + 1);
    sodium_bin2hex(part.hash.data(), part.hash.size(),
                   reinterpret_cast<const unsigned char*>(frame.data()) + *at, kHashBytes);
    part.hash.pop_back();
    *at += kHashBytes;
  }
  return parts;
}

}  // namespace tk::log
