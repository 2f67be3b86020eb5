#include "kernel/fhir/validate_forms.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "kernel/base/text.h"
#include "kernel/fhir/bundle_entries.h"
#include "kernel/fhir/code_grammar.h"
#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/element_path.h"
#include "kernel/fhir/issue_list.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/primitives.h"
#include "kernel/fhir/validate_bundle.h"
#include "kernel/fhir/xhtml.h"
#include "kernel/ucum/ucum.h"

namespace tk::fhir {
namespace {

constexpr size_t kFormLevelsMax = 100;
constexpr std::string_view kUuidUrn = "urn:uuid:";

constexpr std::string_view kAnyUri = "urn:ietf:rfc:3986";
constexpr std::string_view kUcum = "http://unitsofmeasure.org";
constexpr std::string_view kCountries = "urn:iso:std:iso:3166";
constexpr std::string_view kLinkSchemes[] = {"http", "https", "ftp", "mailto", "tel", "sms"};
constexpr std::string_view kImageSchemes[] = {"http", "https", "data", "cid", "ftp"};

/// In one case, white space as one blank, none at the ends.
std::string PlainWords(std::string_view text) {
  std::string out;
  for (const char c : TrimSpace(text)) {
    const bool is_space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!is_space) out += c;
    if (is_space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return ToLower(out);
}

/// Nothing beyond the letters of Latin scripts (U+024F), punctuation and signs.
bool IsLatin(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xcd && byte != 0xe2;  // e2: general punctuation and signs
  });
}

/// What a link within a resource leads to: "c-%C3%A4&amp;b" → "c-ä&b". As it stands if it is not well-formed.
std::string PlainFragment(std::string_view text) {
  constexpr std::pair<std::string_view, char> kReferences[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string out;
  while (!text.empty()) {
    const auto* const known =
        std::find_if(std::begin(kReferences), std::end(kReferences),
                     [&](const auto& reference) { return text.starts_with(reference.first); });
    const bool is_known = known != std::end(kReferences);
    out += is_known ? known->second : text.front();
    text.remove_prefix(is_known ? known->first.size() : 1);
  }
  const auto decoded = PercentDecode(out, false);
  return decoded.ok() ? *decoded : out;
}

using Ids = std::set<std::string, std::less<>>;

/// Every id in `object`, whatever it is of.
void AddIds(Value object, size_t level, CheckTime* time, Ids* out) {
  if (level > kFormLevelsMax || !time->Step()) return;
  if (const Value id = object.is_object() ? object["id"] : Value(); id.is_string())
    out->insert(id.ToString());
  for (const Value member : object) {
    if (member.is_object() || member.is_array()) AddIds(member, level + 1, time, out);
  }
}

std::string_view SearchTypeName(SearchType type) {
  constexpr std::string_view kNames[] = {"number",    "date",     "string", "token",  "reference",
                                         "composite", "quantity", "uri",    "special"};
  return kNames[static_cast<size_t>(type)];
}

class FormChecker {
 public:
  FormChecker(const Definitions& definitions, Profiles* profiles, size_t issues_max, CheckTime& time,
              const std::unordered_set<uint32_t>* named)
      : definitions_(definitions),
        profiles_(profiles),
        issues_max_(issues_max),
        time_(time),
        named_(named),
        issues_(issues_max) {}

  std::vector<Issue> Run(Value root) {
    const path::Item item = path::ResourceItem(definitions_, root);
    if (item.type == kNoType) return {};
    path_.push_back({std::string(definitions_.Type(item.type).name), -1});
    resource_ = root;
    language_ = root["language"].ToString();
    Object(root, item.type);
    return issues_.Take();
  }
  size_t walks() const { return walks_; }

 private:
  struct Segment {
    std::string name;
    int64_t index;
  };

  void Object(Value object, TypeId type);
  void One(Value value, const ElementInfo& element);
  void Text(std::string_view text, const ElementInfo& element);
  void Uuid(Severity severity, std::string_view text);
  void Oid(std::string_view text);
  void UuidReference(Value reference);
  void Coding(Value coding);
  void Country(Value coding);
  void Identifier(Value identifier);
  void Display(std::string_view display, const std::vector<std::string>& known);
  void Unit(Value quantity);
  void Narrative(std::string_view text);
  void NarrativeTarget(std::string_view target, bool is_image, const Ids& anchors);
  void Attachment(Value attachment);
  void Bundle(Value bundle);
  void SearchParameters(Value resource);
  void ParameterType(std::string_view canonical, Value type);

  /// Runs `check` one level down.
  template <class Check>
  void At(const char* name, int64_t index, Check check) {
    path_.push_back({name, index});
    check();
    path_.pop_back();
  }
  void Add(Severity severity, std::string_view type, std::string text) {
    if (issues_.Takes(severity) && !time_.over())
      issues_.Add({severity, type, ElementPath(path_), std::move(text)});
  }
  void Error(std::string_view type, std::string text) { Add(Severity::kError, type, std::move(text)); }

  const Definitions& definitions_;
  Profiles* const profiles_;
  const size_t issues_max_;
  CheckTime& time_;
  const std::unordered_set<uint32_t>* const named_;
  Value resource_;                   // the innermost, but for contained ones
  std::optional<Ids> resource_ids_;  // gathered for the first narrative with a link
  std::set<std::string> element_ids_;
  std::multimap<std::string, std::string> countries_;  // code by name; filled when first asked
  size_t walks_ = 0;                                   // how often ids were gathered
  std::string language_;                               // of the resource
  std::vector<Segment> path_;
  IssueList issues_;
  const TypeId quantity_ = definitions_.FindType("Quantity");
  std::map<std::string, SearchType, std::less<>> parameter_types_;  // by url; filled when first asked
};

void FormChecker::Object(Value object, TypeId type) {
  if (path_.size() > kFormLevelsMax || !time_.Step()) return;
  const std::string_view name = definitions_.Type(type).name;
  if (name == "Coding") Coding(object);
  if (name == "Identifier") Identifier(object);
  if (name == "Reference") UuidReference(object["reference"]);
  if (object["system"].present() && definitions_.IsA(type, quantity_)) Unit(object);
  if (name == "Attachment") Attachment(object);
  if (name == "Bundle") Bundle(object);
  if (name == "SearchParameter" || name == "CapabilityStatement") SearchParameters(object);
  // Snapshot and differential of a definition have the same elements.
  if (const Value id = object["id"]; id.is_string() && !definitions_.IsResource(type) &&
                                     resource_["resourceType"].ToString() != "StructureDefinition" &&
                                     !element_ids_.insert(id.ToString()).second)
    At("id", -1, [&] { Error("duplicate", "is the id of another element of this resource"); });
  for (const Value member : object) {
    const ElementInfo* element = definitions_.FindElement(type, member.name());
    if (element == nullptr) continue;
    path_.push_back({std::string(element->base_name), -1});
    if (member.is_array()) {
      for (const Value value : member) {
        ++path_.back().index;
        One(value, *element);
      }
    } else {
      One(member, *element);
    }
    path_.pop_back();
  }
}

void FormChecker::One(Value value, const ElementInfo& element) {
  if (!time_.Step()) return;
  const TypeInfo& type = definitions_.Type(element.type);
  if (value.is_string() && type.type_class == TypeClass::kPrimitive) {
    std::string scratch;
    return Text(value.String(scratch), element);
  }
  if (!value.is_object() || type.type_class == TypeClass::kPrimitive) return;
  if (type.type_class != TypeClass::kResource) return Object(value, element.type);
  const path::Item inner = path::ResourceItem(definitions_, value);
  if (inner.type == kNoType) return;
  const bool is_own = element.name != "contained";
  const Value outer = resource_;
  std::optional<Ids> outer_ids;
  const std::string outer_language = language_;
  if (is_own) {
    outer_ids = std::exchange(resource_ids_, std::nullopt);
    resource_ = value;
  }
  if (value["language"].present() || is_own) language_ = value["language"].ToString();
  std::set<std::string> outer_element_ids = std::exchange(element_ids_, {});
  Object(value, inner.type);
  element_ids_ = std::move(outer_element_ids);
  if (is_own) resource_ids_ = std::move(outer_ids);
  resource_ = outer;
  language_ = outer_language;
}

void FormChecker::Uuid(Severity severity, std::string_view text) {
  TypeInfo uuid{};
  uuid.primitive = Primitive::kUuid;
  if (text.starts_with(kUuidUrn) && !IsPrimitiveText(uuid, text))
    Add(severity, "value", "is not a UUID: urn:uuid: and 32 lower-case hex digits in groups 8-4-4-4-12");
}

void FormChecker::Oid(std::string_view text) {
  TypeInfo oid{};
  oid.primitive = Primitive::kOid;
  if (text.starts_with("urn:oid:") && !IsPrimitiveText(oid, text))
    Error("value", "is not an OID: urn:oid:, then 0, 1 or 2 and numbers with dots, none with a leading 0");
}

// A reference is a string to its type; what links by it works all the same.
void FormChecker::UuidReference(Value reference) {
  if (!reference.is_string()) return;
  std::string scratch;
  const std::string_view text = reference.String(scratch);
  if (text.starts_with(kUuidUrn))
    At("reference", -1, [&] { Uuid(Severity::kWarning, text.substr(0, text.find('#'))); });
}

void FormChecker::Text(std::string_view text, const ElementInfo& element) {
  const Primitive primitive = definitions_.Type(element.type).primitive;
  if (primitive == Primitive::kUri || primitive == Primitive::kUrl) {
    Uuid(Severity::kError, text);
    Oid(text.substr(0, text.find_first_of("|#")));
  }
  if (primitive == Primitive::kXhtml && NarrativeProblem(text) == nullptr) Narrative(text);
  if (primitive == Primitive::kCanonical && text.ends_with('|'))
    Error("value", "ends with a bar: the version that it announces is missing");
  if (primitive != Primitive::kCanonical || element.reference_targets.empty()) return;
  const std::string_view url = WithoutVersion(text);
  if (url.find("/ValueSet/") == std::string_view::npos || definitions_.FindCodeSet(url) == kNoCodeSet) return;
  const TypeId value_set = definitions_.FindType("ValueSet");
  if (std::any_of(element.reference_targets.begin(), element.reference_targets.end(),
                  [&](TypeId target) { return definitions_.IsA(value_set, target); }))
    return;
  std::string permitted;
  for (const TypeId target : element.reference_targets)
    permitted += (permitted.empty() ? "" : ", ") + std::string(definitions_.Type(target).name);
  Error("structure", "names a ValueSet; permitted here: " + permitted);
}

void FormChecker::Coding(Value coding) {
  const Value given = coding["system"];
  if (!given.is_string()) return;
  const std::string system = given.ToString();
  if (!IsAbsoluteUri(system))
    return At("system", -1,
              [&] { Error("value", "must be an absolute URI: it names a code system everywhere"); });
  if (system.find("/ValueSet/") != std::string::npos && definitions_.FindCodeSet(system) != kNoCodeSet)
    return At("system", -1,
              [&] { Error("value", "names a value set; the code system that the code is of belongs here"); });
  const Value code = coding["code"];
  if (!code.is_string()) return;
  if (KeepsToGrammar(system, code.ToString()) == false)
    return At("code", -1, [&] { Error("code-invalid", "is no code of " + system + ", by its grammar"); });
  if (profiles_ == nullptr) return;
  if (system == kCountries) return Country(coding);
  const std::shared_ptr<const ListedSystem> known = profiles_->System(system);
  const Value version = coding["version"];
  if (known == nullptr || (version.is_string() && version.ToString() != known->version)) return;
  const auto found = known->displays.find(known->folds_case ? ToLower(code.ToString()) : code.ToString());
  if (found == known->displays.end())
    return At("code", -1, [&] {
      Error("code-invalid", "is no code of " + system + " in the version " +
                                (known->version.empty() ? "" : known->version + " ") + "that is here");
    });
  const bool is_named = named_ != nullptr && named_->contains(coding.index());
  if (const Value display = coding["display"]; display.is_string() && !is_named)
    At("display", -1, [&] { Display(display.ToString(), found->second); });
}

// R4's value sets name all of them; a country has other names too, but not those of another one.
void FormChecker::Country(Value coding) {
  if (countries_.empty()) {
    for (const char* set : {"1-2", "1-3", "1-N"}) {
      const auto listed = profiles_->canonicals().Find(
          "ValueSet", "http://hl7.org/fhir/ValueSet/iso3166-" + std::string(set));
      if (listed == nullptr) return;
      for (const Value include : listed->Root()["compose"]["include"]) {
        for (const Value country : include["concept"])
          countries_.emplace(PlainWords(country["display"].ToString()), country["code"].ToString());
      }
    }
  }
  const std::string code = coding["code"].ToString();
  const auto [begin, end] = countries_.equal_range(PlainWords(coding["display"].ToString()));
  if (begin != end && std::none_of(begin, end, [&](const auto& named) { return named.second == code; }))
    At("display", -1, [&] { Error("value", "is the name of another country than that of the code"); });
}

void FormChecker::Identifier(Value identifier) {
  const Value system = identifier["system"];
  if (!system.is_string()) return;
  const std::string given = system.ToString();
  if (!IsAbsoluteUri(given))
    return At("system", -1,
              [&] { Error("value", "must be an absolute URI: it names whose identifiers these are"); });
  const Value value = identifier["value"];
  if (given == kAnyUri && value.is_string() && !IsAbsoluteUri(value.ToString()))
    At("value", -1, [&] { Error("value", "must be a whole URI: that is what its system says"); });
}

// What the code systems of R4 have is English.
void FormChecker::Display(std::string_view display, const std::vector<std::string>& known) {
  const bool is_english = language_.empty() || language_.starts_with("en");
  const std::string plain = PlainWords(display);
  if (!is_english || known.empty() || plain.empty()) return;
  if (std::any_of(known.begin(), known.end(),
                  [&](const std::string& one) { return PlainWords(one) == plain; }))
    return;
  Add(IsLatin(display) ? Severity::kError : Severity::kWarning, "value",
      "is not what the code system calls this code: " + known.front());
}

void FormChecker::Unit(Value quantity) {
  const Value code = quantity["code"];
  if (!code.is_string() || quantity["system"].ToString() != kUcum) return;
  if (const Status unit = ucum::Validate(code.ToString()); !unit.ok())
    At("code", -1, [&] { Error("code-invalid", "is no unit of UCUM"); });
}

void FormChecker::Narrative(std::string_view text) {
  const NarrativeTargets found = ReadNarrativeTargets(text);
  if (found.links.empty() && found.images.empty()) return;
  if (!resource_ids_) {
    AddIds(resource_, 0, &time_, &resource_ids_.emplace());
    ++walks_;
  }
  const Ids anchors(found.anchors.begin(), found.anchors.end());
  for (const std::string_view link : found.links) NarrativeTarget(link, false, anchors);
  for (const std::string_view image : found.images) NarrativeTarget(image, true, anchors);
}

void FormChecker::NarrativeTarget(std::string_view target, bool is_image, const Ids& anchors) {
  if (!time_.Step()) return;
  if (target.size() > 1 && target.front() == '#') {
    const std::string id(target.substr(1)), plain = PlainFragment(id);
    if (!anchors.contains(id) && !anchors.contains(plain) && !resource_ids_->contains(plain))
      Error("not-found", is_image ? "shows an image (#…) that is not in the resource"
                                  : "has a link within the resource (#…) that leads nowhere");
    return;
  }
  if (!IsAbsoluteUri(target)) return;
  const std::string scheme = ToLower(target.substr(0, target.find(':')));
  const std::span<const std::string_view> followed = is_image
                                                         ? std::span<const std::string_view>(kImageSchemes)
                                                         : std::span<const std::string_view>(kLinkSchemes);
  if (std::find(followed.begin(), followed.end(), scheme) == followed.end())
    Error("value", is_image ? "shows an image by a scheme that nothing can be fetched by"
                            : "has a link with a scheme that cannot be followed");
}

void FormChecker::Attachment(Value attachment) {
  const Value size = attachment["size"];
  const Value data = attachment["data"];
  if (!size.present() || !data.is_string()) return;
  std::string scratch;
  const auto found = DecodedSize(data.String(scratch));
  if (found && std::to_string(*found) != size.Number())
    At("size", -1,
       [&] { Error("value", "is not the size of the data, " + std::to_string(*found) + " bytes"); });
}

void FormChecker::Bundle(Value bundle) {
  for (Issue& issue : BundleProblems(definitions_, bundle, ElementPath(path_), issues_max_, time_))
    issues_.Add(std::move(issue));
}

void FormChecker::SearchParameters(Value resource) {
  if (const Value derived = resource["derivedFrom"])
    return At("type", -1, [&] { ParameterType(derived.ToString(), resource["type"]); });
  int64_t rest_index = 0;
  for (const Value rest : resource["rest"]) {
    At("rest", rest_index++, [&] {
      int64_t type_index = 0;
      for (const Value type : rest["resource"]) {
        At("resource", type_index++, [&] {
          int64_t index = 0;
          for (const Value parameter : type["searchParam"]) {
            At("searchParam", index++,
               [&] { ParameterType(parameter["definition"].ToString(), parameter["type"]); });
          }
        });
      }
    });
  }
}

void FormChecker::ParameterType(std::string_view canonical, Value type) {
  if (!time_.Step()) return;
  if (parameter_types_.empty()) {
    for (const TypeId resource : definitions_.ResourceTypes()) {
      for (const SearchParameter& parameter : definitions_.SearchParameters(resource))
        parameter_types_.emplace(parameter.url, parameter.type);
    }
  }
  const auto known = parameter_types_.find(WithoutVersion(canonical));
  if (known != parameter_types_.end() && type.present() && type.ToString() != SearchTypeName(known->second))
    Error("value",
          "is not the type of that search parameter, which is " + std::string(SearchTypeName(known->second)));
}

}  // namespace

std::optional<uint64_t> DecodedSize(std::string_view text) {
  uint64_t digits = 0, padding = 0;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    ++(c == '=' ? padding : digits);
  }
  if ((digits + padding) % 4 != 0 || padding > 2) return std::nullopt;
  return digits * 3 / 4;
}

std::vector<Issue> FormProblems(const Definitions& definitions, Profiles* profiles, Value root,
                                size_t issues_max, CheckTime& time, size_t* walks,
                                const std::unordered_set<uint32_t>* named) {
  FormChecker checker(definitions, profiles, issues_max, time, named);
  std::vector<Issue> issues = checker.Run(root);
  if (walks != nullptr) *walks = checker.walks();
  return issues;
}

}  // namespace tk::fhir
