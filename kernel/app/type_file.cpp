#include "kernel/app/type_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "kernel/fhir/definitions.h"
#include "kernel/interaction/by_rules.h"

namespace tk::app {
namespace {

constexpr std::string_view kUrlBase = "http://tongkang.dev/fhir/";
constexpr std::string_view kCoreBase = "http://hl7.org/fhir/StructureDefinition/";
constexpr int kPartsDepthMax = 6;

/// Kinds of search parameters by the type of what they look at.
std::string_view KindOf(std::string_view type) {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {{"code", "token"},
                                                                      {"Coding", "token"},
                                                                      {"CodeableConcept", "token"},
                                                                      {"Identifier", "token"},
                                                                      {"boolean", "token"},
                                                                      {"ContactPoint", "token"},
                                                                      {"id", "token"},
                                                                      {"Reference", "reference"},
                                                                      {"string", "string"},
                                                                      {"markdown", "string"},
                                                                      {"HumanName", "string"},
                                                                      {"Address", "string"},
                                                                      {"date", "date"},
                                                                      {"dateTime", "date"},
                                                                      {"instant", "date"},
                                                                      {"Period", "date"},
                                                                      {"decimal", "number"},
                                                                      {"integer", "number"},
                                                                      {"positiveInt", "number"},
                                                                      {"unsignedInt", "number"},
                                                                      {"Quantity", "quantity"},
                                                                      {"uri", "uri"},
                                                                      {"canonical", "uri"},
                                                                      {"url", "uri"}};
  for (const auto& [of, kind] : kKinds) {
    if (of == type) return kind;
  }
  return {};
}

bool IsTypeName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return !name.empty() && name.size() <= 64 && name[0] >= 'A' && name[0] <= 'Z' &&
         std::all_of(name.begin(), name.end(), is_letter);
}

class TypeExpander {
 public:
  explicit TypeExpander(fhir::JsonFile* file) : file_(file), name_(file->root()["type"].ToString()) {}

  std::vector<std::string> Expand();

 private:
  void Elements(fhir::Value elements, const std::string& path, const std::string& place, int depth,
                fhir::JsonWriter* out);
  void Element(fhir::Value element, const std::string& path, const std::string& place, int depth,
               fhir::JsonWriter* out);
  void Codes(fhir::Value codes, const std::string& path, const std::string& place, fhir::JsonWriter* out);
  void Search();
  std::string TitleOf(fhir::Value of, std::string_view otherwise) const {
    const std::string english = of["title"]["en"].ToString();
    return english.empty() ? std::string(otherwise) : english;
  }

  fhir::JsonFile* const file_;
  const std::string name_;
  std::map<std::string, std::string, std::less<>> types_;  // by path below the type
  std::vector<std::string> made_;
};

void TypeExpander::Codes(fhir::Value codes, const std::string& path, const std::string& place,
                         fhir::JsonWriter* out) {
  if (!codes.is_object() || codes.size() == 0)
    return file_->Note(place + ".codes", "must be an object: each code with its zh-CN and en");
  std::string id = path;
  std::replace(id.begin(), id.end(), '.', '-');
  const std::string system = fmt::format("{}CodeSystem/{}", kUrlBase, id),
                    set = fmt::format("{}ValueSet/{}", kUrlBase, id);
  std::string text;
  fhir::JsonWriter list(&text);
  list.Object().Member("resourceType", "CodeSystem").Member("url", system).Member("status", "active");
  list.Member("content", "complete").Key("concept").Array();
  for (const fhir::Value code : codes) {
    const std::string chinese = code["zh-CN"].ToString(), english = code["en"].ToString();
    if (chinese.empty() || english.empty())
      file_->Note(fmt::format("{}.codes.{}", place, code.name_text()), "needs zh-CN and en");
    list.Object().Member("code", code.name_text()).Member("display", chinese);
    list.Key("designation")
        .Array()
        .Object()
        .Member("language", "en")
        .Member("value", english)
        .End()
        .End()
        .End();
  }
  list.End().End();
  made_.push_back(std::move(text));
  made_.push_back(fmt::format(
      R"({{"resourceType":"ValueSet","url":"{}","status":"active","compose":{{"include":[{{"system":"{}"}}]}}}})",
      set, system));
  out->Key("binding").Object().Member("strength", "required").Member("valueSet", set).End();
}

void TypeExpander::Element(fhir::Value element, const std::string& path, const std::string& place, int depth,
                           fhir::JsonWriter* out) {
  const fhir::Value parts = element["elements"];
  const std::string type = parts.present() ? "BackboneElement" : element["type"].ToString();
  if (type.empty())
    return file_->Note(place, "needs a type (string, code, decimal, Reference …) or elements of its own");
  for (const fhir::Value member : element) {
    constexpr std::string_view kKnown[] = {"type", "min", "max", "title", "to", "codes", "elements"};
    if (std::find(std::begin(kKnown), std::end(kKnown), member.name_text()) == std::end(kKnown))
      file_->Note(fmt::format("{}.{}", place, member.name_text()),
                  fmt::format("is not known here: an element has {}", fmt::join(kKnown, ", ")));
  }
  types_[path.substr(name_.size() + 1)] = type;
  const std::string_view min = element["min"].Number();
  const fhir::Value max = element["max"];
  const std::string most = !max.present()    ? "1"
                           : max.is_string() ? max.ToString()
                                             : std::string(max.Number());
  if ((element["min"].present() && min != "0" && min != "1") || (most != "1" && most != "*"))
    file_->Note(place, "min is 0 or 1, max is 1 or \"*\"");
  out->Object().Member("id", path).Member("path", path).Member("short", TitleOf(element, path));
  out->Key("min").Raw(min == "1" ? "1" : "0").Member("max", most);
  out->Key("type").Array().Object().Member("code", type);
  if (element["to"].present()) {
    if (type != "Reference") file_->Note(place + ".to", "is said of a Reference only");
    out->Key("targetProfile").Array();
    const auto r4 = fhir::Definitions::R4();
    for (const fhir::Value to : element["to"]) {
      const std::string name = to.ToString();
      const bool is_core = r4->IsResource(r4->FindType(name));
      out->String(is_core ? fmt::format("{}{}", kCoreBase, name)
                          : fmt::format("{}StructureDefinition/{}", kUrlBase, name));
    }
    out->End();
  }
  out->End().End();
  if (element["codes"].present()) {
    if (type != "code" && type != "Coding" && type != "CodeableConcept")
      file_->Note(place + ".codes", "is said of a code, Coding or CodeableConcept only");
    Codes(element["codes"], path, place, out);
  }
  out->End();
  if (parts.present()) Elements(parts, path, place + ".elements", depth + 1, out);
}

void TypeExpander::Elements(fhir::Value elements, const std::string& path, const std::string& place,
                            int depth, fhir::JsonWriter* out) {
  if (!elements.is_object() || elements.size() == 0)
    return file_->Note(place, "must be an object: each element with its type");
  if (depth > kPartsDepthMax) return file_->Note(place, "is nested too deeply");
  for (const fhir::Value element : elements)
    Element(element, fmt::format("{}.{}", path, element.name_text()),
            fmt::format("{}.{}", place, element.name_text()), depth, out);
}

void TypeExpander::Search() {
  for (const fhir::Value parameter : file_->root()["search"]) {
    const std::string code(parameter.name_text()), element = parameter.ToString(), place = "search." + code;
    const auto type = types_.find(element);
    if (type == types_.end()) {
      file_->Note(place, fmt::format("the type has no element \"{}\"", element));
      continue;
    }
    const std::string_view kind = KindOf(type->second);
    if (kind.empty()) {
      file_->Note(place, fmt::format("a {} cannot be searched for: name a part of it", type->second));
      continue;
    }
    std::string text;
    fhir::JsonWriter out(&text);
    out.Object().Member("resourceType", "SearchParameter");
    out.Member("url", fmt::format("{}SearchParameter/{}-{}", kUrlBase, name_, code)).Member("name", code);
    out.Member("status", "active").Member("description", element).Member("code", code);
    out.Key("base").Array().String(name_).End();
    out.Member("type", kind).Member("expression", fmt::format("{}.{}", name_, element));
    out.End();
    made_.push_back(std::move(text));
  }
}

std::vector<std::string> TypeExpander::Expand() {
  const fhir::Value root = file_->root();
  if (!IsTypeName(name_)) file_->Note("type", "must be letters, the first a capital one, such as StockItem");
  if (root["title"]["zh-CN"].ToString().empty() || root["title"]["en"].ToString().empty())
    file_->Note("title", "needs zh-CN and en");
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", "StructureDefinition");
  if (root["by"].present()) {
    if (root["by"].ToString() != "rules")
      file_->Note("by",
                  "may be rules: then rules, time limits and transitions alone write it; else leave it out");
    out.Key("extension").Array().Object().Member("url", interaction::kWrittenByExtension);
    out.Member("valueCode", "rules").End().End();
  }
  out.Member("url", fmt::format("{}StructureDefinition/{}", kUrlBase, name_)).Member("name", name_);
  out.Member("title", root["title"]["zh-CN"].ToString());
  out.Member("status", "active").Member("fhirVersion", "4.0.1").Member("description", TitleOf(root, name_));
  out.Member("kind", "resource").Key("abstract").Bool(false).Member("type", name_);
  out.Member("baseDefinition", fmt::format("{}DomainResource", kCoreBase))
      .Member("derivation", "specialization");
  out.Key("differential").Object().Key("element").Array();
  out.Object().Member("id", name_).Member("path", name_).Member("short", TitleOf(root, name_));
  out.Key("min").Int(0).Member("max", "*").End();
  Elements(root["elements"], name_, "elements", 1, &out);
  out.End().End().End();
  made_.push_back(std::move(text));
  Search();
  return file_->good() ? std::move(made_) : std::vector<std::string>();
}

}  // namespace

bool IsShortType(fhir::Value root) { return root["type"].present() && !root["resourceType"].present(); }

std::vector<std::string> ExpandType(fhir::JsonFile* file) { return TypeExpander(file).Expand(); }

}  // namespace tk::app
