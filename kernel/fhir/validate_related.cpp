#include "kernel/fhir/validate_related.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "kernel/fhir/issue_list.h"
#include "kernel/fhir/regex_extension.h"

namespace tk::fhir {
namespace {

constexpr size_t kItemLevelsMax = 100;
constexpr size_t kPairsMax = 1'000'000;  // codes of a report by codes of its Measure

/// The Measure's parts of one kind, and whether the report's can be told by their codes.
struct MeasureParts {
  std::vector<Value> parts;
  bool have_codes = true;
};

MeasureParts PartsOfMeasure(Value list) {
  MeasureParts out;
  for (const Value part : list) {
    out.parts.push_back(part);
    out.have_codes = out.have_codes && part["code"]["coding"].size() > 0;
  }
  return out;
}

bool HasCodeNamed(Value concept_value, std::string_view code) {
  const Value codings = concept_value["coding"];
  return std::any_of(codings.begin(), codings.end(),
                     [&](Value coding) { return coding["code"].ToString() == code; });
}

class RelatedChecker {
 public:
  RelatedChecker(Profiles& profiles, size_t issues_max, CheckTime& time, std::string_view own_base)
      : profiles_(profiles), time_(time), own_base_(own_base), issues_(issues_max) {}

  void Look(Value resource, const std::string& path) {
    const std::string type = resource["resourceType"].ToString();
    if (type == "MeasureReport") Report(resource, path);
    if (type == "Questionnaire") Questionnaire(resource, path);
    if (type == "OperationDefinition") Operation(resource, path);
    if (type != "Bundle") return;
    size_t place = 0;
    for (const Value entry : resource["entry"]) {
      const std::string at = path + ".entry[" + std::to_string(place++) + "].resource";
      if (entry["resource"]["resourceType"].ToString() != "Bundle") Look(entry["resource"], at);
    }
  }
  std::vector<Issue> Take() { return issues_.Take(); }

 private:
  bool HaveCommonCode(Value one, Value other);
  void Report(Value report, const std::string& path);
  void Groups(Value report, const MeasureParts& groups, const std::string& path);
  void Group(Value group, Value of_measure, const std::string& path);
  void Parts(Value holder, const char* kind, const MeasureParts& known, const std::string& path);
  void Questionnaire(Value questionnaire, const std::string& path);
  void Operation(Value operation, const std::string& path);
  void Parameter(Value parameter, const ProfileElement& rule, const std::string& path);
  void LinkIds(Value holder, size_t level, std::set<std::string>* out) const;
  void Questions(Value holder, size_t level, const std::string& path);
  void Conditions(Value item, size_t level, const std::string& path);
  void Forms(Value item, const std::string& path);
  void Add(const std::string& path, std::string_view type, std::string text) {
    Add(Severity::kError, path, type, std::move(text));
  }
  void Add(Severity severity, const std::string& path, std::string_view type, std::string text) {
    if (!time_.over()) issues_.Add({severity, type, path, std::move(text)});
  }

  Profiles& profiles_;
  CheckTime& time_;
  const std::string_view own_base_;
  IssueList issues_;
  bool may_have_score_ = true;
  bool is_whole_ = true;  // else what is missing may still come
  size_t pairs_ = 0;
  std::set<std::string> questions_;
  bool is_derived_ = false;
};

/// One of its codes is one of the other's. A report may give several concepts for a stratifier.
bool RelatedChecker::HaveCommonCode(Value one, Value other) {
  if (one.is_array())
    return std::any_of(one.begin(), one.end(), [&](Value each) { return HaveCommonCode(each, other); });
  const Value codings = one["coding"], others = other["coding"];
  pairs_ += codings.size() * others.size() + 1;
  if (pairs_ > kPairsMax) return true;  // not decided
  return std::any_of(codings.begin(), codings.end(), [&](Value coding) {
    return std::any_of(others.begin(), others.end(), [&](Value known) {
      return coding["code"].ToString() == known["code"].ToString() &&
             (!coding["system"].present() || !known["system"].present() ||
              coding["system"].ToString() == known["system"].ToString());
    });
  });
}

// ---- reports of measures -------------------------------------------------------------------------------------------------

void RelatedChecker::Report(Value report, const std::string& path) {
  const std::string canonical = report["measure"].ToString();
  if (canonical.empty()) return;
  const auto measure = FindByUrlOrAddress(profiles_.canonicals(), "Measure", canonical, own_base_);
  if (measure == nullptr) return;
  const MeasureParts groups = PartsOfMeasure(measure->Root()["group"]);
  if (groups.parts.empty() || report["group"].size() == 0) return;
  may_have_score_ =
      !HasCodeNamed(measure->Root()["scoring"], "cohort") && report["type"].ToString() != "data-collection";
  is_whole_ = report["status"].ToString() == "complete";
  Groups(report, groups, path);
}

void RelatedChecker::Groups(Value report, const MeasureParts& groups, const std::string& path) {
  const Value given = report["group"];
  const auto at = [&](size_t place) { return path + ".group[" + std::to_string(place) + "]"; };
  // Groups without codes are told by their order, if there are as many; a single one may go without its code.
  const bool by_order = given.size() == groups.parts.size() && (!groups.have_codes || given.size() == 1);
  if (!by_order && given.size() <= groups.parts.size() && !groups.have_codes) return;
  if (!by_order) Parts(report, "group", groups, path);
  size_t place = 0;
  for (const Value group : given) {
    if (by_order && groups.parts[place]["code"].present() && group["code"].present() &&
        !HaveCommonCode(group["code"], groups.parts[place]["code"]))
      Add(at(place) + ".code", "value", "is not the code that the Measure has for this group");
    Value of_measure = by_order ? groups.parts[place] : Value();
    for (const Value part : groups.parts) {
      if (!by_order && !of_measure.present() && HaveCommonCode(group["code"], part["code"]))
        of_measure = part;
    }
    if (of_measure.present()) Group(group, of_measure, at(place));
    ++place;
  }
}

void RelatedChecker::Group(Value group, Value of_measure, const std::string& path) {
  if (!may_have_score_ && group["measureScore"].present())
    Add(path + ".measureScore", "invalid",
        "must not be there: a cohort and a collection of data have no score");
  for (const char* kind : {"population", "stratifier"}) {
    const MeasureParts known = PartsOfMeasure(of_measure[kind]);
    if (known.have_codes && !known.parts.empty()) Parts(group, kind, known, path);
  }
}

/// Each part of the report is one of the Measure's, and none is missing.
void RelatedChecker::Parts(Value holder, const char* kind, const MeasureParts& known,
                           const std::string& path) {
  const Value given = holder[kind];
  std::vector<size_t> times(known.parts.size());
  size_t place = 0;
  for (const Value part : given) {
    const std::string at = path + "." + kind + "[" + std::to_string(place++) + "]";
    if (!part["code"].present()) {
      Add(at, "required", "has no code, so that it is not known which of the Measure's it is");
      continue;
    }
    bool is_known = false;
    for (size_t i = 0; i < known.parts.size(); ++i) {
      if (!HaveCommonCode(part["code"], known.parts[i]["code"])) continue;
      is_known = true;
      ++times[i];
    }
    if (!is_known) Add(at + ".code", "value", "is no code that the Measure has for it");
  }
  // A report may leave out groups (R4's own example does); as many, but not the same, are wrong.
  const bool is_missing_told =
      kind == std::string_view("group") ? given.size() >= known.parts.size() : is_whole_;
  for (size_t i = 0; is_missing_told && i < known.parts.size(); ++i) {
    // What is observed of each subject is not counted.
    const bool is_observation = HasCodeNamed(known.parts[i]["code"], "measure-observation");
    if (times[i] == 0 && !is_observation)
      Add(path, "required",
          std::string("has no ") + kind + " for that with the place " + std::to_string(i) +
              " in the Measure");
  }
}

// ---- questionnaires ------------------------------------------------------------------------------------------------------

void RelatedChecker::Questionnaire(Value questionnaire, const std::string& path) {
  questions_.clear();
  LinkIds(questionnaire, 0, &questions_);
  is_derived_ = questionnaire["derivedFrom"].present();  // the question may be one of that
  Questions(questionnaire, 0, path);
}

void RelatedChecker::LinkIds(Value holder, size_t level, std::set<std::string>* out) const {
  if (level > kItemLevelsMax) return;
  for (const Value item : holder["item"]) {
    out->insert(item["linkId"].ToString());
    LinkIds(item, level + 1, out);
  }
}

void RelatedChecker::Questions(Value holder, size_t level, const std::string& path) {
  if (level > kItemLevelsMax) return;
  size_t place = 0;
  for (const Value item : holder["item"]) {
    if (!time_.Step()) return;
    const std::string at = path + ".item[" + std::to_string(place++) + "]";
    if (item["enableWhen"].size() > 0) Conditions(item, level, at);
    Forms(item, at);
    Questions(item, level + 1, at);
  }
}

void RelatedChecker::Conditions(Value item, size_t level, const std::string& path) {
  std::set<std::string> within;
  LinkIds(item, level + 1, &within);
  size_t place = 0;
  for (const Value condition : item["enableWhen"]) {
    const std::string question = condition["question"].ToString();
    const std::string there = path + ".enableWhen[" + std::to_string(place++) + "].question";
    if (within.contains(question) || question == item["linkId"].ToString())
      Add(there, "invalid", "names a question that is answered only where this item is enabled: it never is");
    else if (!question.empty() && !is_derived_ && !questions_.contains(question))
      Add(there, "not-found", "names no question of this questionnaire");
  }
}

void RelatedChecker::Forms(Value item, const std::string& path) {
  size_t place = 0;
  for (const Value extension : item["extension"]) {
    const std::string there = path + ".extension[" + std::to_string(place++) + "].valueString";
    const std::string problem = RegexProblem(extension, time_);
    if (!problem.empty())
      Add(Severity::kWarning, there, "value",
          "cannot be read, so that no answer is judged by it: " + problem);
  }
}

// ---- operations ----------------------------------------------------------------------------------------------------------

void RelatedChecker::Operation(Value operation, const std::string& path) {
  for (const char* use : {"in", "out"}) {
    const Value canonical = operation[use == std::string_view("in") ? "inputProfile" : "outputProfile"];
    if (!canonical.is_string()) continue;
    const auto profile = profiles_.Find(canonical.ToString());
    const ProfileElement* rules =
        !profile.ok() || *profile == nullptr ? nullptr : (*profile)->root->Child("parameter");
    if (rules == nullptr) continue;
    size_t place = 0;
    for (const Value parameter : operation["parameter"]) {
      const std::string at = path + ".parameter[" + std::to_string(place++) + "]";
      if (parameter["use"].ToString() != use) continue;
      for (const auto& slice : rules->slices) {
        const ProfileElement* name = slice->Child("name");
        if (name != nullptr && name->fixed.is_string() &&
            name->fixed.ToString() == parameter["name"].ToString())
          Parameter(parameter, *slice, at);
      }
    }
  }
}

/// What fits the parameter and what fits the profile must have something in common.
void RelatedChecker::Parameter(Value parameter, const ProfileElement& rule, const std::string& path) {
  const Definitions& definitions = profiles_.definitions();
  uint64_t least = 0, most = kUnbounded;
  const std::string_view min = parameter["min"].Number();
  const std::string max = parameter["max"].ToString();
  std::from_chars(min.data(), min.data() + min.size(), least);
  if (max != "*") std::from_chars(max.data(), max.data() + max.size(), most);
  if ((rule.min && *rule.min > most) || (rule.max && *rule.max < least))
    Add(path, "value", "is there another number of times by the profile of the operation's parameters");
  const TypeId type = definitions.FindType(parameter["type"].ToString());
  const char* const holder = definitions.IsResource(type) ? "resource" : "value";
  const ProfileElement* content = rule.Child(holder);
  if (type == kNoType || content == nullptr) return;
  const auto fits = [&](const TypeRule& one) {
    return one.type == kNoType || definitions.IsA(one.type, type) || definitions.IsA(type, one.type);
  };
  const bool is_banned = content->max && *content->max == 0 && rule.min && *rule.min > 0;
  const bool is_other =
      !content->types.empty() && std::none_of(content->types.begin(), content->types.end(), fits);
  if (is_banned || is_other)
    Add(path + ".type", "value", "is not the type that it has by the profile of the operation's parameters");
}

}  // namespace

std::vector<Issue> RelatedProblems(Profiles& profiles, Value root, size_t issues_max, CheckTime& time,
                                   std::string_view own_base) {
  RelatedChecker checker(profiles, issues_max, time, own_base);
  checker.Look(root, root["resourceType"].ToString());
  return checker.Take();
}

}  // namespace tk::fhir
