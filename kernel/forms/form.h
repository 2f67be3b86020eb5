// Forms as data: what is asked (a FHIR Questionnaire), what is calculated, and which resources a completed answer makes.
// Form:   forms/<name>.json: the head (rules/head.h), and
//         "item": [Questionnaire.item, as FHIR has them: linkId, type, text, required, enableWhen, answerOption …],
//         "calculate": {"linkId": "FHIRPath on the response"},     the server's answer to that item, whatever was sent; none: the item is left out
//         "conditions": [{"where": "FHIRPath", "item": "linkId", "message": …}],   what the answers must fulfil (conditions.h)
//         "posts": ["stock-keeper"],                               who may send answers, and sees those to this form; without it whoever may write a QuestionnaireResponse
//         "readers": ["cdc-officer"],                              who sees them besides (app.h reads both into the posts: access::Post.forms, forms_seen)
//         "do": [actions of rules/action.h]                        on the QuestionnaireResponse, when it becomes completed
// Names:  %<linkId>: the answers to that item, wherever it stands (%`my-link` where it has other characters than letters, digits and _)
// Flow:   file → ParseForm → Forms → interaction: a QuestionnaireResponse of "http://tongkang.dev/fhir/Questionnaire/<id>" is answered for by Complete
//         (version, calculated items), checked against the Questionnaire (fhir/questionnaire.h: enableWhen, required), and Extract adds what "do" makes to
//         the same transaction: all is written or nothing
// A response keeps the version of the form that it was begun with (questionnaire "url|version"). Source: FHIR R4 questionnaire.html; of HL7's Structured
// Data Capture the template-based way: a template beside the form and not definitions within its items (docs/decisions/0042-packs.md).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/rules/action.h"

namespace tk::forms {

inline constexpr std::string_view kFormBase = "http://tongkang.dev/fhir/Questionnaire/";

struct Calculated {
  std::string link;
  std::unique_ptr<const fhir::path::Expression> expression;
};

/// What a completed response must fulfil.
struct Condition {
  std::unique_ptr<const fhir::path::Expression> where;
  std::string link;  // of the item that it is told of; "" = the whole response
  std::string zh, en;
};

struct Form : rules::Head {
  std::string url;
  std::shared_ptr<const fhir::Document> questionnaire;
  std::vector<std::string> links;  // of all questions
  std::vector<std::string> posts;  // sorted
  std::vector<Calculated> calculated;
  std::vector<Condition> conditions;
  rules::Actions actions;  // may be empty

  std::vector<fhir::TypeId> Writes() const;
};

/// Errors: kInvalid, kIncorrect with all that is wrong, by file, line, column and element path.
Result<Form> ParseForm(const fhir::Definitions& definitions, std::string_view app, std::string_view file,
                       std::string_view json, fhir::Value settings, const rules::Vocabulary& vocabulary);

/// The forms that are installed. Thread-safe.
class Forms {
 public:
  explicit Forms(std::shared_ptr<const fhir::Definitions> definitions);
  /// In place of those before; versions of them that are not among the new ones stay, so that what was begun with them can be completed.
  void Set(std::vector<Form> forms);

  /// By "url" (the newest version) or "url|version"; nullptr if it is not one of these.
  std::shared_ptr<const Form> Find(std::string_view canonical) const;
  std::vector<std::shared_ptr<const Form>> all() const;  // the newest of each, by id

  /// A response that is about to be written: with the version of its form and what is calculated. As it is where its questionnaire is no form here.
  /// Errors: kInvalid with the element path; of a completed one also for each condition that does not hold.
  Result<fhir::Document> Complete(fhir::Document response, Instant now_us) const;
  /// What a response that becomes completed makes; empty for all else. `read`: as it stands at the basis.
  Result<std::vector<rules::Write>> Extract(
      const view::Change& change, Instant now_us,
      std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read,
      rules::Reach reach = {}) const;

 private:
  std::shared_ptr<const fhir::Definitions> definitions_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Form>, std::less<>> by_canonical_;  // "url|version"
  std::map<std::string, std::shared_ptr<const Form>, std::less<>> newest_;        // "url"
};

}  // namespace tk::forms
