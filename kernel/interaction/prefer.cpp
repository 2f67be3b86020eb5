#include "kernel/interaction/prefer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/text.h"

namespace tk::interaction {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Calls `each` with every trimmed part of a list.
template <class Each>
void ForEachPart(std::string_view list, std::string_view separators, const Each& each) {
  while (!list.empty()) {
    const size_t end = list.find_first_of(separators);
    each(Trim(list.substr(0, end)));
    if (end == std::string_view::npos) return;
    list.remove_prefix(end + 1);
  }
}

bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool IsJsonType(std::string_view type) {
  for (const std::string_view known :
       {"json", "application/json", "application/fhir+json", "text/json", "application/*", "*/*"}) {
    if (SameText(type, known)) return true;
  }
  return false;
}

template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Preferences ParsePrefer(std::string_view header) {
  Preferences out;
  ForEachPart(header, ",;", [&out](std::string_view part) {
    const size_t equals = std::min(part.size(), part.find('='));
    const std::string_view name = Trim(part.substr(0, equals));
    std::string_view value = Trim(part.substr(std::min(part.size(), equals + 1)));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (SameText(name, "return")) {
      if (SameText(value, "minimal")) out.returns = Returns::kMinimal;
      if (SameText(value, "representation")) out.returns = Returns::kRepresentation;
      if (SameText(value, "OperationOutcome")) out.returns = Returns::kOutcome;
    } else if (SameText(name, "handling")) {
      if (SameText(value, "lenient")) out.lenient = true;
      if (SameText(value, "strict")) out.lenient = false;
    }
  });
  return out;
}

bool AsksOtherVersion(std::string_view parameters) {
  bool other = false;
  ForEachPart(parameters, ";", [&other](std::string_view part) {
    constexpr std::string_view kName = "fhirversion=";
    if (part.size() < kName.size() || !SameText(part.substr(0, kName.size()), kName)) return;
    std::string_view version = Trim(part.substr(kName.size()));
    if (version.size() >= 2 && version.front() == '"' && version.back() == '"')
      version = version.substr(1, version.size() - 2);
    other = version != "4.0" && version != "4.0.1";
  });
  return other;
}

bool NamesOtherCharset(std::string_view parameters) {
  bool other = false;
  ForEachPart(parameters, ";", [&other](std::string_view part) {
    constexpr std::string_view kName = "charset=";
    if (part.size() < kName.size() || !SameText(part.substr(0, kName.size()), kName)) return;
    std::string_view charset = Trim(part.substr(kName.size()));
    if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
      charset = charset.substr(1, charset.size() - 2);
    other = !SameText(charset, "utf-8") && !SameText(charset, "utf8") && !SameText(charset, "us-ascii");
  });
  return other;
}

bool AcceptsJson(std::string_view accept, std::string_view format) {
  if (!format.empty()) {
    const size_t end = std::min(format.size(), format.find(';'));
    return IsJsonType(Trim(format.substr(0, end))) && !AsksOtherVersion(format.substr(end));
  }
  if (Trim(accept).empty()) return true;
  bool accepts = false;
  ForEachPart(accept, ",", [&accepts](std::string_view part) {
    const size_t semicolon = part.find(';');
    std::string_view weight =
        semicolon == std::string_view::npos ? std::string_view() : part.substr(semicolon);
    const size_t q = weight.find("q=0");
    const bool refused = q != std::string_view::npos &&
                         weight.substr(q + 3).find_first_not_of(".0 ") == std::string_view::npos;
    if (!refused && !AsksOtherVersion(weight) && IsJsonType(Trim(part.substr(0, semicolon)))) accepts = true;
  });
  return accepts;
}

std::optional<uint32_t> ParseETag(std::string_view etag) {
  etag = Trim(etag);
  if (etag.substr(0, 2) == "W/") etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return ParseNumber<uint32_t>(etag);
}

std::string ETag(uint32_t version) {
  std::string tag = "W/\"";
  AppendNumber(version, &tag);
  tag += '"';
  return tag;
}

bool NamesVersion(std::string_view if_none_match, uint32_t version) {
  bool named = false;
  ForEachPart(if_none_match, ",", [&](std::string_view part) {
    if (part == "*" || ParseETag(part) == version) named = true;
  });
  return named;
}

std::optional<Instant> ParseHttpDate(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  text = Trim(text);
  if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',') return std::nullopt;
  const auto number = [&text](size_t at, size_t size) { return ParseNumber<int>(text.substr(at, size)); };
  const size_t month = kMonths.find(text.substr(8, 3));
  const auto day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
             second = number(23, 2);
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute || !second)
    return std::nullopt;
  if (*day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const int64_t days = DaysFromCivil(*year, static_cast<int>(month / 3) + 1, *day);
  return (days * 86400 + *hour * 3600 + *minute * 60 + *second) * kSecondUs;
}

bool NotModified(const Request& request, uint32_t version, Instant at_us,
                 const std::function<bool()>& alone) {
  if (!request.if_none_match.empty()) return NamesVersion(request.if_none_match, version);
  if (request.if_modified_since.empty()) return false;
  const auto since = ParseHttpDate(request.if_modified_since);
  if (!since) {  // an entry of a Bundle has an instant, to the microsecond
    const auto instant = ParseDateRange(request.if_modified_since);
    return instant.ok() && instant->precision >= 19 && at_us <= instant->low_us;
  }
  // An HTTP date has whole seconds, a version has microseconds: what the header can express is compared, where that says enough.
  const Instant second = at_us / kSecondUs, asked = *since / kSecondUs;
  return second < asked || (second == asked && alone());
}

Status CheckIfMatch(std::string_view if_match, uint32_t version) {
  if (if_match.empty()) return {};
  bool broken = false, holds = false;
  ForEachPart(if_match, ",", [&](std::string_view part) {
    const auto wanted = ParseETag(part);
    broken = broken || (part != "*" && !wanted);
    holds = holds || (version != 0 && (part == "*" || wanted == version));
  });
  if (broken)
    return MakeError(ErrorCode::kIncorrect,
                     "If-Match is no ETag: send the one that the read gave, for example W/\"3\".");
  if (holds) return {};
  return MakeError(ErrorCode::kPrecondition,
                   version == 0 ? "If-Match names a version, and this resource does not exist."
                                : "If-Match names another version than the current one: read the resource "
                                  "again, then repeat the change on it.");
}

Result<std::vector<Parameter>> ParseParameters(std::string_view query) {
  if (query.size() > kQueryLengthMax) {
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("The query string is longer than {} bytes: use POST _search, or fewer values.",
                    kQueryLengthMax));
  }
  std::vector<Parameter> out;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    Parameter parameter;
    parameter.name = TRY(PercentDecode(part.substr(0, equals), true));
    if (equals != std::string_view::npos) parameter.value = TRY(PercentDecode(part.substr(equals + 1), true));
    out.push_back(std::move(parameter));
  }
  return out;
}

Result<size_t> ParseCount(const Parameter& parameter) {
  const auto count = ParseNumber<uint32_t>(parameter.value);
  if (!count) return MakeError(ErrorCode::kIncorrect, fmt::format("{} is no whole number.", parameter.name));
  return static_cast<size_t>(*count);
}

Error UnknownParameter(std::string_view name, std::string_view known) {
  // The name is echoed only if it is one: whatever else a caller puts there may be about a person.
  const bool is_name = !name.empty() && name.size() <= 64 &&
                       name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_:.") ==
                           std::string_view::npos;
  return MakeIssue(
      ErrorCode::kIncorrect, "not-supported", {},
      fmt::format(
          "The parameter {} is not known here. Known: {}. With 'Prefer: handling=lenient' it is passed over.",
          is_name ? name : std::string_view("(not a name)"), known));
}

}  // namespace tk::interaction
