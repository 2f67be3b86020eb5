#include "kernel/search/values.h"

#include <utf8proc.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace tk::search {
namespace {

bool IsFolded(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

void AppendBlank(std::string* out, size_t from) {
  if (out->size() > from && out->back() != ' ') *out += ' ';
}

/// One code point with its compatibility decomposition, marks left out.
void FoldPoint(utf8proc_int32_t point, std::string* out, size_t from) {
  utf8proc_int32_t parts[32];
  int boundary = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      point, parts, 32,
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD), &boundary);
  for (utf8proc_ssize_t i = 0; i < count && i < 32; ++i) {
    const utf8proc_category_t category = utf8proc_category(parts[i]);
    if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
        category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF)
      continue;
    const bool word = (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) ||
                      category == UTF8PROC_CATEGORY_MC ||
                      (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO);
    if (!word) {
      AppendBlank(out, from);
      continue;
    }
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t size = utf8proc_encode_char(parts[i], bytes);
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
}

}  // namespace

void FoldText(std::string_view text, std::string* out) {
  const size_t from = out->size();
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      ++i;
      const auto lower = static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
      if (IsFolded(lower) || c == '+' || c == '$' || c == '<' || c == '=' || c == '>' || c == '|' ||
          c == '~' || c == '^' || c == '`')
        *out += static_cast<char>(lower);
      else if (c == ' ' || c > 0x20)
        AppendBlank(out, from);
      else if (c == '\t' || c == '\n' || c == '\r')
        AppendBlank(out, from);
      continue;
    }
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                                                   static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    if (used <= 0) {
      ++i;
      continue;
    }
    FoldPoint(point, out, from);
    i += static_cast<size_t>(used);
  }
  if (out->size() > from && out->back() == ' ') out->pop_back();
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                                                   static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    if (used <= 0) return false;
    i += static_cast<size_t>(used);
  }
  return true;
}

std::optional<NumberRange> DecimalRange(std::string_view text) {
  size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  size_t digits = 0, decimals = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) ++digits;
  if (digits == 0) return std::nullopt;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      ++digits;
      ++decimals;
    }
    if (decimals == 0) return std::nullopt;
  }
  if (digits > 40) return std::nullopt;
  int exponent = 0;
  if (i < text.size() && (text[i] | 0x20) == 'e') {
    size_t from = i + 1;
    if (from < text.size() && text[from] == '+') ++from;
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size() || std::abs(exponent) > 300)
      return std::nullopt;
    i = text.size();
  }
  if (i != text.size()) return std::nullopt;
  double exact = 0;
  const size_t skip = text[0] == '+' ? 1 : 0;
  const auto [end, error] = std::from_chars(text.data() + skip, text.data() + text.size(), exact);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const double half = 0.5 * std::pow(10.0, exponent - static_cast<int>(decimals));
  // With more digits than a double holds the interval is the one double.
  const double above = std::nextafter(exact, std::numeric_limits<double>::infinity());
  return NumberRange{exact - half, std::max(exact + half, above), exact};
}

std::string_view WithoutVersion(std::string_view reference) {
  const size_t history = reference.find("/_history/");
  if (history != std::string_view::npos) return reference.substr(0, history);
  const size_t bar = reference.find('|');
  return bar == std::string_view::npos ? reference : reference.substr(0, bar);
}

bool IsId(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text) {
    const bool fit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
    if (!fit) return false;
  }
  return true;
}

uint64_t OrderOf(double number) {
  if (number == 0) number = 0;  // -0 and 0 are one value
  const auto bits = std::bit_cast<uint64_t>(number);
  return (bits >> 63) != 0 ? ~bits : bits | uint64_t{1} << 63;
}

double DoubleOf(uint64_t order) {
  return std::bit_cast<double>((order >> 63) != 0 ? order & ~(uint64_t{1} << 63) : ~order);
}

uint64_t WordOf(std::string_view text, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8; ++i)
    word = word << 8 | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u);
  return word;
}

bool IsOffered(const fhir::SearchParameter& parameter) {
  return parameter.type != fhir::SearchType::kComposite && parameter.type != fhir::SearchType::kSpecial &&
         !parameter.expression.empty();
}

bool IsSortable(const fhir::SearchParameter& parameter) {
  using fhir::SearchType;
  const SearchType type = parameter.type;
  return IsOffered(parameter) && (type == SearchType::kDate || type == SearchType::kString ||
                                  type == SearchType::kNumber || type == SearchType::kQuantity);
}

}  // namespace tk::search
