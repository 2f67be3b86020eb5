#include "kernel/workflow/move.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/city_time.h"

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

/// Those that do not hold; only the first where `first`.
Result<std::vector<const Guard*>> Failing(const fhir::Definitions& definitions, fhir::Value record,
                                          const Order& order, bool first) {
  std::vector<const Guard*> failing;
  if (order.transition->guards.empty()) return failing;
  const rules::HeadVariables head(order.workflow->head, 0, order.now_us);
  fhir::path::Environment environment;
  environment.definitions = &definitions;
  environment.resource = record;
  environment.now_us = order.now_us;
  environment.offset_min = CityOffsetMin();
  environment.variables = NamesOf(order);
  TRY(AddUser(definitions, order, &environment.variables));
  environment.more_variables = &head;
  const Item context = fhir::path::ResourceItem(definitions, record);
  for (const Guard& guard : order.transition->guards) {
    if (order.is_question && NamesInput(*order.transition, guard)) continue;
    if (TRY(guard.where->Test(environment, context))) continue;
    failing.push_back(&guard);
    if (first) break;
  }
  return failing;
}

Status CheckGuards(const fhir::Definitions& definitions, fhir::Value record, const Order& order) {
  const auto failing = TRY(Failing(definitions, record, order, true));
  if (!failing.empty()) return MakeError(ErrorCode::kInvalid, Spoken(failing.front()->message));
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

Result<std::vector<const Guard*>> UnmetGuards(const fhir::Definitions& definitions, fhir::Value record,
                                              const Order& order) {
  if (!order.transition->LeavesFrom(order.workflow->StateOf(record))) return std::vector<const Guard*>();
  return Failing(definitions, record, order, false);
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

/// What is to be done with a record: it becomes `first`, then the actions. `workflow`: that governs it; null: none does.
struct Deed {
  const rules::Head* head = nullptr;
  const Workflow* workflow = nullptr;
  const rules::Actions* actions = nullptr;
  Names names;
  Instant now_us = 0;
  int depth = 0;
};

Result<std::vector<rules::Write>> DoWith(const Surroundings& around, const view::ResourcePtr& before,
                                         fhir::Document first, Deed deed) {
  const std::string_view type = around.definitions->Type(before->type).name;
  rules::Performance::Scene scene;
  scene.definitions = around.definitions;
  scene.head = deed.head;
  scene.resource = before->document.Root();
  scene.before = before;
  scene.cause = fmt::format("{}/{}/_history/{}", type, before->id, before->version);
  scene.now_us = deed.now_us;
  scene.depth = deed.depth;
  scene.reach = around.reach;
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
  // Moved by an action "transition", it is in that state, with the mark of that.
  const fhir::Document* const moved = performance.Adopted(type, before->id);
  const fhir::Value right = moved != nullptr ? moved->Root() : kept.Root();
  if (deed.workflow != nullptr && !HasKept(*deed.workflow, writes.front().now.Root(), right))
    return MakeError(
        ErrorCode::kInvalid,
        fmt::format("The actions of {} change the state itself: only transitions may.", deed.head->name()));
  writes.front().now = TRY(WithMark(writes.front().now, MarkJson(right)));
  writes.front().now = TRY(WithTurns(writes.front().now, ReadTurns(right)));
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
  Deed deed{&workflow.head, &workflow, &transition.actions, NamesOf(order), order.now_us, order.depth};
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

namespace {

Collection WholeNumber(int64_t value) {
  Item item;
  item.type = fhir::path::kSystemInteger;
  item.computed = value;
  return {std::move(item)};
}

/// The turn after its occurrence at `now_us`, with those that are passed over, and when the one that is done was due.
std::pair<Turn, Instant> Turned(const Schedule& schedule, const Turn& turn, Instant now_us,
                                const Calendar& calendar) {
  Turn next = turn;
  next.schedule = schedule.head.name();
  next.missed = 0;
  const auto is_over = [&] {
    return !schedule.repeats || (schedule.times > 0 && next.done >= schedule.times);
  };
  Instant due_us = turn.due_us;
  next.due_us = 0;
  for (++next.done; !is_over(); ++next.done, ++next.missed) {
    const Instant after_us = schedule.NextDue(due_us, calendar);
    if (schedule.does_each || after_us > now_us) {
      next.due_us = after_us;
      break;
    }
    due_us = after_us;
  }
  next.late_s = std::max<int64_t>(0, (now_us - due_us) / kSecondUs);
  return {next, due_us};
}

}  // namespace

Result<std::vector<rules::Write>> Occur(const Surroundings& around, const Schedule& schedule,
                                        const Workflow* workflow, const view::ResourcePtr& before,
                                        const Turn& turn, bool with_actions, Instant now_us) {
  static const rules::Actions kNothing;
  const std::pair<Turn, Instant> turned = Turned(schedule, turn, now_us, *around.calendar);
  const Turn& next = turned.first;
  std::vector<Turn> turns = ReadTurns(before->document.Root());
  for (Turn& each : turns) {
    if (each.schedule == turn.schedule) each = next;
  }
  fhir::Document first = TRY(WithTurns(before->document, turns));
  Deed deed{&schedule.head, workflow, with_actions ? &schedule.actions : &kNothing, {}, now_us};
  deed.names.emplace_back("n", WholeNumber(next.done));
  deed.names.emplace_back("due", Collection{rules::CityTimeItem(turned.second)});
  deed.names.emplace_back("late", WholeNumber(next.late_s));
  deed.names.emplace_back("missed", WholeNumber(next.missed));
  return DoWith(around, before, std::move(first), std::move(deed));
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
  Deed deed{&workflow.head, &workflow, limit != nullptr ? &limit->actions : &kNothing, {}, now_us};
  deed.names.emplace_back("late", WholeNumber(std::max<int64_t>(0, (now_us - *mark.next_due()) / kSecondUs)));
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

namespace {

Error CannotMove(const rules::Moving& moving, std::string_view why) {
  return MakeError(ErrorCode::kInvalid, fmt::format("the transition {} of a {} cannot be made: {}",
                                                    moving.code, moving.type, why));
}

/// Inputs by their FHIR types: what was given as JSON is a value of the type that the transition says.
Result<Names> InputsOf(const fhir::Definitions& definitions, const Transition& transition,
                       const rules::Moving& moving) {
  Names names;
  for (const auto& given : moving.inputs) {
    const auto known = std::find_if(transition.inputs.begin(), transition.inputs.end(),
                                    [&](const Input& each) { return each.name == given.first; });
    if (known == transition.inputs.end()) return CannotMove(moving, "it has no input " + given.first);
    Item item = given.second.front();
    if (item.node.present()) item.type = definitions.FindType(known->type);
    names.emplace_back(given.first, Collection{std::move(item)});
  }
  for (const Input& input : transition.inputs) {
    const auto given = [&](const auto& each) { return each.first == input.name; };
    if (input.required && std::none_of(names.begin(), names.end(), given))
      return CannotMove(moving, "it wants the input " + input.name);
  }
  return names;
}

Status MoveWithin(const Shelf& shelf, rules::Performance* performance, const rules::Moving& moving) {
  const rules::Performance::Scene& scene = performance->scene();
  const fhir::Definitions& definitions = *scene.definitions;
  if (scene.depth + 1 >= rules::kDepthMax) return CannotMove(moving, "it is too deep in a cascade");
  const view::ResourcePtr before = TRY(performance->NowAsVersion(moving.type, moving.id));
  if (before == nullptr) return CannotMove(moving, "the record is not there");
  const BookPtr book = shelf.book();
  Order order;
  order.workflow = TRY(book->Find(definitions, before->type, before->document.Root(), scene.now_us));
  if (order.workflow == nullptr) return CannotMove(moving, "no workflow governs the record");
  order.transition = order.workflow->FindTransition(moving.code);
  if (order.transition == nullptr)
    return CannotMove(moving, fmt::format("{} has none of that code", order.workflow->head.name()));
  order.mover = PlatformMover();
  order.reason = scene.head->name();
  order.now_us = scene.now_us;
  order.depth = scene.depth + 1;
  order.inputs = TRY(InputsOf(definitions, *order.transition, moving));
  TRY(CheckPost(order));
  const Status may = MayMove(definitions, before->document.Root(), order);
  if (!may.ok() && moving.must) return CannotMove(moving, may.error().external);
  if (!may.ok()) return {};
  Surroundings around{&definitions, &shelf.calendar(), scene.new_id, {}, scene.reach};
  around.read = [performance](std::string_view type, std::string_view id) {
    return performance->NowAsVersion(type, id);
  };
  for (rules::Write& write : TRY(Move(around, before, order))) TRY(performance->Adopt(std::move(write)));
  return {};
}

}  // namespace

std::function<Status(rules::Performance*, const rules::Moving&)> MoverBy(const Shelf* shelf) {
  return [shelf](rules::Performance* performance, const rules::Moving& moving) {
    return MoveWithin(*shelf, performance, moving);
  };
}

}  // namespace tk::workflow
