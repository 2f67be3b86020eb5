#include "kernel/fhir/questionnaire.h"

#include <algorithm>
#include <charconv>

#include "kernel/base/text.h"
#include "kernel/fhir/answer_index.h"
#include "kernel/fhir/invariants.h"
#include "kernel/fhir/own_address.h"
#include "kernel/fhir/path/path.h"
#include "kernel/fhir/profile_values.h"
#include "kernel/fhir/validate.h"
#include "kernel/fhir/validate_forms.h"

namespace tk::fhir {
namespace {

constexpr size_t kItemsMax = 20'000;
constexpr size_t kAnswerLevelsMax = 32;
constexpr size_t kAnswerIssuesMax = kIssuesTold + 1;  // so that it shows that there are more
constexpr size_t kAnswerConstraintsMax = 256;         // evaluations for one resource
constexpr uint64_t kConstraintWorkMax = 50'000;       // items that one of them may visit
constexpr double kMegabyte = 1024.0 * 1024.0;         // the greater reading of "MB"
constexpr std::string_view kExtensionUrl = "http://hl7.org/fhir/StructureDefinition/";
constexpr std::string_view kCaptureUrl = "http://hl7.org/fhir/uv/sdc/StructureDefinition/";

/// "valueCoding" → "Coding"; "" of none, as where only an extension says why there is no value.
std::string_view TypeOfChoice(Value member, std::string_view prefix) {
  const std::string_view name = member.name_text();
  return name.substr(std::min(name.size(), prefix.size()));
}

/// The extensions of the Questionnaire's items, of the core (named as they are) or of structured data capture (sdc-questionnaire-…).
bool IsNamed(std::string_view url, std::string_view name) {
  if (url.substr(0, kExtensionUrl.size()) == kExtensionUrl) return url.substr(kExtensionUrl.size()) == name;
  return url.substr(0, kCaptureUrl.size()) == kCaptureUrl && url.substr(kCaptureUrl.size()) == name;
}

Value ExtensionValue(Value item, std::string_view name) {
  for (const Value extension : item["extension"]) {
    std::string scratch;
    if (IsNamed(extension["url"].String(scratch), name)) return ChoiceOf(extension, "value");
  }
  return {};
}

std::optional<size_t> Count(Value value) {
  size_t count = 0;
  const std::string_view text = value.Number();
  if (text.empty() || std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc())
    return std::nullopt;
  return count;
}

/// The types that the answers of an item may have.
std::vector<std::string_view> AnswerTypes(std::string_view type) {
  if (type == "boolean") return {"Boolean"};
  if (type == "decimal") return {"Decimal"};
  if (type == "integer") return {"Integer"};
  if (type == "date") return {"Date"};
  if (type == "dateTime") return {"DateTime"};
  if (type == "time") return {"Time"};
  if (type == "string" || type == "text") return {"String"};
  if (type == "url") return {"Uri"};
  if (type == "open-choice") return {"Coding", "String", "Integer", "Date", "Time", "Reference"};
  if (type == "choice") return {"Coding", "String", "Integer", "Date", "Time", "Reference"};
  if (type == "attachment") return {"Attachment"};
  if (type == "reference") return {"Reference"};
  if (type == "quantity") return {"Quantity"};
  return {};
}

bool SameCoding(Value a, Value b) {
  return a["code"].ToString() == b["code"].ToString() && a["system"].ToString() == b["system"].ToString();
}

bool SameAnswer(Value a, Value b) {
  if (TypeOfChoice(a, "value") == "Coding") return SameCoding(a, b);
  return EqualsFixed(a, b);
}

/// "Text/Plain; charset=utf-8" → "text/plain": parameters make no other media type of it.
std::string PlainMediaType(std::string_view text) {
  return ToLower(TrimSpace(text.substr(0, text.find(';'))));
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

class AnswerChecker {
 public:
  AnswerChecker(const Definitions& definitions, Profiles& profiles, bool warnings, int64_t now_us,
                CheckTime& time, std::string_view own_base)
      : definitions_(definitions),
        profiles_(profiles),
        warnings_(warnings),
        now_us_(now_us),
        time_(time),
        own_base_(own_base) {}

  /// A QuestionnaireResponse that stands at `place`; resources in a Bundle, each at its own.
  void Look(Value resource, const std::string& place);
  std::vector<Issue> Take() { return std::move(issues_); }

 private:
  struct Segment {
    std::string name;
    size_t index;
  };

  void Response(Value response);
  void Items(Value questions, Value holder, const std::vector<Value>& around, bool enabled);
  void Question(Value question, const std::vector<std::pair<Value, size_t>>& answers,
                const std::vector<Value>& around, bool enabled);
  void Answers(Value question, Value item, const std::vector<Value>& around);
  void Answer(Value question, Value value);
  void Text(Value question, Value value, std::string_view type);
  void Bounds(Value question, Value value, std::string_view type);
  void Options(Value question, Value value, std::string_view type);
  void ValueSet(Value question, Value value, std::string_view type, const std::string& set);
  std::shared_ptr<const ListedCodes> CodesOf(const std::string& set);
  /// No code of its system is in the value set, whether its codes can be listed or not.
  bool IsOutside(const std::string& set, Value coding);
  void Units(Value question, Value quantity);
  void Kinds(Value question, Value value, std::string_view type);
  void Size(Value question, Value attachment);
  void Constraints(Value question, Value item, std::string_view type);
  void Constraint(Value constraint, Value item, std::string_view type);
  void Exclusive(Value question, Value item);
  bool IsEnabled(Value question, const std::vector<Value>& around);
  bool Holds(Value condition, const std::vector<Value>& around);
  void Unknown(const std::string& link);
  void Add(Severity severity, std::string_view type, std::string text);
  void Error(std::string_view type, std::string text) { Add(Severity::kError, type, std::move(text)); }

  const Definitions& definitions_;
  Profiles& profiles_;
  const bool warnings_;
  const int64_t now_us_;
  CheckTime& time_;
  const std::string_view own_base_;
  bool complete_ = true;
  Value response_, questionnaire_;
  std::optional<QuestionIndex> questions_;
  std::optional<AnswerIndex> answers_;  // read for the first condition
  size_t items_ = 0, depth_ = 0, constraints_ = 0;
  size_t errors_ = 0, others_ = 0;
  std::string place_;  // of the response
  std::vector<Segment> path_;
  std::vector<Issue> issues_;
};

void AnswerChecker::Add(Severity severity, std::string_view type, std::string text) {
  if ((severity != Severity::kError && !warnings_) || time_.over()) return;
  size_t& told =
      severity == Severity::kError ? errors_ : others_;  // of each, so that none crowds out the other
  if (++told > kAnswerIssuesMax) return;
  std::string path = place_;
  for (const Segment& segment : path_) path += "." + segment.name + "[" + std::to_string(segment.index) + "]";
  issues_.push_back({severity, type, std::move(path), std::move(text)});
}

void AnswerChecker::Look(Value resource, const std::string& place) {
  if (!time_.Step()) return;
  std::string scratch;
  const std::string_view type = resource["resourceType"].String(scratch);
  place_ = place.empty() ? std::string(type) : place;
  if (type == "QuestionnaireResponse") return Response(resource);
  if (type != "Bundle") return;
  const std::string entries = place_ + ".entry[";
  size_t at = 0;
  for (const Value entry : resource["entry"])
    Look(entry["resource"], entries + std::to_string(at++) + "].resource");
}

void AnswerChecker::Response(Value response) {
  const std::string canonical = response["questionnaire"].ToString();
  if (canonical.empty()) {
    return Add(Severity::kWarning, "required", "names no questionnaire, so the answers are not checked");
  }
  std::shared_ptr<const Document> document;
  questionnaire_ = Value();
  if (canonical.front() == '#') {
    for (const Value contained : response["contained"]) {
      if (contained["id"].ToString() == canonical.substr(1)) questionnaire_ = contained;
    }
  } else {
    document = FindByUrlOrAddress(profiles_.canonicals(), "Questionnaire", canonical, own_base_);
    if (document != nullptr) questionnaire_ = document->Root();
  }
  if (!questionnaire_) {
    return Add(Severity::kWarning, "not-found",
               "the questionnaire is not known here, so the answers are not checked");
  }
  const std::string status = response["status"].ToString();
  complete_ = status == "completed" || status == "amended";
  response_ = response;
  questions_.emplace(questionnaire_, time_);
  answers_.reset();
  Constraints(questionnaire_, response, "QuestionnaireResponse");
  Items(questionnaire_["item"], response, {response}, true);
}

void AnswerChecker::Items(Value questions, Value holder, const std::vector<Value>& around, bool enabled) {
  if (depth_ >= kAnswerLevelsMax)
    return Error("too-long", "is nested more than 32 levels deep: not checked below");
  ++depth_;
  size_t last = 0;
  bool order_told = false;
  size_t place = 0;
  // Beyond the limit no question is looked at any more.
  std::vector<std::vector<std::pair<Value, size_t>>> of_questions(items_ > kItemsMax ? 0 : questions.size());
  for (const Value item : holder["item"]) {
    if (!time_.Step()) break;
    const std::string link = item["linkId"].ToString();
    const std::optional<size_t> at = questions_->PlaceOf(questions, link);
    path_.push_back({"item", place});
    if (!at) {
      Unknown(link);
    } else {
      if (*at < last && !order_told) {
        Error("invariant", "stands out of the questionnaire's order");
        order_told = true;
      }
      last = std::max(last, *at);
      if (!of_questions.empty()) of_questions[*at].emplace_back(item, place);
    }
    path_.pop_back();
    ++place;
  }
  size_t at = 0;
  for (const Value question : questions) {
    if (!time_.Step()) break;
    if (++items_ > kItemsMax) {
      if (items_ == kItemsMax + 1)
        Add(Severity::kWarning, "too-costly", "has more than 20,000 items: not all are checked");
      break;
    }
    Question(question, of_questions[at++], around, enabled);
  }
  --depth_;
}

void AnswerChecker::Unknown(const std::string& link) {
  if (questions_->Has(link)) return Error("structure", "the questionnaire has this linkId in another place");
  Error("not-found", "the questionnaire has no item with this linkId");
}

void AnswerChecker::Question(Value question, const std::vector<std::pair<Value, size_t>>& answers,
                             const std::vector<Value>& around, bool enabled) {
  const bool is_enabled = enabled && IsEnabled(question, around);
  const std::string type = question["type"].ToString();
  const std::string link = question["linkId"].ToString();
  if (!is_enabled) {
    for (const auto& [item, place] : answers) {
      path_.push_back({"item", place});
      Error("invariant", "is answered though it is not enabled");
      path_.pop_back();
    }
    return;
  }
  size_t given = 0;
  for (const auto& [item, place] : answers) given += type == "group" ? 1 : item["answer"].size();
  const bool repeats = question["repeats"].IsTrue();
  const auto least = Count(ExtensionValue(question, "questionnaire-minOccurs"));
  const auto most = Count(ExtensionValue(question, "questionnaire-maxOccurs"));
  if (complete_ && given == 0 && question["required"].IsTrue() && type != "display")
    Error("required", "has no answer for the required item " + link);
  else if (complete_ && least && given != 0 && given < *least)
    Error("required", "has too few answers for the item " + link + "; at least " + std::to_string(*least));
  if (!repeats && given > 1) Error("structure", "the item " + link + " does not repeat");
  if (most && given > *most)
    Error("structure", "has too many answers for the item " + link + "; at most " + std::to_string(*most));
  // Of a question that repeats: told by $validate, no write is refused for it.
  if (type != "group" && answers.size() > 1 && (repeats ? warnings_ : given <= 1))
    Error("structure", "the item " + link + " stands more than once" +
                           (repeats ? ": all answers to a question stand in one item" : ""));
  for (const auto& [item, place] : answers) {
    path_.push_back({"item", place});
    Answers(question, item, around);
    path_.pop_back();
  }
  // What is required within a group that is not there at all is not asked for: only a required group is.
}

void AnswerChecker::Answers(Value question, Value item, const std::vector<Value>& around) {
  const std::string type = question["type"].ToString();
  std::vector<Value> inner = around;
  inner.push_back(item);
  Constraints(question, item, "QuestionnaireResponse.item");
  if (type == "group" || type == "display") {
    if (item["answer"].present()) Error("structure", "is a " + type + " and has no answers");
    if (type == "group" && complete_ && question["required"].IsTrue() && item["item"].size() == 0)
      Error("required", "is a required group without items");
    if (type == "group") Items(question["item"], item, inner, true);
    if (type == "display" && item["item"].present()) Error("structure", "is a display and has no items");
    return;
  }
  if (item["item"].present()) Error("structure", "is a question: items below it stand below its answer");
  Exclusive(question, item);
  size_t place = 0;
  for (const Value answer : item["answer"]) {
    if (!time_.Step()) return;
    path_.push_back({"answer", place++});
    Answer(question, ChoiceOf(answer, "value"));
    std::vector<Value> below = inner;
    below.push_back(answer);
    Items(question["item"], answer, below, true);
    path_.pop_back();
  }
}

void AnswerChecker::Answer(Value question, Value value) {
  if (!value) return;  // an extension says why
  const std::string type = question["type"].ToString();
  const std::vector<std::string_view> permitted = AnswerTypes(type);
  const std::string_view is = TypeOfChoice(value, "value");
  if (std::find(permitted.begin(), permitted.end(), is) == permitted.end()) {
    std::string text = "is no answer to a question of type " + type;
    return Error("structure", std::move(text));
  }
  if (value.is_string()) Text(question, value, is);
  Bounds(question, value, is);
  if (is == "Quantity") Units(question, value);
  if (is == "Attachment" || is == "Reference") Kinds(question, value, is);
  if (is == "Attachment") Size(question, value);
  if (question["answerOption"].present() || question["answerValueSet"].present())
    return Options(question, value, is);
}

void AnswerChecker::Text(Value question, Value value, std::string_view type) {
  std::string scratch;
  const std::string_view text = value.String(scratch);
  if (type == "String" && text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    Error("value", "is an empty answer");
  if (const auto most = Count(question["maxLength"]); most && Characters(text) > *most)
    Error("too-long", "is longer than " + std::to_string(*most) + " characters");
  if (const auto least = Count(ExtensionValue(question, "minLength")); least && Characters(text) < *least)
    Error("value", "is shorter than " + std::to_string(*least) + " characters");
  if (const Value pattern = ExtensionValue(question, "regex"); pattern.is_string()) {
    const auto form = path::Pattern::Make(pattern.ToString(), "");
    const auto fits = form.ok() ? (*form)->Matches(text, true) : Result<bool>(true);
    if (fits.ok() && !*fits) Error("value", "has not the form that the question asks for");
  }
}

void AnswerChecker::Bounds(Value question, Value value, std::string_view type) {
  if (type == "Decimal") {
    const auto places = Count(ExtensionValue(question, "maxDecimalPlaces"));
    const std::string_view digits = value.Number();
    const size_t point = digits.find('.');
    if (places && point != std::string_view::npos && digits.size() - point - 1 > *places)
      Error("value", "has more than " + std::to_string(*places) + " decimal places");
  }
  const auto compare = [&](std::string_view name, int wrong, const char* text) {
    const Value bound = ExtensionValue(question, name);
    if (!bound) return;
    const auto type_of = [&](std::string_view of) {
      std::string lower(of);
      lower[0] = static_cast<char>(lower[0] - 'A' + 'a');
      const TypeId primitive = definitions_.FindType(lower);
      return primitive != kNoType ? primitive : definitions_.FindType(of);
    };
    const path::Item item{value, Value(), type_of(type), {}};
    const auto order = CompareBound(definitions_, item, bound, type_of(TypeOfChoice(bound, "value")));
    if (order && *order == wrong) Error("value", text);
    if (!order && type == "Quantity")
      Error("value", "has a unit that does not compare with that of its bounds");
  };
  compare("minValue", -1, "is less than the least permitted value");
  compare("maxValue", 1, "is more than the greatest permitted value");
  if (type != "Quantity") return;
  compare("sdc-questionnaire-minQuantity", -1, "is less than the least permitted value");
  compare("sdc-questionnaire-maxQuantity", 1, "is more than the greatest permitted value");
}

void AnswerChecker::Options(Value question, Value value, std::string_view type) {
  const bool is_open = question["type"].ToString() == "open-choice";
  if (is_open && type == "String") return;
  for (const Value option : question["answerOption"]) {
    if (!time_.Step()) return;
    const Value permitted = ChoiceOf(option, "value");
    if (TypeOfChoice(permitted, "value") == type && SameAnswer(value, permitted)) return;
  }
  const std::string set = question["answerValueSet"].ToString();
  if (set.empty()) return Error("code-invalid", "is none of the question's options");
  ValueSet(question, value, type, std::string(KnownValueSet(profiles_, set, own_base_)));
}

std::shared_ptr<const ListedCodes> AnswerChecker::CodesOf(const std::string& set) {
  const auto codes =
      set.front() == '#' ? profiles_.CodesOf(questionnaire_, set.substr(1)) : profiles_.Codes(set);
  if (codes == nullptr)
    Add(Severity::kWarning, "not-supported",
        "is not checked: the codes of its value set cannot be listed here");
  return codes;
}

bool AnswerChecker::IsOutside(const std::string& set, Value coding) {
  if (!coding["system"].is_string() || set.front() == '#') return false;
  const auto systems = profiles_.SystemsOf(set);
  return systems != nullptr && !systems->Has(coding["system"].ToString());
}

// An open choice may be answered with a coding of one's own; a text question with a value set takes its codes.
void AnswerChecker::ValueSet(Value question, Value value, std::string_view type, const std::string& set) {
  if (type != "Coding" && type != "String")
    return Error("structure", "the question asks for a code of a value set");
  const bool is_open = question["type"].ToString() == "open-choice";
  if (!is_open && IsOutside(set, value))
    return Error("code-invalid", "is of a code system that the question's value set has no codes of");
  const auto codes = CodesOf(set);
  if (codes == nullptr || is_open) return;
  const bool is_in = type == "String" ? codes->HasPlain(value.ToString())
                                      : codes->Has(value["system"].ToString(), value["code"].ToString());
  if (!is_in) Error("code-invalid", "is not of the question's value set");
}

// The units that may be chosen: each an extension of its own, unless structured data capture opens the choice.
void AnswerChecker::Units(Value question, Value quantity) {
  const std::string open = ExtensionValue(question, "sdc-questionnaire-unitOpen").ToString();
  bool any = false, chosen = false;
  for (const Value extension : question["extension"]) {
    std::string scratch;
    if (!IsNamed(extension["url"].String(scratch), "questionnaire-unitOption")) continue;
    any = true;
    chosen = chosen || SameCoding(quantity, ChoiceOf(extension, "value"));
  }
  if (any && !chosen && (open.empty() || open == "optionsOnly"))
    Error("code-invalid", "has a unit that is none of the question's options");
  const std::string asked = ExtensionValue(question, "questionnaire-unitValueSet").ToString();
  if (asked.empty()) return;
  const std::string set(KnownValueSet(profiles_, asked, own_base_));
  if (IsOutside(set, quantity))
    return Error("code-invalid",
                 "has a unit of a code system that the question's value set of units has none of");
  const auto codes = CodesOf(set);
  if (codes != nullptr && !codes->Has(quantity["system"].ToString(), quantity["code"].ToString()))
    Error("code-invalid", "has a unit that is not of the question's value set of units");
}

// What an attachment may be, and what a reference may refer to.
void AnswerChecker::Kinds(Value question, Value value, std::string_view type) {
  const bool is_attachment = type == "Attachment";
  const std::string_view name = is_attachment ? "mimeType" : "questionnaire-referenceResource";
  std::string is = is_attachment ? PlainMediaType(value["contentType"].ToString()) : std::string();
  if (is_attachment && is.empty()) return;  // it does not say
  if (!is_attachment) {
    is = value["reference"].ToString();
    const size_t end = is.find('/');
    if (end == std::string::npos || is.find(':') != std::string::npos) return;
    is.resize(end);
  }
  bool any = false;
  for (const Value extension : question["extension"]) {
    std::string scratch;
    const std::string_view url = extension["url"].String(scratch);
    if (!is_attachment && IsNamed(url, "questionnaire-referenceProfile")) {
      const TypeId wanted = profiles_.TypeOf(ChoiceOf(extension, "value").ToString());
      if (wanted == kNoType || definitions_.IsA(definitions_.FindType(is), wanted))
        return;  // or not known here
      any = true;
      continue;
    }
    if (!IsNamed(url, name)) continue;
    any = true;
    const std::string permitted = ChoiceOf(extension, "value").ToString();
    if ((is_attachment ? PlainMediaType(permitted) : permitted) == is) return;
  }
  if (any)
    Error("value", is_attachment ? "is of a media type that the question does not take"
                                 : "refers to a type that the question does not take");
}

// maxSize is in megabytes.
void AnswerChecker::Size(Value question, Value attachment) {
  const Value most = ExtensionValue(question, "maxSize");
  double megabytes = 0;
  const std::string_view digits = most.Number();
  if (digits.empty() ||
      std::from_chars(digits.data(), digits.data() + digits.size(), megabytes).ec != std::errc())
    return;
  std::string scratch;
  const Value data = attachment["data"];
  const auto held = data.is_string() ? DecodedSize(data.String(scratch)) : std::nullopt;
  const auto told = Count(attachment["size"]);
  const uint64_t size = std::max<uint64_t>(held.value_or(0), told.value_or(0));
  if (static_cast<double>(size) > megabytes * kMegabyte)
    Error("too-long", "is larger than " + std::string(digits) + " MB");
}

// What must hold before answers count as complete.
// Source: FHIR R4 extension questionnaire-constraint.
void AnswerChecker::Constraints(Value question, Value item, std::string_view type) {
  if (!complete_) return;
  for (const Value extension : question["extension"]) {
    std::string scratch;
    if (!IsNamed(extension["url"].String(scratch), "questionnaire-constraint")) continue;
    if (!time_.Step()) return;
    if (++constraints_ > kAnswerConstraintsMax)
      return Add(Severity::kWarning, "too-costly",
                 "has more than 256 constraints to keep: not all are checked");
    Constraint(extension, item, type);
  }
}

void AnswerChecker::Constraint(Value constraint, Value item, std::string_view type) {
  std::string key, human, text;
  bool is_error = true;
  for (const Value part : constraint["extension"]) {
    const std::string name = part["url"].ToString();
    const std::string value = ChoiceOf(part, "value").ToString();
    if (name == "key") key = value;
    if (name == "human") human = value;
    if (name == "expression") text = value;
    if (name == "severity") is_error = value != "warning";
  }
  const TypeId context = definitions_.FindType(type);
  const std::string said = key + ": " + human;
  const auto expression = path::Expression::Compile(text, definitions_, context);
  if (!expression.ok())
    return Add(Severity::kWarning, "not-supported",
               said + " (not checked: " + expression.error().external + ")");
  path::Environment environment;
  environment.definitions = &definitions_;
  environment.resource = response_;
  environment.now_us = now_us_;
  environment.work_max = kConstraintWorkMax;
  environment.variables.emplace_back("questionnaire",
                                     path::Collection{path::ResourceItem(definitions_, questionnaire_)});
  const auto holds = expression->Test(environment, path::Item{item, Value(), context, {}});
  if (!holds.ok() && holds.error().code == ErrorCode::kTooLarge) {
    Issue issue = TooLargeFor(Severity::kWarning, {}, key, human);
    return Add(issue.severity, issue.type, std::move(issue.text));
  }
  if (!holds.ok())
    return Add(Severity::kWarning, "invariant",
               said + " (it cannot be decided: its expression fails on what is there)");
  if (!*holds) Add(is_error ? Severity::kError : Severity::kWarning, "invariant", said);
}

// An option that excludes all others.
void AnswerChecker::Exclusive(Value question, Value item) {
  if (item["answer"].size() < 2) return;
  for (const Value option : question["answerOption"]) {
    if (!ExtensionValue(option, "questionnaire-optionExclusive").IsTrue()) continue;
    const Value permitted = ChoiceOf(option, "value");
    size_t place = 0;
    for (const Value answer : item["answer"]) {
      if (!time_.Step()) return;
      const Value value = ChoiceOf(answer, "value");
      path_.push_back({"answer", place++});
      if (value.name_text() == permitted.name_text() && SameAnswer(value, permitted))
        Error("value", "excludes all other answers");
      path_.pop_back();
    }
  }
}

// The answers that a condition speaks of: the nearest around that hold any; an item outside is seen by all.
bool AnswerChecker::Holds(Value condition, const std::vector<Value>& around) {
  if (!time_.Step()) return false;
  if (!answers_) answers_.emplace(response_, time_);
  const std::string link = condition["question"].ToString();
  const std::string op = condition["operator"].ToString();
  const Value wanted = ChoiceOf(condition, "answer");
  std::span<const Value> answers;
  for (size_t i = around.size(); i-- > 0 && answers.empty();) answers = answers_->Below(around[i], link);
  if (op == "exists") return answers.empty() != wanted.IsTrue();
  const std::string_view type = TypeOfChoice(wanted, "answer");
  const auto holds = [&](Value answer) {
    if (!time_.Step() || TypeOfChoice(answer, "value") != type) return false;
    const bool same = type == "Coding" ? SameCoding(answer, wanted) : EqualsFixed(answer, wanted);
    if (op == "=") return same;
    if (op == "!=") return !same;
    std::string lower(type);
    lower[0] = static_cast<char>(lower[0] - 'A' + 'a');
    TypeId id = definitions_.FindType(lower);
    if (id == kNoType) id = definitions_.FindType(type);
    const auto order = CompareBound(definitions_, path::Item{answer, Value(), id, {}}, wanted, id);
    if (!order) return false;
    if (op == ">") return *order > 0;
    if (op == "<") return *order < 0;
    if (op == ">=") return *order >= 0;
    return op == "<=" && *order <= 0;
  };
  return std::any_of(answers.begin(), answers.end(), holds);
}

bool AnswerChecker::IsEnabled(Value question, const std::vector<Value>& around) {
  const Value conditions = question["enableWhen"];
  if (conditions.size() == 0) return true;
  const bool all = question["enableBehavior"].ToString() == "all";
  const auto holds = [&](Value condition) { return Holds(condition, around); };
  return all ? std::all_of(conditions.begin(), conditions.end(), holds)
             : std::any_of(conditions.begin(), conditions.end(), holds);
}

}  // namespace

std::vector<Issue> CheckAnswers(const Definitions& definitions, Profiles& profiles, Value root, bool warnings,
                                int64_t now_us, CheckTime& time, std::string_view own_base) {
  AnswerChecker checker(definitions, profiles, warnings, now_us, time, own_base);
  checker.Look(root, "");
  return checker.Take();
}

}  // namespace tk::fhir
