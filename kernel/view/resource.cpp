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
                                 uint32_t version, Operation op, std::string own_base) {
  fhir::Value meta = document.Root()["meta"];
  if (meta.is_object()) {
    const auto edits = MetaEdits(document.Text(), meta);
    if (!edits.empty()) {
      document = TRY(fhir::Document::Parse(TRY(fhir::ApplyEdits(document.Text(), edits))));
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
  resource->own_base = std::move(own_base);
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

ResourcePtr MakeTombstone(const Resource& before) {
  auto resource = std::make_shared<Resource>();
  resource->type = before.type;
  resource->code = before.code;
  resource->id = before.id;
  resource->version = before.version + 1;
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
  std::string_view person;  // "Patient/1" of ours; where staff are asked for, "Practitioner/1"
  bool somebody = false;    // a person whom we do not know, or what may be one
};

enum class Whom : uint8_t { kPatient, kPractitioner };

bool EndsInPatient(std::string_view link) {
  const size_t at = link.rfind("Patient/");
  return at != std::string_view::npos && (at == 0 || link[at - 1] == '/');
}

struct ReferenceNames {
  fhir::NameId reference = fhir::kNoName, identifier = fhir::kNoName, display = fhir::kNoName,
               type = fhir::kNoName;

  /// A reference of ours may carry a version. An absolute one names somebody else's patient, who may well have the same id; references to this
  /// server by its own address are made relative before they get here.
  Named Read(fhir::Value value, Whom whom, std::string* scratch) const {
    std::string_view link = value[reference].String(*scratch);
    const std::string_view kind = whom == Whom::kPatient ? "Patient/" : "Practitioner/";
    if (link.starts_with(kind)) {
      // A character at a time: an id is short, and a search for any of three costs a call for each of its characters.
      size_t end = kind.size();
      while (end < link.size() && link[end] != '/' && link[end] != '#' && link[end] != '?') ++end;
      link = link.substr(0, end);
      return {link.size() > kind.size() ? link : std::string_view(), false};
    }
    if (link.starts_with('#')) return {};
    const bool conditional = link.starts_with("Patient?");
    if (!link.empty()) return {{}, conditional || EndsInPatient(link) || link.starts_with("urn:")};
    std::string of_type;
    const std::string_view type_text = value[type].String(of_type);
    const bool may_be = type_text.empty() || type_text == "Patient" || type_text.ends_with("/Patient");
    return {{}, may_be && (value[identifier] || value[display])};
  }

  /// Every Reference at `steps`, until `each` returns false; then false.
  template <class Each>
  bool ForAll(fhir::Value value, std::span<const fhir::NameId> steps, Whom whom, std::string* scratch,
              const Each& each) const {
    if (!value.is_array())
      return steps.empty() ? each(Read(value, whom, scratch))
                           : ForAll(value[steps.front()], steps.subspan(1), whom, scratch, each);
    for (const fhir::Value item : value) {
      if (!ForAll(item, steps, whom, scratch, each)) return false;
    }
    return true;
  }
};

}  // namespace

struct Owners::Table {
  /// Where a resource names persons: by plain steps, else by an expression.
  struct Way {
    Steps steps;
    std::optional<fhir::path::Expression> expression;
    bool about = false;  // whom the record is about, not who took part
    Whom whom = Whom::kPatient;
  };
  std::shared_ptr<const fhir::Definitions> definitions;
  std::vector<std::vector<Way>> by_type;  // [TypeId]
  ReferenceNames names;
  fhir::NameId contained = fhir::kNoName, entry = fhir::kNoName, resource = fhir::kNoName,
               security_context = fhir::kNoName;
  fhir::TypeId patient = fhir::kNoType, practitioner = fhir::kNoType, bundle = fhir::kNoType,
               binary = fhir::kNoType, parameters = fhir::kNoType, person = fhir::kNoType;

  template <class Each>
  bool ForAll(const Way& way, fhir::Value root, std::string* scratch, const Each& each) const;
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
  table_->parameters = d.FindType("Parameters");
  table_->person = d.FindType("Person");
  table_->by_type.resize(d.type_count());
  for (fhir::TypeId type : d.ResourceTypes()) AddWays(d, type);
  table_->by_type[table_->binary].push_back({{table_->security_context}, std::nullopt, true, Whom::kPatient});
  table_->definitions = std::move(definitions);
}
Owners::~Owners() = default;

/// Who is about whom: `patient`, `subject`, `beneficiary`; then those who took part, by the compartment and by whatever else may refer to a
/// Patient (but not of what is published, such as an ImplementationGuide with its examples); what can name no patient is its practitioner's.
void Owners::AddWays(const fhir::Definitions& d, fhir::TypeId type) {
  if (d.Type(type).name == "Linkage") {
    // Of two records of a person: of the one that was joined to the other, with whom it goes when he is erased.
    auto alternate = fhir::path::Expression::Compile("Linkage.item.where(type = 'alternate').resource", d,
                                                     type, fhir::path::kForSearchParameters);
    if (alternate.ok())
      table_->by_type[type].push_back({{}, std::move(alternate).value(), true, Whom::kPatient});
  }
  const auto compartment = d.PatientCompartment(type);
  const bool is_published = d.FindSearchParameter(type, "url") != nullptr;
  const auto rank_of = [&](const fhir::SearchParameter& parameter) {
    const std::string_view code = parameter.code;
    // R4's compartment leaves out Task and others that are about a person all the same; to access they are his.
    if (code == "patient") return 0;
    if (code == "subject") return 1;
    const bool is_in = std::find(compartment.begin(), compartment.end(), code) != compartment.end();
    if (is_in) return code == "beneficiary" ? 2 : 3;
    if (parameter.type != fhir::SearchType::kReference || is_published) return -1;
    const auto& targets = parameter.targets;
    if (std::find(targets.begin(), targets.end(), table_->patient) != targets.end()) return 4;
    return code == "practitioner" ? 5 : -1;
  };
  std::vector<std::pair<int, const fhir::SearchParameter*>> parameters;
  for (const fhir::SearchParameter& parameter : d.SearchParameters(type)) {
    if (const int rank = rank_of(parameter); rank >= 0) parameters.emplace_back(rank, &parameter);
  }
  std::stable_sort(parameters.begin(), parameters.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (!parameters.empty() && parameters.front().first < 5)
    std::erase_if(parameters, [](const auto& parameter) { return parameter.first == 5; });
  for (const auto& [rank, parameter] : parameters) {
    const Whom whom = rank == 5 ? Whom::kPractitioner : Whom::kPatient;
    if (auto steps = PlainPath(d, type, parameter->expression)) {
      table_->by_type[type].push_back({std::move(*steps), std::nullopt, rank < 3, whom});
      continue;
    }
    auto compiled =
        fhir::path::Expression::Compile(parameter->expression, d, type, fhir::path::kForSearchParameters);
    if (compiled.ok()) table_->by_type[type].push_back({{}, std::move(compiled).value(), rank < 3, whom});
  }
}

std::string Owners::NameOf(fhir::TypeId type, std::string_view id, fhir::Value root,
                           std::string_view own_base) const {
  if (type == table_->patient) return "Patient/" + std::string(id);
  if (type == table_->practitioner) return "Practitioner/" + std::string(id);
  if (type >= table_->by_type.size()) return {};
  std::string scratch, person;
  bool somebody = false, several = false;
  for (const Table::Way& way : table_->by_type[type]) {
    const bool found = !table_->ForAll(way, root, &scratch, [&](const Named& named) {
      somebody = somebody || (way.about && named.somebody);
      if (named.person.empty()) return true;
      several = several || (!person.empty() && person != named.person);
      if (person.empty()) person = named.person;
      return !way.about;
    });
    if (found) return person;
  }
  if (several) return OwnName(type, id);
  if (!person.empty()) return person;
  if (type == table_->bundle || type == table_->parameters) return OfBundle(type, id, root, own_base);
  if (somebody || type == table_->person || table_->HoldsPatient(root)) return OwnName(type, id);
  return {};
}

template <class Each>
bool Owners::Table::ForAll(const Way& way, fhir::Value root, std::string* scratch, const Each& each) const {
  if (!way.expression) return names.ForAll(root, way.steps, way.whom, scratch, each);
  fhir::path::Environment environment;
  environment.definitions = definitions.get();
  environment.resource = root;
  fhir::path::Collection items;
  if (!way.expression->Evaluate(environment, fhir::path::ResourceItem(*definitions, root), &items).ok())
    return true;
  for (const fhir::path::Item& item : items) {
    if (!each(names.Read(item.node, way.whom, scratch))) return false;
  }
  return true;
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

/// Collects whom the resources within a resource are about.
class Owners::Within {
 public:
  Within(const Owners& owners, std::string_view own_base, std::set<std::string>* persons)
      : owners_(owners), table_(*owners.table_), own_base_(own_base), persons_(persons) {}

  void In(fhir::TypeId type, fhir::Value root) {
    if (type == table_.bundle) {
      for (const fhir::Value entry : root[table_.entry]) {
        Add(entry[table_.resource], entry["fullUrl"].ToString());
        Add(entry["response"]["outcome"], {});
      }
    } else if (type == table_.parameters) {
      for (const fhir::Value parameter : root["parameter"]) InParameter(parameter);
    }
  }

 private:
  void InParameter(fhir::Value parameter) {
    Add(parameter[table_.resource], {});
    for (const fhir::Value part : parameter["part"]) InParameter(part);
  }

  void Add(fhir::Value inside, std::string_view full_url) {
    if (!inside.is_object()) return;
    const fhir::TypeId type = table_.definitions->FindType(inside["resourceType"].ToString());
    if (IsElsewhere(full_url)) {  // the ids in it, and its relative references, are another server's
      if (!owners_.NameOf(type, "1", inside, own_base_).empty()) persons_->insert(std::string(full_url));
      return;
    }
    if (type == table_.bundle || type == table_.parameters) return In(type, inside);
    const std::string id = inside["id"].ToString();
    std::string name = owners_.NameOf(type, id, inside, own_base_);
    // Whose its context is cannot be told in here.
    if (name.empty() && !owners_.ContextOf(type, inside).empty()) name = owners_.OwnName(type, id);
    if (!name.empty()) persons_->insert(std::move(name));
  }

  bool IsElsewhere(std::string_view url) const {
    if (own_base_.empty() || !(url.starts_with("http://") || url.starts_with("https://"))) return false;
    return !url.starts_with(own_base_) || url.size() == own_base_.size() || url[own_base_.size()] != '/';
  }

  const Owners& owners_;
  const Table& table_;
  const std::string_view own_base_;
  std::set<std::string>* const persons_;
};

std::set<std::string> Owners::PersonsIn(fhir::TypeId type, fhir::Value root,
                                        std::string_view own_base) const {
  std::set<std::string> persons;
  Within(*this, own_base, &persons).In(type, root);
  return persons;
}

std::string Owners::OfBundle(fhir::TypeId type, std::string_view id, fhir::Value root,
                             std::string_view own_base) const {
  std::set<std::string> persons = PersonsIn(type, root, own_base);
  if (persons.empty()) return {};
  const auto is_staff = [](const std::string& name) { return name.starts_with("Practitioner/"); };
  if (!std::all_of(persons.begin(), persons.end(), is_staff)) std::erase_if(persons, is_staff);
  const std::string& first = *persons.begin();
  const bool is_person = first.starts_with("Patient/") || first.starts_with("Practitioner/");
  return persons.size() > 1 || !is_person || first.ends_with('/') ? OwnName(type, id) : first;
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
  thread_local std::string name;  // every request asks: its memory is used again
  name.assign(type).append(1, '/').append(id);
  return KeyedHash(hash_key(), name);
}
Result<Engine::Header> Engine::ReadText(Ordinal ordinal, std::string* out) const {
  const TextPtr text = TRY(OpenText(ordinal));
  out->append(text->json);
  return text->header;
}
uint64_t Engine::KeyOf(std::string_view text) const {
  const uint64_t key = KeyedHash(hash_key(), "key:" + std::string(text));
  return key == 0 ? 1 : key;
}

}  // namespace tk::view
