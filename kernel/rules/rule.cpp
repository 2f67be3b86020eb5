#include "kernel/rules/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/city_time.h"

namespace tk::rules {

using fhir::path::Environment;
using fhir::path::Item;

namespace {

void ReadTrigger(const fhir::Definitions& definitions, fhir::JsonFile* file, Rule* rule) {
  const fhir::Value on = file->root()["on"];
  rule->on_type = definitions.FindType(on["type"].ToString());
  if (!definitions.IsResource(rule->on_type)) {
    file->Note("on.type", "names no resource type");
    rule->on_type = fhir::kNoType;
  }
  for (const fhir::Value operation : on["operations"]) {
    const std::string name = operation.ToString();
    if (name == "create")
      rule->on_create = true;
    else if (name == "update")
      rule->on_update = true;
    else
      file->Note("on.operations", "may be create and update");
  }
  if (on["operations"].size() == 0) file->Note("on.operations", "is missing: say create, update or both");
}

/// The head's, and %before: the resource as it was; empty where it was not.
class ChangeVariables : public HeadVariables {
 public:
  ChangeVariables(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                  Instant now_us)
      : HeadVariables(rule, DepthOf(change) + 1, now_us), definitions_(definitions), change_(change) {}

  const fhir::path::Collection* Find(std::string_view name) const override {
    if (name != "before") return HeadVariables::Find(name);
    const view::ResourcePtr& before = change_.before;
    if (before_.empty() && before != nullptr && before->op != view::Operation::kDelete)
      before_.push_back(fhir::path::ResourceItem(definitions_, before->document.Root()));
    return &before_;
  }

 private:
  const fhir::Definitions& definitions_;
  const view::Change& change_;
  mutable fhir::path::Collection before_;
};

/// `document` is a resource of the rule's type.
Result<bool> Holds(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                   const fhir::Document& document, Instant now_us) {
  Item context;
  context.node = document.Root();
  context.type = rule.on_type;
  const ChangeVariables names(definitions, rule, change, now_us);
  Environment environment;
  environment.definitions = &definitions;
  environment.resource = context.node;
  environment.now_us = now_us;
  environment.offset_min = CityOffsetMin();
  environment.more_variables = &names;
  return rule.where->Test(environment, context);
}

/// The extension with this url, as JSON; "" if there is none.
std::string_view StampOf(fhir::Value resource, std::string_view url) {
  std::string scratch;
  for (const fhir::Value extension : resource["extension"]) {
    if (extension["url"].String(scratch) == url) return extension.Json();
  }
  return {};
}

int DepthIn(fhir::Value resource) {
  std::string scratch;
  for (const fhir::Value extension : resource["extension"]) {
    if (extension["url"].String(scratch) != kDepthExtension) continue;
    const std::string_view digits = extension["valueInteger"].Number();
    int depth = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), depth);
    return depth;
  }
  return 0;
}

Result<fhir::path::Collection> HomeFrom(fhir::Value resource, const Hands& hands) {
  constexpr std::string_view kPatient = "Patient/";
  fhir::path::Collection home;
  if (!hands.home) return home;
  for (const std::string_view member : {"subject", "patient"}) {
    std::string reference = resource[member]["reference"].ToString();
    if (!reference.starts_with(kPatient)) continue;
    if (hands.reach.meant) {
      auto meant =
          hands.reach.meant(resource["resourceType"].ToString(), resource["id"].ToString(), reference);
      if (!meant.ok() && meant.error().code == ErrorCode::kInvalid) return home;  // nobody knows whose it is
      reference = TRY(std::move(meant));
    }
    const size_t end = std::min(reference.find('/', kPatient.size()), reference.size());
    std::string found = TRY(hands.home(reference.substr(kPatient.size(), end - kPatient.size())));
    if (!found.empty()) home.push_back(TextItem(std::move(found)));
    return home;
  }
  return home;
}

}  // namespace

int DepthOf(const view::Change& change) {
  const fhir::Value now = change.now->document.Root();
  const int depth = DepthIn(now);
  if (depth == 0 || change.before == nullptr) return depth;
  // Who changes what a rule made sends the rule's mark back: it says nothing of this change. Of a rule's own, the cause at least is another.
  const fhir::Value before = change.before->document.Root();
  for (const std::string_view url : {kRuleExtension, kDepthExtension, kCauseExtension}) {
    if (StampOf(now, url) != StampOf(before, url)) return depth;
  }
  return 0;
}

std::vector<fhir::TypeId> Rule::Writes() const {
  std::vector<fhir::TypeId> types;
  for (const Vocabulary::Step& step : actions) {
    for (const fhir::TypeId type : step.action->Writes()) types.push_back(type);
  }
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

bool Rule::Changes() const { return AreInOrder(actions); }

Result<Rule> ParseRule(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings, const Vocabulary& vocabulary) {
  fhir::JsonFile source = TRY(fhir::JsonFile::Parse(std::string(file), std::string(json)));
  Rule rule;
  static_cast<Head&>(rule) = ReadHead(&source, app, settings, Wants::kSource);
  ReadTrigger(definitions, &source, &rule);
  const fhir::Value root = source.root();
  rule.asks_before = root["where"].ToString().find("%before") != std::string::npos;
  auto where = fhir::path::Expression::Compile(root["where"].ToString(), definitions, rule.on_type);
  if (where.ok())
    rule.where = std::make_unique<const fhir::path::Expression>(std::move(where).value());
  else
    source.Note("where", where.error());
  rule.actions = vocabulary.Parse({&definitions, app, rule.on_type}, &source, "do", root["do"]);
  if (!source.good()) return source.Failure();
  return rule;
}

Result<bool> Fires(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                   Instant now_us) {
  view::Change opened = change;
  const bool replaces = change.before != nullptr && change.before->op != view::Operation::kDelete;
  return FiresOpening(
      definitions, rule, &opened, replaces, [](view::Change*) { return Status(); }, now_us);
}

Result<bool> FiresOpening(const fhir::Definitions& definitions, const Rule& rule, view::Change* change,
                          bool replaces, const std::function<Status(view::Change*)>& open_before,
                          Instant now_us) {
  const view::ResourcePtr now = change->now;
  if (now == nullptr || now->type != rule.on_type || now->op == view::Operation::kDelete) return false;
  if (replaces ? !rule.on_update : !rule.on_create) return false;
  // Most rules are about a code that this resource does not have.
  if (!rule.where->MayBeTrue(now->document)) return false;
  bool is_open = !replaces;
  const auto open = [&]() -> Status {
    if (is_open) return {};
    is_open = true;
    return open_before(change);
  };
  // How deep in a cascade it is, is told by both.
  if (rule.asks_before || DepthIn(now->document.Root()) > 0) TRY(open());
  if (!TRY(Holds(definitions, rule, *change, now->document, now_us))) return false;
  TRY(open());
  // A correction that leaves the condition true is no new event.
  return !replaces || change->before == nullptr ||
         !TRY(Holds(definitions, rule, *change, change->before->document, now_us));
}

Result<std::vector<Write>> Make(const fhir::Definitions& definitions, const Rule& rule,
                                const view::Change& change, Instant now_us, const Hands& hands) {
  Performance::Scene scene;
  scene.definitions = &definitions;
  scene.head = &rule;
  scene.resource = change.now->document.Root();
  if (change.before != nullptr && change.before->op != view::Operation::kDelete) scene.before = change.before;
  scene.cause = fmt::format("{}/{}/_history/{}", definitions.Type(change.now->type).name, change.now->id,
                            change.now->version);
  scene.depth = DepthOf(change);
  scene.now_us = now_us;
  scene.new_id = hands.new_id;
  scene.read = hands.read;
  scene.reach = hands.reach;
  scene.variables.emplace_back("home", TRY(HomeFrom(scene.resource, hands)));
  Performance performance(std::move(scene));
  TRY(Perform(rule.actions, &performance));
  return performance.Writes();
}

Result<std::vector<Write>> Fire(const fhir::Definitions& definitions, const Rule& rule,
                                const view::Change& change, Instant now_us, const Hands& hands) {
  if (!TRY(Fires(definitions, rule, change, now_us))) return std::vector<Write>();
  return Make(definitions, rule, change, now_us, hands);
}

}  // namespace tk::rules
