#include "kernel/fhir/answer_index.h"

#include <algorithm>

namespace tk::fhir {

Value ChoiceOf(Value object, std::string_view prefix) {
  for (const Value member : object) {
    const std::string_view name = member.name_text();
    if (name.size() > prefix.size() && name.substr(0, prefix.size()) == prefix &&
        name[prefix.size()] >= 'A' && name[prefix.size()] <= 'Z')
      return member;
  }
  return {};
}

std::optional<size_t> QuestionIndex::PlaceOf(Value questions, const std::string& link) {
  if (!questions) return std::nullopt;
  const auto [list, is_new] = lists_.try_emplace(questions.index());
  if (is_new) {
    size_t place = 0;
    for (const Value question : questions) {
      if (!time_.Step()) break;
      list->second.try_emplace(question["linkId"].ToString(), place++);
    }
  }
  const auto found = list->second.find(link);
  return found == list->second.end() ? std::nullopt : std::optional(found->second);
}

bool QuestionIndex::Has(const std::string& link) {
  if (!has_all_) Gather(questionnaire_);
  has_all_ = true;
  return all_.contains(link);
}

void QuestionIndex::Gather(Value holder) {
  for (const Value question : holder["item"]) {
    if (!time_.Step()) return;
    all_.insert(question["linkId"].ToString());
    Gather(question);
  }
}

AnswerIndex::AnswerIndex(Value response, CheckTime& time) : time_(time) {
  Gather(response);
  for (auto& [link, values] : values_)
    std::sort(values.begin(), values.end(),
              [](const Value& a, const Value& b) { return a.index() < b.index(); });
}

void AnswerIndex::Gather(Value holder) {
  for (const Value item : holder["item"]) {
    if (!time_.Step()) return;
    const std::string link = item["linkId"].ToString();
    for (const Value answer : item["answer"]) {
      if (!time_.Step()) return;
      if (const Value value = ChoiceOf(answer, "value")) values_[link].push_back(value);
      Gather(answer);
    }
    Gather(item);
  }
}

std::span<const Value> AnswerIndex::Below(Value holder, const std::string& link) const {
  const Value items = holder["item"];
  const auto found = values_.find(link);
  if (!items || found == values_.end()) return {};
  const auto from = [&](uint32_t index) {
    return std::lower_bound(found->second.begin(), found->second.end(), index,
                            [](const Value& value, uint32_t wanted) { return value.index() < wanted; });
  };
  return {from(items.index()), from(items.node().end)};
}

}  // namespace tk::fhir
