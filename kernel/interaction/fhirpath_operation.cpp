// $fhirpath: POST $fhirpath with Parameters: evaluates an expression on what is sent; of what is stored, only
// profiles, value sets and code systems are asked, by conformsTo(), memberOf(), subsumes() and subsumedBy().
// Parameters: expression (valueString), resource (or its JSON in the extension json-value), context (valueString: an expression; the other
//             is evaluated on each of its items), variables (parts: value[x] or resource; without either an empty collection);
//             terminologyserver and validate are taken and not used, which the answer tells. The answer is Parameters as the servers behind fhirpath-lab give it: `parameters`
//             (evaluator, expression, context, note), then a `result` for each context: its parts named by type, and those named trace
//             with what trace() was given. What no value[x] can hold, such as
//             a backbone element, stands as JSON in the extension that fhirpath-lab reads.
// Limits: expression 16 KB, work_max items looked at (about a second), 10,000 items and 8 MB of answer; beyond them kTooLarge.
// Source: https://fhirpath-lab.com (its server API); there is no OperationDefinition of HL7 for R4.
#include <fmt/format.h>

#include <map>

#include "kernel/base/clock.h"
#include "kernel/fhir/bundle_entries.h"
#include "kernel/fhir/path/navigate.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/path/scalar.h"
#include "kernel/fhir/primitives.h"
#include "kernel/interaction/conformance.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {
namespace {

namespace path = fhir::path;

constexpr size_t kExpressionBytesMax = 16 * 1024;
constexpr size_t kResultItemsMax = 10'000, kResultBytesMax = size_t{8} << 20;
constexpr uint64_t kWorkMax = 2'000'000;
constexpr std::string_view kJsonValue = "http://fhir.forms-lab.com/StructureDefinition/json-value";
constexpr std::string_view kXmlValue = "http://fhir.forms-lab.com/StructureDefinition/xml-value";

struct EvaluationAsked {
  std::string expression, expression_path, context, context_path;
  fhir::Value resource;
  std::shared_ptr<const fhir::Document> document;  // that `resource` stands in, where it came as text
  std::vector<std::pair<std::string, path::Collection>> variables;
  std::vector<std::string> notes;
};

struct Traced {
  std::string name;
  path::Collection items;
};

/// Keeps what trace() is given, up to the number of items and bytes of names that an answer may have.
class TraceKeeper final : public path::Tracer {
 public:
  void Trace(std::string_view name, const path::Collection& items) override {
    items_ += items.size() + 1;
    name_bytes_ += name.size();
    if (!is_full()) traced_.push_back({std::string(name), items});
  }
  bool is_full() const { return items_ > kResultItemsMax || name_bytes_ > kResultBytesMax; }
  std::vector<Traced> Take() { return std::exchange(traced_, {}); }

 private:
  std::vector<Traced> traced_;
  size_t items_ = 0, name_bytes_ = 0;
};

/// resolve() within what was sent: the entries of a Bundle, by the address that the reference means (bundle_entries.h). What stands in an entry
/// without fullUrl, and what was computed, is of no server: then the only entry of that type and id is meant. Contained resources are found
/// without it, stored ones never.
class BundleResolver final : public path::Resolver {
 public:
  BundleResolver(const fhir::Definitions& definitions, fhir::Value root) : entries_(definitions, root) {
    if (root["resourceType"].ToString() != "Bundle") return;
    for (const fhir::Value entry : root["entry"]) {
      const fhir::Value resource = entry["resource"];
      if (!resource) continue;
      const auto [found, is_new] = by_type_and_id_.try_emplace(
          resource["resourceType"].ToString() + "/" + resource["id"].ToString(), resource);
      if (!is_new) found->second = fhir::Value();
    }
  }
  fhir::Value Resolve(std::string_view reference, fhir::Value from) const override {
    if (by_type_and_id_.empty()) return {};
    if (const auto entry = entries_.Find(reference, from)) return (*entry)["resource"];
    if (!entries_.FullUrlOf(from).empty()) return {};
    const auto found = by_type_and_id_.find(reference);
    return found == by_type_and_id_.end() ? fhir::Value() : found->second;
  }

 private:
  mutable fhir::BundleEntries entries_;  // reads itself when it is first asked; one thread asks
  std::map<std::string, fhir::Value, std::less<>> by_type_and_id_;  // absent: of several
};

/// The value[x] of a parameter and the type that its name says.
path::Item ItemOfParameter(const fhir::Definitions& definitions, fhir::Value parameter) {
  if (parameter["resource"]) return path::ResourceItem(definitions, parameter["resource"]);
  path::Item item;
  const fhir::TypeId owner = definitions.FindType("Parameters.parameter");
  for (const fhir::Value member : parameter) {
    if (!member.name_text().starts_with("value")) continue;
    const fhir::ElementInfo* element = definitions.FindElement(owner, member.name());
    if (element == nullptr) continue;
    item.node = member;
    item.type = element->type;
  }
  return item;
}

Result<std::string> ReadText(fhir::Value parameter, const std::string& at) {
  const fhir::Value text = parameter["valueString"];
  if (!text.is_string() || text.node().size > kExpressionBytesMax) {
    return MakeIssue(
        ErrorCode::kIncorrect, "value", at + ".valueString",
        fmt::format("Give the expression as a valueString of at most {} KB.", kExpressionBytesMax >> 10));
  }
  return text.ToString();
}

Status ReadVariables(const fhir::Definitions& definitions, fhir::Value parameter, const std::string& at,
                     EvaluationAsked* asked) {
  size_t i = 0;
  for (const fhir::Value part : parameter["part"]) {
    const std::string name = part["name"].ToString();
    path::Item item = ItemOfParameter(definitions, part);
    const std::string place = fmt::format("{}.part[{}]", at, i++);
    if (name.empty())
      return MakeIssue(ErrorCode::kIncorrect, "value", place,
                       "Give each variable a name, and a value[x] or a resource if it has any.");
    if (path::IsOwnVariable(name))
      return MakeIssue(ErrorCode::kIncorrect, "value", place + ".name",
                       "The language has a variable of this name itself: take another one.");
    path::Collection items;
    if (item.node) items.push_back(std::move(item));
    const auto same = [&](const auto& variable) { return variable.first == name; };
    const auto found = std::find_if(asked->variables.begin(), asked->variables.end(), same);
    if (found != asked->variables.end())
      found->second.insert(found->second.end(), items.begin(), items.end());
    else
      asked->variables.emplace_back(name, std::move(items));
  }
  return {};
}

/// The resource itself, or its text in an extension.
Status ReadSubject(const Room& room, fhir::Value parameter, const std::string& at, EvaluationAsked* asked) {
  asked->resource = parameter["resource"];
  for (const fhir::Value extension : parameter["extension"]) {
    const std::string url = extension["url"].ToString();
    const std::string place = at + ".extension.valueString";
    if (url == kXmlValue)
      return MakeIssue(ErrorCode::kUnsupported, "not-supported", place,
                       "XML is not read here: send the resource as JSON.");
    if (url != kJsonValue) continue;
    Result<fhir::Document> parsed = fhir::Document::Parse(extension["valueString"].ToString());
    if (!parsed.ok()) return MakeIssue(ErrorCode::kIncorrect, "structure", place, parsed.error().external);
    asked->document = std::make_shared<const fhir::Document>(std::move(parsed).value());
    asked->resource = asked->document->Root();
  }
  if (path::ResourceItem(*room.definitions, asked->resource).type == fhir::kNoType)
    return MakeIssue(ErrorCode::kIncorrect, "value", at + ".resource",
                     "Give a resource of a type that is known here.");
  return {};
}

Result<EvaluationAsked> ReadEvaluation(const Room& room, fhir::Value root) {
  if (root["resourceType"].ToString() != "Parameters") {
    return MakeIssue(ErrorCode::kIncorrect, "value", "resourceType",
                     "Send a Parameters resource with the parameters expression and resource.");
  }
  EvaluationAsked asked;
  size_t i = 0;
  for (const fhir::Value parameter : root["parameter"]) {
    const std::string at = fmt::format("Parameters.parameter[{}]", i++);
    const std::string name = parameter["name"].ToString();
    if (name == "expression" && asked.expression_path.empty()) {
      asked.expression = TRY(ReadText(parameter, at));
      asked.expression_path = at;
    } else if (name == "context" && asked.context_path.empty()) {
      asked.context = TRY(ReadText(parameter, at));
      asked.context_path = at;
    } else if (name == "resource" && !asked.resource) {
      TRY(ReadSubject(room, parameter, at, &asked));
    } else if (name == "variables") {
      TRY(ReadVariables(*room.definitions, parameter, at, &asked));
    } else if (name == "terminologyserver") {
      asked.notes.push_back(
          "terminologyserver is not used: value sets and code systems are those that this server holds");
    } else if (name == "validate") {
      asked.notes.push_back("validate is not used: every expression is checked against the types");
    } else {
      return MakeIssue(ErrorCode::kIncorrect, "value", at,
                       "This parameter is not known or is given twice. Known are expression, resource, "
                       "context (one each), "
                       "variables, and without effect terminologyserver and validate.");
    }
  }
  if (asked.expression_path.empty()) {
    return MakeIssue(ErrorCode::kIncorrect, "required", "Parameters.parameter",
                     "A parameter named expression, with a FHIRPath expression as valueString, is missing.");
  }
  return asked;
}

/// "column 12: …" becomes an issue at the parameter that holds the expression.
Error AtParameter(Error error, const std::string& at) {
  Error told = MakeIssue(error.code, error.code == ErrorCode::kTooLarge ? "too-costly" : "invalid",
                         at + ".valueString", fmt::format("The expression, {}.", error.external));
  told.internal = std::move(error.internal);
  return told;
}

Result<path::Collection> Evaluated(const Room& room, const std::string& text, const std::string& at,
                                   const path::Environment& environment, const path::Item& context) {
  Result<path::Expression> expression = path::Expression::Compile(text, *room.definitions, context.type);
  if (!expression.ok()) return AtParameter(std::move(expression.error()), at);
  path::Collection items;
  Status status = expression->Evaluate(environment, context, &items);
  if (!status.ok()) return AtParameter(std::move(status.error()), at);
  if (items.size() > kResultItemsMax) {
    return MakeIssue(
        ErrorCode::kTooLarge, "too-long", at + ".valueString",
        fmt::format("The result has {} items, at most {} are given: ask for less, e.g. with take().",
                    items.size(), kResultItemsMax));
  }
  return items;
}

/// The UCUM code that FHIR gives a calendar word. Source: FHIR R4 fhirpath.html, 2.9.1.1 (use of quantities).
std::string_view UcumOf(std::string_view unit) {
  static const std::map<std::string_view, std::string_view> codes = {
      {"year", "a"}, {"month", "mo"},   {"week", "wk"},  {"day", "d"},
      {"hour", "h"}, {"minute", "min"}, {"second", "s"}, {"millisecond", "ms"}};
  const auto found = codes.find(unit);
  return found == codes.end() ? unit : found->second;
}

/// Writes the results: each item as a part that is named by its type.
class ResultWriter {
 public:
  ResultWriter(const fhir::Definitions& definitions, fhir::JsonWriter* json)
      : definitions_(definitions),
        types_(path::TypeTable::For(definitions)),
        parameter_(definitions.FindType("Parameters.parameter")),
        json_(*json) {}

  /// What one call of trace() was given.
  void Trace(const Traced& traced) {
    Begin("trace");
    json_.Member("valueString", traced.name);
    if (!traced.items.empty()) json_.Key("part").Array();
    for (const path::Item& item : traced.items) Part(item);
    if (!traced.items.empty()) json_.End();
    json_.End();
  }

  void Part(const path::Item& item) {
    const bool typed = item.type < definitions_.type_count();
    const path::Scalar value = path::ToScalar(*types_, item);
    if (typed && definitions_.IsResource(item.type) && item.node) {
      Begin(definitions_.Type(item.type).name);
      json_.Key("resource").Raw(item.node.Json()).End();
      return;
    }
    const std::string name = NameOf(item, value);
    Begin(name);
    const std::string member = MemberOf(name);
    if (member.empty()) {
      Other(item);
    } else if (typed || item.node) {
      if (item.node && item.node.Json() != "\"\"") json_.Key(member).Raw(item.node.Json());
      if (item.extension_node) json_.Key("_" + member).Raw(item.extension_node.Json());
    } else {
      Computed(member, name, value);
    }
    json_.End();
  }

 private:
  void Begin(std::string_view name) { json_.Object().Member("name", name); }

  std::string NameOf(const path::Item& item, const path::Scalar& value) const {
    if (value.kind == path::SystemKind::kString && value.text.empty()) return "empty-string";
    if (item.type < definitions_.type_count()) return std::string(definitions_.Type(item.type).name);
    if (value.kind == path::SystemKind::kNone) return "object";
    if (value.kind == path::SystemKind::kLong) return "integer64";
    // A valueInteger has 32 bits.
    if (value.kind == path::SystemKind::kInteger && (value.integer > INT32_MAX || value.integer < INT32_MIN))
      return "decimal";
    std::string name(path::SystemTypeName(value.kind));
    if (value.kind != path::SystemKind::kQuantity) name[0] = static_cast<char>(name[0] - 'A' + 'a');
    return name;
  }
  /// "valueHumanName"; "" if a parameter has no such member.
  std::string MemberOf(std::string name) const {
    if (name.empty()) return "";
    if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    std::string member = "value" + name;
    return definitions_.FindElement(parameter_, fhir::Names::Find(member)) != nullptr ? member : "";
  }
  void Computed(const std::string& member, const std::string& name, const path::Scalar& value) {
    switch (value.kind) {
      case path::SystemKind::kBoolean:
        json_.Key(member).Bool(value.boolean);
        break;
      case path::SystemKind::kInteger:
      case path::SystemKind::kDecimal:
        json_.Key(member).Raw(value.decimal.ToString());
        break;
      case path::SystemKind::kString:
        json_.Member(member, value.text);
        break;
      case path::SystemKind::kQuantity:
        json_.Key(member).Object().Key("value").Raw(value.decimal.ToString()).Member("unit", value.text);
        json_.Member("system", "http://unitsofmeasure.org").Member("code", UcumOf(value.text)).End();
        break;
      default: {
        // FHIR knows no hours without minutes, no date-time without a zone: such stand as text.
        const std::string text = value.temporal.ToString();
        const bool fits = fhir::IsPrimitiveText(definitions_.Type(definitions_.FindType(name)), text);
        json_.Member(fits ? member : "valueString", text);
        break;
      }
    }
  }
  /// Longs as digits; what has no value[x] as JSON.
  void Other(const path::Item& item) {
    const path::Scalar value = path::ToScalar(*types_, item);
    if (value.kind == path::SystemKind::kLong) json_.Member("valueString", value.decimal.ToString());
    if (value.kind == path::SystemKind::kString && !value.text.empty())
      json_.Member("valueString", value.text);
    if (!item.node || item.node.is_string()) return;
    json_.Key("extension").Array().Object().Member("url", kJsonValue);
    json_.Member("valueString", item.node.Json()).End().End();
  }

  const fhir::Definitions& definitions_;
  const std::shared_ptr<const path::TypeTable> types_;
  const fhir::TypeId parameter_;
  fhir::JsonWriter& json_;
};

struct Evaluation {
  std::string context;  // "Patient.name[0]"; "" for the resource itself
  path::Collection items;
  std::vector<Traced> traced;
};

Result<std::string> AnswerJson(const Room& room, const EvaluationAsked& asked,
                               const std::vector<Evaluation>& results) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters").Member("id", "fhirpath").Key("parameter").Array();
  json.Object().Member("name", "parameters").Key("part").Array();
  const auto text = [&](std::string_view name, std::string_view value) {
    json.Object().Member("name", name).Member("valueString", value).End();
  };
  text("evaluator", fmt::format("Tongkang {} (R4)", room.context.software_version));
  if (!asked.context_path.empty()) text("context", asked.context);
  text("expression", asked.expression);
  for (const std::string& note : asked.notes) text("note", note);
  json.End().End();
  ResultWriter writer(*room.definitions, &json);
  for (const Evaluation& result : results) {
    json.Object().Member("name", "result");
    if (!result.context.empty()) json.Member("valueString", result.context);
    const bool has_parts = !result.items.empty() || !result.traced.empty();
    const auto check_size = [&]() -> Status {
      if (out.size() <= kResultBytesMax) return {};
      return MakeIssue(ErrorCode::kTooLarge, "too-long", asked.expression_path + ".valueString",
                       fmt::format("The result is larger than {} MB: ask for less.", kResultBytesMax >> 20));
    };
    if (has_parts) json.Key("part").Array();
    for (const path::Item& item : result.items) {
      writer.Part(item);
      TRY(check_size());
    }
    for (const Traced& traced : result.traced) {
      writer.Trace(traced);
      TRY(check_size());
    }
    if (has_parts) json.End();
    json.End();
  }
  json.End().End();
  return out;
}

}  // namespace

Result<Response> FhirPathOperation(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "$validate"));
  const std::vector<Parameter> parameters = TRY(ParseParameters(call.query));
  if (!parameters.empty())
    return UnknownParameter(parameters[0].name, "_format, _pretty; the expression comes in the body");
  if (call.request.body.empty())
    return MakeError(ErrorCode::kIncorrect,
                     "The body is empty: send Parameters with expression and resource.");
  const fhir::Document document = TRY(fhir::Document::Parse(call.request.body));
  EvaluationAsked asked = TRY(ReadEvaluation(room, document.Root()));
  const BundleResolver resolver(*room.definitions, asked.resource);
  path::Environment environment;
  environment.resource = asked.resource;
  environment.now_us = room.context.clock->NowUs();
  environment.offset_min = room.context.timezone_offset_min;
  environment.resolver = &resolver;
  const std::shared_ptr<fhir::Profiles> profiles = room.conformance->Profiles();
  const fhir::KnownConformance conformance(*profiles, environment.now_us);
  environment.conformance = &conformance;
  environment.work_max = kWorkMax;
  environment.deadline_us = call.request.deadline_us;
  environment.variables = std::move(asked.variables);
  path::Collection contexts = {path::ResourceItem(*room.definitions, asked.resource)};
  if (!asked.context_path.empty()) {
    const path::Item whole = contexts[0];
    contexts = TRY(Evaluated(room, asked.context, asked.context_path, environment, whole));
  }
  const std::shared_ptr<const path::TypeTable> types = path::TypeTable::For(*room.definitions);
  TraceKeeper tracer;
  environment.tracer = &tracer;
  environment.variables.emplace_back("rootResource", path::Collection());
  std::vector<Evaluation> results;
  uint64_t items = 0;
  for (size_t i = 0; i < contexts.size(); ++i) {
    Evaluation& one = results.emplace_back();
    if (!asked.context_path.empty()) one.context = fmt::format("{}[{}]", asked.context, i);
    environment.work_max = std::max<uint64_t>(kWorkMax / contexts.size(), 1);
    // FHIR R4 fhirpath.html: %resource is the resource that the context lies in, %rootResource what contains it.
    const path::Around around = path::ResourcesAround(*types, asked.resource, contexts[i].node);
    environment.resource = around.resource;
    environment.variables.back().second = {path::ResourceItem(*room.definitions, around.container)};
    one.items = TRY(Evaluated(room, asked.expression, asked.expression_path, environment, contexts[i]));
    one.traced = tracer.Take();
    items += one.items.size();
    if (items > kResultItemsMax || tracer.is_full())
      return MakeIssue(
          ErrorCode::kTooLarge, "too-long", asked.expression_path + ".valueString",
          fmt::format(
              "The results, and what trace() was given, have more than {} items or {} MB: ask for less.",
              kResultItemsMax, kResultBytesMax >> 20));
  }
  return JsonResponse(call, TRY(AnswerJson(room, asked, results)), "fhirpath");
}

}  // namespace tk::interaction
