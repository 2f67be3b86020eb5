#include "kernel/fhir/definitions_compile.h"

#include <algorithm>
#include <charconv>

#include "kernel/fhir/code_grammar.h"
#include "kernel/fhir/definitions_compiler.h"

namespace tk::fhir {
namespace {

constexpr std::string_view kSystemPrefix = "http://hl7.org/fhirpath/System.";
constexpr std::string_view kFhirTypeUrl =
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type";
constexpr std::string_view kMaxValueSetUrl =
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";
constexpr std::string_view kRegexUrl = "http://hl7.org/fhir/StructureDefinition/regex";

std::string_view LastSegment(std::string_view url) { return url.substr(url.rfind('/') + 1); }

Value ExtensionOf(Value element, std::string_view url) {
  for (const Value extension : element["extension"]) {
    if (extension["url"].ToString() == url) return extension;
  }
  return {};
}

uint16_t Count(Value value, uint16_t otherwise) {
  const std::string text = value.is_string() ? value.ToString() : std::string(value.Number());
  if (text == "*") return 0xffff;
  uint16_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

JsonForm FormOf(std::string_view system_type) {
  if (system_type == "Boolean") return JsonForm::kBoolean;
  if (system_type == "Integer" || system_type == "Decimal") return JsonForm::kNumber;
  return JsonForm::kString;
}

bool IsTypeName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

/// What cannot be listed is open; why is of no interest here.
std::optional<std::vector<SystemCode>> ListedOrOpen(Result<std::vector<SystemCode>> codes) {
  if (!codes.ok()) return std::nullopt;
  return std::move(codes).value();
}

}  // namespace

bool IsTypeProfile(Value structure) {
  return structure["derivation"].ToString() == "constraint" &&
         structure["kind"].ToString() == "complex-type" && structure["type"].ToString() != "Extension";
}

Result<std::string> CompileDefinitions(const BlobView* base, const std::vector<const Document*>& resources,
                                       const Document* mended) {
  return Compiler(base, resources, mended).Run();
}

Compiler::Compiler(const BlobView* base, const std::vector<const Document*>& resources,
                   const Document* mended)
    : resources_(resources), mended_(mended) {
  if (base == nullptr) {
    for (const char* name :
         {"Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"}) {
      const TypeId id = AddType(std::string(kSystemPrefix) + name, TypeClass::kPrimitive, "");
      tables_.types[id].json_form = static_cast<uint8_t>(FormOf(name));
    }
    return;
  }
  has_base_ = true;
  tables_ = Tables::From(*base);
  base_types_ = tables_.types.size();
  base_parameters_ = static_cast<uint32_t>(tables_.parameters.size());
  for (size_t i = 0; i < tables_.types.size(); ++i) {
    type_by_name_.emplace(tables_.Text(tables_.types[i].name), static_cast<TypeId>(i));
    const std::string_view url = tables_.Text(tables_.types[i].url);
    if (!url.empty()) type_by_url_.emplace(url, static_cast<TypeId>(i));
  }
  for (size_t i = 0; i < tables_.code_sets.size(); ++i) {
    code_set_by_url_.emplace(tables_.Text(tables_.code_sets[i].url), static_cast<uint16_t>(i));
  }
}

Result<std::string> Compiler::Run() {
  TRY(Classify());
  for (Source& source : sources_) TRY(ReadParts(&source));
  for (const Source& source : sources_) TRY(RegisterBackbones(source));
  if (has_base_)
    AddTypeNames();
  else
    AddAllCodeSets();
  for (Source& source : sources_) TRY(FindBase(&source));
  for (Source& source : sources_) TRY(CompileType(&source));
  TRY(CheckMendedUsed());
  AddInheritedParameters();
  for (const Value parameter : parameters_) TRY(AddParameter(parameter));
  TRY(SortParameters());
  for (const Value compartment : compartments_) AddCompartment(compartment);
  if (has_base_) AddDefaultCompartment();
  return tables_.ToBlob();
}

Str Compiler::Pool(std::string_view text) {
  const auto [place, is_new] = pool_.emplace(text, static_cast<uint32_t>(tables_.strings.size()));
  if (is_new) tables_.strings += text;
  return {place->second, static_cast<uint32_t>(text.size())};
}

Error Compiler::Problem(const Source& source, const Part& part, std::string text) const {
  const char* list = source.from_snapshot ? "snapshot" : "differential";
  std::string path =
      "StructureDefinition." + std::string(list) + ".element[" + std::to_string(part.index) + "]";
  return MakeIssue(ErrorCode::kInvalid, "invalid", std::move(path),
                   source.url + ", element " + part.path + ": " + text);
}

Status Compiler::Classify() {
  for (const Document* document : resources_) {
    const Value root = document->Root();
    const std::string type = root["resourceType"].ToString();
    const std::string url = root["url"].ToString();
    if (url.empty())
      return MakeIssue(ErrorCode::kInvalid, "required", type + ".url", "a definition needs a url");
    if (type == "StructureDefinition") {
      TRY(AddStructure(root));
    } else if (type == "SearchParameter") {
      parameters_.push_back(root);
    } else if (type == "ValueSet") {
      value_sets_[url] = root;
    } else if (type == "CodeSystem") {
      code_systems_[url] = root;
    } else if (type == "CompartmentDefinition") {
      compartments_.push_back(root);
    } else {
      return MakeIssue(
          ErrorCode::kInvalid, "not-supported", type,
          url +
              ": not a kind of definition that makes types (StructureDefinition, SearchParameter, ValueSet, "
              "CodeSystem, CompartmentDefinition)");
    }
  }
  return {};
}

Status Compiler::AddStructure(Value structure) {
  Source source;
  source.structure = structure;
  source.url = structure["url"].ToString();
  const auto problem = [&](std::string_view member, const std::string& text) {
    return MakeIssue(ErrorCode::kInvalid, "invalid", "StructureDefinition." + std::string(member),
                     source.url + ": " + text);
  };
  if (IsTypeProfile(structure) && !has_base_) {
    type_profiles_[source.url] = structure;
    return {};
  }
  const std::string kind = structure["kind"].ToString();
  const std::string derivation = structure["derivation"].ToString();
  const std::string name = structure["type"].ToString();
  if (kind != "resource" && kind != "complex-type" && kind != "primitive-type") {
    return problem("kind", "must be resource, complex-type or primitive-type");
  }
  if (derivation != "specialization" && (has_base_ || !derivation.empty())) {
    return problem("derivation", "must be specialization; a constraint on a type makes no type");
  }
  if (!IsTypeName(name)) return problem("type", "must be a name of letters and digits");
  if (Named(name) != kNoType) return problem("type", name + " is defined already");
  if (type_by_url_.count(source.url) != 0) return problem("url", "is defined already");
  const TypeClass type_class = kind == "resource"         ? TypeClass::kResource
                               : kind == "primitive-type" ? TypeClass::kPrimitive
                                                          : TypeClass::kComplex;
  source.type = AddType(name, type_class, source.url);
  tables_.types[source.type].is_abstract = structure["abstract"].IsTrue() ? 1 : 0;
  sources_.push_back(std::move(source));
  return {};
}

TypeId Compiler::AddType(const std::string& name, TypeClass type_class, const std::string& url) {
  CHECK(tables_.types.size() < kNoType);
  const auto id = static_cast<TypeId>(tables_.types.size());
  TypeRow row;
  row.name = Pool(name);
  row.url = Pool(url);
  row.base = kNoType;
  row.type_class = static_cast<uint8_t>(type_class);
  tables_.types.push_back(row);
  type_by_name_[name] = id;
  if (!url.empty()) type_by_url_[url] = id;
  return id;
}

TypeId Compiler::Named(std::string_view name) const {
  const auto found = type_by_name_.find(std::string(name));
  return found == type_by_name_.end() ? kNoType : found->second;
}

Status Compiler::ReadParts(Source* source) {
  source->from_snapshot = source->structure["snapshot"]["element"].size() > 0;
  const Value list = source->structure[source->from_snapshot ? "snapshot" : "differential"]["element"];
  std::unordered_map<std::string, size_t> by_path;
  size_t index = 0;
  for (const Value element : list) {
    Part part{element["path"].ToString(), "", element, index++, {}};
    if (element["sliceName"].present()) continue;
    const size_t dot = part.path.rfind('.');
    part.name = part.path.substr(dot == std::string::npos ? 0 : dot + 1);
    if (source->parts.empty()) {
      if (part.path != tables_.Text(tables_.types[source->type].name)) {
        return Problem(*source, part, "the first element must be the type itself");
      }
    } else {
      const auto parent = dot == std::string::npos ? by_path.end() : by_path.find(part.path.substr(0, dot));
      if (parent == by_path.end()) return Problem(*source, part, "its parent element must come before it");
      if (by_path.count(part.path) != 0) return Problem(*source, part, "occurs twice");
      source->parts[parent->second].children.push_back(source->parts.size());
    }
    by_path[part.path] = source->parts.size();
    source->parts.push_back(std::move(part));
  }
  if (!source->parts.empty()) return {};
  return MakeIssue(ErrorCode::kInvalid, "required", "StructureDefinition.snapshot",
                   source->url + ": has no elements");
}

Status Compiler::RegisterBackbones(const Source& source) {
  for (size_t i = 1; i < source.parts.size(); ++i) {
    const Part& part = source.parts[i];
    if (part.children.empty()) continue;
    const std::string code = part.definition["type"].At(0)["code"].ToString();
    if (code != "BackboneElement" && code != "Element") {
      return Problem(source, part, "has elements below it, so its type must be BackboneElement or Element");
    }
    const TypeId type = AddType(part.path, TypeClass::kBackbone, "");
    tables_.types[type].base = Named(code);
  }
  return {};
}

Status Compiler::FindBase(Source* source) {
  const std::string base = source->structure["baseDefinition"].ToString();
  if (base.empty() && !has_base_) return {};  // Element and Resource
  const auto found = type_by_url_.find(base);
  if (found == type_by_url_.end()) {
    return MakeIssue(ErrorCode::kInvalid, "not-found", "StructureDefinition.baseDefinition",
                     source->url + ": names a type that is not defined");
  }
  tables_.types[source->type].base = found->second;
  return {};
}

Status Compiler::CompileType(Source* source) {
  if (source->done) return {};
  source->done = true;
  const TypeId base = tables_.types[source->type].base;
  const bool is_primitive =
      tables_.types[source->type].type_class == static_cast<uint8_t>(TypeClass::kPrimitive);
  if ((is_primitive || !source->from_snapshot) && base != kNoType) {
    for (Source& other : sources_) {
      if (other.type == base) TRY(CompileType(&other));  // its elements are inherited
    }
  }
  if (is_primitive) TRY(SetPrimitive(*source));
  return CompileChildren(*source, source->parts[0], source->type, source->from_snapshot ? kNoType : base);
}

// The pattern and the JSON form stand at the element "value" of a primitive.
Status Compiler::SetPrimitive(const Source& source) {
  TypeRow& row = tables_.types[source.type];
  row.json_form = static_cast<uint8_t>(JsonForm::kString);
  for (const size_t child : source.parts[0].children) {
    if (source.parts[child].name != "value") continue;
    const Value type = source.parts[child].definition["type"].At(0);
    const std::string code = type["code"].ToString();
    if (code.rfind(kSystemPrefix, 0) != 0)
      return Problem(source, source.parts[child], "must have a System type");
    row.json_form = static_cast<uint8_t>(FormOf(std::string_view(code).substr(kSystemPrefix.size())));
    row.regex = Pool(ExtensionOf(type, kRegexUrl)["valueString"].ToString());
  }
  // positiveInt and unsignedInt are written with a System.String in the official files: the form is that of the base.
  if (row.base != kNoType &&
      tables_.types[row.base].type_class == static_cast<uint8_t>(TypeClass::kPrimitive)) {
    row.json_form = tables_.types[row.base].json_form;
  }
  return {};
}

Status Compiler::CompileChildren(const Source& source, const Part& parent, TypeId type, TypeId inherit) {
  std::vector<ElementRow> rows;
  uint16_t choices = 0;
  if (inherit != kNoType) {
    const TypeRow& from = tables_.types[inherit];
    const auto first = tables_.elements.begin() + from.first_element;
    rows.assign(first, first + from.element_count);
    for (const ElementRow& row : rows) choices = std::max(choices, row.choice);
  }
  const bool is_primitive = tables_.types[type].type_class == static_cast<uint8_t>(TypeClass::kPrimitive);
  for (const size_t child : parent.children) {
    const Part& part = source.parts[child];
    if (is_primitive && part.name == "value") continue;
    const bool is_choice = part.name.size() > 3 && part.name.compare(part.name.size() - 3, 3, "[x]") == 0;
    const std::string_view base_name =
        std::string_view(part.name).substr(0, part.name.size() - (is_choice ? 3 : 0));
    // A differential may restate an inherited element.
    std::erase_if(rows, [&](const ElementRow& row) { return tables_.Text(row.base_name) == base_name; });
    TRY(CompileElement(source, part, type, is_choice ? ++choices : uint16_t{0}, &rows));
  }
  // What the validator counts in fixed space.
  if (rows.size() > 1024) return Problem(source, parent, "has more than 1024 elements");
  if (choices >= 64) return Problem(source, parent, "has more than 63 choices");
  TypeRow& row = tables_.types[type];
  row.first_element = static_cast<uint32_t>(tables_.elements.size());
  row.element_count = static_cast<uint32_t>(rows.size());
  TRY(AddTypeConstraints(source, parent, type));
  tables_.elements.insert(tables_.elements.end(), rows.begin(), rows.end());
  for (const size_t child : parent.children) {
    const Part& part = source.parts[child];
    if (part.children.empty()) continue;
    const TypeId backbone = Named(part.path);
    TRY(CompileChildren(source, part, backbone,
                        source.from_snapshot ? kNoType : tables_.types[backbone].base));
  }
  return {};
}

Status Compiler::CompileElement(const Source& source, const Part& part, TypeId owner, uint16_t choice,
                                std::vector<ElementRow>* rows) {
  const Value definition = part.definition;
  ElementRow row;
  row.min = Count(definition["min"], 0);
  row.max = Count(definition["max"], 1);
  row.choice = choice;
  row.codes = kNoCodeSet;
  row.is_summary = definition["isSummary"].IsTrue() ? 1 : 0;
  row.is_modifier = definition["isModifier"].IsTrue() ? 1 : 0;
  if (row.max == 0) return {};  // taken away
  const uint16_t codes = TRY(RequiredCodes(source, part));
  TRY(AddElementConstraints(source, part, owner, &row));
  std::vector<std::string> seen;
  for (const Value type : definition["type"]) {
    const std::string code = type["code"].ToString();
    if (std::find(seen.begin(), seen.end(), code) != seen.end())
      continue;  // the same type with another target
    seen.push_back(code);
    row.codes = code == "code" || code == "Coding" || code == "CodeableConcept" ? codes : kNoCodeSet;
    TRY(AddRow(source, part, owner, code, row, rows));
    TRY(AddProfileConstraints(source, part, code, rows->back().type, &rows->back()));
  }
  if (!seen.empty()) {
    if (choice == 0 && seen.size() > 1)
      return Problem(source, part, "several types need a name that ends in [x]");
    return {};
  }
  if (!definition["contentReference"].present())
    return Problem(source, part, "has neither a type nor a contentReference");
  return AddRow(source, part, owner, "", row, rows);
}

Status Compiler::AddRow(const Source& source, const Part& part, TypeId owner, std::string_view code,
                        ElementRow row, std::vector<ElementRow>* rows) {
  row.type =
      code.empty() ? TRY(ContentReference(source, part)) : TRY(TypeOfElement(source, part, owner, code));
  if (row.choice == 0) {
    row.name = row.base_name = Pool(part.name);
  } else {
    std::string name = part.name.substr(0, part.name.size() - 3);
    row.base_name = Pool(name);
    name += code;
    char& initial = name[part.name.size() - 3];
    if (initial >= 'a' && initial <= 'z') initial = static_cast<char>(initial - 'a' + 'A');
    row.name = Pool(name);
  }
  TRY(SetTargets(source, part, code, &row));
  rows->push_back(row);
  return {};
}

Result<TypeId> Compiler::TypeOfElement(const Source& source, const Part& part, TypeId owner,
                                       std::string_view code) const {
  if (!part.children.empty()) return Named(part.path);
  std::string name(code);
  if (code.rfind(kSystemPrefix, 0) == 0) {
    // Ids and the urls of extensions are written as System types with the FHIR type beside.
    const bool is_resource = tables_.types[owner].type_class == static_cast<uint8_t>(TypeClass::kResource);
    name = ExtensionOf(part.definition["type"].At(0), kFhirTypeUrl)["valueUrl"].ToString();
    if (name.empty()) name = "string";
    if (is_resource && part.name == "id") name = "id";
  }
  const TypeId type = Named(name);
  if (type == kNoType) return Problem(source, part, "type " + name + " is not defined");
  return type;
}

Result<TypeId> Compiler::ContentReference(const Source& source, const Part& part) const {
  const std::string reference = part.definition["contentReference"].ToString();
  const size_t hash = reference.find('#');
  const TypeId type =
      hash == std::string::npos ? kNoType : Named(std::string_view(reference).substr(hash + 1));
  if (type == kNoType)
    return Problem(source, part, "contentReference must name an element with elements of its own");
  return type;
}

Status Compiler::SetTargets(const Source& source, const Part& part, std::string_view code, ElementRow* row) {
  if (code != "Reference" && code != "canonical") return {};
  std::vector<uint16_t> targets;
  for (const Value type : part.definition["type"]) {
    if (type["code"].ToString() != code) continue;
    for (const Value profile : type["targetProfile"]) {
      const std::string url = profile.ToString();
      const auto found = type_by_url_.find(std::string(WithoutVersion(url)));
      TypeId target = found != type_by_url_.end() ? found->second
                      : has_base_                 ? kNoType
                                                  : Named(LastSegment(url));
      if (target == kNoType) return Problem(source, part, "target type " + url + " is not defined");
      if (tables_.Text(tables_.types[target].name) == "Resource") return {};  // any
      targets.push_back(target);
    }
  }
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  row->first_target = static_cast<uint32_t>(tables_.type_lists.size());
  row->target_count = static_cast<uint16_t>(targets.size());
  tables_.type_lists.insert(tables_.type_lists.end(), targets.begin(), targets.end());
  return {};
}

Result<uint16_t> Compiler::RequiredCodes(const Source& source, const Part& part) {
  const Value binding = part.definition["binding"];
  std::string canonical;
  if (binding["strength"].ToString() == "required") {
    canonical = binding["valueSet"].ToString();
  } else if (part.definition["type"].size() == 1 &&
             (*part.definition["type"].begin())["code"].ToString() == "code") {
    canonical = ExtensionOf(binding, kMaxValueSetUrl)["valueCanonical"].ToString();  // language
  }
  if (canonical.empty()) return kNoCodeSet;
  const std::string url(WithoutVersion(canonical));
  auto known = code_set_by_url_.find(url);
  if (known == code_set_by_url_.end()) {
    const Value value_set = FindValueSet(url);
    if (!value_set.present() && has_base_)
      return Problem(source, part, "value set " + url + " is not defined");
    const auto codes = value_set.present() ? ListedOrOpen(ExpandValueSet(value_set, *this)) : std::nullopt;
    const std::string_view grammar = codes ? "" : OnlyGrammarOf(value_set);
    if (!codes && grammar.empty() && has_base_)
      return Problem(source, part, "the codes of value set " + url + " cannot be listed");
    AddCodeSet(url, codes, grammar);
    known = code_set_by_url_.find(url);
  }
  return tables_.code_sets[known->second].count == kOpenCodeSet ? kNoCodeSet : known->second;
}

// All codes of one system that is a grammar, and nothing else: its system; "" for any other value set.
std::string_view Compiler::OnlyGrammarOf(Value value_set) {
  const Value include = value_set["compose"]["include"];
  if (include.size() != 1 || value_set["compose"]["exclude"].present()) return "";
  const Value all = *include.begin();
  for (const char* narrowing : {"concept", "filter", "valueSet"}) {
    if (all[narrowing].present()) return "";
  }
  const std::string system = all["system"].ToString();
  const auto found = std::find(kGrammarSystems.begin(), kGrammarSystems.end(), system);
  return found == kGrammarSystems.end() ? "" : *found;
}

Value Compiler::FindValueSet(std::string_view canonical) const {
  auto found = value_sets_.find(canonical);  // some urls have a bar of their own
  if (found == value_sets_.end()) found = value_sets_.find(WithoutVersion(canonical));
  return found == value_sets_.end() ? Value() : found->second;
}

std::shared_ptr<const CodeTree> Compiler::FindCodeSystem(std::string_view canonical) const {
  auto found = code_systems_.find(canonical);
  if (found == code_systems_.end()) found = code_systems_.find(WithoutVersion(canonical));
  if (found == code_systems_.end()) return nullptr;
  std::shared_ptr<const CodeTree>& tree = code_trees_[found->first];
  if (tree == nullptr) tree = std::make_shared<const CodeTree>(found->second);
  return tree;
}

std::optional<std::vector<SystemCode>> Compiler::Compiled(std::string_view url) const {
  const auto found = code_set_by_url_.find(std::string(url));
  if (found == code_set_by_url_.end()) return std::nullopt;
  const CodeSetRow& set = tables_.code_sets[found->second];
  if (set.count == kOpenCodeSet || set.count == kGrammarCodeSet) return std::nullopt;
  return CodesOf(set);
}

std::vector<SystemCode> Compiler::CodesOf(const CodeSetRow& set) const {
  std::vector<SystemCode> codes;
  for (uint32_t i = set.first; i < set.first + set.count; ++i) {
    codes.emplace_back(tables_.Text(tables_.codes[i].system), tables_.Text(tables_.codes[i].code));
  }
  return codes;
}

void Compiler::PutCodes(const std::vector<SystemCode>& codes, CodeSetRow* set) {
  set->count = static_cast<uint32_t>(codes.size());
  const auto [rows, is_new] = rows_of_codes_.emplace(codes, static_cast<uint32_t>(tables_.codes.size()));
  set->first = rows->second;
  if (!is_new) return;
  for (const auto& [system, code] : codes)
    tables_.codes.push_back({CodeHash(code), Pool(system), Pool(code)});
  std::sort(tables_.codes.begin() + set->first, tables_.codes.end(), [](const CodeRow& a, const CodeRow& b) {
    return std::tuple(a.hash, a.system.at, a.code.at) < std::tuple(b.hash, b.system.at, b.code.at);
  });
}

uint16_t Compiler::AddCodeSet(const std::string& url, const std::optional<std::vector<SystemCode>>& codes,
                              std::string_view grammar) {
  CHECK(tables_.code_sets.size() < kNoCodeSet);
  const auto id = static_cast<uint16_t>(tables_.code_sets.size());
  CodeSetRow set{Pool(url), 0, kOpenCodeSet};
  if (codes) PutCodes(*codes, &set);
  if (!grammar.empty()) {
    set = {Pool(url), static_cast<uint32_t>(tables_.codes.size()), kGrammarCodeSet};
    tables_.codes.push_back({0, Pool(std::string(grammar)), Pool("")});
  }
  tables_.code_sets.push_back(set);
  code_set_by_url_[url] = id;
  return id;
}

// The official code systems and value sets are all kept, as far as they can be listed: platform types may bind to any.
void Compiler::AddAllCodeSets() {
  for (const auto& [url, code_system] : code_systems_) {
    if (const auto codes = ListCodeSystem(*FindCodeSystem(url))) AddCodeSet(url, codes);
  }
  for (const auto& [url, value_set] : value_sets_) {
    if (code_set_by_url_.count(url) != 0) continue;
    if (const auto codes = ListedOrOpen(ExpandValueSet(value_set, *this))) AddCodeSet(url, codes);
  }
}

// A platform type is a type: whatever has all the types of FHIR has it too (resource-types, defined-types, all-types …).
void Compiler::AddTypeNames() {
  for (const std::string_view system : kTypeSystems) {
    std::vector<SystemCode> added;
    for (const Source& source : sources_) {
      const TypeRow& type = tables_.types[source.type];
      const bool is_resource = type.type_class == static_cast<uint8_t>(TypeClass::kResource);
      if (is_resource == (system == kTypeSystems[0])) added.emplace_back(system, tables_.Text(type.name));
    }
    const auto all = added.empty() ? std::nullopt : Compiled(system);
    if (!all) continue;
    const std::set<SystemCode> former(all->begin(), all->end());
    for (CodeSetRow& set : tables_.code_sets) {
      if (set.count >= kGrammarCodeSet || set.count < former.size()) continue;
      const std::vector<SystemCode> listed = CodesOf(set);
      std::set<SystemCode> codes(listed.begin(), listed.end());
      if (!std::includes(codes.begin(), codes.end(), former.begin(), former.end())) continue;
      codes.insert(added.begin(), added.end());
      PutCodes({codes.begin(), codes.end()}, &set);
    }
  }
}

}  // namespace tk::fhir
