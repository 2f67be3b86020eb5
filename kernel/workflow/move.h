// Moving a record by a transition: may this one, now; and what it makes of the record and beside it.
// Flow:   $transition (kernel/interaction/transition.cpp), a limit that passes (clerk.h) → MayMove → Move → writes of one change set
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/workflow/workflow.h"

namespace tk::workflow {

/// Who moves it.
struct Mover {
  std::string account, post;
  std::string user;        // a Reference as JSON: his record, or his account; "" = the platform
  bool may_write = false;  // the type, by his post
  bool is_platform() const { return post == kPlatformPost; }
};
/// The platform itself, when a time limit passes.
const Mover& PlatformMover();

using Names = std::vector<std::pair<std::string, fhir::path::Collection>>;

/// A transition that is asked for.
struct Order {
  const Workflow* workflow = nullptr;
  const Transition* transition = nullptr;
  Mover mover;
  std::string reason;
  Names inputs;  // those that were given
  Instant now_us = 0;
  int depth = 0;             // in a cascade of rules, of what asks for it
  bool is_question = false;  // there are no inputs yet: guards that name one are passed over
};

/// The names that its expressions have besides those of the head and %user; an input that was not given is empty.
Names NamesOf(const Order& order);
/// A JSON value as an item of that FHIR type, which it keeps alive. Errors: as Document::Parse.
Result<fhir::path::Item> ItemOf(const fhir::Definitions& definitions, std::string_view type,
                                std::string_view json);

/// Why not, in words for people (English; the guard's messages in both languages). Errors: kForbidden: not his post; kConflict: not from this state;
/// kInvalid: a guard does not hold, or its expression failed.
Status MayMove(const fhir::Definitions& definitions, fhir::Value record, const Order& order);
Status CheckPost(const Order& order);
/// All guards that do not hold of a record in a state that the transition leaves (else none), whoever makes it: what stands in the way of what the platform
/// does by itself is told too. Errors: kInvalid: an expression failed.
Result<std::vector<const Guard*>> UnmetGuards(const fhir::Definitions& definitions, fhir::Value record,
                                              const Order& order);

/// What reads and makes what the actions need (rules::Performance::Scene).
struct Surroundings {
  const fhir::Definitions* definitions = nullptr;
  const Calendar* calendar = nullptr;
  std::function<std::string()> new_id;
  std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read;
  rules::Reach reach = {};
};
/// The record in its new state with its new mark, and all that the transition does: the record first. MayMove has answered.
/// Errors: kInvalid where an action cannot be done, or would itself change the state.
Result<std::vector<rules::Write>> Move(const Surroundings& around, const view::ResourcePtr& before,
                                       const Order& order);
/// The next time limit of the record's state passes: its actions, or its move where the guards let it. The record first, which says that it has passed.
/// Errors: kInvalid, as Move; then Passed is written alone.
Result<std::vector<rules::Write>> Pass(const Surroundings& around, const Workflow& workflow,
                                       const view::ResourcePtr& before, Instant now_us);
/// The next occurrence of a schedule (`turn`, of the record): its actions, after the record, which says that it was done. `workflow`: that governs the
/// record; nullptr: none does. Without `with_actions` it is passed over. Errors: kInvalid where an action cannot be done.
Result<std::vector<rules::Write>> Occur(const Surroundings& around, const Schedule& schedule,
                                        const Workflow* workflow, const view::ResourcePtr& before,
                                        const Turn& turn, bool with_actions, Instant now_us);
/// The record in which its next time limit has passed.
Result<fhir::Document> Passed(const view::Resource& before, Instant now_us);
/// The transition of `after` taken back: what it changed of the record, and nobody since, is as it was in `before`. What it made beside stays.
Result<fhir::Document> TakeBack(const Workflow& workflow, const fhir::Document& before,
                                const fhir::Document& after, const fhir::Document& now, const Order& order);

/// The mark of a record that begins in `state`.
Mark BeginningMark(const Workflow& workflow, const State& state, Instant now_us, const Calendar& calendar);

/// What is installed now, with the calendar. Thread-safe; outlives who asks.
class Shelf {
 public:
  Shelf(BookPtr book, std::shared_ptr<const Calendar> calendar)
      : book_(std::move(book)), calendar_(std::move(calendar)) {}
  BookPtr book() const {
    const std::lock_guard hold(mutex_);
    return book_;
  }
  void Put(BookPtr book) {
    const std::lock_guard hold(mutex_);
    book_ = std::move(book);
  }
  const Calendar& calendar() const { return *calendar_; }

 private:
  mutable std::mutex mutex_;
  BookPtr book_;
  const std::shared_ptr<const Calendar> calendar_;
};

/// How actions move records (rules::Reach) by the workflows of this shelf, which outlives it, as the platform. Transitions that move others in turn stop
/// at the depth of cascades. Errors of what it returns: kInvalid: there is no such record, workflow or transition; with `must`, it may not be made now.
std::function<Status(rules::Performance*, const rules::Moving&)> MoverBy(const Shelf* shelf);

}  // namespace tk::workflow
