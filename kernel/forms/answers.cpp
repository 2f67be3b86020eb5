#include "kernel/forms/answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/city_time.h"

namespace tk::forms {

using fhir::path::Collection;
using fhir::path::Item;

namespace {

constexpr int kAnswerDepthMax = 32;

fhir::Value ValueOf(fhir::Value answer) {
  for (const fhir::Value member : answer) {
    if (member.name_text().starts_with("value")) return member;
  }
  return {};
}

void Gather(const fhir::Definitions& definitions, fhir::TypeId answer_type, fhir::Value holder, int depth,
            std::vector<std::pair<std::string, Collection>>* found) {
  if (depth > kAnswerDepthMax) return;
  for (const fhir::Value item : holder["item"]) {
    const std::string link = item["linkId"].ToString();
    const auto at =
        std::find_if(found->begin(), found->end(), [&](const auto& each) { return each.first == link; });
    for (const fhir::Value answer : item["answer"]) {
      const fhir::Value value = ValueOf(answer);
      const fhir::ElementInfo* const element =
          value.present() ? definitions.FindElement(answer_type, value.name()) : nullptr;
      if (at != found->end() && element != nullptr) at->second.push_back(Item{value, {}, element->type, {}});
      Gather(definitions, answer_type, answer, depth + 1, found);
    }
    Gather(definitions, answer_type, item, depth + 1, found);
  }
}

/// The questions above the one with this link, and it: empty if there is none.
std::vector<fhir::Value> WayTo(fhir::Value items, std::string_view link, int depth) {
  if (depth > kAnswerDepthMax) return {};
  for (const fhir::Value item : items) {
    if (item["linkId"].ToString() == link) return {item};
    std::vector<fhir::Value> below = WayTo(item["item"], link, depth + 1);
    if (below.empty()) continue;
    below.insert(below.begin(), item);
    return below;
  }
  return {};
}

/// The member that holds an answer of this kind; "" for one that cannot be calculated.
std::string_view MemberFor(std::string_view type) {
  constexpr std::pair<std::string_view, std::string_view> kMembers[] = {
      {"decimal", "valueDecimal"}, {"integer", "valueInteger"},    {"boolean", "valueBoolean"},
      {"string", "valueString"},   {"text", "valueString"},        {"date", "valueDate"},
      {"time", "valueTime"},       {"dateTime", "valueDateTime"},  {"quantity", "valueQuantity"},
      {"choice", "valueCoding"},   {"reference", "valueReference"}};
  for (const auto& [of, member] : kMembers) {
    if (of == type) return member;
  }
  return {};
}

/// Where among its brothers a question stands.
size_t PlaceAmong(fhir::Value questions, std::string_view link) {
  size_t place = 0;
  for (const fhir::Value each : questions) {
    if (each["linkId"].ToString() == link) break;
    ++place;
  }
  return place;
}

/// The items of `holder` with `json` in place of those of way[depth]; `json` "": without them.
std::string ItemsWith(fhir::Value holder, fhir::Value questions, const std::vector<fhir::Value>& way,
                      size_t depth, const std::string& json);

std::string ItemWith(fhir::Value item, const std::vector<fhir::Value>& way, size_t depth,
                     const std::string& json) {
  if (depth + 1 == way.size()) return json;
  const std::string items = ItemsWith(item, way[depth]["item"], way, depth + 1, json);
  if (!item.present() && items == "[]") return {};
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  if (!item.present()) out.Key("linkId").Raw(way[depth]["linkId"].Json());
  for (const fhir::Value member : item) {
    if (member.name_text() != "item") out.Key(member.name_text()).Raw(member.Json());
  }
  if (items != "[]") out.Key("item").Raw(items);
  out.End();
  return text;
}

std::string ItemsWith(fhir::Value holder, fhir::Value questions, const std::vector<fhir::Value>& way,
                      size_t depth, const std::string& json) {
  const std::string link = way[depth]["linkId"].ToString();
  const size_t place = PlaceAmong(questions, link);
  std::string text;
  fhir::JsonWriter out(&text);
  out.Array();
  bool is_put = false;
  const auto put = [&](fhir::Value old) {
    const std::string now = ItemWith(old, way, depth, json);
    if (!now.empty()) out.Raw(now);
    is_put = true;
  };
  for (const fhir::Value item : holder["item"]) {
    const std::string own = item["linkId"].ToString();
    if (own == link && !is_put) {
      put(item);
      continue;
    }
    if (own == link && depth + 1 == way.size()) continue;
    if (!is_put && PlaceAmong(questions, own) > place) put({});
    out.Raw(item.Json());
  }
  if (!is_put) put({});
  out.End();
  return text;
}

}  // namespace

std::vector<std::pair<std::string, Collection>> AnswersOf(const fhir::Definitions& definitions,
                                                          const Form& form, fhir::Value response) {
  std::vector<std::pair<std::string, Collection>> found;
  for (const std::string& link : form.links) found.emplace_back(link, Collection());
  Gather(definitions, definitions.FindType("QuestionnaireResponse.item.answer"), response, 0, &found);
  return found;
}

fhir::path::Environment EnvironmentOf(const fhir::Definitions& definitions, const Form& form,
                                      fhir::Value response, const rules::HeadVariables& names,
                                      Instant now_us) {
  fhir::path::Environment environment;
  environment.definitions = &definitions;
  environment.resource = response;
  environment.now_us = now_us;
  environment.offset_min = CityOffsetMin();
  environment.variables = AnswersOf(definitions, form, response);
  environment.more_variables = &names;
  return environment;
}

Result<fhir::Document> WithCalculated(const fhir::Definitions& definitions, const Form& form,
                                      const Calculated& calculated, fhir::Document response, Instant now_us) {
  const rules::HeadVariables names(form, 1, now_us);
  const fhir::path::Environment environment =
      EnvironmentOf(definitions, form, response.Root(), names, now_us);
  Collection result;
  TRY(calculated.expression->Evaluate(environment, fhir::path::ResourceItem(definitions, response.Root()),
                                      &result));
  const std::vector<fhir::Value> way = WayTo(form.questionnaire->Root()["item"], calculated.link, 0);
  CHECK(!way.empty());  // ParseForm has looked
  const std::string_view member = MemberFor(way.back()["type"].ToString());
  std::string item;
  if (!result.empty()) {
    if (member.empty())
      return MakeIssue(ErrorCode::kInvalid, "value", "QuestionnaireResponse.item",
                       fmt::format("the item {} is of a type that cannot be calculated", calculated.link));
    fhir::JsonWriter out(&item);
    out.Object().Member("linkId", calculated.link).Key("answer").Array().Object().Key(member);
    rules::WriteItem(result.front(), &out);
    out.End().End().End();
  }
  const std::string items = ItemsWith(response.Root(), form.questionnaire->Root()["item"], way, 0, item);
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object();
  for (const fhir::Value each : response.Root()) {
    if (each.name_text() != "item") out.Key(each.name_text()).Raw(each.Json());
  }
  if (items != "[]") out.Key("item").Raw(items);
  out.End();
  return fhir::Document::Parse(text);
}

}  // namespace tk::forms
