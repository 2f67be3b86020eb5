// What rules, transitions and timers do, in one vocabulary. This room knows
//   {"create": {resource template}}
//   {"update": {"type": "Task", "target": "=basedOn", "set": {"status": "completed", "restriction.period.end": "=%now", "note[+]": {"text": …}}}}
//   {"raise": {"code": {CodeableConcept}, "subject": "=subject"}}      a Flag: active, from now on, by default of the cause's subject
//   {"transition": {"type": "Task", "target": "=basedOn", "code": "finish"}}      a transition of the workflow that governs it (transition_action.h)
// and rooms above add their own (Vocabulary::Add). An action may have "when": a FHIRPath condition on the cause; it is not done where that is not true;
// and "unless": {"type": "Task", "find": {"patient": "=subject", "where": "status=requested"}}, or a list of such: it is not done where one of them finds
// something (targets.h).
// An action with "each": FHIRPath on the cause, is done for each of what that gives (at most kTargetsMax), which its expressions, "when" and "unless" call %each:
//   {"each": "item.where(linkId = 'place')", "create": {"resourceType": "Presence", "place": "=%each.item.where(linkId = 'name').answer.value"}}
// or "each": {"type": "Observation", "find": {…}}: for each record that a search finds, as earlier actions left it; %each is the record.
// Names:  %rule, %now, %depth, the constants (head.h); %created0, %created1 … what was created before ("Type/id"): an action that was left out keeps its
//         number, which is empty; of "each" each has one; in an update %target, the resource as
//         it is now; in a rule on updates %before, the cause as it was
// Update: "target" (FHIRPath on the cause) gives references, texts "Type/id" or resources of the type; without it the cause itself is meant. A path of "set"
//         is elements joined by dots, with [n] for an item of a list and [+] for one more; null takes away. What changes nothing is not written.
// Flow:   Vocabulary::Parse (errors with file, line, element) → Actions → Performance on a cause at a basis → MakeChangeSet → the writer;
//         handed back as stale it is performed again
// Everything made or changed says by which rule, how deep in a cascade, because of what (head.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/rules/head.h"
#include "kernel/rules/template.h"
#include "kernel/view/engine.h"

namespace tk::rules {

inline constexpr size_t kActionsMax = 50;    // of one list
inline constexpr size_t kTargetsMax = 1000;  // of one update

/// One resource as actions leave it. before null: it is new.
struct Write {
  view::ResourcePtr before;
  fhir::Document now;
};

class Performance;
/// A transition that an action wants (transition_action.h).
struct Moving {
  std::string type, id, code;
  std::vector<std::pair<std::string, fhir::path::Collection>> inputs;
  bool must = false;
};
/// What actions can do only through rooms above; empty where those are not there.
struct Reach {
  /// Ids of the live records of `type` that `where` (a search) finds, about the person of `patient` ("Patient/1"; "" = anybody), by whichever of his records.
  /// Errors: kInvalid beyond kTargetsMax; of the search.
  std::function<Result<std::vector<std::string>>(std::string_view type, std::string_view patient,
                                                 std::string_view where)>
      find = {};
  /// The same of what is another's by his records as they were, while a clerk is asked whose they are. Without `patient` there is none.
  std::function<Result<std::vector<std::string>>(std::string_view type, std::string_view patient,
                                                 std::string_view where)>
      in_question = {};
  /// Whom the live record "type/id" means by this Patient ("Patient/1"), who stands in it: him; or, where that Patient became another person's after the record was begun, a Patient
  /// of his whose it is. Errors: kInvalid: there is none, a person must say whose it is.
  std::function<Result<std::string>(std::string_view type, std::string_view id, std::string_view patient)>
      meant = {};
  /// Of what was sent by somebody (a form's answer): may he mean this record ("Type/id")? Asked of each target and person that an expression names and the
  /// performance did not make itself. Errors: kInvalid, the same for what he does not see and for what never was. Empty: nobody sent it.
  std::function<Status(const std::string& name)> sees = {};
  /// Moves a record within the performance. Errors: kInvalid where it must and cannot.
  std::function<Status(Performance* performance, const Moving& moving)> move = {};
};

/// Actions being done for one cause: what they may ask, and what has come of it so far. One thread's.
class Performance {
 public:
  struct Scene {
    const fhir::Definitions* definitions = nullptr;
    const Head* head = nullptr;  // of the rule, the workflow …
    fhir::Value resource;        // the cause; must outlive the performance
    view::ResourcePtr before;    // the cause as it was; null: it is new
    std::string cause;           // "Observation/o1/_history/2"; "" = there is none to name
    int depth = 0;               // of the cause (DepthOf)
    Instant now_us = 0;          // of the cause
    std::function<std::string()> new_id;
    /// The version that stands at the basis; nullptr if there is none, or if it is deleted.
    std::function<Result<view::ResourcePtr>(std::string_view type, std::string_view id)> read;
    Reach reach = {};
    std::vector<std::pair<std::string, fhir::path::Collection>>
        variables;  // more names: the inputs of a transition
  };
  explicit Performance(Scene scene);
  Performance(const Performance&) = delete;
  Performance& operator=(const Performance&) = delete;

  const Scene& scene() const { return scene_; }
  const fhir::path::Environment& environment() const { return environment_; }
  const fhir::path::Item& context() const { return context_; }

  /// Adds a resource; returns "Type/id". It is given an id. What is made of something begun of the one before, at a record that has become another person's since, is his:
  /// his Patient stands in it. Errors: Reach::meant.
  Result<std::string> Create(const Template& resource);
  /// Whom the cause means by this Patient ("Patient/1"; Reach::meant).
  Result<std::string> Meant(std::string_view patient) const;
  /// As it is now: as earlier actions left it, else as it stands at the basis; null root: there is none.
  Result<fhir::Value> Now(std::string_view type, std::string_view id);
  /// `now` replaces what Now() answered. Errors: kInvalid if there is nothing to replace.
  Status Update(std::string_view type, std::string_view id, fhir::Document now);

  /// Did it make this record itself?
  bool HasMade(std::string_view type, std::string_view id) const;
  /// The same as Now, as a version, for who performs something upon it; nullptr: there is none.
  Result<view::ResourcePtr> NowAsVersion(std::string_view type, std::string_view id);
  /// What %each is from now on; nullptr: there is none.
  void UseEach(const fhir::path::Item* item);
  /// The next %created is empty: its action was left out.
  void PassOverCreated() { ++created_; }

  /// What another performance within this one wrote, as it is.
  Status Adopt(Write write);
  /// As it was last adopted; nullptr: it was not.
  const fhir::Document* Adopted(std::string_view type, std::string_view id) const;

  /// Each resource once, in the order in which they were first written.
  std::vector<Write> Writes() const;

 private:
  struct Opened {
    view::ResourcePtr before;
    std::shared_ptr<const fhir::Document> now;  // null: as before
    std::shared_ptr<const fhir::Document> adopted = nullptr;
  };
  Result<Opened*> Open(std::string_view type, std::string_view id);
  void Put(const std::string& name, Opened* opened, fhir::Document now);
  Result<fhir::Document> Stamped(const std::string& json) const;

  /// The head's, and an empty %created where nothing was.
  class Names : public HeadVariables {
   public:
    using HeadVariables::HeadVariables;
    const fhir::path::Collection* Find(std::string_view name) const override;
  };

  const Scene scene_;
  Names names_;
  fhir::path::Environment environment_;
  fhir::path::Item context_;
  std::map<std::string, Opened, std::less<>> opened_;  // by "Type/id"
  std::vector<std::string> written_;                   // names, in the order in which they were first written
  std::vector<std::shared_ptr<const fhir::Document>> former_;  // callers may still look at them
  size_t created_ = 0;
};

/// Immutable, thread-safe.
class Action {
 public:
  virtual ~Action() = default;
  /// Types of what it creates or changes; checked against the manifest's writes.
  virtual std::vector<fhir::TypeId> Writes() const = 0;
  /// Does it change what is there already? Such are performed in the order of their causes.
  virtual bool Changes() const { return false; }
  /// Does it make one resource that later actions may call %created0 …?
  virtual bool Creates() const { return false; }
  /// Errors: kInvalid: it cannot be done, now or later. Others: tried again.
  virtual Status Perform(Performance* performance) const = 0;
};

/// What an action is compiled against.
struct ActionScope {
  const fhir::Definitions* definitions = nullptr;
  std::string_view app;
  fhir::TypeId context = fhir::kNoType;  // type of the cause; kNoType = any
};

class Targets;
class Vocabulary {
 public:
  /// Of the value of {"name": value}. Errors: kInvalid with the element path below that value.
  using ParseAction = std::function<Result<std::unique_ptr<const Action>>(const ActionScope&, fhir::Value)>;

  Vocabulary();  // create, update, raise, transition
  void Add(std::string name, ParseAction parse);
  /// The list at `path` of the file; what is wrong is noted in it.
  struct Step {
    std::unique_ptr<const fhir::path::Expression> each;  // null: once
    std::shared_ptr<const Targets> found;                // done for each that this finds; null: `each`
    std::unique_ptr<const fhir::path::Expression> when;  // null: always
    std::vector<std::shared_ptr<const Targets>> unless;  // empty: always
    std::unique_ptr<const Action> action;                // null: it could not be read
  };
  std::vector<Step> Parse(const ActionScope& scope, fhir::JsonFile* file, const std::string& path,
                          fhir::Value list) const;

 private:
  std::map<std::string, ParseAction, std::less<>> kinds_;
};

using Actions = std::vector<Vocabulary::Step>;
/// Do they change or ask for what is there? Such are performed in the order of their causes.
bool AreInOrder(const Actions& actions);

/// The vocabulary of this room alone; rooms above copy it and add.
const Vocabulary& OwnVocabulary();

/// In order; what one creates or changes the next sees.
Status Perform(const Actions& actions, Performance* performance);

/// The document with each reference to a Patient as `meant` says it. Errors: its.
Result<fhir::Document> WithPatients(
    fhir::Document document, const std::function<Result<std::string>(std::string_view patient)>& meant);

/// Type/id of a Reference, of a text or of a resource, where it is relative; "" otherwise.
std::string TargetOf(const fhir::path::Item& item);

/// What the scene's `read` is on an engine at `basis`. The engine outlives it.
std::function<Result<view::ResourcePtr>(std::string_view, std::string_view)> ReaderAt(
    const view::Engine* engine, view::Position basis);

/// What the platform adds to a change set at its basis, before it is prepared: as to those of requests (interaction/lane.h).
using Completing = std::function<Status(const view::Position& basis, view::ChangeSet* set)>;

/// The writes as one prepared change set, completed if `complete` is given, each validated and guarded: it is stale when one of what was read has changed since.
/// Errors: kInvalid with the type and element path of what does not fit.
Result<std::unique_ptr<view::ChangeSet>> MakeChangeSet(const view::Engine& engine, uint64_t key,
                                                       const view::Position& basis,
                                                       const std::vector<Write>& writes,
                                                       const Completing& complete = {});

}  // namespace tk::rules
