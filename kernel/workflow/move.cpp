#include "kernel/workflow/move.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::workflow {

using fhir::path::Collection;
using fhir::path::Item;

const Mover& PlatformMover() {
  static const Mover platform{std::string(), std::string(kPlatformPost), std::string(), true};
  return platform;
}

Result<Item> ItemOf(const fhir::Definitions& definitions, std::string_view type, std::string_view json) {
  // A document has an object or array at its root: the value stands in a list of one.
  auto document =
      std::make_shared<const fhir::Document>(TRY(fhir::Document::Parse(fmt::format("[{}]", json))));
  Item item;
  item.node = document->Root().At(0);
  item.type = definitions.FindType(type);
  item.computed = std::move(document);
  return item;
}

Names NamesOf(const Order& order) {
  const auto text = [](const std::string& value) {
    return value.empty() ? Collection() : Collection{rules::TextItem(value)};
  };
  Names names = order.inputs;
  for (const Input& input : order.transition->inputs) {
    const auto given = [&](const auto& each) { return each.first == input.name; };
    if (std::none_of(names.begin(), names.end(), given)) names.emplace_back(input.name, Collection());
  }
  names.emplace_back("account", text(order.mover.account));
  names.emplace_back("post", text(order.mover.post));
  names.emplace_back("reason", text(order.reason));
  return names;
}

namespace {

Status AddUser(const fhir::Definitions& definitions, const Order& order, Names* names) {
  Collection user;
  if (!order.mover.user.empty()) user.push_back(TRY(ItemOf(definitions, "Reference", order.mover.user)));
  names->emplace_back("user", std::move(user));
  return {};
}

std::string Spoken(const Words& words) { return fmt::format("{} / {}", words.zh, words.en); }

bool NamesInput(const Transition& transition, const Guard& guard) {
  return std::any_of(transition.inputs.begin(), transition.inputs.end(), [&](const Input& input) {
    return guard.where->text().find("%" + input.name) != std::string_view::npos;
  });
}

Status CheckGuards(const fhir::Definitions& definitions, fhir::Value record, const Order& order) {
  if (order.transition->guards.empty()) return {};
  const rules::HeadVariables head(order.workflow->head, 0, order.now_us);
  fhir::path::Environment environment;
  environment.definitions = &definitions;
  environment.resource = record;
  environment.now_us = order.now_us;
  environment.variables = NamesOf(order);
  TRY(AddUser(definitions, order, &environment.variables));
  environment.more_variables = &head;
  const Item context = fhir::path::ResourceItem(definitions, record);
  for (const Guard& guard : order.transition->guards) {
    if (order.is_question && NamesInput(*order.transition, guard)) continue;
    if (!TRY(guard.where->Test(environment, context)))
      return MakeError(ErrorCode::kInvalid, Spoken(guard.message));
  }
  return {};
}

}  // namespace

Status CheckPost(const Order& order) {
  const Transition& transition = *order.transition;
  if (transition.IsFor(order.mover.post)) return {};
  if (!order.mover.is_platform() && order.mover.may_write && transition.IsFor("*")) return {};
  return MakeError(ErrorCode::kForbidden,
                   fmt::format("Your post may not make the transition {}.", transition.code));
}

Status MayMove(const fhir::Definitions& definitions, fhir::Value record, const Order& order) {
  TRY(CheckPost(order));
  const Transition& transition = *order.transition;
  const std::string state = order.workflow->StateOf(record);
  if (!transition.LeavesFrom(state))
    return MakeError(ErrorCode::kConflict,
                     fmt::format("The transition {} leads out of {}, and the record is in the state {}.",
                                 transition.code, fmt::join(transition.from, ", "), state));
  return CheckGuards(definitions, record, order);
}

Mark BeginningMark(const Workflow& workflow, const State& state, Instant now_us, const Calendar& calendar) {
  Mark mark;
  mark.workflow = workflow.head.name();
  mark.state = state.code;
  mark.since_us = now_us;
  mark.due_us = workflow.DueTimes(state, now_us, calendar);
  return mark;
}

namespace {

Mark MovedMark(const Order& order, fhir::Value before, const Calendar& calendar) {
  const Workflow& workflow = *order.workflow;
  const Transition& transition = *order.transition;
  Mark mark;
  if (transition.to.empty()) {  // it stays, and what is due stays due
    mark = ReadMark(before).value_or(Mark());
    mark.state = workflow.StateOf(before);
    if (mark.since_us == 0) mark.since_us = order.now_us;
  } else {
    mark = BeginningMark(workflow, *workflow.FindState(transition.to), order.now_us, calendar);
  }
  mark.workflow = workflow.head.name();
  mark.transition = transition.code;
  mark.from = workflow.StateOf(before);
  mark.at_us = order.now_us;
  mark.by = order.mover.user;
  mark.post = order.mover.post;
  mark.reason = order.reason;
  mark.undo_us = transition.undo.amount > 0 ? calendar.Add(order.now_us, transition.undo) : 0;
  return mark;
}

/// The elements that transitions alone change are the same in both.
bool HasKept(const Workflow& workflow, fhir::Value one, fhir::Value other) {
  return std::all_of(workflow.kept.begin(), workflow.kept.end(),
                     [&](const std::string& name) { return one[name].Json() == other[name].Json(); });
}

}  // namespace

namespace {

/// What is to be done with a record: it becomes `first`, then the actions.
struct Deed {
  const Workflow* workflow = nullptr;
  const rules::Actions* actions = nullptr;
  Names names;
  Instant now_us = 0;
};

Result<std::vector<rules::Write>> DoWith(const Surroundings& around, const view::ResourcePtr& before,
                                         fhir::Document first, Deed deed) {
  const Workflow& workflow = *deed.workflow;
  const std::string_view type = around.definitions->Type(before->type).name;
  rules::Performance::Scene scene;
  scene.definitions = around.definitions;
  scene.head = &workflow.head;
  scene.resource = before->document.Root();
  scene.before = before;
  scene.cause = fmt::format("{}/{}/_history/{}", type, before->id, before->version);
  scene.now_us = deed.now_us;
  scene.new_id = around.new_id;
  scene.read = [&](std::string_view wanted, std::string_view id) -> Result<view::ResourcePtr> {
    if (wanted == type && id == before->id) return before;
    return around.read(wanted, id);
  };
  scene.variables = std::move(deed.names);
  rules::Performance performance(std::move(scene));
  const fhir::Document kept = TRY(fhir::Document::Parse(first.Text()));
  TRY(performance.Update(type, before->id, std::move(first)));
  TRY(rules::Perform(*deed.actions, &performance));
  std::vector<rules::Write> writes = performance.Writes();  // the record first: it was written first
  if (!HasKept(workflow, writes.front().now.Root(), kept.Root()))
    return MakeError(ErrorCode::kInvalid,
                     fmt::format("The actions of {} change the state itself: only transitions may.",
                                 workflow.head.name()));
  writes.front().now = TRY(WithMark(writes.front().now, MarkJson(kept.Root())));
  return writes;
}

}  // namespace

Result<std::vector<rules::Write>> Move(const Surroundings& around, const view::ResourcePtr& before,
                                       const Order& order) {
  const Workflow& workflow = *order.workflow;
  const Transition& transition = *order.transition;
  const std::string mark = PrintMark(MovedMark(order, before->document.Root(), *around.calendar));
  fhir::Document moved = TRY(WithMark(before->document, mark));
  if (!transition.to.empty()) moved = TRY(workflow.InState(moved, *workflow.FindState(transition.to)));
  Deed deed{&workflow, &transition.actions, NamesOf(order), order.now_us};
  TRY(AddUser(*around.definitions, order, &deed.names));
  return DoWith(around, before, std::move(moved), std::move(deed));
}

Result<fhir::Document> Passed(const view::Resource& before, Instant now_us) {
  Mark mark = ReadMark(before.document.Root()).value_or(Mark());
  const auto due = mark.next_due();
  if (!due) return MakeError(ErrorCode::kInvalid, "No time limit of this record is left.");
  ++mark.passed;
  mark.late_s = std::max<int64_t>(0, (now_us - *due) / kSecondUs);
  return WithMark(before.document, PrintMark(mark));
}

Result<std::vector<rules::Write>> Pass(const Surroundings& around, const Workflow& workflow,
                                       const view::ResourcePtr& before, Instant now_us) {
  static const rules::Actions kNothing;
  const fhir::Value root = before->document.Root();
  const Mark mark = ReadMark(root).value_or(Mark());
  fhir::Document passed = TRY(Passed(*before, now_us));
  const State* const state = workflow.FindState(workflow.StateOf(root));
  const auto n = static_cast<size_t>(mark.passed);
  // Of a version that is not installed any more, whose limits were others.
  const Limit* const limit = state != nullptr && n < state->limits.size() ? &state->limits[n] : nullptr;
  Order order;
  order.workflow = &workflow;
  order.mover = PlatformMover();
  order.now_us = now_us;
  if (limit != nullptr && !limit->move.empty()) {
    order.transition = workflow.FindTransition(limit->move);
    if (MayMove(*around.definitions, root, order).ok()) return Move(around, before, order);
  }
  Item late;
  late.type = fhir::path::kSystemInteger;
  late.computed = std::max<int64_t>(0, (now_us - *mark.next_due()) / kSecondUs);
  Deed deed{&workflow, limit != nullptr ? &limit->actions : &kNothing, {}, now_us};
  deed.names.emplace_back("late", Collection{std::move(late)});
  for (const char* name : {"account", "post", "reason", "user"}) deed.names.emplace_back(name, Collection());
  return DoWith(around, before, std::move(passed), std::move(deed));
}

Result<fhir::Document> TakeBack(const Workflow& workflow, const fhir::Document& before,
                                const fhir::Document& after, const fhir::Document& now, const Order& order) {
  std::vector<std::string> names;
  for (const fhir::Document* one : {&before, &after}) {
    for (const fhir::Value member : one->Root()) {
      if (std::find(names.begin(), names.end(), member.name_text()) == names.end())
        names.emplace_back(member.name_text());
    }
  }
  fhir::Document made = TRY(fhir::Document::Parse(now.Text()));
  for (const std::string& name : names) {
    if (name == "extension" || name == "id" || name == "meta") continue;
    const std::string_view was = before.Root()[name].Json(), became = after.Root()[name].Json();
    if (was != became && now.Root()[name].Json() == became) made = TRY(WithMember(made, name, was));
  }
  Mark mark = ReadMark(before.Root()).value_or(Mark());
  mark.workflow = workflow.head.name();
  mark.transition = "undo";
  mark.from = workflow.StateOf(now.Root());
  mark.at_us = order.now_us;
  mark.by = order.mover.user;
  mark.post = order.mover.post;
  mark.reason = order.reason;
  mark.undo_us = 0;
  return WithMark(made, PrintMark(mark));
}

}  // namespace tk::workflow
