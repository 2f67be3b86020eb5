#include "kernel/fhir/validate_forms.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/element_path.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/primitives.h"

namespace tk::fhir {
namespace {

constexpr size_t kFormLevelsMax = 100;
constexpr std::string_view kUuidUrn = "urn:uuid:";

bool IsAbsolute(std::string_view uri) {
  const size_t colon = uri.find(':');
  return colon != std::string_view::npos && colon != 0 && uri.find_first_of("/?#") > colon;
}

/// Bytes that base64 text stands for; nullopt if it is none.
std::optional<uint64_t> DecodedSize(std::string_view text) {
  uint64_t digits = 0, padding = 0;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    ++(c == '=' ? padding : digits);
  }
  if ((digits + padding) % 4 != 0 || padding > 2) return std::nullopt;
  return digits * 3 / 4;
}

std::string_view SearchTypeName(SearchType type) {
  constexpr std::string_view kNames[] = {"number",    "date",     "string", "token",  "reference",
                                         "composite", "quantity", "uri",    "special"};
  return kNames[static_cast<size_t>(type)];
}

class FormChecker {
 public:
  FormChecker(const Definitions& definitions, size_t issues_max)
      : definitions_(definitions), issues_max_(issues_max) {}

  std::vector<Issue> Run(Value root) {
    const path::Item item = path::ResourceItem(definitions_, root);
    if (item.type == kNoType) return {};
    path_.push_back({std::string(definitions_.Type(item.type).name), -1});
    Object(root, item.type);
    return std::move(issues_);
  }

 private:
  struct Segment {
    std::string name;
    int64_t index;
  };

  void Object(Value object, TypeId type);
  void One(Value value, const ElementInfo& element);
  void Text(std::string_view text, const ElementInfo& element);
  void Coding(Value coding);
  void Attachment(Value attachment);
  void Bundle(Value bundle);
  void Entry(Value entry, bool is_search);
  void SearchParameters(Value resource);
  void ParameterType(std::string_view canonical, Value type);

  /// Runs `check` one level down.
  template <class Check>
  void At(const char* name, int64_t index, Check check) {
    path_.push_back({name, index});
    check();
    path_.pop_back();
  }
  void Error(std::string_view type, std::string text) {
    if (issues_.size() < issues_max_)
      issues_.push_back({Severity::kError, type, ElementPath(path_), std::move(text)});
  }

  const Definitions& definitions_;
  const size_t issues_max_;
  std::vector<Segment> path_;
  std::vector<Issue> issues_;
  std::map<std::string, SearchType, std::less<>> parameter_types_;  // by url; filled when first asked
};

void FormChecker::Object(Value object, TypeId type) {
  if (path_.size() > kFormLevelsMax) return;
  const std::string_view name = definitions_.Type(type).name;
  if (name == "Coding") Coding(object);
  if (name == "Attachment") Attachment(object);
  if (name == "Bundle") Bundle(object);
  if (name == "SearchParameter" || name == "CapabilityStatement") SearchParameters(object);
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
  const TypeInfo& type = definitions_.Type(element.type);
  if (value.is_string() && type.type_class == TypeClass::kPrimitive) {
    std::string scratch;
    return Text(value.String(scratch), element);
  }
  if (!value.is_object() || type.type_class == TypeClass::kPrimitive) return;
  if (type.type_class != TypeClass::kResource) return Object(value, element.type);
  const path::Item inner = path::ResourceItem(definitions_, value);
  if (inner.type != kNoType) Object(value, inner.type);
}

void FormChecker::Text(std::string_view text, const ElementInfo& element) {
  const Primitive primitive = definitions_.Type(element.type).primitive;
  if (primitive == Primitive::kUri || primitive == Primitive::kUrl) {
    TypeInfo uuid{};
    uuid.primitive = Primitive::kUuid;
    if (text.starts_with(kUuidUrn) && !IsPrimitiveText(uuid, text))
      Error("value", "is not a UUID: urn:uuid: and 32 lower-case hex digits in groups 8-4-4-4-12");
  }
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
  At("system", -1, [&] {
    if (!IsAbsolute(system))
      return Error("value", "must be an absolute URI: it names a code system everywhere");
    if (system.find("/ValueSet/") != std::string::npos && definitions_.FindCodeSet(system) != kNoCodeSet)
      Error("value", "names a value set; the code system that the code is of belongs here");
  });
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
  const bool is_search = bundle["type"].ToString() == "searchset";
  int64_t index = 0;
  for (const Value entry : bundle["entry"]) At("entry", index++, [&] { Entry(entry, is_search); });
}

void FormChecker::Entry(Value entry, bool is_search) {
  const Value resource = entry["resource"];
  const std::string type = resource["resourceType"].ToString();
  const std::string id = resource["id"].ToString();
  if (is_search && resource.present() && id.empty() && type != "OperationOutcome")
    At("resource", -1, [&] { Error("required", "has no id, which everything that a search finds has"); });
  if (!entry["fullUrl"].is_string()) return;
  const std::string url = entry["fullUrl"].ToString();
  At("fullUrl", -1, [&] {
    if (!IsAbsolute(url)) return Error("value", "must be an absolute URL");
    const size_t slash = url.rfind('/');
    if (!url.starts_with("http") || slash == std::string::npos || id.empty()) return;
    const size_t start = url.rfind('/', slash - 1);
    if (start == std::string::npos) return;
    const std::string_view named = std::string_view(url).substr(start + 1, slash - start - 1);
    if (!definitions_.IsResource(definitions_.FindType(named))) return;  // not a RESTful address
    if (named != type || std::string_view(url).substr(slash + 1) != id)
      Error("value", "does not agree with the resource's type and id");
  });
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

std::vector<Issue> FormProblems(const Definitions& definitions, Value root, size_t issues_max) {
  return FormChecker(definitions, issues_max).Run(root);
}

}  // namespace tk::fhir
