// The questions of a Questionnaire and the answers of a QuestionnaireResponse by linkId: each read once, so that a check of answers
// goes by their number and not by its square.
// Flow:   questionnaire.cpp → QuestionIndex: where does an item belong?; AnswerIndex: which answers does a condition speak of?
// Cost:   one walk each; then a look-up by hash, and of answers one by halving.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/fhir/check_time.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

/// The member value… or answer… of an answer, an option, an enableWhen: at most one.
Value ChoiceOf(Value object, std::string_view prefix);

/// Both end early when the time is over: what they say then is not to be told.
class QuestionIndex {
 public:
  QuestionIndex(Value questionnaire, CheckTime& time) : questionnaire_(questionnaire), time_(time) {}
  /// In that list of questions, an element `item` of the Questionnaire; the first of several.
  std::optional<size_t> PlaceOf(Value questions, const std::string& link);
  /// Anywhere.
  bool Has(const std::string& link);

 private:
  using Places = std::unordered_map<std::string, size_t>;
  void Gather(Value holder);

  const Value questionnaire_;
  CheckTime& time_;
  std::unordered_map<uint32_t, Places> lists_;  // by the index of the list; each read when it is first asked
  bool has_all_ = false;
  std::unordered_set<std::string> all_;
};

class AnswerIndex {
 public:
  AnswerIndex(Value response, CheckTime& time);
  /// The values of the answers to that question in the items of `holder`, at any depth below them; `holder`: the response, an item or an
  /// answer of it. In the order of the text.
  std::span<const Value> Below(Value holder, const std::string& link) const;

 private:
  void Gather(Value holder);

  CheckTime& time_;
  std::unordered_map<std::string, std::vector<Value>> values_;  // by index
};

}  // namespace tk::fhir
