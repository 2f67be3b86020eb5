#include "kernel/search/extract.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "kernel/base/clock.h"
#include "kernel/search/expression_text.h"
#include "kernel/search/nested.h"
#include "kernel/search/values.h"

namespace tk::search {

using fhir::NameId;
using fhir::SearchParameter;
using fhir::SearchType;
using fhir::TypeId;
using fhir::Value;
using fhir::path::Item;

enum class Extractor::Datatype : uint8_t {
  kOther,
  kText,
  kString,
  kBoolean,
  kNumber,
  kDate,
  kCoding,
  kCodeableConcept,
  kIdentifier,
  kContactPoint,
  kReference,
  kPeriod,
  kTiming,
  kHumanName,
  kAddress,
  kQuantity,
  kRange,
  kMoney,
  kExtension,
  kResource
};

struct Extractor::NameIds {
  NameId system, code, coding, value, reference, start, end, event, repeat, bounds_period, low, high,
      currency, unit, comparator, text, id, identifier, latitude, longitude, type;
  NameId name_parts[5];
  NameId address_parts[7];
  static NameIds Make() {
    auto find = [](std::string_view name) { return fhir::Names::Find(name); };
    return {find("system"),
            find("code"),
            find("coding"),
            find("value"),
            find("reference"),
            find("start"),
            find("end"),
            find("event"),
            find("repeat"),
            find("boundsPeriod"),
            find("low"),
            find("high"),
            find("currency"),
            find("unit"),
            find("comparator"),
            find("text"),
            find("id"),
            find("identifier"),
            find("latitude"),
            find("longitude"),
            find("type"),
            {find("family"), find("given"), find("prefix"), find("suffix"), find("text")},
            {find("line"), find("city"), find("district"), find("state"), find("postalCode"), find("country"),
             find("text")}};
  }
};

namespace {

/// "X.where(resolve() is Patient)" → X and Patient.
std::optional<std::pair<std::string_view, std::string_view>> TypeTest(std::string_view part) {
  constexpr std::string_view kOpen = ".where(resolve() is ";
  const size_t at = part.find(kOpen);
  if (at == std::string_view::npos || part.back() != ')') return std::nullopt;
  const std::string_view type = part.substr(at + kOpen.size(), part.size() - at - kOpen.size() - 1);
  if (type.empty() || type.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") !=
                          std::string_view::npos)
    return std::nullopt;
  return std::pair{Bare(part.substr(0, at)), type};
}

// Which date tells when it happened, best first. Names are those of the R4 search parameters.
constexpr std::string_view kClinicalDates[] = {
    "date",    "authored-on", "authoredon", "recorded-date", "performed", "period",   "onset-date",
    "created", "issued",      "sent",       "occurrence",    "start",     "birthdate"};

}  // namespace

std::shared_ptr<const Extractor> Extractor::Create(std::shared_ptr<const fhir::Definitions> definitions,
                                                   int timezone_offset_min,
                                                   std::shared_ptr<const fhir::Definitions> base) {
  static std::mutex mutex;
  static std::shared_ptr<const Extractor> last;
  const std::lock_guard lock(mutex);
  if (last == nullptr || last->definitions_ != definitions || last->base_ != base ||
      last->timezone_offset_min_ != timezone_offset_min)
    last = Make(std::move(definitions), timezone_offset_min, nullptr, std::move(base));
  return last;
}

std::unique_ptr<const Extractor> Extractor::CreateOld(std::shared_ptr<const fhir::Definitions> definitions,
                                                      int timezone_offset_min, SavedParameters saved,
                                                      std::shared_ptr<const fhir::Definitions> base) {
  return Make(std::move(definitions), timezone_offset_min,
              std::make_unique<const SavedParameters>(std::move(saved)), std::move(base));
}

std::unique_ptr<const Extractor> Extractor::Make(std::shared_ptr<const fhir::Definitions> definitions,
                                                 int timezone_offset_min,
                                                 std::unique_ptr<const SavedParameters> saved,
                                                 std::shared_ptr<const fhir::Definitions> base) {
  std::unique_ptr<Extractor> made(new Extractor);
  made->definitions_ = std::move(definitions);
  made->base_ = std::move(base);
  made->timezone_offset_min_ = timezone_offset_min;
  made->names_ = std::make_shared<const NameIds>(NameIds::Make());
  made->saved_ = std::move(saved);
  made->types_.resize(made->definitions_->type_count());
  made->ClassifyTypes();
  const auto of_now = made->definitions_->ResourceTypes();
  const std::vector<TypeId> types =
      made->saved_ == nullptr ? std::vector<TypeId>(of_now.begin(), of_now.end()) : made->TakeSaved();
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] != fhir::kNoType)
      made->Number(types[i]);
    else
      made->Skip(made->saved_->types[i].count);
  }
  for (TypeId type : types) {
    if (type == fhir::kNoType) continue;
    made->Derive(type);
    made->Compile(type);
  }
  return made;
}

// The types by whose numbers the saved parameters go, kNoType for those that are not what they were: their parameters keep their numbers.
std::vector<TypeId> Extractor::TakeSaved() {
  old_lists_.resize(types_.size());
  old_targets_.reserve(saved_->parameters.size());
  std::vector<TypeId> types;
  for (const SavedParameters::Type& saved : saved_->types) {
    const TypeId type = definitions_->FindType(saved.name);
    types.push_back(type == saved.id && definitions_->IsResource(type) ? type : fhir::kNoType);
    if (types.back() == fhir::kNoType || !old_lists_[type].empty()) continue;
    for (size_t i = saved.first; i < saved.first + saved.count; ++i) {
      const SavedParameters::Parameter& p = saved_->parameters[i];
      auto& targets = old_targets_.emplace_back();
      for (const std::string& name : p.targets) {
        if (const TypeId target = definitions_->FindType(name); target != fhir::kNoType)
          targets.push_back(target);
      }
      // A composite has no entries, so that those of now are as good as any.
      const SearchParameter* now = definitions_->FindSearchParameter(type, p.code);
      const bool same = now != nullptr && now->url == p.url && now->expression == p.expression;
      old_lists_[type].push_back({p.code, p.url, p.type, type, p.expression, targets,
                                  same ? now->components : std::span<const SearchParameter::Component>()});
    }
  }
  return types;
}

void Extractor::Skip(size_t count) {
  parameters_.resize(parameters_.size() + count);
  compartment_.resize(parameters_.size());
}

ParameterId Extractor::Find(const SearchParameter& parameter) const {
  const TypeId type = parameter.resource;
  if (!Knows(type)) return kNoParameter;
  const auto list = ListOf(type);
  const ParameterId first = types_[type].first;
  if (&parameter >= list.data() && &parameter < list.data() + list.size())
    return first + static_cast<ParameterId>(&parameter - list.data());
  const auto targets_alike = [&](const SearchParameter& other) {
    return std::equal(parameter.targets.begin(), parameter.targets.end(), other.targets.begin(),
                      other.targets.end());
  };
  for (size_t i = 0; i < list.size(); ++i) {
    const SearchParameter& own = list[i];
    if (own.code == parameter.code && own.url == parameter.url && own.type == parameter.type &&
        own.expression == parameter.expression && targets_alike(own))
      return first + static_cast<ParameterId>(i);
  }
  return kNoParameter;
}

bool Extractor::KnowsAllReferences() const {
  if (saved_ == nullptr) return true;
  for (const TypeId type : definitions_->ResourceTypes()) {
    for (const SearchParameter& parameter : definitions_->SearchParameters(type)) {
      if (parameter.type == SearchType::kReference && !Knows(parameter)) return false;
    }
    const auto compartment = definitions_->PatientCompartment(type);
    const auto saved = std::find_if(saved_->types.begin(), saved_->types.end(),
                                    [type](const SavedParameters::Type& t) { return t.id == type; });
    const std::vector<std::string> none;
    const std::vector<std::string>& old = saved == saved_->types.end() ? none : saved->compartment;
    if (!std::equal(compartment.begin(), compartment.end(), old.begin(), old.end())) return false;
  }
  return true;
}

void Extractor::ClassifyTypes() {
  const size_t types = types_.size();
  datatypes_.resize(types, Datatype::kOther);
  static const std::unordered_map<std::string_view, Datatype> kDatatypes = {
      {"boolean", Datatype::kBoolean},       {"decimal", Datatype::kNumber},
      {"integer", Datatype::kNumber},        {"positiveInt", Datatype::kNumber},
      {"unsignedInt", Datatype::kNumber},    {"date", Datatype::kDate},
      {"dateTime", Datatype::kDate},         {"instant", Datatype::kDate},
      {"Coding", Datatype::kCoding},         {"CodeableConcept", Datatype::kCodeableConcept},
      {"Identifier", Datatype::kIdentifier}, {"ContactPoint", Datatype::kContactPoint},
      {"Reference", Datatype::kReference},   {"Period", Datatype::kPeriod},
      {"Timing", Datatype::kTiming},         {"HumanName", Datatype::kHumanName},
      {"Address", Datatype::kAddress},       {"Quantity", Datatype::kQuantity},
      {"Range", Datatype::kRange},           {"Money", Datatype::kMoney},
      {"Extension", Datatype::kExtension}};
  const TypeId quantity = definitions_->FindType("Quantity");
  for (size_t i = 0; i < types; ++i) {
    const auto type = static_cast<TypeId>(i);
    const fhir::TypeInfo& info = definitions_->Type(type);
    const auto known = kDatatypes.find(info.name);
    Datatype& datatype = datatypes_[i];
    if (known != kDatatypes.end())
      datatype = known->second;
    else if (info.type_class == fhir::TypeClass::kPrimitive)
      datatype = info.name == "string" || info.name == "markdown" ? Datatype::kString : Datatype::kText;
    else if (info.type_class == fhir::TypeClass::kResource)
      datatype = Datatype::kResource;
    else if (quantity != fhir::kNoType && definitions_->IsA(type, quantity))
      datatype = Datatype::kQuantity;
  }
}

bool Extractor::HasCanonicals(const fhir::Definitions& definitions, TypeId type) {
  const SearchParameter* url = definitions.FindSearchParameter(type, "url");
  const SearchParameter* version = definitions.FindSearchParameter(type, "version");
  return url != nullptr && url->type == SearchType::kUri && version != nullptr &&
         version->type == SearchType::kToken;
}

void Extractor::Number(TypeId type) {
  const auto list = ListOf(type);
  TypePlan& plan = types_[type];
  plan.first = static_cast<ParameterId>(parameters_.size());
  plan.count = static_cast<uint32_t>(list.size());
  plan.is_resource = true;
  plan.canonicals = HasCanonicals(*definitions_, type);
  auto id_of = [&](std::string_view code, SearchType search_type) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i].code == code && list[i].type == search_type)
        return plan.first + static_cast<ParameterId>(i);
    }
    return kNoParameter;
  };
  for (size_t i = 0; i < list.size(); ++i) {
    Parameter& parameter = parameters_.emplace_back();
    parameter.definition = &list[i];
    parameter.own = IsOwn(list[i]);
    parameter.holds_resources = HoldsResources(*definitions_, list[i]);
    if (i < kPresenceBits) parameter.presence_bit = static_cast<uint8_t>(i);
    compartment_.push_back(false);
  }
  for (std::string_view code : kClinicalDates) {
    if (plan.clinical == kNoParameter) plan.clinical = id_of(code, SearchType::kDate);
  }
  plan.patient = id_of("patient", SearchType::kReference);
  if (plan.patient == kNoParameter) plan.patient = id_of("subject", SearchType::kReference);
  plan.code = id_of("code", SearchType::kToken);
  for (std::string_view code : definitions_->PatientCompartment(type)) {
    const ParameterId member = id_of(code, SearchType::kReference);
    if (member != kNoParameter) compartment_[member] = true;
  }
}

void Extractor::Derive(TypeId type) {
  const TypePlan& plan = types_[type];
  // The parameters that stand for themselves: one operand, no type test; of equals the first. Nothing official hangs on a stored one.
  auto primary = [&](std::string_view part, SearchType search_type, bool own) {
    for (ParameterId id = plan.first; id < plan.first + plan.count; ++id) {
      const SearchParameter& p = *parameters_[id].definition;
      if ((parameters_[id].own && !own) || parameters_[id].holds_resources) continue;
      if (p.type == search_type && IsExtracted(p) && Bare(p.expression) == part) return id;
    }
    return kNoParameter;
  };
  for (ParameterId id = plan.first; id < plan.first + plan.count; ++id) {
    Parameter& parameter = parameters_[id];
    const SearchParameter& definition = *parameter.definition;
    parameter.sources = {{id, fhir::kNoType}};
    // Of resources that stand there only the targets tell which parameter means them (Bundle.composition, Bundle.message).
    if (!IsExtracted(definition) || parameter.holds_resources) continue;
    std::vector<Source> sources;
    for (std::string_view part : UnionParts(definition.expression)) {
      Source source{kNoParameter, fhir::kNoType};
      // The type test first: equal tests of several parameters all go to the parameter that is tested, which stands for itself.
      if (const auto test = TypeTest(part); test && definition.type == SearchType::kReference) {
        source = {primary(test->first, definition.type, parameter.own), definitions_->FindType(test->second)};
        if (source.type == fhir::kNoType) source.parameter = kNoParameter;
      }
      if (source.parameter == kNoParameter)
        source = {primary(part, definition.type, parameter.own), fhir::kNoType};
      sources.push_back(source);
    }
    const bool derived = std::all_of(sources.begin(), sources.end(), [&](const Source& s) {
      return s.parameter != kNoParameter && s.parameter != id;
    });
    if (derived) Adopt(id, std::move(sources));
  }
  DeriveUnions(type);
  TypePlan& own = types_[type];
  for (ParameterId* id : {&own.clinical, &own.patient, &own.code}) {
    if (*id != kNoParameter)
      *id = parameters_[*id].sources.size() == 1 ? parameters_[*id].sources[0].parameter : kNoParameter;
  }
}

void Extractor::Adopt(ParameterId id, std::vector<Source> sources) {
  for (const Source& source : sources) {
    parameters_[source.parameter].derived.emplace_back(id, source.type);
    if (compartment_[id]) compartment_[source.parameter] = true;
  }
  parameters_[id].sources = std::move(sources);
}

/// combo-value-quantity = value-quantity | component-value-quantity, which are unions themselves: parameters that stand for themselves and
/// whose operands are all among those of another, and together are all of them, are its sources. Of equal ones the first stands.
void Extractor::DeriveUnions(TypeId type) {
  const TypePlan& plan = types_[type];
  struct Union {
    ParameterId id;
    std::vector<std::string_view> parts;
  };
  std::vector<Union> unions;
  for (ParameterId id = plan.first; id < plan.first + plan.count; ++id) {
    const Parameter& parameter = parameters_[id];
    if (parameter.sources[0].parameter != id || parameter.sources.size() != 1 || parameter.holds_resources ||
        !IsExtracted(*parameter.definition))
      continue;
    unions.push_back({id, UnionParts(parameter.definition->expression)});
  }
  std::stable_sort(unions.begin(), unions.end(),
                   [](const Union& x, const Union& y) { return x.parts.size() < y.parts.size(); });
  for (size_t i = 0; i < unions.size(); ++i) {
    const Union& whole = unions[i];
    std::vector<std::string_view> missing = whole.parts;
    std::vector<Source> sources;
    for (size_t j = 0; j < i && !missing.empty(); ++j) {
      const Union& some = unions[j];
      const Parameter& candidate = parameters_[some.id];
      auto among = [](const std::vector<std::string_view>& all, std::string_view part) {
        return std::find(all.begin(), all.end(), part) != all.end();
      };
      const bool own = candidate.sources.size() == 1 && candidate.sources[0].parameter == some.id;
      const bool fits = own && (!candidate.own || parameters_[whole.id].own) &&
                        candidate.definition->type == parameters_[whole.id].definition->type &&
                        std::all_of(some.parts.begin(), some.parts.end(),
                                    [&](std::string_view part) { return among(whole.parts, part); });
      const bool helps = fits && std::any_of(some.parts.begin(), some.parts.end(),
                                             [&](std::string_view part) { return among(missing, part); });
      if (!helps) continue;
      sources.push_back({some.id, fhir::kNoType});
      missing.erase(std::remove_if(missing.begin(), missing.end(),
                                   [&](std::string_view part) { return among(some.parts, part); }),
                    missing.end());
    }
    if (missing.empty()) Adopt(whole.id, std::move(sources));
  }
}

const fhir::ElementInfo* ElementOf(const fhir::Definitions& definitions, TypeId type,
                                   std::string_view expression) {
  expression = Bare(expression);
  const std::string_view name = definitions.Type(type).name;
  if (expression.substr(0, name.size()) != name) return nullptr;
  expression.remove_prefix(name.size());
  const fhir::ElementInfo* element = nullptr;
  while (!expression.empty()) {
    if (expression[0] != '.') return nullptr;
    expression.remove_prefix(1);
    const std::string_view step = expression.substr(0, expression.find('.'));
    element = definitions.FindElement(type, fhir::Names::Find(step));
    if (element == nullptr) return nullptr;  // a function, a choice, another operand
    expression.remove_prefix(step.size());
    type = element->type;
  }
  return element;
}

namespace {
/// Are its values names or addresses, or parts of such?
bool HoldsNames(const fhir::Definitions& definitions, TypeId type, std::string_view expression) {
  const auto is_name = [&](std::string_view path) {
    const fhir::ElementInfo* element = ElementOf(definitions, type, path);
    if (element == nullptr || element->type >= definitions.type_count()) return false;
    const std::string_view name = definitions.Type(element->type).name;
    return name == "HumanName" || name == "Address";
  };
  const auto parts = UnionParts(expression);
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return is_name(part) || is_name(part.substr(0, part.rfind('.')));
  });
}
}  // namespace

void Extractor::Compile(TypeId type) {
  const TypePlan& plan = types_[type];
  std::vector<const fhir::path::Expression*> official, own_ones;
  for (uint32_t i = 0; i < plan.count; ++i) {
    Parameter& parameter = parameters_[plan.first + i];
    const SearchParameter& definition = *parameter.definition;
    const bool own = parameter.sources[0].parameter == plan.first + i;
    // Ids are the directory's and times of writing are ordinals: neither needs entries.
    if (!own || !IsExtracted(definition) || definition.code == "_id" || definition.code == "_lastUpdated")
      continue;
    auto compiled = fhir::path::Expression::Compile(definition.expression, *definitions_, type,
                                                    fhir::path::kForSearchParameters);
    if (!compiled.ok()) {
      failures_.push_back(std::string(definition.url) + ": " + compiled.error().external);
      continue;
    }
    parameter.expression = std::make_unique<fhir::path::Expression>(std::move(compiled).value());
    parameter.ready = true;
    if (definition.type == SearchType::kString)
      parameter.holds_names = HoldsNames(*definitions_, type, definition.expression);
    if (definition.type == SearchType::kToken) {
      const fhir::ElementInfo* element = ElementOf(*definitions_, type, definition.expression);
      if (element != nullptr && definitions_->Type(element->type).type_class == fhir::TypeClass::kPrimitive)
        parameter.implied_codes = element->required_codes;
      const Datatype datatype = element == nullptr ? Datatype::kString : datatypes_[element->type];
      parameter.may_be_words = datatype == Datatype::kString || datatype == Datatype::kContactPoint;
    }
    (parameter.own ? own_ones : official).push_back(parameter.expression.get());
    (parameter.own ? types_[type].own : types_[type].official).ids.push_back(plan.first + i);
  }
  for (uint32_t i = 0; i < plan.count; ++i) {
    Parameter& parameter = parameters_[plan.first + i];
    if (parameter.sources[0].parameter == plan.first + i) continue;
    parameter.ready = std::all_of(parameter.sources.begin(), parameter.sources.end(),
                                  [&](const Source& s) { return parameters_[s.parameter].ready; });
  }
  types_[type].official.set = std::make_unique<const fhir::path::ExpressionSet>(std::move(official));
  types_[type].own.set = std::make_unique<const fhir::path::ExpressionSet>(std::move(own_ones));
  CompileComposites(type);
}

ParameterId Extractor::IdOf(const SearchParameter& parameter) const {
  const ParameterId id = Find(parameter);
  CHECK(id != kNoParameter);
  return id;
}

void Extractor::Extract(TypeId type, Value root, ValueSink& sink) const {
  const TypePlan& plan = types_[type];
  if (!plan.is_resource) return;
  fhir::path::Environment environment;
  environment.resource = root;
  const Item context = ItemOf(type, root);
  ExtractAll(plan.official, environment, context, sink);
  if (plan.own.ids.empty() && plan.own_composites.empty()) return;
  environment.work_max = Bounds::Of(root.Json().size()).work;
  ExtractAll(plan.own, environment, context, sink);
  CheckComposites(plan, context, sink);
}

void Extractor::Emit(const Parameter& parameter, ParameterId id, const Item& item, ValueSink& sink) const {
  if (!item.node.present()) return EmitComputed(parameter, id, item, sink);
  const Datatype datatype = item.type < datatypes_.size() ? datatypes_[item.type] : Datatype::kOther;
  if (datatype == Datatype::kExtension) return EmitExtension(parameter, id, item, sink);
  switch (parameter.definition->type) {
    case SearchType::kToken:
      return EmitToken(id, datatype, item.node, sink);
    case SearchType::kReference:
      return EmitReference(id, datatype, item.node, sink);
    case SearchType::kDate:
      return EmitDate(id, datatype, item.node, sink);
    case SearchType::kString:
      return EmitString(id, datatype, item.node, sink);
    case SearchType::kNumber:
    case SearchType::kQuantity:
      return EmitNumber(id, datatype, item.node, sink);
    case SearchType::kUri: {
      std::string scratch;
      const std::string_view text = item.node.String(scratch);
      if (text.empty()) return;
      sink.Uri(id, text);
      if (const size_t bar = text.find('|'); bar != std::string_view::npos && bar > 0)
        sink.Uri(id, text.substr(0, bar));
      return;
    }
    case SearchType::kSpecial:
      return EmitPlace(id, item.node, sink);
    case SearchType::kComposite:
      return;
  }
}

void Extractor::EmitComputed(const Parameter& parameter, ParameterId id, const Item& item,
                             ValueSink& sink) const {
  const SearchType type = parameter.definition->type;
  if (const bool* flag = std::get_if<bool>(&item.computed)) {
    if (type == SearchType::kToken) sink.Token(id, nullptr, *flag ? "true" : "false");
  } else if (const auto* text = std::get_if<std::string>(&item.computed)) {
    if (type == SearchType::kToken) sink.Words(id, *text);
    if (type == SearchType::kString) sink.String(id, *text);
    if (type == SearchType::kUri) sink.Uri(id, *text);
    if (type == SearchType::kReference) sink.Reference(id, *text);
    if (type == SearchType::kDate) {
      const auto range = ParseDateRange(*text, timezone_offset_min_);
      if (range.ok()) sink.Date(id, range->low_us, range->high_us);
    }
  } else if (const auto* number = std::get_if<int64_t>(&item.computed)) {
    const auto value = static_cast<double>(*number);
    if (type == SearchType::kNumber || type == SearchType::kQuantity) sink.Number(id, {value, value});
  }
}

/// An extension says what its value says.
void Extractor::EmitExtension(const Parameter& parameter, ParameterId id, const Item& item,
                              ValueSink& sink) const {
  for (const Value member : item.node) {
    if (!member.name_text().starts_with("value")) continue;
    const fhir::ElementInfo* element = definitions_->FindElement(item.type, member.name());
    if (element != nullptr) Emit(parameter, id, ItemOf(element->type, member), sink);
  }
}

void Extractor::EmitPlace(ParameterId id, Value node, ValueSink& sink) const {
  const auto latitude = DecimalValue(node[names_->latitude].Number()),
             longitude = DecimalValue(node[names_->longitude].Number());
  if (latitude && longitude && std::abs(*latitude) <= 90 && std::abs(*longitude) <= 180)
    sink.Place(id, *latitude, *longitude);
}

void Extractor::EmitToken(ParameterId id, Datatype datatype, Value node, ValueSink& sink) const {
  const NameIds& n = *names_;
  std::string system_scratch, code_scratch;
  bool is_said = false;
  auto pair = [&](Value from, NameId code_name) {
    const std::string_view system = from[n.system].String(system_scratch),
                           code = from[code_name].String(code_scratch);
    if (code.empty() && system.empty()) return;
    is_said = true;
    sink.Token(id, &system, code);
  };
  switch (datatype) {
    case Datatype::kCodeableConcept:
      for (Value coding : node[n.coding]) pair(coding, n.code);
      if (!is_said && (node[n.text].present() || node[n.coding].size() > 0)) sink.Token(id, nullptr, {});
      return;
    case Datatype::kCoding:
      return pair(node, n.code);
    case Datatype::kIdentifier:
      return pair(node, n.value);
    case Datatype::kContactPoint: {
      // A contact point's "system" (phone, email) is no code system: the value is searched as a plain one. Nobody minds the case of an address.
      const std::string_view value = node[n.value].String(code_scratch);
      if (!value.empty()) sink.Words(id, value);
      return;
    }
    case Datatype::kBoolean:
      return sink.Token(id, nullptr, node.IsTrue() ? "true" : "false");
    case Datatype::kNumber:
      return sink.Token(id, nullptr, node.Number());
    case Datatype::kString:
    case Datatype::kText:
    case Datatype::kDate: {
      const std::string_view text = node.String(code_scratch);
      if (!text.empty()) datatype == Datatype::kString ? sink.Words(id, text) : sink.Token(id, nullptr, text);
      return;
    }
    default:
      return;
  }
}

void Extractor::EmitResource(ParameterId id, Value node, ValueSink& sink) const {
  const TypeId type = definitions_->FindType(node["resourceType"].ToString());
  const auto& targets = parameters_[id].definition->targets;
  const bool is_meant = definitions_->IsResource(type) &&
                        (targets.empty() || std::any_of(targets.begin(), targets.end(), [&](TypeId target) {
                           return definitions_->IsA(type, target);
                         }));
  if (is_meant) sink.Resource(id, type, node);
}

void Extractor::EmitReference(ParameterId id, Datatype datatype, Value node, ValueSink& sink) const {
  std::string scratch;
  std::string_view target;
  if (datatype == Datatype::kReference) {
    target = node[names_->reference].String(scratch);
    const Value identifier = node[names_->identifier];
    // One that has a display alone is there, too.
    if (identifier.present() || target.empty()) {
      std::string system_scratch, value_scratch, type_scratch;
      const std::string_view system = identifier[names_->system].String(system_scratch),
                             value = identifier[names_->value].String(value_scratch),
                             type = node[names_->type].String(type_scratch);
      if (!system.empty() || !value.empty() || target.empty())
        sink.ReferenceIdentifier(id, type.substr(type.rfind('/') + 1), system, value);
    }
  } else if (datatype == Datatype::kText || datatype == Datatype::kString) {
    target = node.String(scratch);
  } else if (datatype == Datatype::kResource) {
    return EmitResource(id, node, sink);
  }
  if (target.empty()) return;
  if (target.front() == '#') return sink.Contained(id, target.substr(1));
  const size_t history = target.find("/_history/");
  if (history != std::string_view::npos) target = target.substr(0, history);
  sink.Reference(id, target);
  if (datatype == Datatype::kText && !IsLocalReference(target)) {
    // A canonical that names a part of what it refers to.
    const std::string_view whole = target.substr(0, target.find('#'));
    sink.Canonical(id, whole);
    if (whole.size() < target.size()) sink.Reference(id, whole);
  }
  const size_t bar = target.find('|');
  if (datatype == Datatype::kText && bar != std::string_view::npos) sink.Reference(id, target.substr(0, bar));
}

void Extractor::EmitDate(ParameterId id, Datatype datatype, Value node, ValueSink& sink) const {
  const NameIds& n = *names_;
  std::string scratch;
  auto range_of = [&](Value value) -> std::optional<DateRange> {
    const std::string_view text = value.String(scratch);
    if (text.empty()) return std::nullopt;
    auto range = ParseDateRange(text, timezone_offset_min_);
    return range.ok() ? std::optional(*range) : std::nullopt;
  };
  auto period = [&](Value value) {
    const auto start = range_of(value[n.start]), end = range_of(value[n.end]);
    if (start || end) sink.Date(id, start ? start->low_us : kTimeMin, end ? end->high_us : kTimeMax);
  };
  if (datatype == Datatype::kDate) {
    if (const auto range = range_of(node)) sink.Date(id, range->low_us, range->high_us);
  } else if (datatype == Datatype::kPeriod) {
    period(node);
  } else if (datatype == Datatype::kTiming) {
    // FHIR: the bounds of the whole schedule.
    int64_t low = kTimeMax, high = kTimeMin;
    for (Value event : node[n.event]) {
      const auto range = range_of(event);
      if (!range) continue;
      low = std::min(low, range->low_us);
      high = std::max(high, range->high_us);
    }
    if (low < high) sink.Date(id, low, high);
    const Value bounds = node[n.repeat][n.bounds_period];
    if (bounds) period(bounds);
  }
}

void Extractor::EmitString(ParameterId id, Datatype datatype, Value node, ValueSink& sink) const {
  std::string scratch;
  auto one = [&](Value value) {
    const std::string_view text = value.String(scratch);
    if (!text.empty()) sink.String(id, text);
  };
  auto parts = [&](std::span<const NameId> names) {
    for (NameId name : names) {
      const Value part = node[name];
      if (!part.is_array()) {
        one(part);
        continue;
      }
      for (Value item : part) one(item);
    }
  };
  if (datatype == Datatype::kHumanName)
    parts(names_->name_parts);
  else if (datatype == Datatype::kAddress)
    parts(names_->address_parts);
  else if (datatype == Datatype::kText || datatype == Datatype::kString)
    one(node);
  else if (datatype == Datatype::kCodeableConcept)
    one(node[names_->text]);
}

namespace {
/// What a Quantity's comparator makes of its number: all that is on that side of it.
void TakeComparator(std::string_view comparator, NumberValue* out) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (comparator.empty()) return;
  const bool is_above = comparator.front() == '>', is_open = comparator.size() == 1;
  const auto side = [&](double* low, double* high) {
    if (is_open) *low = *high = std::nextafter(*low, is_above ? kInfinity : -kInfinity);
    *(is_above ? high : low) = is_above ? kInfinity : -kInfinity;
  };
  side(&out->low, &out->high);
  if (!out->canonical_unit.empty()) side(&out->canonical_low, &out->canonical_high);
  out->is_range = true;
}
}  // namespace

void Extractor::EmitNumber(ParameterId id, Datatype datatype, Value node, ValueSink& sink) const {
  const NameIds& n = *names_;
  std::string system_scratch, code_scratch, unit_scratch, comparator_scratch;
  NumberValue out;
  if (datatype == Datatype::kNumber) {
    const auto value = DecimalValue(node.Number());
    if (!value) return;
    out.low = out.high = *value;
  } else if (datatype == Datatype::kQuantity || datatype == Datatype::kMoney) {
    const std::string_view number = node[n.value].Number();
    const auto value = DecimalValue(number);
    if (!value) return;
    out.low = out.high = *value;
    out.system = node[n.system].String(system_scratch);
    out.code = node[datatype == Datatype::kMoney ? n.currency : n.code].String(code_scratch);
    if (datatype == Datatype::kMoney) out.system = "urn:iso:std:iso:4217";
    // "number||code" asks for code or unit; a unit is of no system.
    out.unit = node[n.unit].String(unit_scratch);
    if (out.code.empty()) {
      out.code = out.unit;
      out.system = {};
    } else if (out.system == kUcum) {
      if (const auto canonical = CanonicalValue(number, out.code)) {
        out.canonical_unit = canonical->unit;
        out.canonical_low = out.canonical_high = canonical->range.exact;
      }
    }
    if (out.unit == out.code) out.unit = {};
    if (datatype == Datatype::kQuantity) TakeComparator(node[n.comparator].String(comparator_scratch), &out);
  } else if (datatype == Datatype::kRange) {
    return EmitRange(id, node, sink);
  } else {
    return;
  }
  sink.Number(id, out);
}

void Extractor::EmitRange(ParameterId id, Value node, ValueSink& sink) const {
  const NameIds& n = *names_;
  std::string system_scratch, code_scratch, unit_scratch;
  const std::string_view low_text = node[n.low][n.value].Number(), high_text = node[n.high][n.value].Number();
  const auto low = DecimalValue(low_text), high = DecimalValue(high_text);
  if (!low && !high) return;
  const Value unit = low ? node[n.low] : node[n.high];
  const double infinity = std::numeric_limits<double>::infinity();
  NumberValue out;
  out.low = low ? *low : -infinity;
  out.high = high ? *high : infinity;
  out.is_range = true;
  out.system = unit[n.system].String(system_scratch);
  out.code = unit[n.code].String(code_scratch);
  out.unit = unit[n.unit].String(unit_scratch);
  if (out.code.empty()) {
    out.code = out.unit;
    out.system = {};
  }
  if (out.unit == out.code) out.unit = {};
  if (out.system == kUcum && !out.code.empty()) {
    // Both ends are in one unit (FHIR R4 rng-2 speaks of the same units).
    const auto canonical_low = CanonicalValue(low ? low_text : "0", out.code),
               canonical_high = CanonicalValue(high ? high_text : "0", out.code);
    if (canonical_low && canonical_high) {
      out.canonical_unit = canonical_low->unit;
      out.canonical_low = low ? canonical_low->range.exact : -infinity;
      out.canonical_high = high ? canonical_high->range.exact : infinity;
    }
  }
  sink.Number(id, out);
}

}  // namespace tk::search
