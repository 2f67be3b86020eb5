// Making the immutable Resource of a parsed document, and asking whose it is.
#include <algorithm>
#include <optional>
#include <span>

#include "kernel/fhir/path/path.h"
#include "kernel/view/engine.h"

namespace tk::view {
namespace {

/// The bytes of a member `"name":value` in minified text, without commas.
struct MemberSpan {
  uint32_t from;
  uint32_t to;
};

MemberSpan SpanOf(std::string_view text, fhir::Value member) {
  const fhir::Node& node = member.node();
  const uint32_t quote = node.kind == fhir::Kind::kString ? 1 : 0;
  // The name ends before `":`. It may be escaped, so its beginning is looked for in the text: the quote before it, which no name holds
  // unless behind a backslash.
  uint32_t from = node.at - quote - 3;
  const auto is_escaped = [text](uint32_t at) {
    uint32_t backslashes = 0;
    while (text[at - 1 - backslashes] == '\\') ++backslashes;
    return backslashes % 2 == 1;
  };
  while (text[from] != '"' || is_escaped(from)) --from;
  return {from, node.at + node.size + quote};
}

bool IsServers(std::string_view name) {
  return name == "versionId" || name == "lastUpdated" || name == "_versionId" || name == "_lastUpdated";
}

/// What the server sets itself is never kept from the client: meta.versionId and meta.lastUpdated, or meta if it has no more. `text` is
/// the document's. At most one edit.
std::vector<fhir::TextEdit> MetaEdits(std::string_view text, fhir::Value meta) {
  std::string kept;
  bool has_ours = false;
  for (fhir::Value member : meta) {
    if (IsServers(member.name_text())) {
      has_ours = true;
      continue;
    }
    const MemberSpan span = SpanOf(text, member);
    kept += kept.empty() ? "{" : ",";
    kept += text.substr(span.from, span.to - span.from);
  }
  if (!kept.empty()) {
    kept += '}';
    if (!has_ours) return {};
    return {{meta.node().at, meta.node().size, std::move(kept)}};
  }
  // With its comma: the one before, or of the first member the one after.
  MemberSpan span = SpanOf(text, meta);
  if (text[span.from - 1] == ',') {
    --span.from;
  } else if (text[span.to] == ',') {
    ++span.to;
  }
  return {{span.from, span.to - span.from, {}}};
}

}  // namespace

Result<ResourcePtr> MakeResource(const fhir::Definitions& definitions, fhir::Document document,
                                 uint32_t version, Operation op) {
  fhir::Value meta = document.Root()["meta"];
  if (meta.is_object()) {
    const auto edits = MetaEdits(document.Text(), meta);
    if (!edits.empty()) {
      document = TRY(fhir::Document::Parse(fhir::ApplyEdits(document.Text(), edits)));
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

/// Whom a Reference names.
struct Named {
  std::string_view person;  // "Patient/1" of ours
  bool somebody = false;    // a person whom we do not know, or what may be one
};

bool EndsInPatient(std::string_view link) {
  const size_t at = link.rfind("Patient/");
  return at != std::string_view::npos && (at == 0 || link[at - 1] == '/');
}

struct ReferenceNames {
  fhir::NameId reference = fhir::kNoName, identifier = fhir::kNoName, display = fhir::kNoName,
               type = fhir::kNoName;

  /// A reference of ours may carry a version. An absolute one names somebody else's patient, who may well have the same id; references to this
  /// server by its own address are made relative before they get here.
  Named Read(fhir::Value value, std::string* scratch) const {
    std::string_view link = value[reference].String(*scratch);
    if (link.starts_with("Patient/")) {
      link = link.substr(0, link.find_first_of("/#?", 8));
      return {link.size() > 8 ? link : std::string_view(), false};
    }
    if (link.starts_with('#')) return {};
    if (!link.empty()) return {{}, EndsInPatient(link) || link.starts_with("urn:")};
    std::string of_type;
    const std::string_view type_text = value[type].String(of_type);
    const bool may_be = type_text.empty() || type_text == "Patient" || type_text.ends_with("/Patient");
    return {{}, may_be && (value[identifier] || value[display])};
  }

  Named ReadAt(fhir::Value value, std::span<const fhir::NameId> steps, std::string* scratch) const {
    if (!value.is_array())
      return steps.empty() ? Read(value, scratch) : ReadAt(value[steps.front()], steps.subspan(1), scratch);
    Named all;
    for (const fhir::Value item : value) {
      const Named one = ReadAt(item, steps, scratch);
      if (!one.person.empty()) return one;
      all.somebody = all.somebody || one.somebody;
    }
    return all;
  }
};

}  // namespace

struct Owners::Table {
  /// Where a resource names persons: by plain steps, else by an expression.
  struct Way {
    Steps steps;
    std::optional<fhir::path::Expression> expression;
    bool about = false;  // whom the record is about, not who took part
  };
  std::shared_ptr<const fhir::Definitions> definitions;
  std::vector<std::vector<Way>> by_type;  // [TypeId]
  ReferenceNames names;
  fhir::NameId contained = fhir::kNoName, entry = fhir::kNoName, resource = fhir::kNoName,
               security_context = fhir::kNoName;
  fhir::TypeId patient = fhir::kNoType, practitioner = fhir::kNoType, bundle = fhir::kNoType,
               binary = fhir::kNoType;

  Named Ask(const Way& way, fhir::Value root, std::string* scratch) const;
  bool HoldsPatient(fhir::Value root) const;
};

Owners::Owners(std::shared_ptr<const fhir::Definitions> definitions) : table_(std::make_unique<Table>()) {
  const fhir::Definitions& d = *definitions;
  table_->patient = d.FindType("Patient");
  table_->names = {fhir::Names::Find("reference"), fhir::Names::Find("identifier"),
                   fhir::Names::Find("display"), fhir::Names::Find("type")};
  table_->contained = fhir::Names::Find("contained");
  table_->entry = fhir::Names::Find("entry");
  table_->resource = fhir::Names::Find("resource");
  table_->security_context = fhir::Names::Find("securityContext");
  table_->practitioner = d.FindType("Practitioner");
  table_->bundle = d.FindType("Bundle");
  table_->binary = d.FindType("Binary");
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
        table_->by_type[type].push_back({std::move(*steps), std::nullopt, rank(code) < 3});
        continue;
      }
      auto compiled =
          fhir::path::Expression::Compile(parameter->expression, d, type, fhir::path::kForSearchParameters);
      if (compiled.ok()) table_->by_type[type].push_back({{}, std::move(compiled).value(), rank(code) < 3});
    }
  }
  table_->by_type[table_->binary].push_back({{table_->security_context}, std::nullopt, true});
  table_->definitions = std::move(definitions);
}
Owners::~Owners() = default;

std::string Owners::NameOf(fhir::TypeId type, std::string_view id, fhir::Value root) const {
  if (type == table_->patient) return "Patient/" + std::string(id);
  if (type == table_->practitioner) return "Practitioner/" + std::string(id);
  if (type >= table_->by_type.size()) return {};
  std::string scratch;
  bool somebody = false;
  for (const Table::Way& way : table_->by_type[type]) {
    const Named named = table_->Ask(way, root, &scratch);
    if (!named.person.empty()) return std::string(named.person);
    somebody = somebody || (way.about && named.somebody);
  }
  if (type == table_->bundle) return OfBundle(id, root);
  if (somebody || table_->HoldsPatient(root)) return OwnName(type, id);
  return {};
}

Named Owners::Table::Ask(const Way& way, fhir::Value root, std::string* scratch) const {
  if (!way.expression) return names.ReadAt(root, way.steps, scratch);
  fhir::path::Environment environment;
  environment.definitions = definitions.get();
  environment.resource = root;
  fhir::path::Collection items;
  Named all;
  if (!way.expression->Evaluate(environment, fhir::path::ResourceItem(*definitions, root), &items).ok())
    return all;
  for (const fhir::path::Item& item : items) {
    const Named one = names.Read(item.node, scratch);
    if (!one.person.empty()) return one;
    all.somebody = all.somebody || one.somebody;
  }
  return all;
}

bool Owners::Table::HoldsPatient(fhir::Value root) const {
  for (const fhir::Value inside : root[contained]) {
    if (definitions->FindType(inside["resourceType"].ToString()) == patient) return true;
  }
  return false;
}

std::string Owners::OwnName(fhir::TypeId type, std::string_view id) const {
  return std::string(table_->definitions->Type(type).name).append(1, '/').append(id);
}

std::set<std::string> Owners::PersonsIn(fhir::TypeId type, fhir::Value root) const {
  std::set<std::string> persons;
  if (type != table_->bundle) return persons;
  for (const fhir::Value entry : root[table_->entry]) {
    const fhir::Value inside = entry[table_->resource];
    if (!inside.is_object()) continue;
    const fhir::TypeId inside_type = table_->definitions->FindType(inside["resourceType"].ToString());
    std::string name = NameOf(inside_type, inside["id"].ToString(), inside);
    if (!name.empty()) persons.insert(std::move(name));
  }
  return persons;
}

std::string Owners::OfBundle(std::string_view id, fhir::Value root) const {
  std::set<std::string> persons = PersonsIn(table_->bundle, root);
  if (persons.empty()) return {};
  const auto is_staff = [](const std::string& name) { return name.starts_with("Practitioner/"); };
  if (!std::all_of(persons.begin(), persons.end(), is_staff)) std::erase_if(persons, is_staff);
  const std::string& first = *persons.begin();
  const bool is_person = first.starts_with("Patient/") || first.starts_with("Practitioner/");
  return persons.size() > 1 || !is_person || first.ends_with('/') ? OwnName(table_->bundle, id) : first;
}

std::string Owners::ContextOf(fhir::TypeId type, fhir::Value root) const {
  if (type != table_->binary) return {};
  std::string text = root[table_->security_context][table_->names.reference].ToString();
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return {};
  text.resize(std::min(text.size(), text.find('/', slash + 1)));
  return table_->definitions->IsResource(table_->definitions->FindType(text.substr(0, slash))) ? text : "";
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
