// What stands in a record as people read it.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/app/print.h"
#include "kernel/base/clock.h"

namespace tk::app {
namespace {

constexpr size_t kDayLength = 10, kMinuteLength = 16;

/// A time of the record as the city's clocks show it; a day stays one.
std::string TimeText(const std::string& text, int offset_min) {
  if (text.size() <= kDayLength) return text;
  const auto range = ParseDateRange(text, offset_min);
  return range.ok() ? CityTime(range->low_us, offset_min) : text;
}

std::string Joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    out.append(out.empty() ? std::string_view() : between).append(part);
  }
  return out;
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) > 0; });
}

/// 张三; Li Ming.
std::string NameText(fhir::Value name) {
  if (name["text"].present()) return name["text"].ToString();
  const std::string family = name["family"].ToString();
  std::vector<std::string> given;
  for (const fhir::Value part : name["given"]) given.push_back(part.ToString());
  if (IsAscii(family + Joined(given, " "))) {
    given.push_back(family);
    return Joined(given, " ");
  }
  return family + Joined(given, "");
}

std::string AddressText(fhir::Value address) {
  if (address["text"].present()) return address["text"].ToString();
  std::vector<std::string> parts = {address["state"].ToString(), address["city"].ToString(),
                                    address["district"].ToString()};
  for (const fhir::Value line : address["line"]) parts.push_back(line.ToString());
  return Joined(parts, IsAscii(Joined(parts, "")) ? " " : "");
}

/// By its word, where there is one for it.
std::string CodeText(const std::string& code, std::string otherwise, const CodeWords& codes,
                     Language language) {
  const auto word = codes.find(code);
  return word == codes.end() ? std::move(otherwise) : word->second[static_cast<size_t>(language)];
}

std::string CodingText(fhir::Value coding, const CodeWords& codes, Language language) {
  const std::string code = coding["code"].ToString(), display = coding["display"].ToString();
  return CodeText(code, display.empty() ? code : display, codes, language);
}

std::string ConceptText(fhir::Value one, const CodeWords& codes, Language language) {
  for (const fhir::Value coding : one["coding"]) {
    if (codes.contains(coding["code"].ToString())) return CodingText(coding, codes, language);
  }
  if (one["text"].present()) return one["text"].ToString();
  return CodingText(one["coding"].At(0), codes, language);
}

std::string QuantityText(fhir::Value quantity) {
  const std::string unit =
      quantity["unit"].present() ? quantity["unit"].ToString() : quantity["code"].ToString();
  return Joined({quantity["comparator"].ToString() + std::string(quantity["value"].Number()), unit}, " ");
}

std::string ReferenceText(fhir::Value reference) {
  if (reference["display"].present()) return reference["display"].ToString();
  if (reference["identifier"]["value"].present()) return reference["identifier"]["value"].ToString();
  return reference["reference"].ToString();
}

std::string ComplexText(std::string_view type, fhir::Value node, const CodeWords& codes, const Shown& shown) {
  if (type == "HumanName") return NameText(node);
  if (type == "Address") return AddressText(node);
  if (type == "ContactPoint" || type == "Identifier") return node["value"].ToString();
  if (type == "CodeableConcept") return ConceptText(node, codes, shown.language);
  if (type == "Coding") return CodingText(node, codes, shown.language);
  if (type == "Reference") return ReferenceText(node);
  if (type == "Annotation") return node["text"].ToString();
  if (type == "Attachment") return node["title"].ToString();
  if (type == "Period")
    return fmt::format("{} – {}", TimeText(node["start"].ToString(), shown.offset_min),
                       TimeText(node["end"].ToString(), shown.offset_min));
  return node["value"].Number().empty() ? std::string() : QuantityText(node);
}

}  // namespace

std::string CityTime(Instant us, int offset_min) {
  std::string local = FormatInstant(us + offset_min * 60 * kSecondUs).substr(0, kMinuteLength);
  std::replace(local.begin(), local.end(), 'T', ' ');
  return local;
}

std::string Shown::Of(const fhir::path::Item& item, const CodeWords& codes) const {
  const auto yes_no = [this](bool yes) {
    return std::string(language == Language::kEnglish ? (yes ? "yes" : "no") : (yes ? "是" : "否"));
  };
  if (!item.node.present()) {
    if (const bool* yes = std::get_if<bool>(&item.computed)) return yes_no(*yes);
    if (const int64_t* number = std::get_if<int64_t>(&item.computed)) return std::to_string(*number);
    if (const auto* quantity = std::get_if<fhir::path::Item::Quantity>(&item.computed))
      return Joined({quantity->number, quantity->unit}, " ");
    const auto* text = std::get_if<std::string>(&item.computed);
    if (text == nullptr) return {};
    if (item.type == fhir::path::kSystemDateTime) return TimeText(*text, offset_min);
    return CodeText(*text, *text, codes, language);
  }
  if (item.node.is_object())
    return item.type < fhir::path::kSystemBoolean
               ? ComplexText(definitions->Type(item.type).name, item.node, codes, *this)
               : std::string();
  if (!item.node.Number().empty()) return std::string(item.node.Number());
  if (!item.node.is_string()) return yes_no(item.node.IsTrue());
  const std::string text = item.node.ToString();
  const std::string_view type =
      item.type < fhir::path::kSystemBoolean ? definitions->Type(item.type).name : std::string_view();
  if (type == "dateTime" || type == "instant") return TimeText(text, offset_min);
  return CodeText(text, text, codes, language);
}

}  // namespace tk::app
