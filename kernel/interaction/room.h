// What the files of this room share: one request on its way (Call), what a write has come to (Plan), and the shared state (Room).
// Flow:   Handle → router: Request → Call → reader: Response
//                                         → planner at a basis: Plan → write.cpp: Prepare, Submit → answer; stale → planner again
// Source: FHIR R4 http.html.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <span>

#include "kernel/access/inquiries.h"
#include "kernel/interaction/interaction.h"

namespace tk::interaction {

inline constexpr size_t kBundleEntriesMax = 10'000;
inline constexpr size_t kBodyBytesMax = size_t{64} << 20;
inline constexpr size_t kPageCountMax = 1000;
inline constexpr size_t kPageCountDefault = 50;
inline constexpr size_t kQueryLengthMax = 8192;
inline constexpr std::string_view kFhirJson = "application/fhir+json";
inline constexpr std::string_view kJsonPatch = "application/json-patch+json";

enum class Returns : uint8_t { kUnsaid, kMinimal, kRepresentation, kOutcome };
struct Preferences {
  Returns returns = Returns::kUnsaid;
  bool lenient = false;
};

enum class Kind : uint8_t {
  kRead,
  kVRead,
  kCreate,
  kUpdate,
  kConditionalUpdate,
  kPatch,
  kConditionalPatch,
  kDelete,
  kConditionalDelete,
  kHistoryInstance,
  kHistoryType,
  kHistorySystem,
  kSearchType,
  kSearchSystem,
  kSearchCompartment,
  kBundle,
  kCapabilities,
  kEverything,
  kValidate,
  kFhirPath,
  kErase,
  kReveal,
  kMatch,
  kExplainMatch,
  kPerson,
  kLink,
  kNotSame,
  kMerge,
  kUnmerge,
  kPix,
  kEmergency,
  kEmergencies,
  kReview,
  kWhy,
  kTransitions,
  kTransition,
  kTransitionMany,
  kStates,
  kInbox,
  kMarkRead,
  kOnDuty,
};

/// One request, routed. Immutable once routed; shared between threads.
struct Call {
  Request request;
  Kind kind = Kind::kRead;
  fhir::TypeId type = fhir::kNoType;
  std::string type_name, id, version;
  std::string
      compartment;  // the patient's id, of a search in his compartment; then without a type when all are asked for
  std::string query;  // of request.query, or of the form body; without _format, _pretty and _page
  std::string page;   // _page: the handle of a following page
  bool pretty = false;
  Preferences prefer;
  uint64_t key = 0;    // of the Idempotency-Key with the account; 0 = none
  std::string new_id;  // of a create: the same at every attempt
  /// What a masked post told of persons (masked.h), which counts once however often the write is attempted. Of one thread at a time.
  std::shared_ptr<std::set<std::string>> told = std::make_shared<std::set<std::string>>();
  const access::Viewer& viewer() const { return *request.viewer; }
};
using CallPtr = std::shared_ptr<const Call>;

/// The alert of a listed person's visit, as it is written.
struct RaisedAlert {
  view::ResourcePtr flag;
  std::string visit;  // "Encounter/1"
};
using RaisedAlerts = std::vector<RaisedAlert>;

/// What planning at a basis came to: a change set with the answer to give when it is in the log, or an answer at once.
struct Plan {
  std::unique_ptr<view::ChangeSet> set;                        // null: nothing to write
  Response ready;                                              // when there is no set
  std::function<Response(const view::Commit& commit)> answer;  // when there is one
  std::function<Status(const view::ChangeSet& set)>
      check;  // of the prepared set, if need be; refuses it whole
  // Once prepared, for the audit: of what it writes, where it is more than one, and of whom a record is taken from; of the only one.
  std::vector<uint32_t> owners = {};
  uint32_t owner = 0;
  /// What alerts completed it with; its answer, which holds the same, tells them.
  std::shared_ptr<RaisedAlerts> raised = nullptr;
  std::shared_ptr<const access::Viewer> sender = nullptr;  // of what was sent; null: the platform itself
  bool is_watched = false;                                 // it changes what the lane was asked to watch
  bool persons_decided = false;  // it says itself who of its Patients is who: they are not matched
  bool long_answer = false;      // compose it on the answering thread, not on the writer's
};

class Cursors;
class FactFeed;
class Lane;
class Capabilities;
class Conformance;

/// State shared by all requests. Outlives every request in flight.
struct Room {
  Context context;
  const fhir::Definitions* definitions = nullptr;
  std::unique_ptr<Cursors> cursors;
  std::unique_ptr<Capabilities> capabilities;
  std::unique_ptr<Conformance> conformance;
  std::unique_ptr<Lane> lane;
  std::unique_ptr<FactFeed> facts;
  const forms::Forms* forms = nullptr;  // of the packs; null: there are none
  std::unique_ptr<access::Inquiries> inquiries;
  view::Engine& engine() const { return *context.engine; }
  const search::Index& index() const { return *context.index; }
  const view::Directory& directory() const { return context.engine->directory(); }
  /// "" for one that this program does not know (Engine::UnknownTypes).
  std::string_view TypeName(fhir::TypeId type) const {
    return type == fhir::kNoType ? std::string_view() : definitions->Type(type).name;
  }

  explicit Room(const Context& context);
  ~Room();
};
using RoomPtr = std::shared_ptr<Room>;
struct Interactions::Impl {
  RoomPtr room;
};

using Planner = Result<Plan> (*)(const Room&, const CallPtr&, const view::Position& basis);

// The interactions. Readers answer from what is published; planners may be called several times, each time at a newer basis.
Result<Response> Read(const Room& room, const Call& call);
Result<Response> VRead(const Room& room, const Call& call);
Result<Response> HistoryInstance(const Room& room, const Call& call);
Result<Response> HistoryType(const Room& room, const Call& call);
Result<Response> HistorySystem(const Room& room, const Call& call);
Result<Response> SearchType(const Room& room, const Call& call);
Result<Response> SearchSystem(const Room& room, const Call& call);
Result<Response> SearchCompartment(const Room& room, const Call& call);
Result<Response> CapabilityStatement(const Room& room, const Call& call);
Result<Response> Everything(const Room& room, const Call& call);
Result<Response> ValidateOperation(const Room& room, const Call& call);
Result<Response> FhirPathOperation(const Room& room, const Call& call);
Result<Response> Erase(const Room& room, const Call& call);
Result<Response> Reveal(const Room& room, const Call& call);
Result<Response> MatchOperation(const Room& room, const Call& call);
Result<Response> ExplainMatch(const Room& room, const Call& call);
Result<Response> PixOperation(const Room& room, const Call& call);
Result<Response> PersonOperation(const Room& room, const Call& call);
Result<Response> Emergencies(const Room& room, const Call& call);
Result<Response> Why(const Room& room, const Call& call);
Result<Response> Transitions(const Room& room, const Call& call);
Result<Response> States(const Room& room, const Call& call);
Result<Response> Inbox(const Room& room, const Call& call);
Result<Response> OnDuty(const Room& room, const Call& call);

Result<Plan> PlanCreate(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanUpdate(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanConditionalUpdate(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanPatch(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanConditionalPatch(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanDelete(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanConditionalDelete(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanLink(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanNotSame(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanMerge(const Room& room, const CallPtr& call, const view::Position& basis);
Result<Plan> PlanUnmerge(const Room& room, const CallPtr& call, const view::Position& basis);

/// Patient/[id]/$emergency-access: audited, then written.
void HandleEmergency(const RoomPtr& room, const CallPtr& call, Done done);
/// Task/[id]/$review of an emergency access.
Result<Plan> PlanReview(const Room& room, const CallPtr& call, const view::Position& basis);

/// [type]/[id]/$transition.
Result<Plan> PlanTransition(const Room& room, const CallPtr& call, const view::Position& basis);
/// Communication/[id]/$read.
Result<Plan> PlanMarkRead(const Room& room, const CallPtr& call, const view::Position& basis);
/// [type]/$transition of many.
void HandleTransitions(const RoomPtr& room, const CallPtr& call, Done done);

/// A POST to the base: a transaction or a batch, by the Bundle's type.
void HandleBundle(const RoomPtr& room, const CallPtr& call, Done done);
/// Plans and writes; `done` is called once.
void HandleWrite(const RoomPtr& room, const CallPtr& call,
                 std::function<Result<Plan>(const view::Position&)> planner, Done done);
/// Routes and answers; what Interactions::Handle and every entry of a batch do.
void HandleRequest(const RoomPtr& room, Request request, Done done);

}  // namespace tk::interaction
