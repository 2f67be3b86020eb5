#include "kernel/forms/conditions.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/forms/answers.h"

namespace tk::forms {
namespace {

constexpr std::string_view kResponsePath = "QuestionnaireResponse";

/// The first item of this linkId, below `path`; "" if there is none.
std::string PathOfItem(fhir::Value holder, std::string_view link, const std::string& path) {
  for (size_t i = 0; i < holder["item"].size(); ++i) {
    const fhir::Value item = holder["item"].At(i);
    const std::string at = fmt::format("{}.item[{}]", path, i);
    if (item["linkId"].ToString() == link) return at;
    if (std::string below = PathOfItem(item, link, at); !below.empty()) return below;
    for (size_t j = 0; j < item["answer"].size(); ++j) {
      std::string below = PathOfItem(item["answer"].At(j), link, fmt::format("{}.answer[{}]", at, j));
      if (!below.empty()) return below;
    }
  }
  return {};
}

}  // namespace

void ReadConditions(const fhir::Definitions& definitions, fhir::JsonFile* file, fhir::TypeId response,
                    Form* form) {
  const fhir::Value conditions = file->root()["conditions"];
  if (conditions.present() && (!conditions.is_array() || conditions.size() > kFormConditionsMax))
    return file->Note("conditions", fmt::format("must be a list of at most {}", kFormConditionsMax));
  const rules::HeadVariables names(*form, 1, 0);
  for (const fhir::Value json : conditions) {
    const std::string path = fmt::format("conditions[{}]", form->conditions.size());
    Condition condition;
    condition.zh = json["message"]["zh-CN"].ToString();
    condition.en = json["message"]["en"].ToString();
    if (condition.zh.empty() || condition.en.empty()) file->Note(path + ".message", "needs zh-CN and en");
    condition.link = json["item"].ToString();
    const bool is_known =
        std::find(form->links.begin(), form->links.end(), condition.link) != form->links.end();
    if (json["item"].present() && !is_known) file->Note(path + ".item", "there is no item with this linkId");
    auto where = fhir::path::Expression::Compile(json["where"].ToString(), definitions, response);
    if (where.ok()) {
      // Names that are no items fail without answers as they would with them.
      fhir::path::Collection nothing;
      const fhir::path::Environment environment = EnvironmentOf(definitions, *form, {}, names, 0);
      if (const Status tried = where->Evaluate(environment, fhir::path::Item(), &nothing); !tried.ok())
        file->Note(path + ".where", tried.error());
      condition.where = std::make_unique<const fhir::path::Expression>(std::move(where).value());
    } else {
      file->Note(path + ".where", where.error());
    }
    form->conditions.push_back(std::move(condition));
  }
}

Status CheckConditions(const fhir::Definitions& definitions, const Form& form, fhir::Value response,
                       Instant now_us) {
  if (form.conditions.empty()) return {};
  const rules::HeadVariables names(form, 1, now_us);
  const fhir::path::Environment environment = EnvironmentOf(definitions, form, response, names, now_us);
  const fhir::path::Item context = fhir::path::ResourceItem(definitions, response);
  std::vector<Issue> issues;
  for (const Condition& condition : form.conditions) {
    if (TRY(condition.where->Test(environment, context))) continue;
    const std::string path = condition.link.empty()
                                 ? std::string()
                                 : PathOfItem(response, condition.link, std::string(kResponsePath));
    Error one =
        MakeIssue(ErrorCode::kInvalid, "business-rule", path.empty() ? std::string(kResponsePath) : path,
                  fmt::format("{} / {}", condition.zh, condition.en));
    issues.push_back(std::move(one.issues.front()));
  }
  if (issues.empty()) return {};
  Error error = MakeError(ErrorCode::kInvalid, issues.front().text);
  error.issues = std::move(issues);
  return error;
}

}  // namespace tk::forms
