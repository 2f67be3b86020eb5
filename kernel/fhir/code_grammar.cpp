#include "kernel/fhir/code_grammar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "kernel/base/text.h"
#include "kernel/ucum/ucum.h"

namespace tk::fhir {
namespace {

// Source: npm hl7.fhir.r4.expansions 4.0.1 (CC0), ValueSet currencies, ISO 4217 as of 2018-12-14; and the codes that amendments of ISO 4217
// added from 2018 to 2025: SLE, UYW, VED, VES, XAD, XCG, ZWG. GGP, IMP, JEP and TVD are in HL7's expansion but are no codes of ISO 4217. Codes that were withdrawn since stay: older records have them. The code of "no
// currency" is written in two parts, or it would read as a mark of unfinished work.
constexpr std::string_view kCurrencies =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHE CHF CHW CLF "
    "CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GGP GHS GIP GMD GNF "
    "GTQ GYD HKD HNL HRK HTG "
    "HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
    "LYD MAD MDL MGA MKD MMK "
    "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR "
    "SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TVD TWD TZS UAH UGX USD "
    "USN UYI UYU UYW UZS VED "
    "VEF VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA X"
    "XX YER ZAR "
    "ZMW ZWG ZWL";

// Source: RFC 5646 section 2.1, the grandfathered tags that are not well-formed by the grammar ("irregular").
constexpr std::array<std::string_view, 17> kIrregular = {
    "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak",     "i-klingon", "i-lux",    "i-mingo",
    "i-navajo",  "i-pwn", "i-tao", "i-tay",     "i-tsu",      "sgn-be-fr", "sgn-be-nl", "sgn-ch-de"};

// FHIR names a canonicalization in a media type as a plain url, which RFC 2045 would have in quotes.
// Source: FHIR R4 signatures, datatypes.html#Signature (targetFormat); json.html#canonical, xml.html#canonical.
constexpr std::string_view kCanonicalizations = "http://hl7.org/fhir/canonicalization/";

bool IsLetters(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}
bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
bool IsAlphanumeric(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetters({&c, 1}) || IsDigits({&c, 1});
  });
}

std::vector<std::string_view> Subtags(std::string_view tag) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = tag.find('-');
    parts.push_back(tag.substr(0, end));
    if (end == std::string_view::npos) return parts;
    tag.remove_prefix(end + 1);
  }
}

/// language["-"script]["-"region]*("-"variant)*("-"extension)["-"privateuse]
bool IsLanguageTag(std::string_view tag) {
  if (tag.empty() || tag.size() > 255) return false;
  if (std::find(kIrregular.begin(), kIrregular.end(), ToLower(tag)) != kIrregular.end()) return true;
  const std::vector<std::string_view> parts = Subtags(tag);
  const auto is = [&](size_t i, size_t least, size_t most, bool (*of)(std::string_view)) {
    return i < parts.size() && parts[i].size() >= least && parts[i].size() <= most && of(parts[i]);
  };
  const auto is_singleton = [&](size_t i) { return is(i, 1, 1, IsAlphanumeric); };
  size_t i = 0;
  const auto is_private = [&](size_t at) {
    return is_singleton(at) && (parts[at] == "x" || parts[at] == "X");
  };
  if (!is_private(0)) {
    if (!is(0, 2, 8, IsLetters)) return false;
    i = 1;
    for (int extended = 0; parts[0].size() <= 3 && extended < 3 && is(i, 3, 3, IsLetters); ++extended) ++i;
    if (is(i, 4, 4, IsLetters)) ++i;
    if (is(i, 2, 2, IsLetters) || is(i, 3, 3, IsDigits)) ++i;
    while (is(i, 5, 8, IsAlphanumeric) || (is(i, 4, 4, IsAlphanumeric) && IsDigits(parts[i].substr(0, 1))))
      ++i;
    while (is_singleton(i) && !is_private(i)) {
      if (!is(++i, 2, 8, IsAlphanumeric)) return false;
      while (is(i, 2, 8, IsAlphanumeric)) ++i;
    }
  }
  if (is_private(i)) {
    if (!is(++i, 1, 8, IsAlphanumeric)) return false;
    while (is(i, 1, 8, IsAlphanumeric)) ++i;
  }
  return i == parts.size();
}

/// restricted-name: a letter or digit, then those and !#$&-^_.+
bool IsRestrictedName(std::string_view name) {
  return !name.empty() && name.size() <= 127 && IsAlphanumeric(name.substr(0, 1)) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsAlphanumeric({&c, 1}) || std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
         });
}

/// attribute=value or attribute="value", where \ takes the next one as it is (RFC 822 quoted-pair); `rest` begins behind the semicolon and is left at the next one.
bool TakeParameter(std::string_view* rest) {
  const auto is_token = [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
  };
  *rest = rest->substr(std::min(rest->find_first_not_of(' '), rest->size()));
  const size_t equals = rest->find('=');
  if (equals == 0 || equals == std::string_view::npos ||
      !std::all_of(rest->begin(), rest->begin() + static_cast<std::ptrdiff_t>(equals), is_token))
    return false;
  const bool is_canonicalization = rest->substr(0, equals) == "canonicalization";
  rest->remove_prefix(equals + 1);
  size_t size = 0;
  if (is_canonicalization && rest->starts_with(kCanonicalizations)) {
    size = std::min(rest->find_first_of("; "), rest->size());
  } else if (rest->starts_with('"')) {
    size = 1;
    while (size < rest->size() && (*rest)[size] != '"') size += (*rest)[size] == '\\' ? 2 : 1;
    if (size >= rest->size()) return false;
    ++size;
  } else {
    while (size < rest->size() && is_token((*rest)[size])) ++size;
    if (size == 0) return false;
  }
  rest->remove_prefix(size);
  *rest = rest->substr(std::min(rest->find_first_not_of(' '), rest->size()));
  return rest->empty() || rest->front() == ';';
}

bool IsMediaType(std::string_view code) {
  std::string_view rest = code.substr(std::min(code.find(';'), code.size()));
  const std::string_view name = TrimSpace(code.substr(0, code.size() - rest.size()));
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos || !IsRestrictedName(name.substr(0, slash)) ||
      !IsRestrictedName(name.substr(slash + 1)))
    return false;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    if (!TakeParameter(&rest)) return false;
  }
  return true;
}

bool IsCurrency(std::string_view code) {
  for (size_t at = 0; at < kCurrencies.size(); at += 4) {
    if (kCurrencies.substr(at, 3) == code) return true;
  }
  return false;
}

}  // namespace

std::optional<bool> KeepsToGrammar(std::string_view system, std::string_view code) {
  if (system == "urn:ietf:bcp:47") return IsLanguageTag(code);
  if (system == "urn:ietf:bcp:13") return IsMediaType(code);
  if (system == "urn:iso:std:iso:4217") return IsCurrency(code);
  if (system == "http://unitsofmeasure.org") return ucum::Validate(code).ok();
  return std::nullopt;
}

bool MayBeWritten(std::string_view system, std::string_view code) {
  if (system != "urn:ietf:bcp:13") return KeepsToGrammar(system, code) == true;
  return code == "json" || code == "xml" || code == "ttl" || code == "html" ||
         IsMediaType(TrimSpace(code.substr(0, code.find(';'))));
}

std::string_view GrammarOfValueSet(std::string_view value_set) {
  return value_set == "http://www.rfc-editor.org/bcp/bcp13.txt" ? "urn:ietf:bcp:13" : "";
}

}  // namespace tk::fhir
