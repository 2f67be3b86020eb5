// Facts about types that evaluation needs: which System type a FHIR type calculates as, which elements hold whole resources.
#include <algorithm>
#include <array>
#include <mutex>

#include "kernel/fhir/path/program.h"

namespace tk::fhir::path {
namespace {

constexpr std::string_view kSystemPrefix = "http://hl7.org/fhirpath/System.";

SystemKind KindByName(std::string_view name) {
  const bool system = name.substr(0, kSystemPrefix.size()) == kSystemPrefix;
  if (system) name.remove_prefix(kSystemPrefix.size());
  if (name == "boolean" || name == "Boolean") return SystemKind::kBoolean;
  if (name == "integer" || name == "Integer" || name == "positiveInt" || name == "unsignedInt")
    return SystemKind::kInteger;
  if (name == "decimal" || name == "Decimal") return SystemKind::kDecimal;
  if (name == "date" || name == "Date") return SystemKind::kDate;
  if (name == "dateTime" || name == "DateTime" || name == "instant") return SystemKind::kDateTime;
  if (name == "time" || name == "Time") return SystemKind::kTime;
  return SystemKind::kString;
}

}  // namespace

TypeId SystemTypeOf(SystemKind kind) {
  switch (kind) {
    case SystemKind::kNone:
      return kNoType;
    case SystemKind::kBoolean:
      return kSystemBoolean;
    case SystemKind::kInteger:
      return kSystemInteger;
    case SystemKind::kLong:
      return kSystemLong;
    case SystemKind::kDecimal:
      return kSystemDecimal;
    case SystemKind::kString:
      return kSystemString;
    case SystemKind::kDate:
      return kSystemDate;
    case SystemKind::kDateTime:
      return kSystemDateTime;
    case SystemKind::kTime:
      return kSystemTime;
    case SystemKind::kQuantity:
      return kSystemQuantity;
  }
  return kNoType;
}

SystemKind SystemKindOf(TypeId type) {
  switch (type) {
    case kSystemBoolean:
      return SystemKind::kBoolean;
    case kSystemInteger:
      return SystemKind::kInteger;
    case kSystemLong:
      return SystemKind::kLong;
    case kSystemDecimal:
      return SystemKind::kDecimal;
    case kSystemString:
      return SystemKind::kString;
    case kSystemDate:
      return SystemKind::kDate;
    case kSystemDateTime:
      return SystemKind::kDateTime;
    case kSystemTime:
      return SystemKind::kTime;
    case kSystemQuantity:
      return SystemKind::kQuantity;
    default:
      return SystemKind::kNone;
  }
}

namespace {
constexpr std::array<std::string_view, 10> kSystemNames = {
    "", "Boolean", "Integer", "Long", "Decimal", "String", "Date", "DateTime", "Time", "Quantity"};
constexpr std::array<std::string_view, 8> kOwnVariables = {
    "context", "resource", "rootResource", "ucum", "sct", "loinc", "factory", "terminologies"};
}  // namespace

std::string_view SystemTypeName(SystemKind kind) { return kSystemNames.at(static_cast<size_t>(kind)); }

SystemKind SystemKindNamed(std::string_view name) {
  const auto* found = std::find(kSystemNames.begin() + 1, kSystemNames.end(), name);
  return found == kSystemNames.end() ? SystemKind::kNone
                                     : static_cast<SystemKind>(found - kSystemNames.begin());
}

TypeId PrimitiveLike(const Definitions& definitions, SystemKind kind) {
  std::string name(SystemTypeName(kind));
  if (name.empty()) return kNoType;
  name[0] = static_cast<char>(name[0] - 'A' + 'a');  // DateTime → dateTime
  return definitions.FindType(name);
}

bool IsOwnVariable(std::string_view name) {
  return std::find(kOwnVariables.begin(), kOwnVariables.end(), name) != kOwnVariables.end() ||
         name.substr(0, 3) == "vs-" || name.substr(0, 4) == "ext-";
}

TypeTable::TypeTable(const Definitions& definitions)
    : name_resource_type(Names::Find("resourceType")),
      name_reference(Names::Find("reference")),
      name_type(Names::Find("type")),
      name_value(Names::Find("value")),
      name_unit(Names::Find("unit")),
      name_system(Names::Find("system")),
      name_code(Names::Find("code")),
      name_url(Names::Find("url")),
      name_extension(Names::Find("extension")),
      name_id(Names::Find("id")),
      name_contained(Names::Find("contained")),
      name_comparator(Names::Find("comparator")),
      name_modifier_extension(Names::Find("modifierExtension")),
      quantity_type(definitions.FindType("Quantity")),
      extension_type(definitions.FindType("Extension")),
      reference_type(definitions.FindType("Reference")),
      definitions_(&definitions) {
  kinds_.resize(definitions.type_count(), SystemKind::kNone);
  abstract_resource_.resize(definitions.type_count(), 0);
  primitive_.resize(definitions.type_count(), 0);
  for (size_t i = 0; i < kinds_.size(); ++i) {
    const TypeId id = static_cast<TypeId>(i);
    const TypeInfo& type = definitions.Type(id);
    if (type.type_class == TypeClass::kPrimitive ||
        type.name.substr(0, kSystemPrefix.size()) == kSystemPrefix) {
      kinds_[i] = KindByName(type.name);
    } else if (quantity_type != kNoType && definitions.IsA(id, quantity_type)) {
      kinds_[i] = SystemKind::kQuantity;
    }
    primitive_[i] = type.type_class == TypeClass::kPrimitive ? 1 : 0;
    abstract_resource_[i] = type.type_class == TypeClass::kResource && type.is_abstract ? 1 : 0;
    for (const ElementInfo& element : definitions.Elements(id)) {
      if (element.required_codes != kNoCodeSet) code_sets_.push_back(element.required_codes);
    }
  }
  const auto url = [&](CodeSetId set) { return definitions.CodeSetUrl(set); };
  std::sort(code_sets_.begin(), code_sets_.end(), [&](CodeSetId a, CodeSetId b) { return url(a) < url(b); });
  code_sets_.erase(std::unique(code_sets_.begin(), code_sets_.end()), code_sets_.end());
}

CodeSetId TypeTable::CodeSetNamed(std::string_view url) const {
  const auto plain = [&](CodeSetId set) {
    const std::string_view whole = definitions_->CodeSetUrl(set);
    return whole.substr(0, whole.find('|'));
  };
  const auto found =
      std::lower_bound(code_sets_.begin(), code_sets_.end(), url,
                       [&](CodeSetId set, std::string_view wanted) { return plain(set) < wanted; });
  return found != code_sets_.end() && plain(*found) == url ? *found : kNoCodeSet;
}

std::shared_ptr<const TypeTable> TypeTable::For(const Definitions& definitions) {
  // Weak, and keyed by address and digest: a freed Definitions may leave its address to another.
  struct Entry {
    const Definitions* definitions;
    uint64_t hash;
    std::weak_ptr<const TypeTable> table;
  };
  static std::mutex mutex;
  static std::vector<Entry> entries;
  const std::lock_guard<std::mutex> lock(mutex);
  std::erase_if(entries, [](const Entry& entry) { return entry.table.expired(); });
  for (const Entry& entry : entries) {
    if (entry.definitions != &definitions || entry.hash != definitions.hash()) continue;
    if (std::shared_ptr<const TypeTable> table = entry.table.lock()) return table;
  }
  auto table = std::make_shared<const TypeTable>(definitions);
  entries.push_back({&definitions, definitions.hash(), table});
  return table;
}

TypeId TypeTable::ResourceType(Value node, TypeId fallback) const {
  std::string scratch;
  const std::string_view name = node[name_resource_type].String(scratch);
  const TypeId type = name.empty() ? kNoType : definitions_->FindType(name);
  return definitions_->IsResource(type) ? type : fallback;
}

}  // namespace tk::fhir::path
