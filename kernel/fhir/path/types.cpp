// Facts about types that evaluation needs: which System type a FHIR type calculates as, which elements hold whole resources.
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
  }
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
