#include "kernel/hl7v2/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/charset.h"
#include "kernel/base/text.h"

namespace tk::hl7v2 {
namespace {

constexpr std::string_view kHeader = "MSH", kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kCharsetField = 18;

bool IsEnd(char c) { return c == '\r' || c == '\n'; }
bool IsNameLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool IsDelimiter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F && !IsNameLetter(c) && !(c >= 'a' && c <= 'z') && c != '"';
}

std::string_view NthOf(std::string_view text, char delimiter, size_t n) {
  for (;;) {
    const size_t end = text.find(delimiter);
    if (--n == 0) return text.substr(0, end);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

/// What MSH-18 says, read from bytes that may be of any charset; its first repetition, as later ones are reached by escapes only.
std::string_view SaidCharset(std::string_view bytes) {
  const size_t end = std::min(bytes.find('\r'), bytes.find('\n'));
  const std::string_view header = bytes.substr(0, end);
  if (header.size() < 5) return {};
  const char repetition = header.size() > 5 ? header[5] : '~';
  return NthOf(NthOf(header, header[3], kCharsetField), repetition, 1);
}

enum class Charset : uint8_t { kUnsaid, kUtf8, kGb, kLatin1, kUnknown };
struct CharsetName {
  std::string_view name;
  Charset charset;
};
// HL7 table 0211, with the spellings that are met besides. ASCII says no more than that the delimiters are where they are.
constexpr CharsetName kCharsets[] = {{"", Charset::kUnsaid},          {"ASCII", Charset::kUnsaid},
                                     {"UNICODE", Charset::kUtf8},     {"UNICODE UTF-8", Charset::kUtf8},
                                     {"UTF-8", Charset::kUtf8},       {"UTF8", Charset::kUtf8},
                                     {"8859/1", Charset::kLatin1},    {"ISO 8859-1", Charset::kLatin1},
                                     {"GB 18030-2000", Charset::kGb}, {"GB18030", Charset::kGb},
                                     {"GB 18030", Charset::kGb},      {"GB18030-2000", Charset::kGb},
                                     {"GBK", Charset::kGb},           {"GB2312", Charset::kGb},
                                     {"GB 2312", Charset::kGb}};

Charset CharsetOf(std::string_view said) {
  for (const CharsetName& known : kCharsets) {
    if (EqualsIgnoreCase(TrimSpace(said), known.name)) return known.charset;
  }
  return Charset::kUnknown;
}

std::string FromLatin1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return out;
}

struct Decoded {
  std::string text;
  std::string_view charset;
};

Error NotOfIt() {
  return MakeIssue(ErrorCode::kIncorrect, "value", "MSH-18",
                   "The bytes of the message are not of the charset that MSH-18 names: send UTF-8 and say "
                   "'UNICODE UTF-8' there, or GB 18030 and 'GB 18030-2000'.");
}

Result<Decoded> Decode(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  Charset charset = CharsetOf(SaidCharset(bytes));
  const bool is_utf8 = FirstBadUtf8(bytes) == bytes.size();
  if (charset == Charset::kUnknown && !is_utf8) {
    // Characters of two bytes before MSH-18 may have moved it: what the whole reads as says where it is.
    auto whole = ToUtf8(bytes, "gb18030");
    if (whole.ok() && CharsetOf(SaidCharset(whole->text)) == Charset::kGb) charset = Charset::kGb;
  }
  if (charset == Charset::kUnknown)
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "MSH-18",
                     "This charset is not read: send 'UNICODE UTF-8', 'GB 18030-2000', '8859/1' or ASCII.");
  if (charset == Charset::kLatin1) {
    if (bytes.find('\0') != std::string_view::npos) return NotOfIt();
    return Decoded{FromLatin1(bytes), "8859/1"};
  }
  if (charset == Charset::kUtf8 && !is_utf8) return NotOfIt();
  auto told = ToUtf8(bytes, charset == Charset::kGb ? "gb18030" : "");
  if (!told.ok()) return NotOfIt();
  return Decoded{std::string(told->text), told->charset};
}

Result<Delimiters> ReadDelimiters(std::string_view text) {
  Delimiters out;
  out.field = text[kHeader.size()];
  std::string_view encoding = NthOf(text.substr(kHeader.size() + 1), out.field, 1);
  encoding = encoding.substr(0, std::min(encoding.find('\r'), encoding.find('\n')));
  std::string signs(encoding);
  // "^~\\&": written by programs that escape the escape. There is only one way to read it.
  if (signs.size() == 5 && signs[2] == signs[3]) signs.erase(3, 1);
  const auto wrong = [](std::string_view what) {
    return MakeIssue(ErrorCode::kIncorrect, "structure", "MSH-2",
                     fmt::format("{} Write MSH|^~\\&| as the standard suggests.", what));
  };
  if (signs.empty() || signs.size() > 5) return wrong("MSH-2 names 1 to 5 encoding characters.");
  char* const places[] = {&out.component, &out.repetition, &out.escape, &out.subcomponent, &out.truncation};
  // Those that are left out at the end are not used (section 2.5.4); no byte of a text is '\0'.
  for (size_t i = 0; i < std::size(places); ++i) *places[i] = i < signs.size() ? signs[i] : '\0';
  signs.push_back(out.field);
  for (size_t i = 0; i < signs.size(); ++i) {
    if (!IsDelimiter(signs[i])) return wrong("A delimiter is a printable sign of ASCII, no letter or digit.");
    if (signs.find(signs[i], i + 1) != std::string::npos) return wrong("Two delimiters are the same.");
  }
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// What an escape sequence stands for, appended; false: it is none that is known, and stays as it is.
bool AppendEscape(std::string_view sequence, const Delimiters& delimiters, std::string* out) {
  if (sequence.size() == 1) {
    const std::pair<char, char> signs[] = {{'F', delimiters.field},        {'S', delimiters.component},
                                           {'R', delimiters.repetition},   {'E', delimiters.escape},
                                           {'T', delimiters.subcomponent}, {'P', delimiters.truncation}};
    for (const auto& [letter, sign] : signs) {
      if (sequence[0] != letter) continue;
      if (sign != '\0') out->push_back(sign);
      return true;
    }
    return sequence[0] == 'H' || sequence[0] == 'N';  // highlighting begins and ends: no text of its own
  }
  if (sequence.empty()) return false;
  if (sequence[0] == '.') {  // formatting (section 2.7.6): line breaks stay, the rest is looks
    const std::string_view command = sequence.substr(1, 2);
    if (command == "br" || command == "sp" || command == "ce") out->push_back('\n');
    return command == "br" || command == "sp" || command == "ce" || command == "in" || command == "ti" ||
           command == "fi" || command == "nf" || command == "sk";
  }
  if (sequence[0] == 'X' && sequence.size() % 2 == 1) {
    std::string bytes;
    for (size_t i = 1; i < sequence.size(); i += 2) {
      const int high = HexDigit(sequence[i]), low = HexDigit(sequence[i + 1]);
      if (high < 0 || low < 0) return false;
      bytes.push_back(static_cast<char>(high * 16 + low));
    }
    if (FirstBadUtf8(bytes) != bytes.size()) return false;
    out->append(bytes);
    return true;
  }
  return sequence[0] == 'C' || sequence[0] == 'M';  // a change of charset: the text is UTF-8 already
}

std::string Unescaped(std::string_view raw, const Delimiters& delimiters) {
  std::string out;
  if (delimiters.escape == '\0' || raw.find(delimiters.escape) == std::string_view::npos)
    return std::string(raw);
  while (!raw.empty()) {
    const size_t begin = raw.find(delimiters.escape);
    out.append(raw.substr(0, begin));
    if (begin == std::string_view::npos) break;
    raw.remove_prefix(begin);
    const size_t end = raw.find(delimiters.escape, 1);
    if (end != std::string_view::npos && AppendEscape(raw.substr(1, end - 1), delimiters, &out)) {
      raw.remove_prefix(end + 1);
    } else {
      out.push_back(raw[0]);
      raw.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

Part Part::Nth(char delimiter, size_t n) const {
  if (delimiters_ == nullptr || n == 0) return {};
  if (literal_ || delimiter == '\0') return n == 1 ? *this : Part();
  return {NthOf(raw_, delimiter, n), delimiters_};
}
Part Part::Repetition(size_t n) const {
  return delimiters_ == nullptr ? Part() : Nth(delimiters_->repetition, n);
}
Part Part::Component(size_t n) const {
  return delimiters_ == nullptr ? Part() : Repetition(1).Nth(delimiters_->component, n);
}
Part Part::Subcomponent(size_t n) const {
  return delimiters_ == nullptr ? Part() : Component(1).Nth(delimiters_->subcomponent, n);
}
size_t Part::Repetitions() const {
  if (raw_.empty() || delimiters_ == nullptr) return 0;
  if (literal_ || delimiters_->repetition == '\0') return 1;
  return 1 + static_cast<size_t>(std::count(raw_.begin(), raw_.end(), delimiters_->repetition));
}
std::string Part::Text() const {
  if (literal_) return std::string(raw_);
  const Part first = Subcomponent(1);
  if (first.empty() || first.IsNull()) return {};
  return Unescaped(first.raw_, *delimiters_);
}

std::string Part::Whole() const {
  if (literal_) return std::string(raw_);
  return IsNull() ? std::string() : Unescaped(raw_, *delimiters_);
}

Result<Message> Message::Parse(std::string_view bytes) {
  if (bytes.size() > kMessageBytesMax)
    return MakeIssue(ErrorCode::kTooLarge, "too-long", "",
                     fmt::format("A message has at most {} bytes.", kMessageBytesMax));
  const size_t begin = bytes.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  if (bytes.substr(begin, kHeader.size()) != kHeader || bytes.size() < begin + kHeader.size() + 2)
    return MakeIssue(
        ErrorCode::kIncorrect, "structure", "MSH",
        "A message begins with its MSH segment, written with delimiters: MSH|^~\\&|… (XML is not "
        "read here).");
  auto content = std::make_shared<Content>();
  Decoded decoded = TRY(Decode(bytes));
  content->text = std::move(decoded.text);
  content->charset = decoded.charset;
  content->delimiters = TRY(ReadDelimiters(content->text));
  TRY(Split(content.get()));
  Message message;
  message.content_ = std::move(content);
  return message;
}

Status Message::Split(Content* content) {
  std::string_view rest = content->text;
  while (!rest.empty()) {
    if (IsEnd(rest[0])) {
      rest.remove_prefix(1);
      continue;
    }
    std::string_view line = rest.substr(0, std::min(rest.find('\r'), rest.find('\n')));
    rest.remove_prefix(line.size());
    const size_t nth = content->segments.size() + 1;
    const auto wrong = [nth](std::string_view what) {
      return MakeIssue(ErrorCode::kIncorrect, "structure", "", fmt::format("Segment {}: {}", nth, what));
    };
    if (nth > kSegmentsMax) return wrong(fmt::format("a message has at most {} segments.", kSegmentsMax));
    Segment segment;
    segment.name = line.substr(0, 3);
    const bool named = segment.name.size() == 3 &&
                       std::all_of(segment.name.begin(), segment.name.end(), IsNameLetter) &&
                       (line.size() == 3 || line[3] == content->delimiters.field);
    if (!named)
      return wrong(
          "it does not begin with a name of three letters and a field separator. A line break inside "
          "a field is written \\.br\\ .");
    if (segment.name == kHeader && nth != 1)
      return wrong("a second MSH: send each message in a frame of its own.");
    if (segment.name == kHeader) {
      segment.fields.push_back(segment.name);
      segment.literal_msh = true;
      segment.fields.push_back(line.substr(3, 1));
      line.remove_prefix(4);
    }
    for (bool more = true; more;) {
      const size_t end = line.find(content->delimiters.field);
      more = end != std::string_view::npos;
      segment.fields.push_back(line.substr(0, end));
      if (more) line.remove_prefix(end + 1);
      if (segment.fields.size() > kFieldsMax)
        return wrong(fmt::format("a segment has at most {} fields.", kFieldsMax));
    }
    content->segments.push_back(std::move(segment));
  }
  return {};
}

const Segment* Message::Find(std::string_view name, size_t nth) const {
  for (const Segment& segment : segments()) {
    if (segment.name == name && --nth == 0) return &segment;
  }
  return nullptr;
}

Part Message::FieldOf(const Segment& segment, size_t field) const {
  if (field >= segment.fields.size()) return {};
  return {segment.fields[field], &content_->delimiters, segment.literal_msh && field <= 2};
}

Part Message::Field(std::string_view segment, size_t field) const {
  const Segment* const found = Find(segment);
  return found == nullptr ? Part() : FieldOf(*found, field);
}

std::optional<Place> ReadPlace(std::string_view text) {
  Place place;
  const size_t dash = text.find('-');
  place.segment = std::string(text.substr(0, dash));
  if (place.segment.size() != 3 || !std::all_of(place.segment.begin(), place.segment.end(), IsNameLetter))
    return std::nullopt;
  if (dash == std::string_view::npos) return place;
  const char* at = text.data() + dash + 1;
  const char* const end = text.data() + text.size();
  const auto number = [&](size_t* out) {
    const auto [stop, error] = std::from_chars(at, end, *out);
    at = stop;
    return error == std::errc() && *out > 0 && *out <= kFieldsMax;
  };
  if (!number(&place.field)) return std::nullopt;
  if (at != end && *at == '(') {
    ++at;
    if (!number(&place.repetition) || at == end || *at++ != ')') return std::nullopt;
  }
  for (size_t* const below : {&place.component, &place.subcomponent}) {
    if (at == end) return place;
    if (*at++ != '.' || !number(below)) return std::nullopt;
  }
  return at == end ? std::optional(place) : std::nullopt;
}

Part At(const Message& message, const Place& place) {
  return At(message, message.Find(place.segment), place);
}

Part At(const Message& message, const Segment* segment, const Place& place) {
  if (segment == nullptr) return {};
  Part part = message.FieldOf(*segment, place.field);
  if (place.repetition != 0 || place.component != 0)
    part = part.Repetition(std::max<size_t>(place.repetition, 1));
  if (place.component != 0) part = part.Component(place.component);
  if (place.subcomponent != 0) part = part.Subcomponent(place.subcomponent);
  return part;
}

std::string Escaped(std::string_view text, const Delimiters& delimiters) {
  std::string out;
  const auto put = [&](std::string_view sequence) {
    if (delimiters.escape == '\0') return out.push_back(' ');
    out.push_back(delimiters.escape);
    out.append(sequence);
    out.push_back(delimiters.escape);
  };
  for (const char c : text) {
    if (c == delimiters.field)
      put("F");
    else if (c == delimiters.component)
      put("S");
    else if (c == delimiters.repetition)
      put("R");
    else if (c == delimiters.escape)
      put("E");
    else if (c == delimiters.subcomponent)
      put("T");
    else if (c == '\n')
      put(".br");
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out.push_back(' ');
    else
      out.push_back(c);
  }
  return out;
}

}  // namespace tk::hl7v2
