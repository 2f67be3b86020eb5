#include "kernel/forms/form.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/random.h"
#include "kernel/fhir/validate.h"
#include "kernel/forms/answers.h"
#include "kernel/forms/conditions.h"

namespace tk::forms {

using fhir::path::Collection;

namespace {

void GatherLinks(fhir::Value items, std::vector<std::string>* links) {
  for (const fhir::Value item : items) {
    links->push_back(item["linkId"].ToString());
    GatherLinks(item["item"], links);
  }
}

std::string QuestionnaireJson(const fhir::JsonFile& file, const Form& form) {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Member("resourceType", "Questionnaire").Member("id", form.id).Member("url", form.url);
  out.Member("version", std::to_string(form.version));
  out.Member("title", form.title_zh).Member("status", "active");
  out.Key("subjectType").Array();
  const fhir::Value subjects = file.root()["subjectType"];
  for (const fhir::Value each : subjects) out.Raw(each.Json());
  if (subjects.size() == 0) out.String("Patient");
  out.End();
  out.Key("item").Raw(file.root()["item"].Json());
  out.End();
  return text;
}

void ReadItems(const fhir::Definitions& definitions, fhir::JsonFile* file, Form* form) {
  if (!file->root()["item"].is_array() || file->root()["item"].size() == 0)
    return file->Note("item", "is missing: the questions, as Questionnaire.item has them");
  auto document = fhir::Document::Parse(QuestionnaireJson(*file, *form));
  if (!document.ok()) return file->Note("item", document.error());
  constexpr std::string_view kType = "Questionnaire.";
  for (const Issue& issue : fhir::Validate(definitions, document->Root())) {
    const bool is_inside = issue.path.starts_with(kType);
    file->Note(is_inside ? std::string_view(issue.path).substr(kType.size()) : "item", issue.text);
  }
  GatherLinks(document->Root()["item"], &form->links);
  std::vector<std::string> sorted = form->links;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    file->Note("item", fmt::format("has the linkId \"{}\" twice", *twice));
  form->questionnaire = std::make_shared<const fhir::Document>(std::move(document).value());
}

void ReadCalculated(const fhir::Definitions& definitions, fhir::JsonFile* file, fhir::TypeId response,
                    Form* form) {
  for (const fhir::Value each : file->root()["calculate"]) {
    Calculated calculated;
    calculated.link = std::string(each.name_text());
    const std::string path = "calculate." + calculated.link;
    if (std::find(form->links.begin(), form->links.end(), calculated.link) == form->links.end())
      file->Note(path, "there is no item with this linkId");
    auto expression = fhir::path::Expression::Compile(each.ToString(), definitions, response);
    if (!expression.ok()) {
      file->Note(path, expression.error());
      continue;
    }
    calculated.expression = std::make_unique<const fhir::path::Expression>(std::move(expression).value());
    form->calculated.push_back(std::move(calculated));
  }
}

/// "url|1" of the form that it is meant by.
std::string CanonicalOf(fhir::Value response) { return response["questionnaire"].ToString(); }

bool IsCompleted(fhir::Value response) {
  const std::string status = response["status"].ToString();
  return status == "completed" || status == "amended";
}

bool IsCompleted(const view::ResourcePtr& resource) {
  return resource != nullptr && resource->op != view::Operation::kDelete &&
         IsCompleted(resource->document.Root());
}

}  // namespace

std::vector<fhir::TypeId> Form::Writes() const {
  std::vector<fhir::TypeId> types;
  for (const rules::Vocabulary::Step& step : actions) {
    for (const fhir::TypeId type : step.action->Writes()) types.push_back(type);
  }
  return types;
}

Result<Form> ParseForm(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings, const rules::Vocabulary& vocabulary) {
  fhir::JsonFile source = TRY(fhir::JsonFile::Parse(std::string(file), std::string(json)));
  Form form;
  static_cast<rules::Head&>(form) = rules::ReadHead(&source, app, settings, rules::Wants::kSourceOfConstants);
  form.url = fmt::format("{}{}", kFormBase, form.id);
  const fhir::TypeId response = definitions.FindType("QuestionnaireResponse");
  ReadItems(definitions, &source, &form);
  ReadCalculated(definitions, &source, response, &form);
  ReadConditions(definitions, &source, response, &form);
  const fhir::Value root = source.root();
  for (const fhir::Value post : root["posts"]) form.posts.push_back(post.ToString());
  std::sort(form.posts.begin(), form.posts.end());
  if (root["do"].present())
    form.actions = vocabulary.Parse({&definitions, app, response}, &source, "do", root["do"]);
  if (!source.good()) return source.Failure();
  return form;
}

Forms::Forms(std::shared_ptr<const fhir::Definitions> definitions) : definitions_(std::move(definitions)) {}

void Forms::Set(std::vector<Form> forms) {
  const std::lock_guard hold(mutex_);
  newest_.clear();
  for (Form& each : forms) {
    auto form = std::make_shared<const Form>(std::move(each));
    by_canonical_[fmt::format("{}|{}", form->url, form->version)] = form;
    auto& newest = newest_[form->url];
    if (newest == nullptr || newest->version < form->version) newest = std::move(form);
  }
}

std::shared_ptr<const Form> Forms::Find(std::string_view canonical) const {
  if (!canonical.starts_with(kFormBase)) return nullptr;
  const std::lock_guard hold(mutex_);
  const auto& map = canonical.find('|') == std::string_view::npos ? newest_ : by_canonical_;
  const auto at = map.find(canonical);
  return at == map.end() ? nullptr : at->second;
}

std::vector<std::shared_ptr<const Form>> Forms::all() const {
  const std::lock_guard hold(mutex_);
  std::vector<std::shared_ptr<const Form>> forms;
  for (const auto& [url, form] : newest_) forms.push_back(form);
  return forms;
}

Result<fhir::Document> Forms::Complete(fhir::Document response, Instant now_us) const {
  const std::shared_ptr<const Form> form = Find(CanonicalOf(response.Root()));
  if (form == nullptr) return response;
  const std::string canonical = fmt::format("{}|{}", form->url, form->version);
  const fhir::Value named = response.Root()["questionnaire"];
  if (named.ToString() != canonical) {
    std::string quoted;
    fhir::AppendJsonString(canonical, &quoted);
    const auto at = static_cast<uint32_t>(named.Json().data() - response.Text().data());
    response = TRY(fhir::Document::Parse(
        TRY(fhir::ApplyEdits(response.Text(), {{at, static_cast<uint32_t>(named.Json().size()), quoted}}))));
  }
  // Each sees what the one before it came to.
  for (const Calculated& calculated : form->calculated)
    response = TRY(WithCalculated(*definitions_, *form, calculated, std::move(response), now_us));
  if (IsCompleted(response.Root())) TRY(CheckConditions(*definitions_, *form, response.Root(), now_us));
  return response;
}

Result<std::vector<rules::Write>> Forms::Extract(
    const view::Change& change, Instant now_us,
    std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read,
    rules::Reach reach) const {
  if (!IsCompleted(change.now) || IsCompleted(change.before)) return std::vector<rules::Write>();
  const fhir::Value response = change.now->document.Root();
  const std::shared_ptr<const Form> form = Find(CanonicalOf(response));
  if (form == nullptr || form->actions.empty()) return std::vector<rules::Write>();
  rules::Performance::Scene scene;
  scene.definitions = definitions_.get();
  scene.head = form.get();
  scene.resource = response;
  scene.cause = fmt::format("QuestionnaireResponse/{}/_history/{}", change.now->id, change.now->version);
  scene.now_us = now_us;
  scene.new_id = [] { return NewUuid(); };
  scene.read = std::move(read);
  scene.reach = std::move(reach);
  scene.variables = AnswersOf(*definitions_, *form, response);
  rules::Performance performance(std::move(scene));
  TRY(rules::Perform(form->actions, &performance));
  return performance.Writes();
}

}  // namespace tk::forms
