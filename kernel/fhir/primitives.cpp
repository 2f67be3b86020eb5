#include "kernel/fhir/primitives.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>

#include "kernel/fhir/json_text.h"

namespace tk::fhir {
namespace {

// Looked up: attachments and ids are long or many.
constexpr std::array<bool, 256> kAlnum = [] {
  std::array<bool, 256> is{};
  for (size_t c = 0; c < 256; ++c)
    is[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is;
}();
bool IsAlnum(char c) { return kAlnum[static_cast<unsigned char>(c)]; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

/// Reads a text from the left; every step says whether it matched.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool AtEnd() const { return rest_.empty(); }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Take(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  /// Exactly `digits` digits between the bounds.
  bool Number(size_t digits, int low, int high, int* out) {
    if (rest_.size() < digits) return false;
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (!IsDigit(rest_[i])) return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    *out = value;
    return value >= low && value <= high;
  }
  size_t Digits() {
    size_t n = 0;
    while (n < rest_.size() && IsDigit(rest_[n])) ++n;
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

int DaysIn(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

/// How many of year, month, day were read (the text may go on); 0 if it is no date.
int ReadDate(Reader* reader) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!reader->Number(4, 1, 9999, &year)) return 0;
  if (!reader->Take('-')) return 1;
  if (!reader->Number(2, 1, 12, &month)) return 0;
  if (!reader->Take('-')) return 2;
  return reader->Number(2, 1, DaysIn(year, month), &day) ? 3 : 0;
}

bool ReadTime(Reader* reader) {
  int part = 0;
  if (!reader->Number(2, 0, 23, &part) || !reader->Take(':')) return false;
  if (!reader->Number(2, 0, 59, &part) || !reader->Take(':')) return false;
  if (!reader->Number(2, 0, 60, &part)) return false;  // 60: a leap second
  return !reader->Take('.') || reader->Digits() > 0;
}

bool ReadZone(Reader* reader) {
  if (reader->Take('Z')) return true;
  if (!reader->Take('+') && !reader->Take('-')) return false;
  int hour = 0;
  int minute = 0;
  return reader->Number(2, 0, 14, &hour) && reader->Take(':') &&
         reader->Number(2, 0, hour == 14 ? 0 : 59, &minute);
}

bool IsDate(std::string_view text) {
  Reader reader(text);
  return ReadDate(&reader) > 0 && reader.AtEnd();
}

bool IsDateTime(std::string_view text, bool whole) {
  Reader reader(text);
  const int parts = ReadDate(&reader);
  if (parts == 0 || (whole && parts < 3)) return false;
  if (reader.AtEnd()) return !whole;
  return parts == 3 && reader.Take('T') && ReadTime(&reader) && ReadZone(&reader) && reader.AtEnd();
}

bool IsTime(std::string_view text) {
  Reader reader(text);
  return ReadTime(&reader) && reader.AtEnd();
}

bool IsInteger(std::string_view text, int32_t low) {
  int32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view digits = text.substr(!text.empty() && text[0] == '-' ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0') return false;
  return failed == std::errc() && end == text.data() + text.size() && value >= low &&
         (low < 0 || text[0] != '-');
}

bool IsDecimal(std::string_view text) {
  Reader reader(text);
  reader.Take('-');
  if (!reader.Take('0') && reader.Digits() == 0) return false;
  if (reader.Take('.') && reader.Digits() == 0) return false;
  if (reader.Take('e') || reader.Take('E')) {
    if (!reader.Take('+')) reader.Take('-');
    if (reader.Digits() == 0) return false;
  }
  return reader.AtEnd();
}

bool IsCode(std::string_view text) {
  if (text.empty() || IsSpace(text.front()) || IsSpace(text.back())) return false;
  for (size_t i = 1; i < text.size(); ++i) {
    if (IsSpace(text[i]) && IsSpace(text[i - 1])) return false;
  }
  return true;
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '-' || c == '.'; });
}

bool IsOid(std::string_view text) {
  Reader reader(text);
  int root = 0;
  if (!reader.Take("urn:oid:") || !reader.Number(1, 0, 2, &root) || reader.AtEnd()) return false;
  while (!reader.AtEnd()) {
    if (!reader.Take('.')) return false;
    if (!reader.Take('0') && reader.Digits() == 0) return false;
  }
  return true;
}

bool IsUuid(std::string_view text) {
  static constexpr std::string_view kShape = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kShape.size() || text.substr(0, 9) != kShape.substr(0, 9)) return false;
  for (size_t i = 9; i < kShape.size(); ++i) {
    const bool hex = IsDigit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');
    if (kShape[i] == 'x' ? !hex : text[i] != '-') return false;
  }
  return true;
}

bool IsBase64(std::string_view text) {
  size_t count = 0;
  for (const char c : text) {
    if (IsAlnum(c) || c == '+' || c == '/' || c == '=') {
      ++count;
    } else if (!IsSpace(c) || count % 4 != 0) {
      return false;
    }
  }
  return count > 0 && count % 4 == 0;
}

/// "Strings SHALL NOT contain Unicode character points below 32, except for u0009, u000D and u000A."
bool IsPlainText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 32 && c != '\t' && c != '\n' && c != '\r';
  });
}

/// No white space and no control character: all of them lie at or below the space.
bool HasNoSpace(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

/// Patterns of primitives that the platform defines; few, and kept for ever.
bool MatchesPattern(std::string_view pattern, std::string_view text) {
  static std::mutex mutex;
  static auto* const compiled = new std::map<std::string, std::unique_ptr<RE2>, std::less<>>;
  if (pattern.empty()) return true;
  const RE2* expression = nullptr;
  {
    const std::lock_guard lock(mutex);
    auto found = compiled->find(pattern);
    if (found == compiled->end()) {
      RE2::Options options;
      options.set_log_errors(false);
      const std::string key(pattern);
      found = compiled->emplace(key, std::make_unique<RE2>(key, options)).first;
    }
    expression = found->second.get();
  }
  return expression->ok() && RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

}  // namespace

bool IsPrimitiveText(const TypeInfo& type, std::string_view text) {
  switch (type.primitive) {
    case Primitive::kBoolean:
      return text == "true" || text == "false";
    case Primitive::kInteger:
      return IsInteger(text, INT32_MIN);
    case Primitive::kUnsignedInt:
      return IsInteger(text, 0);
    case Primitive::kPositiveInt:
      return IsInteger(text, 1);
    case Primitive::kDecimal:
      return IsDecimal(text);
    case Primitive::kString:
    case Primitive::kMarkdown:
      return !text.empty() && IsPlainText(text);
    case Primitive::kCode:
      return IsCode(text) && IsPlainText(text);
    case Primitive::kId:
      return IsId(text);
    case Primitive::kUri:
    case Primitive::kUrl:
    case Primitive::kCanonical:
      return !text.empty() && HasNoSpace(text);
    case Primitive::kOid:
      return IsOid(text);
    case Primitive::kUuid:
      return IsUuid(text);
    case Primitive::kDate:
      return IsDate(text);
    case Primitive::kDateTime:
      return IsDateTime(text, false);
    case Primitive::kInstant:
      return IsDateTime(text, true);
    case Primitive::kTime:
      return IsTime(text);
    case Primitive::kBase64Binary:
      return IsBase64(text);
    case Primitive::kXhtml:
    case Primitive::kNone:
    case Primitive::kOther:
      break;
  }
  return IsPlainText(text) && MatchesPattern(type.regex, text);
}

std::string_view ExpectedForm(Primitive primitive) {
  switch (primitive) {
    case Primitive::kBoolean:
      return "a boolean: true or false";
    case Primitive::kInteger:
      return "an integer: a whole number of 32 bits, without fraction or exponent";
    case Primitive::kUnsignedInt:
      return "an unsignedInt: a whole number from 0 to 2147483647";
    case Primitive::kPositiveInt:
      return "a positiveInt: a whole number from 1 to 2147483647";
    case Primitive::kDecimal:
      return "a decimal";
    case Primitive::kString:
    case Primitive::kMarkdown:
      return "text that is not empty and has no control characters but tab and line ends";
    case Primitive::kCode:
      return "a code: no space at its ends, and no two together";
    case Primitive::kId:
      return "an id: 1 to 64 of A-Z a-z 0-9 - .";
    case Primitive::kUri:
    case Primitive::kUrl:
    case Primitive::kCanonical:
      return "a URI: not empty, without spaces";
    case Primitive::kOid:
      return "an OID: urn:oid: and numbers with dots";
    case Primitive::kUuid:
      return "a UUID: urn:uuid: and 32 lower-case hex digits in groups 8-4-4-4-12";
    case Primitive::kDate:
      return "a date that exists: YYYY, YYYY-MM or YYYY-MM-DD";
    case Primitive::kDateTime:
      return "a dateTime that exists: YYYY, YYYY-MM, YYYY-MM-DD or "
             "YYYY-MM-DDThh:mm:ss[.fff](Z|+hh:mm|-hh:mm)";
    case Primitive::kInstant:
      return "an instant that exists: YYYY-MM-DDThh:mm:ss[.fff](Z|+hh:mm|-hh:mm)";
    case Primitive::kTime:
      return "a time: hh:mm:ss[.fff]";
    case Primitive::kBase64Binary:
      return "base64: groups of four of A-Z a-z 0-9 + / =";
    case Primitive::kXhtml:
      return "XHTML";
    case Primitive::kNone:
    case Primitive::kOther:
      break;
  }
  return "the pattern of its definition";
}

}  // namespace tk::fhir
