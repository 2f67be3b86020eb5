#include "kernel/rules/rule.h"

#include <fmt/format.h>

#include <charconv>

namespace tk::rules {

using fhir::path::Collection;
using fhir::path::Environment;
using fhir::path::Item;

namespace {

Error InFile(std::string_view file, std::string path, const std::string& text) {
  return MakeIssue(ErrorCode::kInvalid, "invalid", path, fmt::format("{}: {}: {}", file, path, text));
}
Error InFile(std::string_view file, const std::string& path, const Error& cause) {
  const std::string at =
      cause.issues.empty() || cause.issues[0].path.empty() ? path : path + "." + cause.issues[0].path;
  return InFile(file, at, cause.external);
}

Status ReadConstants(std::string_view file, fhir::Value root, fhir::Value settings, Rule* rule) {
  for (fhir::Value constant : root["constants"]) {
    const std::string name(constant.name_text());
    const fhir::Value setting = constant["setting"];
    const fhir::Value number = setting.present() ? settings[setting.ToString()] : constant["value"];
    rule->constants.push_back({name, std::string(number.Number()), constant["unit"].ToString()});
    if (rule->constants.back().value.empty()) {
      return InFile(file, "constants." + name,
                    setting.present() ? "names a setting that settings.json has no number for"
                                      : "needs a number as value");
    }
  }
  return {};
}

Status ReadHead(std::string_view file, fhir::Value root, Rule* rule) {
  rule->id = root["id"].ToString();
  if (rule->id.empty()) return InFile(file, "id", "is missing");
  const std::string_view version = root["version"].Number();
  const auto parsed = std::from_chars(version.data(), version.data() + version.size(), rule->version);
  if (version.empty() || parsed.ec != std::errc() || rule->version < 1)
    return InFile(file, "version", "must be a whole number from 1");
  rule->title_zh = root["title"]["zh-CN"].ToString();
  rule->title_en = root["title"]["en"].ToString();
  if (rule->title_zh.empty() || rule->title_en.empty()) return InFile(file, "title", "needs zh-CN and en");
  const fhir::Value source = root["source"];
  rule->source_text = source["text"].ToString();
  rule->source_edition = source["edition"].ToString();
  rule->source_date = source["date"].ToString();
  if (rule->source_text.empty() || rule->source_edition.empty() || rule->source_date.empty()) {
    return InFile(file, "source",
                  "needs text, edition and date: every constant of medicine or law carries its source");
  }
  return {};
}

Status ReadTrigger(const fhir::Definitions& definitions, std::string_view file, fhir::Value root,
                   Rule* rule) {
  rule->on_type = definitions.FindType(root["on"]["type"].ToString());
  if (!definitions.IsResource(rule->on_type)) return InFile(file, "on.type", "names no resource type");
  for (fhir::Value operation : root["on"]["operations"]) {
    const std::string name = operation.ToString();
    if (name == "create")
      rule->on_create = true;
    else if (name == "update")
      rule->on_update = true;
    else
      return InFile(file, "on.operations", "may be create and update");
  }
  if (!rule->on_create && !rule->on_update) return InFile(file, "on.operations", "is missing");
  auto where = fhir::path::Expression::Compile(root["where"].ToString(), definitions, rule->on_type);
  if (!where.ok()) return InFile(file, "where", where.error());
  rule->where = std::make_unique<const fhir::path::Expression>(std::move(where).value());
  size_t i = 0;
  for (fhir::Value action : root["do"]) {
    const std::string path = fmt::format("do[{}].create", i++);
    const fhir::Value create = action["create"];
    if (!create.is_object()) return InFile(file, path, "is missing");
    auto compiled = Template::Compile(definitions, rule->on_type, create);
    if (!compiled.ok()) return InFile(file, path, compiled.error());
    rule->creates.push_back(std::move(compiled).value());
  }
  if (rule->creates.empty()) return InFile(file, "do", "is missing");
  return {};
}

Item Text(std::string value) {
  Item item;
  item.type = fhir::path::kSystemString;
  item.computed = std::move(value);
  return item;
}

/// What %rule, %now, %depth and the constants are for one resource.
class RuleVariables : public fhir::path::Variables {
 public:
  RuleVariables(const Rule& rule, fhir::Value resource, Instant now_us)
      : rule_(rule), resource_(resource), now_us_(now_us) {}

  const Collection* Find(std::string_view name) const override {
    if (name == "now") {
      if (now_.empty()) now_.push_back(Text(FormatInstant(now_us_)));
      return &now_;
    }
    if (name == "depth") {
      if (depth_.empty()) {
        Item& depth = depth_.emplace_back();
        depth.type = fhir::path::kSystemInteger;
        depth.computed = int64_t{DepthOf(resource_) + 1};
      }
      return &depth_;
    }
    for (const auto& [known, items] : rule_.variables) {
      if (known == name) return &items;
    }
    return nullptr;
  }

 private:
  const Rule& rule_;
  const fhir::Value resource_;
  const Instant now_us_;
  mutable Collection now_, depth_;  // made when they are asked for; used by one thread
};

void MakeVariables(Rule* rule) {
  rule->variables.emplace_back("rule", Collection{Text(rule->name())});
  for (const Constant& constant : rule->constants) {
    Item item;
    item.type = constant.unit.empty() ? fhir::path::kSystemDecimal : fhir::path::kSystemQuantity;
    if (constant.unit.empty())
      item.computed = constant.value;
    else
      item.computed = Item::Quantity{constant.value, constant.unit};
    rule->variables.emplace_back(constant.name, Collection{std::move(item)});
  }
}

Environment MakeEnvironment(const fhir::Definitions& definitions, const RuleVariables& variables,
                            fhir::Value resource, Instant now_us) {
  Environment environment;
  environment.definitions = &definitions;
  environment.resource = resource;
  environment.now_us = now_us;
  environment.more_variables = &variables;
  return environment;
}

/// `document` is a resource of the rule's type.
Result<bool> Holds(const fhir::Definitions& definitions, const Rule& rule, const fhir::Document& document,
                   Instant now_us) {
  Item context;
  context.node = document.Root();
  context.type = rule.on_type;
  const RuleVariables variables(rule, context.node, now_us);
  return rule.where->Test(MakeEnvironment(definitions, variables, context.node, now_us), context);
}

}  // namespace

int DepthOf(fhir::Value resource) {
  std::string scratch;
  for (fhir::Value extension : resource["extension"]) {
    if (extension["url"].String(scratch) != kDepthExtension) continue;
    const std::string_view digits = extension["valueInteger"].Number();
    int depth = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), depth);
    return depth;
  }
  return 0;
}

Result<Rule> ParseRule(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings) {
  auto document = fhir::Document::Parse(json);
  if (!document.ok())
    return MakeError(ErrorCode::kIncorrect, fmt::format("{}: {}", file, document.error().external));
  Rule rule;
  rule.app = std::string(app);
  TRY(ReadHead(file, document->Root(), &rule));
  TRY(ReadConstants(file, document->Root(), settings, &rule));
  MakeVariables(&rule);
  TRY(ReadTrigger(definitions, file, document->Root(), &rule));
  return rule;
}

Result<bool> Fires(const fhir::Definitions& definitions, const Rule& rule, const view::Change& change,
                   Instant now_us) {
  const view::ResourcePtr& now = change.now;
  if (now == nullptr || now->type != rule.on_type || now->op == view::Operation::kDelete) return false;
  const bool is_create = change.before == nullptr;
  if (is_create ? !rule.on_create : !rule.on_update) return false;
  if (!TRY(Holds(definitions, rule, now->document, now_us))) return false;
  // A correction that leaves the condition true is no new event.
  return is_create || !TRY(Holds(definitions, rule, change.before->document, now_us));
}

Result<std::vector<std::string>> Make(const fhir::Definitions& definitions, const Rule& rule,
                                      const view::Change& change, Instant now_us,
                                      const std::vector<std::string>& new_ids) {
  std::vector<std::string> made;
  const fhir::Value root = change.now->document.Root();
  const RuleVariables variables(rule, root, now_us);
  Environment environment = MakeEnvironment(definitions, variables, root, now_us);
  const Item context = fhir::path::ResourceItem(definitions, root);
  CHECK(new_ids.size() >= rule.creates.size());
  for (size_t i = 0; i < rule.creates.size(); ++i) {
    made.push_back(TRY(rule.creates[i].Render(environment, context, new_ids[i])));
    const std::string reference =
        fmt::format("{}/{}", definitions.Type(rule.creates[i].type()).name, new_ids[i]);
    environment.variables.emplace_back(fmt::format("created{}", i), Collection{Text(reference)});
  }
  return made;
}

Result<std::vector<std::string>> Fire(const fhir::Definitions& definitions, const Rule& rule,
                                      const view::Change& change, Instant now_us,
                                      const std::vector<std::string>& new_ids) {
  if (!TRY(Fires(definitions, rule, change, now_us))) return std::vector<std::string>();
  return Make(definitions, rule, change, now_us, new_ids);
}

}  // namespace tk::rules
