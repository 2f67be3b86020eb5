#include "kernel/fhir/definitions_table.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "kernel/fhir/code_grammar.h"
#include "kernel/fhir/definitions_blob.h"
#include "kernel/fhir/definitions_codes.h"
#include "kernel/fhir/definitions_compile.h"

namespace tk::fhir {
namespace {

// Members that are in no StructureDefinition, or are looked for before any definition is.
constexpr std::string_view kFurtherNames[] = {"resourceType", "fhir_comments"};

constexpr std::pair<std::string_view, Primitive> kPrimitives[] = {{"boolean", Primitive::kBoolean},
                                                                  {"integer", Primitive::kInteger},
                                                                  {"unsignedInt", Primitive::kUnsignedInt},
                                                                  {"positiveInt", Primitive::kPositiveInt},
                                                                  {"decimal", Primitive::kDecimal},
                                                                  {"string", Primitive::kString},
                                                                  {"markdown", Primitive::kMarkdown},
                                                                  {"code", Primitive::kCode},
                                                                  {"id", Primitive::kId},
                                                                  {"uri", Primitive::kUri},
                                                                  {"url", Primitive::kUrl},
                                                                  {"canonical", Primitive::kCanonical},
                                                                  {"oid", Primitive::kOid},
                                                                  {"uuid", Primitive::kUuid},
                                                                  {"date", Primitive::kDate},
                                                                  {"dateTime", Primitive::kDateTime},
                                                                  {"instant", Primitive::kInstant},
                                                                  {"time", Primitive::kTime},
                                                                  {"base64Binary", Primitive::kBase64Binary},
                                                                  {"xhtml", Primitive::kXhtml}};

Primitive PrimitiveOf(TypeClass type_class, std::string_view name) {
  if (type_class != TypeClass::kPrimitive) return Primitive::kNone;
  for (const auto& [known, primitive] : kPrimitives) {
    if (known == name) return primitive;
  }
  return Primitive::kOther;
}

/// One type's members by name: a small open-addressing table, so that a look-up touches one or two cache lines.
struct MemberSlot {
  NameId name = kNoName;
  uint16_t place = 0;  // within the type's elements
};

size_t SlotOf(NameId name, uint32_t mask) { return (name * 0x9e37U >> 4) & mask; }

class Table final : public Definitions {
 public:
  Table(std::string_view bytes, std::unique_ptr<const std::string> owned, MemoryCanonicals given)
      : owned_(std::move(owned)), blob_(bytes), given_(std::move(given)) {
    CHECK(bytes.size() >= sizeof(BlobHeader) && blob_.header().magic == kBlobMagic &&
          blob_.header().size == bytes.size());
    LoadTypes();
    LoadConstraints();
    LoadElements();
    LoadRequired();
    LoadParameters();
    LoadCompartment();
  }

  TypeId FindType(std::string_view name) const override {
    const auto found = type_by_name_.find(name);
    return found == type_by_name_.end() ? kNoType : found->second;
  }
  TypeId FindTypeByUrl(std::string_view canonical) const override {
    const auto found = type_by_url_.find(WithoutVersion(canonical));
    return found == type_by_url_.end() ? kNoType : found->second;
  }
  const TypeInfo& Type(TypeId id) const override { return types_[id]; }
  size_t type_count() const override { return types_.size(); }
  std::span<const ElementInfo> Elements(TypeId id) const override {
    return std::span(elements_).subspan(types_[id].first_element, types_[id].element_count);
  }
  std::span<const uint16_t> RequiredElements(TypeId id) const override {
    return std::span(required_).subspan(required_ranges_[id].first, required_ranges_[id].count);
  }
  std::span<const Constraint> Constraints(TypeId id) const override {
    const TypeRow& row = blob_.Rows<TypeRow>(blob_.header().types)[id];
    return std::span(constraints_).subspan(row.first_constraint, row.constraint_count);
  }
  std::span<const Constraint> AllConstraints() const override { return constraints_; }
  std::span<const TypeId> ResourceTypes() const override { return resource_types_; }

  const ElementInfo* FindElement(TypeId type, NameId name) const override {
    if (name == kUnknownName || name == kNoName) return nullptr;
    const Members members = members_[type];
    for (size_t i = SlotOf(name, members.mask);; ++i) {
      const MemberSlot& slot = slots_[members.first + (i & members.mask)];
      if (slot.name == name) return &elements_[types_[type].first_element + slot.place];
      if (slot.name == kNoName) return nullptr;
    }
  }

  bool IsA(TypeId type, TypeId base) const override {
    while (type != kNoType && type != base) type = types_[type].base;
    return type != kNoType;
  }

  std::span<const SearchParameter> SearchParameters(TypeId resource) const override {
    return std::span(parameters_)
        .subspan(parameter_ranges_[resource].first, parameter_ranges_[resource].count);
  }
  const SearchParameter* FindSearchParameter(TypeId resource, std::string_view code) const override {
    const auto all = SearchParameters(resource);
    const auto found =
        std::lower_bound(all.begin(), all.end(), code,
                         [](const SearchParameter& p, std::string_view c) { return p.code < c; });
    return found != all.end() && found->code == code ? &*found : nullptr;
  }
  std::span<const std::string_view> PatientCompartment(TypeId resource) const override {
    return std::span(compartment_)
        .subspan(compartment_ranges_[resource].first, compartment_ranges_[resource].count);
  }

  bool HasCode(CodeSetId set, std::string_view system, std::string_view code) const override {
    const CodeSetRow& row = blob_.Rows<CodeSetRow>(blob_.header().code_sets)[set];
    if (row.count == kGrammarCodeSet) {
      const std::string_view grammar =
          blob_.Text(blob_.Rows<CodeRow>(blob_.header().codes)[row.first].system);
      return (system.empty() || system == grammar) && MayBeWritten(grammar, code);
    }
    const auto rows = blob_.Rows<CodeRow>(blob_.header().codes).subspan(row.first, row.count);
    const uint64_t hash = CodeHash(code);
    auto i = std::lower_bound(rows.begin(), rows.end(), hash,
                              [](const CodeRow& r, uint64_t h) { return r.hash < h; });
    for (; i != rows.end() && i->hash == hash; ++i) {
      if (blob_.Text(i->code) == code && (system.empty() || blob_.Text(i->system) == system)) return true;
    }
    return false;
  }
  CodeSetId FindCodeSet(std::string_view url) const override {
    const auto rows = blob_.Rows<CodeSetRow>(blob_.header().code_sets);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].count < kGrammarCodeSet && blob_.Text(rows[i].url) == url) return static_cast<CodeSetId>(i);
    }
    return kNoCodeSet;
  }
  std::vector<std::pair<std::string_view, std::string_view>> SystemCodes(CodeSetId set) const override {
    std::vector<std::pair<std::string_view, std::string_view>> codes;
    for (const CodeRow& code : Listed(set))
      codes.emplace_back(blob_.Text(code.system), blob_.Text(code.code));
    return codes;
  }
  std::string_view CodeSetUrl(CodeSetId set) const override {
    return blob_.Text(blob_.Rows<CodeSetRow>(blob_.header().code_sets)[set].url);
  }
  std::vector<std::string_view> Codes(CodeSetId set) const override {
    std::vector<std::string_view> codes;
    for (const CodeRow& code : Listed(set)) codes.push_back(blob_.Text(code.code));
    std::sort(codes.begin(), codes.end());
    return codes;
  }
  const MemoryCanonicals& given() const override { return given_; }
  uint64_t hash() const override { return blob_.header().hash; }

  const BlobView& blob() const { return blob_; }

 private:
  std::span<const CodeRow> Listed(CodeSetId set) const {
    const CodeSetRow& row = blob_.Rows<CodeSetRow>(blob_.header().code_sets)[set];
    if (row.count >= kGrammarCodeSet) return {};
    return blob_.Rows<CodeRow>(blob_.header().codes).subspan(row.first, row.count);
  }
  struct Members {
    uint32_t first;
    uint32_t mask;
  };
  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
  };

  void LoadTypes() {
    for (const std::string_view name : kFurtherNames) Names::Intern(name);
    const auto rows = blob_.Rows<TypeRow>(blob_.header().types);
    types_.reserve(rows.size());
    for (const TypeRow& row : rows) {
      type_by_name_.emplace(blob_.Text(row.name), static_cast<TypeId>(types_.size()));
      if (row.url.size != 0) type_by_url_.emplace(blob_.Text(row.url), static_cast<TypeId>(types_.size()));
      types_.push_back({blob_.Text(row.name), static_cast<TypeClass>(row.type_class),
                        static_cast<JsonForm>(row.json_form), row.is_abstract != 0, row.base,
                        blob_.Text(row.regex), row.first_element, row.element_count, blob_.Text(row.url),
                        PrimitiveOf(static_cast<TypeClass>(row.type_class), blob_.Text(row.name))});
    }
    for (size_t i = 0; i < types_.size(); ++i) {
      if (types_[i].type_class == TypeClass::kResource && !types_[i].is_abstract)
        resource_types_.push_back(static_cast<TypeId>(i));
    }
    std::sort(resource_types_.begin(), resource_types_.end(),
              [this](TypeId a, TypeId b) { return types_[a].name < types_[b].name; });
  }

  void LoadConstraints() {
    const auto rows = blob_.Rows<ConstraintRow>(blob_.header().constraints);
    constraints_.reserve(rows.size());
    for (const ConstraintRow& row : rows) {
      constraints_.push_back({blob_.Text(row.key), blob_.Text(row.human), blob_.Text(row.expression),
                              row.context, row.is_error != 0, static_cast<uint32_t>(constraints_.size())});
    }
  }

  void LoadElements() {
    const auto rows = blob_.Rows<ElementRow>(blob_.header().elements);
    const auto lists = blob_.Rows<uint16_t>(blob_.header().type_lists);
    elements_.reserve(rows.size());
    // The same name has the same place in the pool, so most are interned once only.
    std::unordered_map<uint32_t, NameId> interned;
    const auto intern = [&](Str name) {
      NameId& id = interned.try_emplace(name.at, kNoName).first->second;
      if (id == kNoName) id = Names::Intern(blob_.Text(name));
      return id;
    };
    for (const ElementRow& row : rows) {
      elements_.push_back(
          {blob_.Text(row.name), blob_.Text(row.base_name), intern(row.name), intern(row.base_name), row.type,
           row.min, row.max, row.choice, row.codes, lists.subspan(row.first_target, row.target_count),
           row.is_summary != 0, row.is_modifier != 0,
           std::span<const Constraint>(constraints_).subspan(row.first_constraint, row.constraint_count)});
      if (types_[row.type].type_class == TypeClass::kPrimitive)
        Names::Intern("_" + std::string(blob_.Text(row.name)));
    }
    members_.reserve(types_.size());
    for (const TypeInfo& type : types_) {
      const uint32_t size = std::bit_ceil(std::max(type.element_count * 2, 2U));
      const Members members{static_cast<uint32_t>(slots_.size()), size - 1};
      slots_.resize(slots_.size() + size);
      for (uint32_t i = 0; i < type.element_count; ++i) {
        const NameId name = elements_[type.first_element + i].name_id;
        size_t slot = SlotOf(name, members.mask);
        while (slots_[members.first + (slot & members.mask)].name != kNoName) ++slot;
        slots_[members.first + (slot & members.mask)] = {name, static_cast<uint16_t>(i)};
      }
      members_.push_back(members);
    }
  }

  void LoadParameters() {
    const auto rows = blob_.Rows<ParameterRow>(blob_.header().parameters);
    const auto lists = blob_.Rows<uint16_t>(blob_.header().type_lists);
    for (const ComponentRow& row : blob_.Rows<ComponentRow>(blob_.header().components)) {
      components_.push_back({blob_.Text(row.url), blob_.Text(row.expression)});
    }
    parameter_ranges_.resize(types_.size());
    parameters_.reserve(rows.size());
    for (const ParameterRow& row : rows) {
      Range& range = parameter_ranges_[row.resource];
      if (range.count++ == 0) range.first = static_cast<uint32_t>(parameters_.size());
      parameters_.push_back({blob_.Text(row.code), blob_.Text(row.url), static_cast<SearchType>(row.type),
                             row.resource, blob_.Text(row.expression),
                             lists.subspan(row.first_target, row.target_count),
                             std::span(components_).subspan(row.first_component, row.component_count)});
    }
  }

  void LoadCompartment() {
    compartment_ranges_.resize(types_.size());
    for (const CompartmentRow& row : blob_.Rows<CompartmentRow>(blob_.header().compartment)) {
      Range& range = compartment_ranges_[row.type];
      if (range.count++ == 0) range.first = static_cast<uint32_t>(compartment_.size());
      compartment_.push_back(blob_.Text(row.code));
    }
  }

  void LoadRequired() {
    for (const TypeInfo& type : types_) {
      const auto first = static_cast<uint32_t>(required_.size());
      uint16_t choice = 0;
      for (uint32_t i = 0; i < type.element_count; ++i) {
        const ElementInfo& element = elements_[type.first_element + i];
        if (element.min == 0 || (element.choice != 0 && element.choice == choice)) continue;
        choice = element.choice;
        required_.push_back(static_cast<uint16_t>(i));
      }
      required_ranges_.push_back({first, static_cast<uint32_t>(required_.size()) - first});
    }
  }

  std::unique_ptr<const std::string> owned_;
  BlobView blob_;
  MemoryCanonicals given_;
  std::vector<TypeInfo> types_;
  std::vector<Constraint> constraints_;
  std::vector<ElementInfo> elements_;
  std::vector<Members> members_;
  std::vector<MemberSlot> slots_;
  std::unordered_map<std::string_view, TypeId> type_by_name_, type_by_url_;
  std::vector<TypeId> resource_types_;
  std::vector<uint16_t> required_;
  std::vector<Range> required_ranges_;
  std::vector<SearchParameter> parameters_;
  std::vector<SearchParameter::Component> components_;
  std::vector<Range> parameter_ranges_;
  std::vector<std::string_view> compartment_;
  std::vector<Range> compartment_ranges_;
};

}  // namespace

std::shared_ptr<const Definitions> LoadDefinitions(std::string_view blob) {
  return std::make_shared<Table>(blob, nullptr, MemoryCanonicals());
}

std::shared_ptr<const Definitions> LoadDefinitions(std::unique_ptr<const std::string> blob,
                                                   MemoryCanonicals given) {
  const std::string_view bytes = *blob;
  return std::make_shared<Table>(bytes, std::move(blob), std::move(given));
}

Result<std::shared_ptr<const Definitions>> Definitions::Extend(std::shared_ptr<const Definitions> base,
                                                               const std::vector<std::string>& resources) {
  const auto* table = dynamic_cast<const Table*>(base.get());
  CHECK(table != nullptr);
  std::vector<std::shared_ptr<const Document>> documents;
  std::vector<const Document*> views;
  MemoryCanonicals given = table->given();
  for (const std::string& text : resources) {
    documents.push_back(std::make_shared<const Document>(TRY(Document::Parse(text))));
    views.push_back(documents.back().get());
    const std::string type = documents.back()->Root()["resourceType"].ToString();
    if (type == "StructureDefinition" || type == "ValueSet" || type == "CodeSystem")
      given.Add(documents.back());
  }
  auto blob = std::make_unique<const std::string>(TRY(CompileDefinitions(&table->blob(), views)));
  return LoadDefinitions(std::move(blob), std::move(given));
}

}  // namespace tk::fhir
