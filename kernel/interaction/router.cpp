// From a request to its interaction: path and method, media types, common parameters; 404 for unknown types, 405 with Allow, 406, 415.
// Source: FHIR R4 http.html#summary.
#include <fmt/format.h>

#include "kernel/access/oauth/scopes.h"
#include "kernel/base/random.h"
#include "kernel/interaction/alerts.h"
#include "kernel/interaction/capabilities.h"
#include "kernel/interaction/conformance.h"
#include "kernel/interaction/cursors.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/form_writes.h"
#include "kernel/interaction/lane.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/operations.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/person_find.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/same_person.h"
#include "kernel/interaction/watch_mirrors.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

struct Way {
  Method method;
  Kind kind;
};
/// A few of them; every request asks, so they take no memory.
class Ways {
 public:
  Ways(std::initializer_list<Way> ways) : count_(ways.size()) {
    std::copy(ways.begin(), ways.end(), ways_.begin());
  }
  explicit Ways(std::span<const OperationRoute> routes) : count_(routes.size()) {
    CHECK(count_ <= ways_.size());
    for (size_t i = 0; i < count_; ++i) ways_[i] = {routes[i].address.method, routes[i].kind};
  }
  bool empty() const { return count_ == 0; }
  const Way* begin() const { return ways_.data(); }
  const Way* end() const { return ways_.data() + count_; }

 private:
  std::array<Way, 5> ways_{};
  size_t count_;
};

std::string_view MethodName(Method method) {
  constexpr std::array<std::string_view, 6> kNames = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  return kNames.at(static_cast<size_t>(method));
}

/// Of an operation, "$name".
Ways WaysOfOperation(OperationLevel level, std::string_view type, std::string_view name) {
  std::vector<OperationRoute> routes;
  FindOperations(level, type, name, &routes);
  return Ways(routes);
}

Ways WaysOfBase(const std::vector<std::string>& path) {
  if (path.empty()) return {{Method::kGet, Kind::kSearchSystem}, {Method::kPost, Kind::kBundle}};
  if (path.size() == 1 && path[0] == "metadata") return {{Method::kGet, Kind::kCapabilities}};
  if (path.size() == 1 && path[0] == "_history") return {{Method::kGet, Kind::kHistorySystem}};
  if (path.size() == 1 && path[0].starts_with('$'))
    return WaysOfOperation(OperationLevel::kSystem, {}, path[0]);
  if (path.size() == 1 && path[0] == "_search") return {{Method::kPost, Kind::kSearchSystem}};
  return {};
}

/// Patient/[id]/[type], Patient/[id]/*, and these with _search behind them: then the type's name, or "*".
std::optional<std::string> CompartmentOf(const std::vector<std::string>& path) {
  if (path.size() < 3 || path.size() > 4 || path[0] != "Patient" || !IsId(path[1])) return std::nullopt;
  if (path.size() == 4 && path[3] != "_search") return std::nullopt;
  if (path.size() == 3 && path[2] == "_search") return "*";
  const bool is_name = path[2] == "*" || (!path[2].empty() && path[2][0] >= 'A' && path[2][0] <= 'Z');
  return is_name ? std::optional(path[2]) : std::nullopt;
}

Ways WaysOfType(const std::vector<std::string>& path) {
  if (path.size() == 1) {
    return {{Method::kGet, Kind::kSearchType},
            {Method::kPost, Kind::kCreate},
            {Method::kPut, Kind::kConditionalUpdate},
            {Method::kPatch, Kind::kConditionalPatch},
            {Method::kDelete, Kind::kConditionalDelete}};
  }
  if (path.size() == 2 && path[1] == "_search") return {{Method::kPost, Kind::kSearchType}};
  if (path.size() == 2 && path[1] == "_history") return {{Method::kGet, Kind::kHistoryType}};
  if (path.size() == 2 && path[1].starts_with('$'))
    return WaysOfOperation(OperationLevel::kType, path[0], path[1]);
  if (path.size() >= 2 && !IsId(path[1])) return {};
  if (path.size() == 2) {
    return {{Method::kGet, Kind::kRead},
            {Method::kPut, Kind::kUpdate},
            {Method::kPatch, Kind::kPatch},
            {Method::kDelete, Kind::kDelete}};
  }
  if (CompartmentOf(path))
    return {{path.back() == "_search" ? Method::kPost : Method::kGet, Kind::kSearchCompartment}};
  if (path.size() == 3 && path[2] == "_history") return {{Method::kGet, Kind::kHistoryInstance}};
  if (path.size() == 3 && path[2].starts_with('$'))
    return WaysOfOperation(OperationLevel::kInstance, path[0], path[2]);
  if (path.size() == 4 && path[2] == "_history") return {{Method::kGet, Kind::kVRead}};
  return {};
}

/// Takes _format, _pretty and _page out of the query; the rest is the interaction's.
Status TakeCommonParameters(const std::string& query, Call* call, std::string* format) {
  size_t at = 0;
  while (at < query.size()) {
    size_t end = query.find('&', at);
    if (end == std::string::npos) end = query.size();
    const std::string_view part(query.data() + at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    const std::string_view name = part.substr(0, part.find('='));
    std::string value;
    if (name == "_format" || name == "_pretty" || name == "_page") {
      if (name.size() < part.size()) value = TRY(PercentDecode(part.substr(name.size() + 1), false));
    }
    if (name == "_format") {
      *format = value;
    } else if (name == "_page") {
      call->page = value;
    } else if (name == "_pretty") {
      if (value != "true" && value != "false")
        return MakeError(ErrorCode::kIncorrect, "_pretty may be true or false.");
      call->pretty = value == "true";
    } else {
      if (!call->query.empty()) call->query.push_back('&');
      call->query.append(part);
    }
  }
  return {};
}

bool IsJson(std::string_view type) {
  return type.empty() || type == kFhirJson || type == "application/json" || type == "text/json";
}

Response UnsupportedMedia(std::string_view wanted) {
  return Refusal(415, "not-supported",
                 fmt::format("This content type is not offered here: send {}, in UTF-8.", wanted));
}

/// nullopt if the body's media type is right for the interaction.
std::optional<Response> CheckMedia(const Call& call) {
  const std::string& type = call.request.content_type;
  switch (call.kind) {
    case Kind::kPatch:
    case Kind::kConditionalPatch:
      if (type != kJsonPatch) return UnsupportedMedia("a JSON Patch as application/json-patch+json");
      return std::nullopt;
    case Kind::kCreate:
    case Kind::kUpdate:
    case Kind::kConditionalUpdate:
    case Kind::kBundle:
    case Kind::kValidate:
    case Kind::kFhirPath:
    case Kind::kErase:
    case Kind::kReveal:
    case Kind::kMatch:
    case Kind::kExplainMatch:
    case Kind::kLink:
    case Kind::kNotSame:
    case Kind::kMerge:
    case Kind::kUnmerge:
    case Kind::kEmergency:
    case Kind::kReview:
    case Kind::kTransition:
    case Kind::kTransitionMany:
      if (!IsJson(type)) return UnsupportedMedia(kFhirJson);
      return std::nullopt;
    case Kind::kEverything:
      if (!call.request.body.empty() && !IsJson(type)) return UnsupportedMedia(kFhirJson);
      return std::nullopt;
    case Kind::kSearchType:
    case Kind::kSearchSystem:
    case Kind::kSearchCompartment:
      if (call.request.method == Method::kPost && !call.request.body.empty() &&
          type != "application/x-www-form-urlencoded") {
        return UnsupportedMedia("the search as application/x-www-form-urlencoded");
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

Response NoSuchType(const Room& room, std::string_view name) {
  for (const view::Engine::UnknownType& type : room.engine().UnknownTypes()) {
    if (type.name == name)
      return Refusal(
          404, "not-supported",
          fmt::format("Records of the type {} are kept here, but this program has no definition of "
                      "it: they cannot be read, found or written until its pack, or its file in the "
                      "data folder's types, is back. Ask the operator.",
                      type.name));
  }
  return Refusal(404, "not-supported",
                 "There is no such resource type here: see metadata for those that are offered (names begin "
                 "with a capital letter).");
}

/// The type is that of the records asked for. Not nullopt: the refusal.
std::optional<Response> TakeCompartment(const Room& room, Call* call) {
  const std::string name = CompartmentOf(call->request.path).value_or("*");
  call->compartment = std::exchange(call->id, {});
  call->version.clear();
  call->type = name == "*" ? fhir::kNoType : room.definitions->FindType(name);
  call->type_name = name == "*" ? std::string() : name;
  const bool known = name == "*" || (room.definitions->IsResource(call->type) &&
                                     !room.definitions->Type(call->type).is_abstract);
  if (known) return std::nullopt;
  return NoSuchType(room, name);
}

/// Finds type, ids and kind. Not nullopt: the refusal.
std::optional<Response> Route(const Room& room, Call* call) {
  const std::vector<std::string>& path = call->request.path;
  Ways ways = WaysOfBase(path);
  if (ways.empty() && !path.empty()) {
    call->type = room.definitions->FindType(path[0]);
    if (!room.definitions->IsResource(call->type) || room.definitions->Type(call->type).is_abstract) {
      return NoSuchType(room, path[0]);
    }
    call->type_name = path[0];
    ways = WaysOfType(path);
    if (ways.empty() && path.size() == 2 && path[1][0] != '$' && path[1][0] != '_') {
      return Refusal(
          call->request.method == Method::kGet || call->request.method == Method::kHead ? 404 : 400, "value",
          "This is no id: an id has 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'.");
    }
  }
  if (ways.empty())
    return Refusal(404, "not-supported",
                   "There is nothing at this address: see metadata for the interactions and operations that "
                   "are offered.");
  if (path.size() >= 2) call->id = path[1][0] == '_' || path[1][0] == '$' ? std::string() : path[1];
  if (path.size() == 4) call->version = path[3];
  const Method method = call->request.method == Method::kHead ? Method::kGet : call->request.method;
  for (const Way& way : ways) {
    if (way.method != method) continue;
    call->kind = way.kind;
    return way.kind == Kind::kSearchCompartment ? TakeCompartment(room, call) : std::nullopt;
  }
  std::string allow;
  for (const Way& way : ways) {
    allow += fmt::format("{}{}", allow.empty() ? "" : ", ", MethodName(way.method));
    if (way.method == Method::kGet) allow += ", HEAD";
  }
  Response response = Refusal(405, "not-supported",
                              fmt::format("{} is not offered at this address; offered: {}.",
                                          MethodName(call->request.method), allow));
  response.headers.emplace_back("Allow", allow);
  return response;
}

std::string_view ActionInWorkflow(Kind kind) {
  switch (kind) {
    case Kind::kTransitions:
      return "transitions";
    case Kind::kTransition:
    case Kind::kTransitionMany:
      return "transition";
    case Kind::kStates:
      return "states";
    case Kind::kInbox:
      return "inbox";
    case Kind::kOnDuty:
      return "on-duty";
    case Kind::kMarkRead:
      return "notice-read";
    default:
      return "";
  }
}

std::string_view ActionOf(Kind kind) {
  switch (kind) {
    case Kind::kRead:
      return "read";
    case Kind::kVRead:
      return "vread";
    case Kind::kCreate:
      return "create";
    case Kind::kUpdate:
    case Kind::kConditionalUpdate:
      return "update";
    case Kind::kPatch:
    case Kind::kConditionalPatch:
      return "patch";
    case Kind::kDelete:
    case Kind::kConditionalDelete:
      return "delete";
    case Kind::kHistoryInstance:
    case Kind::kHistoryType:
    case Kind::kHistorySystem:
      return "history";
    case Kind::kSearchType:
    case Kind::kSearchSystem:
    case Kind::kSearchCompartment:
      return "search";
    case Kind::kBundle:
      return "bundle";
    case Kind::kCapabilities:
      return "capabilities";
    case Kind::kEverything:
      return "everything";
    case Kind::kValidate:
      return "validate";
    case Kind::kFhirPath:
      return "fhirpath";
    case Kind::kErase:
      return "erase";
    case Kind::kReveal:
      return "reveal";
    case Kind::kMatch:
      return "match";
    case Kind::kExplainMatch:
      return "explain-match";
    case Kind::kPerson:
      return "person";
    case Kind::kLink:
      return "link";
    case Kind::kNotSame:
      return "not-same";
    case Kind::kMerge:
      return "merge";
    case Kind::kUnmerge:
      return "unmerge";
    case Kind::kPix:
      return "ihe-pix";
    case Kind::kEmergency:
      return "emergency";
    case Kind::kEmergencies:
      return "emergencies";
    case Kind::kReview:
      return "review";
    case Kind::kWhy:
      return "why";
    default:
      return ActionInWorkflow(kind);
  }
}

/// The letter of a scope that the interaction takes; 0: none by itself.
uint8_t LetterOf(Kind kind) {
  using namespace access::oauth;  // NOLINT: the letters
  switch (kind) {
    case Kind::kRead:
    case Kind::kVRead:
    case Kind::kHistoryInstance:
      return kRead;
    case Kind::kHistoryType:
    case Kind::kSearchType:
      return kSearch;
    case Kind::kCreate:
      return kCreate;
    case Kind::kUpdate:
    case Kind::kConditionalUpdate:
    case Kind::kPatch:
    case Kind::kConditionalPatch:
      return kUpdate;
    case Kind::kDelete:
    case Kind::kConditionalDelete:
      return kDelete;
    default:  // of no one type, or an operation: its handler asks
      return 0;
  }
}

Status CheckScopes(const Call& call) {
  const uint8_t letter = LetterOf(call.kind);
  if (letter == 0 || call.viewer().granted == nullptr) return {};
  const bool conditional = call.kind == Kind::kConditionalUpdate || call.kind == Kind::kConditionalPatch ||
                           call.kind == Kind::kConditionalDelete || !call.request.if_none_exist.empty();
  return CheckGranted(call.viewer(), call.type_name, letter, conditional);
}

/// Refusals and 304 tell the audit what was asked for, too: an attempt is worth a record.
Done WithAudit(CallPtr call, Done done) {
  return [call = std::move(call), done = std::move(done)](Response&& response) {
    if (!call->compartment.empty()) {  // whose records were looked at
      response.audit_type = "Patient";
      response.audit_id = call->compartment;
    }
    if (response.audit_type.empty()) response.audit_type = call->type_name;
    if (response.audit_id.empty()) response.audit_id = call->id;
    if (response.audit_action.empty()) response.audit_action = ActionOf(call->kind);
    done(std::move(response));
  };
}

Planner PlannerOf(Kind kind) {
  switch (kind) {
    case Kind::kCreate:
      return PlanCreate;
    case Kind::kUpdate:
      return PlanUpdate;
    case Kind::kConditionalUpdate:
      return PlanConditionalUpdate;
    case Kind::kPatch:
      return PlanPatch;
    case Kind::kConditionalPatch:
      return PlanConditionalPatch;
    case Kind::kDelete:
      return PlanDelete;
    case Kind::kConditionalDelete:
      return PlanConditionalDelete;
    case Kind::kLink:
      return PlanLink;
    case Kind::kNotSame:
      return PlanNotSame;
    case Kind::kMerge:
      return PlanMerge;
    case Kind::kUnmerge:
      return PlanUnmerge;
    case Kind::kReview:
      return PlanReview;
    case Kind::kTransition:
      return PlanTransition;
    case Kind::kMarkRead:
      return PlanMarkRead;
    default:
      return nullptr;
  }
}

Result<Response> Answer(const Room& room, const Call& call) {
  switch (call.kind) {
    case Kind::kRead:
      return Read(room, call);
    case Kind::kVRead:
      return VRead(room, call);
    case Kind::kHistoryInstance:
      return HistoryInstance(room, call);
    case Kind::kHistoryType:
      return HistoryType(room, call);
    case Kind::kHistorySystem:
      return HistorySystem(room, call);
    case Kind::kSearchType:
      return SearchType(room, call);
    case Kind::kSearchSystem:
      return SearchSystem(room, call);
    case Kind::kSearchCompartment:
      return SearchCompartment(room, call);
    case Kind::kCapabilities:
      return CapabilityStatement(room, call);
    case Kind::kEverything:
      return Everything(room, call);
    case Kind::kValidate:
      return ValidateOperation(room, call);
    case Kind::kFhirPath:
      return FhirPathOperation(room, call);
    case Kind::kErase:
      return Erase(room, call);
    case Kind::kReveal:
      return Reveal(room, call);
    case Kind::kMatch:
      return MatchOperation(room, call);
    case Kind::kExplainMatch:
      return ExplainMatch(room, call);
    case Kind::kPerson:
      return PersonOperation(room, call);
    case Kind::kPix:
      return PixOperation(room, call);
    case Kind::kEmergencies:
      return Emergencies(room, call);
    case Kind::kWhy:
      return Why(room, call);
    case Kind::kTransitions:
      return Transitions(room, call);
    case Kind::kStates:
      return States(room, call);
    case Kind::kInbox:
      return Inbox(room, call);
    case Kind::kOnDuty:
      return OnDuty(room, call);
    default:
      return MakeError(ErrorCode::kInternal, "This interaction has no handler.",
                       fmt::format("kind {}", static_cast<int>(call.kind)));
  }
}

/// What an operation is given as Parameters in the body of a POST goes where it would stand in the URL of a GET.
Status TakeBodyParameters(Call* call) {
  if (call->kind != Kind::kEverything || call->request.body.empty()) return {};
  const fhir::Document document = TRY(fhir::Document::Parse(call->request.body));
  const fhir::Value root = document.Root();
  if (root["resourceType"].ToString() != "Parameters")
    return MakeIssue(ErrorCode::kIncorrect, "value", "resourceType",
                     "Send the parameters as a Parameters resource.");
  size_t i = 0;
  for (const fhir::Value parameter : root["parameter"]) {
    const std::string path = fmt::format("Parameters.parameter[{}]", i++);
    const fhir::Value name = parameter["name"];
    fhir::Value value;
    for (const fhir::Value member : parameter) {
      if (member.name_text().starts_with("value")) value = member;
    }
    if (!name.is_string() || !value || value.is_object() || value.is_array() || parameter.size() != 2)
      return MakeIssue(ErrorCode::kIncorrect, "value", path, "Give a name and one simple value[x].");
    call->query +=
        fmt::format("{}{}={}", call->query.empty() ? "" : "&", PercentEncode(name.ToString()),
                    PercentEncode(value.is_string() ? value.ToString() : std::string(value.Json())));
  }
  return {};
}

/// Writes take no query but their condition: what would be passed over is refused.
Status CheckNoQuery(const Call& call) {
  const bool conditional = call.kind == Kind::kConditionalUpdate || call.kind == Kind::kConditionalPatch ||
                           call.kind == Kind::kConditionalDelete;
  if (conditional || call.query.empty() || call.prefer.lenient) return {};
  const auto parameters = TRY(ParseParameters(call.query));
  if (parameters.empty()) return {};
  return UnknownParameter(parameters.front().name, "_format, _pretty");
}

/// What has no version to compare with must not pass for compared.
Status CheckNoIfMatch(const Call& call) {
  if (call.request.if_match.empty() || (call.kind != Kind::kCreate && call.kind != Kind::kBundle)) return {};
  return MakeIssue(
      ErrorCode::kIncorrect, "not-supported", {},
      call.kind == Kind::kBundle
          ? "If-Match says nothing of a Bundle: give ifMatch in the requests of the entries that "
            "PUT, PATCH or DELETE."
          : kIfMatchOfCreate);
}

Status ReadHeaders(const RoomPtr& room, Call* call, std::string* format) {
  TRY(TakeCommonParameters(call->request.query, call, format));
  const bool form = call->request.method == Method::kPost &&
                    call->request.content_type == "application/x-www-form-urlencoded";
  if (form) TRY(TakeCommonParameters(call->request.body, call, format));
  call->prefer = ParsePrefer(call->request.prefer);
  TRY(CheckNoIfMatch(*call));
  if (call->request.method == Method::kPost && !call->request.idempotency_key.empty()) {
    if (call->request.idempotency_key.size() > 255)
      return MakeError(ErrorCode::kIncorrect, "An Idempotency-Key has at most 255 characters.");
    call->key = room->engine().KeyOf(call->viewer().account + "\n" + call->request.idempotency_key);
  }
  return {};
}

}  // namespace

namespace {

std::nullopt_t Told(const Done& done, Response response) {
  done(std::move(response));
  return std::nullopt;
}

/// Answers, or gives what is to be written for it.
std::optional<Write> Begin(const RoomPtr& room, Request&& request, Done done) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  if (call->request.method == Method::kHead) {
    done = [done = std::move(done)](Response&& response) {
      response.body.clear();
      done(std::move(response));
    };
  }
  if (auto refusal = Route(*room, call.get())) return Told(done, std::move(*refusal));
  done = WithMasks(room, call, WithAudit(call, std::move(done)));
  if (const Status granted = CheckScopes(*call); !granted.ok()) return Told(done, OutcomeOf(granted.error()));
  std::string format;
  if (const Status read = ReadHeaders(room, call.get(), &format); !read.ok())
    return Told(done, OutcomeOf(read.error()));
  if (!AcceptsJson(call->request.accept, format)) {
    return Told(done,
                Refusal(406, "not-supported",
                        "Only JSON is offered: ask with Accept: application/fhir+json or _format=json."));
  }
  if (auto refusal = CheckMedia(*call)) return Told(done, std::move(*refusal));
  if (const Status taken = TakeBodyParameters(call.get()); !taken.ok())
    return Told(done, OutcomeOf(taken.error()));
  if (!room->engine().serving() && call->kind != Kind::kCapabilities && call->kind != Kind::kValidate &&
      call->kind != Kind::kFhirPath) {
    return Told(
        done,
        OutcomeOf(MakeError(
            ErrorCode::kUnavailable,
            room->engine().fenced()
                ? "Another server has taken over the log, and what this one has may be behind: ask there."
                : fmt::format(
                      "The server is still reading its log, {:.0f} % are done: try again in a moment.",
                      room->engine().catch_up_progress() * 100))));
  }
  if (call->request.body.size() > kBodyBytesMax) {
    return Told(done, OutcomeOf(MakeError(ErrorCode::kTooLarge,
                                          fmt::format("The body is larger than {} MB: send it in parts.",
                                                      kBodyBytesMax >> 20))));
  }
  if (auto seen = room->facts->With(call->request.viewer); seen.ok()) {
    // $why looks at the facts itself, one by one.
    if (call->kind != Kind::kWhy) call->request.viewer = std::move(seen).value();
  } else if (call->kind != Kind::kCapabilities)
    return Told(done, OutcomeOf(seen.error()));
  if (call->kind == Kind::kEmergency) {
    HandleEmergency(room, call, std::move(done));
    return std::nullopt;
  }
  if (call->kind == Kind::kTransitionMany) {
    HandleTransitions(room, call, std::move(done));
    return std::nullopt;
  }
  if (call->kind == Kind::kBundle) {
    HandleBundle(room, call, std::move(done));
    return std::nullopt;
  }
  if (const Planner planner = PlannerOf(call->kind)) {
    if (const Status clean = CheckNoQuery(*call); !clean.ok()) return Told(done, OutcomeOf(clean.error()));
    if (call->kind == Kind::kCreate || call->kind == Kind::kConditionalUpdate) call->new_id = NewUuid();
    const Room* plain = room.get();
    return Write{[plain, call, planner](const view::Position& basis) { return planner(*plain, call, basis); },
                 std::move(done),
                 {}};
  }
  auto response = Answer(*room, *call);
  return Told(done, response.ok() ? std::move(response).value() : OutcomeOf(response.error()));
}

}  // namespace

void HandleRequest(const RoomPtr& room, Request request, Done done) {
  if (auto write = Begin(room, std::move(request), std::move(done)))
    room->lane->Run(std::move(write->planner), std::move(write->done));
}

void HandleWrite(const RoomPtr& room, const CallPtr& call,
                 std::function<Result<Plan>(const view::Position&)> planner, Done done) {
  (void)call;
  room->lane->Run(std::move(planner), std::move(done));
}

namespace {
/// What the platform writes beside: who is who, and who must be told.
Status CompletePlan(const Room& room, const view::Position& basis, Plan* plan) {
  TRY(LinkPatients(room, basis, plan));
  if (plan->set == nullptr) return {};
  TRY(MirrorWatchEntries(room, basis, plan->set.get()));
  RaisedAlerts untold;
  return RaiseAlerts(room, basis, plan->set.get(), plan->raised == nullptr ? &untold : plan->raised.get());
}
}  // namespace

/// Of pages to come: some 100,000 of usual searches.
constexpr size_t kPagesBytesMax = size_t{256} << 20;

Room::Room(const Context& c)
    : context(c),
      definitions(&c.engine->definitions()),
      cursors(std::make_unique<Cursors>(c.clock, kPagesBytesMax, 600 * kSecondUs)),
      capabilities(std::make_unique<Capabilities>(c)),
      conformance(std::make_unique<Conformance>(c)),
      lane(std::make_unique<Lane>(
          c.engine, Lane::Limits{},
          Lane::Watch{Conformance::Types(*definitions), [this] { conformance->Changed(); }},
          [this](const view::Position& basis, Plan* plan) -> Status {
            TRY(AddFormWrites(*this, basis, plan));
            return CompletePlan(*this, basis, plan);
          })),
      facts(std::make_unique<FactFeed>(c)),
      inquiries(std::make_unique<access::Inquiries>(c.clock)) {}
Room::~Room() = default;

Interactions::Interactions(const Context& context)
    : impl_(std::make_unique<Impl>(Impl{std::make_shared<Room>(context)})) {}
// Threads end here and not in ~Room: the last holder of the room may be one of them.
Interactions::~Interactions() {
  impl_->room->lane->Stop();
  impl_->room->facts->Stop();
}

Result<view::ResourcePtr> Interactions::MakeVersion(fhir::TypeId type, fhir::Document document,
                                                    uint32_t version, int64_t deadline_us) const {
  Call call;
  call.type = type;
  call.request.deadline_us = deadline_us;
  return interaction::MakeVersion(*impl_->room, call, type, std::move(document), version, false);
}

void Interactions::UseForms(const forms::Forms* forms) {
  impl_->room->forms = forms;
  impl_->room->conformance->UseForms(forms);
}

Result<Instant> Interactions::RaiseDueAlerts(Instant since_us) const {
  return interaction::RaiseDueAlerts(*impl_->room, since_us);
}

Status Interactions::Complete(const view::Position& basis, view::ChangeSet* set) const {
  Plan plan;
  plan.set.reset(set);  // lent
  Status completed = CompletePlan(*impl_->room, basis, &plan);
  (void)plan.set.release();
  return completed;
}

void Interactions::Handle(Request request, Done done) const {
  HandleRequest(impl_->room, std::move(request), std::move(done));
}

void Interactions::HandleAll(std::vector<Asked> asked) const {
  std::vector<Write> writes;
  for (Asked& one : asked) {
    const Done told = one.done;
    try {
      if (auto write = Begin(impl_->room, std::move(one.request), std::move(one.done))) {
        write->put_off = std::move(one.put_off);
        writes.push_back(std::move(*write));
      }
    } catch (const std::exception& error) {  // the others' requests go on
      told(OutcomeOf(MakeError(ErrorCode::kInternal, "a defect in the server; report it with the request id",
                               error.what())));
    }
  }
  impl_->room->lane->RunAll(std::move(writes));
}

bool Interactions::IsGathered(const Request& request) const {
  const bool writes = request.method != Method::kGet && request.method != Method::kHead;
  return writes && !request.path.empty() && request.path.back()[0] != '$' && request.path.back()[0] != '_' &&
         !IsHeavy(request);
}

bool Interactions::IsHeavy(const Request& request) const {
  constexpr size_t kLightBodyMax = size_t{64} << 10;
  if (request.body.size() > kLightBodyMax || request.path.empty()) return true;
  if (request.method == Method::kPatch)
    return true;  // what is patched may be large, and so may what it becomes
  // Searches, pages of histories, operations: whatever the method.
  if (request.path.back().starts_with('_') || request.path.back().starts_with('$')) return true;
  const bool get = request.method == Method::kGet || request.method == Method::kHead;
  if (get)
    return request.path.size() != 2 &&
           request.path.size() != 4;  // all but read and vread search or make a page
  return request.path.size() == 1 && (request.method != Method::kPost || !request.if_none_exist.empty());
}

}  // namespace tk::interaction
