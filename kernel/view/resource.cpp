// Making the immutable Resource of a parsed document, and asking whose it is.
#include <algorithm>
#include <optional>
#include <span>

#include "kernel/fhir/path/path.h"
#include "kernel/view/engine.h"

namespace tk::view {
namespace {

// The bytes of a member `"name":value` in minified text, without commas.
struct MemberSpan {
  uint32_t from;
  uint32_t to;
};

MemberSpan SpanOf(fhir::Value member) {
  const fhir::Node& node = member.node();
  const uint32_t quote = node.kind == fhir::Kind::kString ? 1 : 0;
  const auto name_bytes = static_cast<uint32_t>(member.name_text().size());
  return {node.at - quote - name_bytes - 3, node.at + node.size + quote};
}

// Taking a member out takes one comma with it: the one after, or before the last member the one before.
fhir::TextEdit Removal(std::string_view text, MemberSpan span) {
  if (text[span.to] == ',') return {span.from, span.to + 1 - span.from, {}};
  if (text[span.from - 1] == ',') return {span.from - 1, span.to + 1 - span.from, {}};
  return {span.from, span.to - span.from, {}};
}

// What the server sets itself is never kept from the client: meta.versionId and meta.lastUpdated, or meta if it has no more.
std::vector<fhir::TextEdit> MetaEdits(std::string_view text, fhir::Value meta) {
  std::vector<fhir::TextEdit> edits;
  size_t others = 0;
  std::vector<MemberSpan> ours;
  for (fhir::Value member : meta) {
    const std::string_view name = member.name_text();
    if (name == "versionId" || name == "lastUpdated" || name == "_versionId" || name == "_lastUpdated") {
      ours.push_back(SpanOf(member));
    } else {
      ++others;
    }
  }
  if (ours.empty() && others > 0) return edits;
  if (others == 0) {
    edits.push_back(Removal(text, SpanOf(meta)));
    return edits;
  }
  for (MemberSpan span : ours) edits.push_back(Removal(text, span));
  // Two neighbours at the end may both claim the comma between them.
  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (size_t i = 1; i < edits.size(); ++i) {
    const uint32_t end = edits[i - 1].at + edits[i - 1].size;
    if (edits[i].at < end) {
      const uint32_t cut = end - edits[i].at;
      edits[i].at += cut;
      edits[i].size -= cut;
    }
  }
  return edits;
}

// After removing the tail members one by one a comma may be left before the closing brace: removed here.
std::string WithoutDanglingComma(std::string text, uint32_t meta_from) {
  const size_t at = text.find(",}", meta_from);
  if (at != std::string::npos) text.erase(at, 1);
  return text;
}

}  // namespace

Result<ResourcePtr> MakeResource(const fhir::Definitions& definitions, fhir::Document document,
                                 uint32_t version, Operation op) {
  fhir::Value meta = document.Root()["meta"];
  if (meta.is_object()) {
    const auto edits = MetaEdits(document.Text(), meta);
    if (!edits.empty()) {
      const uint32_t from = edits.front().at;
      std::string text = fhir::ApplyEdits(document.Text(), edits);
      auto again = fhir::Document::Parse(text);
      if (!again.ok()) again = fhir::Document::Parse(WithoutDanglingComma(std::move(text), from));
      document = TRY(std::move(again));
      meta = document.Root()["meta"];
    }
  }
  auto resource = std::make_shared<Resource>();
  const fhir::Value root = document.Root();
  resource->type = definitions.FindType(root["resourceType"].ToString());
  if (!definitions.IsResource(resource->type)) {
    return MakeIssue(ErrorCode::kInvalid, "structure", "",
                     "resourceType names no resource type that this server knows");
  }
  const fhir::Value id = root["id"];
  if (!id.is_string()) return MakeIssue(ErrorCode::kInvalid, "required", "id", "the resource has no id");
  resource->id = id.ToString();
  resource->version = version;
  resource->op = op;
  resource->has_meta = meta.is_object();
  resource->splice = resource->has_meta ? meta.node().at + 1 : id.node().at + id.node().size + 1;
  resource->document = std::move(document);
  return ResourcePtr(std::move(resource));
}

ResourcePtr MakeTombstone(fhir::TypeId type, std::string id, uint32_t version) {
  auto resource = std::make_shared<Resource>();
  resource->type = type;
  resource->id = std::move(id);
  resource->version = version;
  resource->op = Operation::kDelete;
  return resource;
}

namespace {

using Steps = std::vector<fhir::NameId>;

/// The members of a plain path to a Reference, "Observation.subject.where(resolve() is Patient)" → subject. Whether it is a Patient is
/// seen by the reference itself. nullopt: the expression is more than that.
std::optional<Steps> PlainPath(const fhir::Definitions& definitions, fhir::TypeId type,
                               std::string_view text) {
  constexpr std::string_view kIsPatient = ".where(resolve() is Patient)";
  if (text.ends_with(kIsPatient)) text.remove_suffix(kIsPatient.size());
  const std::string_view start = definitions.Type(type).name;
  if (!text.starts_with(start) || text.size() <= start.size() || text[start.size()] != '.')
    return std::nullopt;
  text.remove_prefix(start.size() + 1);
  Steps steps;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find('.'));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    const fhir::ElementInfo* element = definitions.FindElement(type, fhir::Names::Find(name));
    if (element == nullptr || element->choice != 0) return std::nullopt;
    steps.push_back(element->name_id);
    type = element->type;
  }
  if (steps.empty() || definitions.Type(type).name != "Reference") return std::nullopt;
  return steps;
}

/// The person that a Reference names, "" if it is none. It may be absolute or carry a version; the person is its last "Patient/id".
std::string_view PatientIn(fhir::Value reference_value, fhir::NameId reference_name, std::string* scratch) {
  std::string_view reference = reference_value[reference_name].String(*scratch);
  const size_t at = reference.rfind("Patient/");
  if (at == std::string_view::npos || (at > 0 && reference[at - 1] != '/')) return {};
  reference.remove_prefix(at);
  reference = reference.substr(0, reference.find_first_of("/#?", 8));
  return reference.size() > 8 ? reference : std::string_view();
}

std::string_view PatientAt(fhir::Value value, std::span<const fhir::NameId> steps,
                           fhir::NameId reference_name, std::string* scratch) {
  if (value.is_array()) {
    for (const fhir::Value item : value) {
      const std::string_view found = PatientAt(item, steps, reference_name, scratch);
      if (!found.empty()) return found;
    }
    return {};
  }
  if (steps.empty()) return PatientIn(value, reference_name, scratch);
  return PatientAt(value[steps.front()], steps.subspan(1), reference_name, scratch);
}

}  // namespace

struct Owners::Table {
  /// Where a resource names persons: by plain steps, else by an expression.
  struct Way {
    Steps steps;
    std::optional<fhir::path::Expression> expression;
  };
  std::shared_ptr<const fhir::Definitions> definitions;
  std::vector<std::vector<Way>> by_type;  // [TypeId]
  fhir::NameId reference = fhir::kNoName;
  fhir::TypeId patient = fhir::kNoType, practitioner = fhir::kNoType;
};

Owners::Owners(std::shared_ptr<const fhir::Definitions> definitions) : table_(std::make_unique<Table>()) {
  const fhir::Definitions& d = *definitions;
  table_->patient = d.FindType("Patient");
  table_->reference = fhir::Names::Find("reference");
  table_->practitioner = d.FindType("Practitioner");
  table_->by_type.resize(d.type_count());
  for (fhir::TypeId type : d.ResourceTypes()) {
    std::vector<std::string_view> codes(d.PatientCompartment(type).begin(), d.PatientCompartment(type).end());
    // R4's compartment leaves out Task and others that are about a person all the same; to access they are his.
    for (std::string_view code : {"patient", "subject"}) {
      const fhir::SearchParameter* parameter = d.FindSearchParameter(type, code);
      if (parameter != nullptr && std::find(codes.begin(), codes.end(), code) == codes.end())
        codes.push_back(code);
    }
    // The person it is about comes before persons who took part.
    auto rank = [](std::string_view code) {
      return code == "patient" ? 0 : code == "subject" ? 1 : code == "beneficiary" ? 2 : 3;
    };
    std::stable_sort(codes.begin(), codes.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
    for (std::string_view code : codes) {
      const fhir::SearchParameter* parameter = d.FindSearchParameter(type, code);
      if (parameter == nullptr) continue;
      if (auto steps = PlainPath(d, type, parameter->expression)) {
        table_->by_type[type].push_back({std::move(*steps), std::nullopt});
        continue;
      }
      auto compiled = fhir::path::Expression::Compile(parameter->expression, d, type);
      if (compiled.ok()) table_->by_type[type].push_back({{}, std::move(compiled).value()});
    }
  }
  table_->definitions = std::move(definitions);
}
Owners::~Owners() = default;

std::string Owners::NameOf(fhir::TypeId type, std::string_view id, fhir::Value root) const {
  if (type == table_->patient) return "Patient/" + std::string(id);
  if (type == table_->practitioner) return "Practitioner/" + std::string(id);
  if (type >= table_->by_type.size()) return {};
  std::string scratch;
  for (const Table::Way& way : table_->by_type[type]) {
    if (!way.expression) {
      const std::string_view found = PatientAt(root, way.steps, table_->reference, &scratch);
      if (!found.empty()) return std::string(found);
      continue;
    }
    fhir::path::Environment environment;
    environment.definitions = table_->definitions.get();
    environment.resource = root;
    fhir::path::Collection items;
    if (!way.expression->Evaluate(environment, fhir::path::ResourceItem(*table_->definitions, root), &items)
             .ok())
      continue;
    for (const fhir::path::Item& item : items) {
      const std::string_view found = PatientIn(item.node, table_->reference, &scratch);
      if (!found.empty()) return std::string(found);
    }
  }
  return {};
}

uint64_t Engine::IdHash(std::string_view type, std::string_view id) const {
  std::string name;
  name.reserve(type.size() + id.size() + 1);
  name.append(type).append(1, '/').append(id);
  return KeyedHash(hash_key(), name);
}
uint64_t Engine::KeyOf(std::string_view text) const {
  const uint64_t key = KeyedHash(hash_key(), "key:" + std::string(text));
  return key == 0 ? 1 : key;
}

}  // namespace tk::view
