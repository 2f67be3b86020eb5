#include "kernel/workflow/workflow.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/facts.h"

namespace tk::workflow {
namespace {

template <class List>
auto* FindCode(const List& list, std::string_view code) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.code == code; });
  return at == list.end() ? nullptr : &*at;
}

}  // namespace

bool Transition::LeavesFrom(std::string_view state) const {
  return std::find(from.begin(), from.end(), state) != from.end();
}

bool Transition::IsFor(std::string_view post) const {
  return std::find(posts.begin(), posts.end(), post) != posts.end();
}

const State* Workflow::FindState(std::string_view code) const { return FindCode(states, code); }

const Transition* Workflow::FindTransition(std::string_view code) const {
  return FindCode(transitions, code);
}

std::string Workflow::StateOf(fhir::Value record) const {
  const fhir::Value value = record[element];
  if (system.empty()) return value.ToString();
  if (!is_concept) return value["system"].ToString() == system ? value["code"].ToString() : std::string();
  for (const fhir::Value coding : value["coding"]) {
    if (coding["system"].ToString() == system) return coding["code"].ToString();
  }
  return {};
}

Result<fhir::Document> Workflow::InState(const fhir::Document& record, const State& state) const {
  std::string value;
  fhir::JsonWriter json(&value);
  if (system.empty()) {
    json.String(state.code);
  } else {
    if (is_concept) json.Object().Key("coding").Array();
    json.Object().Member("system", system).Member("code", state.code).Member("display", state.title.zh).End();
    if (is_concept) json.End().Member("text", state.title.zh).End();
  }
  fhir::Document made = TRY(WithMember(record, element, value));
  for (const auto& [name, text] : state.set) made = TRY(WithMember(made, name, text));
  return made;
}

std::vector<Instant> Workflow::DueTimes(const State& state, Instant since_us,
                                        const Calendar& calendar) const {
  std::vector<Instant> due;
  for (const Limit& limit : state.limits) {
    const Instant at_us = calendar.Add(since_us, limit.after);
    // In the order of the file: one that its calendar puts before the one above fires with that.
    due.push_back(due.empty() ? at_us : std::max(at_us, due.back()));
  }
  return due;
}

Result<std::shared_ptr<const Book>> Book::Make(std::vector<Workflow> workflows) {
  auto book = std::make_shared<Book>();
  book->workflows_ = std::move(workflows);
  std::map<std::string, const Workflow*> seen, types;
  for (const Workflow& workflow : book->workflows_) {
    const auto [other, is_new] = seen.emplace(workflow.head.name(), &workflow);
    if (!is_new)
      return MakeError(
          ErrorCode::kInvalid,
          fmt::format("{}: id and version are those of {}: raise the version, or choose another id",
                      workflow.file, other->second->file));
    const auto [first, is_first] = types.emplace(workflow.head.id, &workflow);
    if (!is_first && first->second->type != workflow.type)
      return MakeError(ErrorCode::kInvalid,
                       fmt::format("{}: for.type: another version of this workflow, {}, is for another type",
                                   workflow.file, first->second->file));
    book->by_type_[workflow.type].push_back(&workflow);
  }
  for (auto& [type, all] : book->by_type_) {
    std::sort(all.begin(), all.end(), [](const Workflow* a, const Workflow* b) {
      return a->head.id != b->head.id ? a->head.id < b->head.id : a->head.version > b->head.version;
    });
  }
  return std::shared_ptr<const Book>(std::move(book));
}

namespace {

/// Tasks that the platform itself makes and settles follow no pack's workflow.
bool IsPlatforms(fhir::Value record) {
  if (record["resourceType"].ToString() != "Task") return false;
  for (const fhir::Value coding : record["code"]["coding"]) {
    const std::string system = coding["system"].ToString();
    if (system == access::kAccessSystem || system == view::kReviewSystem) return true;
  }
  return false;
}

}  // namespace

Result<const Workflow*> Book::Find(const fhir::Definitions& definitions, fhir::TypeId type,
                                   fhir::Value record, Instant now_us) const {
  const auto known = by_type_.find(type);
  if (known == by_type_.end() || IsPlatforms(record)) return static_cast<const Workflow*>(nullptr);
  if (const auto mark = ReadMark(record)) {
    const std::string_view id = std::string_view(mark->workflow).substr(0, mark->workflow.find('|'));
    const Workflow* newest = nullptr;
    for (const Workflow* each : known->second) {
      if (each->head.name() == mark->workflow) return each;
      if (newest == nullptr && each->head.id == id) newest = each;
    }
    // Its version is not installed any more: it goes on under the newest one.
    return newest;
  }
  std::string_view last;
  for (const Workflow* each : known->second) {
    if (each->head.id == last) continue;  // an older version governs what carries its mark
    last = each->head.id;
    if (each->where == nullptr) return each;
    const rules::HeadVariables names(each->head, 0, now_us);
    fhir::path::Environment environment;
    environment.definitions = &definitions;
    environment.resource = record;
    environment.now_us = now_us;
    environment.more_variables = &names;
    if (TRY(each->where->Test(environment, fhir::path::ResourceItem(definitions, record)))) return each;
  }
  return static_cast<const Workflow*>(nullptr);
}

}  // namespace tk::workflow
