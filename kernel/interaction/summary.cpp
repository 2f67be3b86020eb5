#include "kernel/interaction/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/special.h"

namespace tk::interaction {
namespace {

using fhir::ElementInfo;
using fhir::Value;
using search::Summary;

#define TK_TAG_SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
constexpr std::string_view kTag =
    R"({"system":")" TK_TAG_SYSTEM R"(","code":"SUBSETTED","display":"subsetted"})";

class Shaper {
 public:
  Shaper(const fhir::Definitions& definitions, const Shape& shape, std::string* out)
      : definitions_(definitions), shape_(shape), json_(out) {}

  void Resource(fhir::TypeId type, Value root) {
    json_.Object();
    bool tagged = false;
    for (const Value member : root) {
      const std::string_view name = member.name_text();
      if (name == "meta") {
        json_.Key(name);
        Meta(member);
        tagged = true;
      } else if (KeepsTop(type, member, name)) {
        Member(type, member, name);
      }
    }
    if (!tagged) json_.Key("meta").Object().Key("tag").Array().Raw(kTag).End().End();
    json_.End();
  }

 private:
  const ElementInfo* Element(fhir::TypeId type, std::string_view name) const {
    if (!name.empty() && name[0] == '_') name.remove_prefix(1);  // the extensions of a primitive go with it
    return definitions_.FindElement(type, fhir::Names::Find(name));
  }

  bool KeepsTop(fhir::TypeId type, Value member, std::string_view name) const {
    (void)member;
    if (name == "resourceType" || name == "id") return true;
    const ElementInfo* element = Element(type, name);
    if (element == nullptr) return false;
    if (!shape_.elements.empty()) {
      if (element->min > 0) return true;
      for (const std::string& wanted : shape_.elements) {
        if (wanted == element->base_name || wanted == element->name) return true;
      }
      return false;
    }
    if (shape_.summary == Summary::kData) return name != "text";
    if (shape_.summary == Summary::kText) return element->min > 0 || name == "text";
    return element->is_summary || element->min > 0;
  }

  /// A backbone element is cut to its own summary elements; datatypes stay whole.
  void Member(fhir::TypeId type, Value member, std::string_view name) {
    json_.Key(name);
    const ElementInfo* element = name == "resourceType" ? nullptr : Element(type, name);
    const bool cut = shape_.summary == Summary::kTrue && shape_.elements.empty() && element != nullptr &&
                     definitions_.Type(element->type).type_class == fhir::TypeClass::kBackbone;
    if (!cut) {
      json_.Raw(member.Json());
    } else if (member.is_array()) {
      json_.Array();
      for (const Value item : member) Backbone(element->type, item);
      json_.End();
    } else {
      Backbone(element->type, member);
    }
  }

  void Backbone(fhir::TypeId type, Value value) {
    if (!value.is_object()) {
      json_.Raw(value.Json());
      return;
    }
    json_.Object();
    for (const Value member : value) {
      const ElementInfo* element = Element(type, member.name_text());
      if (element == nullptr || !(element->is_summary || element->min > 0)) continue;
      Member(type, member, member.name_text());
    }
    json_.End();
  }

  void Meta(Value meta) {
    json_.Object();
    bool tagged = false;
    for (const Value member : meta) {
      json_.Key(member.name_text());
      if (member.name_text() != "tag" || !member.is_array()) {
        json_.Raw(member.Json());
        continue;
      }
      json_.Array();
      for (const Value tag : member) json_.Raw(tag.Json());
      json_.Raw(kTag).End();
      tagged = true;
    }
    if (!tagged) json_.Key("tag").Array().Raw(kTag).End();
    json_.End();
  }

  const fhir::Definitions& definitions_;
  const Shape& shape_;
  fhir::JsonWriter json_;
};

}  // namespace

Result<Summary> ParseSummary(std::string_view text) {
  if (text == "false") return Summary::kFalse;
  if (text == "true") return Summary::kTrue;
  if (text == "text") return Summary::kText;
  if (text == "data") return Summary::kData;
  if (text == "count") return Summary::kCount;
  return MakeError(ErrorCode::kIncorrect, "_summary may be true, text, data, count or false.");
}

namespace {

bool HasElement(const fhir::Definitions& definitions, fhir::TypeId type, std::string_view name) {
  const auto& elements = definitions.Elements(type);
  return std::any_of(elements.begin(), elements.end(), [&](const ElementInfo& element) {
    return element.base_name == name || element.name == name;
  });
}

bool AnyHasElement(const fhir::Definitions& definitions, std::string_view name) {
  for (fhir::TypeId type = 0; type < definitions.type_count(); ++type) {
    if (definitions.IsResource(type) && HasElement(definitions, type, name)) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<std::string>> ParseElements(const fhir::Definitions& definitions, fhir::TypeId type,
                                               std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const bool one = type != fhir::kNoType;
    const bool known = name == "id" || name == "meta" ||
                       (one ? HasElement(definitions, type, name) : AnyHasElement(definitions, name));
    if (!known) {
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("_elements names something at place {} that {} "
                                   "does not have; give names of top elements, as in "
                                   "_elements=identifier,active.",
                                   out.size() + 1, one ? definitions.Type(type).name : "any resource"));
    }
    out.emplace_back(name);
  }
  if (out.empty())
    return MakeError(ErrorCode::kIncorrect,
                     "_elements is empty: name the elements, with commas between them.");
  return out;
}

Status AppendShaped(const fhir::Definitions& definitions, const Shape& shape, std::string_view json,
                    std::string* out) {
  if (shape.whole()) {
    out->append(json);
    return {};
  }
  const fhir::Document document = TRY(fhir::Document::Parse(json));
  const Value root = document.Root();
  Shaper(definitions, shape, out).Resource(definitions.FindType(root["resourceType"].ToString()), root);
  return {};
}

Result<std::string_view> Shaped(const Room& room, const access::Viewer& viewer, const Shape& shape,
                                std::string_view json, std::string* cut) {
  if (shape.whole()) return json;
  const auto left = TRY(WithoutSpecial(room, viewer, json));
  cut->clear();
  TRY(AppendShaped(*room.definitions, shape, left ? std::string_view(*left) : json, cut));
  return std::string_view(*cut);
}

namespace {

bool IsSubsettedTag(Value tag) {
  return tag["code"].ToString() == "SUBSETTED" && tag["system"].ToString() == TK_TAG_SYSTEM;
}

}  // namespace

bool IsSubsetted(Value resource) {
  const Value tags = resource["meta"]["tag"];
  return tags.is_array() && std::any_of(tags.begin(), tags.end(), IsSubsettedTag);
}

Status CheckNotSubsetted(Value resource) {
  const Value tags = resource["meta"]["tag"];
  for (size_t i = 0; i < tags.size(); ++i) {
    if (!IsSubsettedTag(tags.At(i))) continue;
    return MakeIssue(ErrorCode::kInvalid, "business-rule",
                     fmt::format("{}.meta.tag[{}]", resource["resourceType"].ToString(), i),
                     "The tag SUBSETTED says that this is a part of a resource (a read with _summary or "
                     "_elements gives such): "
                     "kept, it would take away the rest. Read it without _summary and _elements, change that "
                     "and send it; or "
                     "take the tag out if the resource is whole.");
  }
  return {};
}

std::string PrettyJson(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  size_t level = 0;
  bool in_string = false;
  const auto line = [&] {
    out.push_back('\n');
    out.append(level * 2, ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out.push_back(c);
      if (c == '\\' && i + 1 < json.size())
        out.push_back(json[++i]);
      else if (c == '"')
        in_string = false;
      continue;
    }
    const bool empty =
        (c == '{' || c == '[') && i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']');
    if (empty) {
      out.push_back(c);
      out.push_back(json[++i]);
    } else if (c == '{' || c == '[') {
      out.push_back(c);
      ++level;
      line();
    } else if (c == '}' || c == ']') {
      if (level > 0) --level;
      line();
      out.push_back(c);
    } else if (c == ',') {
      out.push_back(c);
      line();
    } else if (c == ':') {
      out += ": ";
    } else {
      in_string = c == '"';
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace tk::interaction
