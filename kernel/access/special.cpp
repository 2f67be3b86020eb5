#include "kernel/access/special.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "kernel/base/hash.h"

namespace tk::access {
namespace {

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string UpperText(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Upper);
  return out;
}

}  // namespace

bool SpecialCodes::Add(std::string_view text) {
  const size_t bar = text.rfind('|');
  if (bar == std::string_view::npos || bar == 0 || bar + 1 == text.size()) return false;
  Range range;
  range.system = std::string(text.substr(0, bar));
  std::string codes = UpperText(text.substr(bar + 1));
  const size_t dash = codes.find('-');
  const bool is_range = dash != std::string::npos && dash * 2 + 1 == codes.size() && dash > 1;
  range.whole = !is_range && codes.back() != '*';
  if (!is_range && !range.whole) codes.pop_back();
  range.low = is_range ? codes.substr(0, dash) : codes;
  range.high = is_range ? codes.substr(dash + 1) : codes;
  if (range.low.empty() || range.low > range.high) return false;
  constexpr HashKey kPublic = {'s', 'p', 'e', 'c', 'i', 'a', 'l', '1'};  // the last: how IsIn looks
  fingerprint_ = KeyedHash(kPublic, fmt::format("{} {}|{}-{}{}", fingerprint_, range.system, range.low,
                                                range.high, range.whole ? "" : "*")) |
                 1;
  ranges_.push_back(std::move(range));
  return true;
}

bool SpecialCodes::Has(std::string_view system, std::string_view code) const {
  const std::string upper = UpperText(code);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    if (!system.empty() && system != range.system) return false;
    if (upper.size() < range.low.size() || (range.whole && upper.size() != range.low.size())) return false;
    const std::string_view begin = std::string_view(upper).substr(0, range.low.size());
    return begin >= range.low && begin <= range.high;
  });
}

bool SpecialCodes::MayHold(std::string_view json) const {
  constexpr std::string_view kMember = "\"code\"";
  for (size_t at = 0; !empty() && at < json.size();) {
    const void* const found = ::memmem(json.data() + at, json.size() - at, kMember.data(), kMember.size());
    if (found == nullptr) return false;
    at = static_cast<size_t>(static_cast<const char*>(found) - json.data()) + kMember.size();
    size_t begin = at;
    while (begin < json.size() && (json[begin] == ':' || json[begin] == ' ' || json[begin] == '\n')) ++begin;
    if (begin >= json.size() || json[begin] != '"') continue;  // a concept, or another's text
    const size_t end = json.find('"', begin + 1);
    if (end == std::string_view::npos) return false;
    const std::string_view code = json.substr(begin + 1, end - begin - 1);
    if (code.find('\\') != std::string_view::npos || Has({}, code)) return true;
    at = end;
  }
  return false;
}

bool SpecialCodes::IsIn(fhir::Value value) const {
  if (!MayHold(value.Json())) return false;
  if (value.is_object() && value["code"].is_string() &&
      Has(value["system"].ToString(), value["code"].ToString()))
    return true;
  if (!value.is_object() && !value.is_array()) return false;
  return std::any_of(value.begin(), value.end(), [this](fhir::Value member) { return IsIn(member); });
}

}  // namespace tk::access
