#include "kernel/log/training.h"

// The trainer with its parameters given is part of the shared library, its declaration is not part of the stable header.
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>

#include <algorithm>
#include <array>

namespace tk::log {
namespace {

constexpr size_t kTextBytesMax = size_t{64} << 10;
constexpr size_t kSamplesOfOwnerMax = 16;
constexpr size_t kValuesMax = 50'000;
constexpr size_t kValueBytesMax = 200;
constexpr uint32_t kNoValue = 0xffffffff;

// Past the closing quote of the string that begins at `at`.
size_t SkipString(std::string_view text, size_t at) {
  for (++at;;) {
    const size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return text.size();
    size_t slashes = 0;
    while (text[quote - 1 - slashes] == '\\') ++slashes;  // the opening quote ends the count
    if (slashes % 2 == 0) return quote + 1;
    at = quote + 1;
  }
}

}  // namespace

bool IsCodedMember(std::string_view name) {
  constexpr std::array<std::string_view, 12> kCoded = {"system", "code",         "display", "unit",
                                                       "url",    "resourceType", "status",  "use",
                                                       "intent", "profile",      "mode",    "type"};
  return std::find(kCoded.begin(), kCoded.end(), name) != kCoded.end();
}

uint32_t Trainer::Remember(OwnerNumber owner, std::string_view value) {
  if (value.size() > kValueBytesMax) return kNoValue;
  auto it = value_index_.find(value);
  if (it == value_index_.end()) {
    if (values_.size() >= kValuesMax) return kNoValue;
    it = value_index_.emplace(std::string(value), static_cast<uint32_t>(values_.size())).first;
    values_.push_back({std::string(value), {}});
  }
  auto& owners = values_[it->second].owners;
  if (owners.size() < kOwnersMin && std::find(owners.begin(), owners.end(), owner) == owners.end())
    owners.push_back(owner);
  return it->second;
}

// One pass over the tokens. Strings that are not member names are left out (coded ones remembered), numbers become 0.
void Trainer::Add(OwnerNumber owner, std::string_view text) {
  if (text.size() > kTextBytesMax || full()) return;
  uint32_t& given = owners_[owner];
  if (owner != 0 && given >= kSamplesOfOwnerMax) return;
  ++given;
  Sample sample;
  sample.text.reserve(text.size());
  std::string_view member;
  size_t kept = 0;  // up to here it is in the sample
  const auto keep_to = [&](size_t at) { sample.text.append(text, kept, at - kept); };
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const size_t end = SkipString(text, at);
      if (end < text.size() && text[end] == ':') {
        member = text.substr(at + 1, end - at - 2);
      } else {
        keep_to(at + 1);
        const uint32_t value = IsCodedMember(member) && end >= at + 2
                                   ? Remember(owner, text.substr(at + 1, end - at - 2))
                                   : kNoValue;
        if (value != kNoValue) sample.slots.push_back({static_cast<uint32_t>(sample.text.size()), value});
        sample.text += '"';
        kept = end;
      }
      at = end;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      keep_to(at);
      at = std::min(text.find_first_not_of("+-.eE0123456789", at), text.size());
      sample.text += '0';
      kept = at;
    } else {
      ++at;
    }
  }
  keep_to(text.size());
  bytes_ += sample.text.size() + sample.slots.size() * sizeof(Slot);
  samples_.push_back(std::move(sample));
}

std::string Trainer::Blanked(size_t i) const {
  const Sample& sample = samples_[i];
  std::string out;
  size_t done = 0;
  for (const Slot& slot : sample.slots) {
    out.append(sample.text, done, slot.at - done);
    done = slot.at;
    if (values_[slot.value].owners.size() >= kOwnersMin) out += values_[slot.value].text;
  }
  out.append(sample.text, done);
  return out;
}

Result<std::string> Trainer::Train(size_t bytes_max) const {
  std::string all;
  std::vector<size_t> sizes;
  for (size_t i = 0; i < samples_.size(); ++i) {
    const std::string text = Blanked(i);
    if (text.size() < 8) continue;  // ZDICT refuses shorter samples
    all += text;
    sizes.push_back(text.size());
  }
  // More dictionary than about an eighth of what it was learnt from is only copied text.
  std::string dictionary(std::clamp<size_t>(all.size() / 8, 1024, bytes_max), '\0');
  // What ZDICT_trainFromBuffer does, without trying five lengths of segments: on records of one type the longer ones differ by less than one
  // part in a hundred, and trying costs six times as much.
  ZDICT_fastCover_params_t parameters{};
  parameters.k = 1024;
  parameters.d = 8;
  parameters.f = 20;
  parameters.accel = 1;
  parameters.zParams.compressionLevel = 3;
  const size_t size =
      ZDICT_trainFromBuffer_fastCover(dictionary.data(), dictionary.size(), all.data(), sizes.data(),
                                      static_cast<unsigned>(sizes.size()), parameters);
  if (ZDICT_isError(size) != 0) {
    return MakeError(ErrorCode::kIncorrect, "The samples do not give a compression dictionary.",
                     ZDICT_getErrorName(size));
  }
  dictionary.resize(size);
  return dictionary;
}

}  // namespace tk::log
