#include "kernel/workflow/workflow.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/facts.h"
#include "kernel/base/city_time.h"

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

namespace {

const rules::Head& HeadOf(const Workflow& workflow) { return workflow.head; }
const rules::Head& HeadOf(const Schedule& schedule) { return schedule.head; }

/// Files by type, the newest version of each id first.
template <class File>
Status SortByType(const std::vector<File>& files, std::map<fhir::TypeId, std::vector<const File*>>* by_type) {
  std::map<std::string, const File*> seen, types;
  for (const File& file : files) {
    const rules::Head& head = HeadOf(file);
    const auto [other, is_new] = seen.emplace(head.name(), &file);
    if (!is_new)
      return MakeError(
          ErrorCode::kInvalid,
          fmt::format("{}: id and version are those of {}: raise the version, or choose another id",
                      file.file, other->second->file));
    const auto [first, is_first] = types.emplace(head.id, &file);
    if (!is_first && first->second->type != file.type)
      return MakeError(ErrorCode::kInvalid,
                       fmt::format("{}: for.type: another version of it, {}, is for another type", file.file,
                                   first->second->file));
    (*by_type)[file.type].push_back(&file);
  }
  for (auto& [type, all] : *by_type) {
    std::sort(all.begin(), all.end(), [](const File* a, const File* b) {
      const rules::Head& one = HeadOf(*a);
      const rules::Head& two = HeadOf(*b);
      return one.id != two.id ? one.id < two.id : one.version > two.version;
    });
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Book>> Book::Make(std::vector<Workflow> workflows,
                                               std::vector<Schedule> schedules) {
  auto book = std::make_shared<Book>();
  book->workflows_ = std::move(workflows);
  book->schedules_ = std::move(schedules);
  TRY(SortByType(book->workflows_, &book->by_type_));
  TRY(SortByType(book->schedules_, &book->schedules_by_type_));
  return std::shared_ptr<const Book>(std::move(book));
}

std::vector<const Schedule*> Book::SchedulesOf(fhir::TypeId type) const {
  std::vector<const Schedule*> newest;
  const auto known = schedules_by_type_.find(type);
  if (known == schedules_by_type_.end()) return newest;
  for (const Schedule* each : known->second) {
    if (newest.empty() || newest.back()->head.id != each->head.id) newest.push_back(each);
  }
  return newest;
}

const Schedule* Book::FindSchedule(fhir::TypeId type, std::string_view name) const {
  const auto known = schedules_by_type_.find(type);
  if (known == schedules_by_type_.end()) return nullptr;
  const std::string_view id = name.substr(0, name.find('|'));
  const Schedule* newest = nullptr;
  for (const Schedule* each : known->second) {
    if (each->head.name() == name) return each;
    if (newest == nullptr && each->head.id == id) newest = each;
  }
  return newest;
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
    environment.offset_min = CityOffsetMin();
    environment.more_variables = &names;
    if (TRY(each->where->Test(environment, fhir::path::ResourceItem(definitions, record)))) return each;
  }
  return static_cast<const Workflow*>(nullptr);
}

}  // namespace tk::workflow
