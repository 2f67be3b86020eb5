// Emergency access (break glass): Patient/[id]/$emergency-access opens one person to one account for some time, whatever area and consents say.
// Flow:   post with the operation `emergency`, reason and text → turn within the hour → audit, durable → Task written → facts: open at once
//         → the Task is the review: GET $emergency-access lists, POST Task/[id]/$review ends it as justified or not
// The Task is about the person, so it is among his records: who looked, when, why. Nobody writes, changes or deletes it otherwise (permit.h).
// Source: policies.toml [emergency].
#include <fmt/format.h>

#include "kernel/access/policies.h"
#include "kernel/base/clock.h"
#include "kernel/base/random.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

constexpr size_t kTextMin = 5, kTextMax = 500;  // characters are not counted: bytes of UTF-8
constexpr size_t kListedMax = 1000;
constexpr std::string_view kReasonSystem = "http://tongkang.dev/fhir/CodeSystem/emergency-reason";

const access::Policies& PoliciesOf(const Call& call) {
  return call.viewer().policies != nullptr ? *call.viewer().policies : *access::Policies::BuiltIn();
}

struct EmergencyAsked {
  std::string_view reason;  // a literal
  std::string text;
  std::string running;  // id of the Task of one that runs already; may be empty
};

Error EmergencyReasonMissing(const access::EmergencyPolicy& policy) {
  return MakeIssue(
      ErrorCode::kIncorrect, "required", "Parameters.parameter",
      fmt::format(
          "An emergency access needs reason (valueCode, one of: {}) and text (valueString of {} to {} "
          "bytes, what is the matter).",
          fmt::join(policy.reasons, ", "), kTextMin, kTextMax));
}

Result<EmergencyAsked> ReadEmergencyAsked(const Call& call, const access::EmergencyPolicy& policy) {
  const fhir::Document document = TRY(ParseBody(call));
  const fhir::Value root = document.Root();
  EmergencyAsked asked;
  if (root["resourceType"].ToString() != "Parameters") return EmergencyReasonMissing(policy);
  for (const fhir::Value parameter : root["parameter"]) {
    const std::string name = parameter["name"].ToString();
    if (name == "reason") {
      const std::string code = parameter["valueCode"].ToString();
      const auto at = std::find(policy.reasons.begin(), policy.reasons.end(), code);
      if (at != policy.reasons.end()) asked.reason = *at;
    } else if (name == "text") {
      asked.text = parameter["valueString"].ToString();
    } else {
      return MakeIssue(ErrorCode::kIncorrect, "not-supported", "Parameters.parameter.name",
                       "The parameters are reason and text.");
    }
  }
  if (asked.reason.empty() || asked.text.size() < kTextMin || asked.text.size() > kTextMax)
    return EmergencyReasonMissing(policy);
  return asked;
}

/// The Task that is the access and its review.
std::string EmergencyTask(const Call& call, const std::string& id, const EmergencyAsked& asked,
                          Instant now_us, Instant until_us) {
  std::string out;
  fhir::JsonWriter json(&out);
  const auto coding = [&json](std::string_view system, std::string_view code) {
    json.Key("coding").Array().Object().Member("system", system).Member("code", code).End().End();
  };
  json.Object().Member("resourceType", "Task").Member("id", id);
  json.Member("status", "requested").Member("intent", "order").Member("priority", "stat");
  json.Key("code").Object();
  coding(kAccessSystem, kEmergencyCode);
  json.Member("text", "紧急调阅 emergency access, to be reviewed").End();
  json.Key("for").Object().Member("reference", "Patient/" + call.id).End();
  json.Key("executionPeriod")
      .Object()
      .Member("start", FormatInstant(now_us))
      .Member("end", FormatInstant(until_us))
      .End();
  json.Member("authoredOn", FormatInstant(now_us));
  json.Key("requester").Object().Key("identifier").Object();
  json.Member("system", kAccountSystem).Member("value", call.viewer().account).End();
  if (!call.viewer().display.empty()) json.Member("display", call.viewer().display);
  json.End();
  json.Key("performerType").Array().Object().Member("text", "安全管理员 security officer").End().End();
  json.Key("reasonCode").Object();
  coding(kReasonSystem, asked.reason);
  json.Member("text", asked.text).End();
  json.End();
  return out;
}

Response AccessOpened(const Call& call, const view::Resource& task, Instant at_us, std::string_view reason,
                      int status = 201) {
  Response response;
  response.status = status;
  response.etag = ETag(task.version);
  response.last_modified_us = at_us;
  response.location = fmt::format("{}/Task/{}/_history/{}", call.request.base_url, task.id, task.version);
  AppendVersioned(task, at_us, &response.body);
  if (call.pretty) response.body = PrettyJson(response.body);
  response.audit_type = "Patient";
  response.audit_id = call.id;
  response.audit_action = "emergency";
  response.audit_reason = reason;
  return response;
}

Result<EmergencyAsked> PrepareEmergency(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "emergency"));
  TRY(CheckMayRead(call.viewer(), "Patient"));
  const access::EmergencyPolicy& policy = PoliciesOf(call).emergency();
  EmergencyAsked asked = TRY(ReadEmergencyAsked(call, policy));
  // Whatever the scope: an emergency may concern anybody.
  const auto version =
      room.directory().Current(room.engine().IdHash("Patient", call.id), room.engine().Head());
  if (version.ordinal == 0 || version.deleted)
    return MakeError(ErrorCode::kNotFound, "There is no such Patient.");
  const view::OwnerNumber person = room.directory().OwnerNow(room.directory().Get(version.ordinal).owner);
  const std::string running = room.facts->RunningEmergency(call.viewer().account, person);
  if (const size_t slash = running.find('/'); slash != std::string::npos) {
    asked.running = running.substr(slash + 1);
    return asked;
  }
  if (!room.facts->TakeTurn(call.viewer().account, person, policy.per_hour))
    return MakeError(
        ErrorCode::kBusy,
        fmt::format("This account has opened {} persons within an hour, which is the most: call the "
                    "security officer.",
                    policy.per_hour));
  if (call.request.note_intent) TRY(call.request.note_intent("Patient", call.id, asked.reason));
  return asked;
}

Result<Plan> PlanEmergency(const Room& room, const CallPtr& call, const EmergencyAsked& asked,
                           const std::string& id, const view::Position& basis) {
  if (!asked.running.empty()) {
    const auto version = room.directory().Current(room.engine().IdHash("Task", asked.running), basis);
    if (version.ordinal != 0 && !version.deleted) {
      const view::ResourcePtr task = TRY(room.engine().Read(version.ordinal));
      return ReadyPlan(AccessOpened(*call, *task, task->at_us, asked.reason, 200));
    }
  }
  const Instant now_us = room.context.clock->NowUs();
  const Instant until_us = now_us + PoliciesOf(*call).emergency().minutes * 60 * kSecondUs;
  fhir::Document document = TRY(fhir::Document::Parse(EmergencyTask(*call, id, asked, now_us, until_us)));
  view::ResourcePtr task =
      TRY(MakeVersion(room, *call, room.definitions->FindType("Task"), std::move(document), 1, true));
  auto set = std::make_unique<view::ChangeSet>();
  Current none;
  none.id_hash = room.engine().IdHash("Task", id);
  TRY(AddWrite(room, none, task, set.get()));
  Plan plan;
  plan.set = std::move(set);
  plan.answer = [room_of = &room, call, task, reason = asked.reason](const view::Commit& commit) {
    room_of->facts->Take(*task);
    return AccessOpened(*call, *task, commit.at_us, reason);
  };
  return plan;
}

struct AccessReview {
  bool justified = false;
  std::string note;
};

Result<AccessReview> ReadAccessReview(const Call& call) {
  const fhir::Document document = TRY(ParseBody(call));
  AccessReview asked;
  bool said = false;
  for (const fhir::Value parameter : document.Root()["parameter"]) {
    const std::string name = parameter["name"].ToString();
    if (name == "justified") {
      const std::string_view value = parameter["valueBoolean"].Json();
      said = value == "true" || value == "false";
      asked.justified = value == "true";
    } else if (name == "note") {
      asked.note = parameter["valueString"].ToString();
    }
  }
  if (!said || asked.note.size() > kTextMax)
    return MakeIssue(
        ErrorCode::kIncorrect, "required", "Parameters.parameter",
        fmt::format("A review needs justified (valueBoolean); note (valueString, at most {} bytes) "
                    "may say why.",
                    kTextMax));
  return asked;
}

/// The reviewed Task: what it said stays.
std::string ReviewedTask(const Room& room, const Call& call, fhir::Value task, const AccessReview& asked) {
  std::string out;
  fhir::JsonWriter json(&out);
  const std::string now = FormatInstant(room.context.clock->NowUs());
  json.Object();
  for (const fhir::Value member : task) {
    if (member.name_text() == "status")
      json.Member("status", "completed");
    else if (member.name_text() != "meta")
      json.Key(member.name_text()).Raw(member.Json());
  }
  json.Key("businessStatus").Object().Key("coding").Array().Object().Member("system", kAccessSystem);
  json.Member("code", asked.justified ? "justified" : "unjustified").End().End().End();
  json.Member("lastModified", now);
  json.Key("owner").Object().Key("identifier").Object().Member("system", kAccountSystem);
  json.Member("value", call.viewer().account).End().End();
  if (!asked.note.empty())
    json.Key("note").Array().Object().Member("time", now).Member("text", asked.note).End().End();
  json.End();
  return out;
}

}  // namespace

void HandleEmergency(const RoomPtr& room, const CallPtr& call, Done done) {
  auto prepared = PrepareEmergency(*room, *call);
  if (!prepared.ok()) return done(OutcomeOf(prepared.error()));
  const auto asked = std::make_shared<const EmergencyAsked>(std::move(prepared).value());
  HandleWrite(
      room, call,
      [room, call, asked, id = NewUuid()](const view::Position& basis) {
        return PlanEmergency(*room, call, *asked, id, basis);
      },
      std::move(done));
}

Result<Plan> PlanReview(const Room& room, const CallPtr& call, const view::Position& basis) {
  TRY(CheckMayCall(call->viewer(), "emergency-review"));
  const AccessReview asked = TRY(ReadAccessReview(*call));
  const Current current = FindCurrent(room, call->viewer(), "Task", call->id, basis);
  if (!current.exists() || !current.in_scope) return ReadyPlan(NotFound(*call));
  const view::ResourcePtr before = TRY(room.engine().Read(current.version.ordinal));
  const fhir::Value task = before->document.Root();
  if (!IsEmergencyTask(task)) return ReadyPlan(NotFound(*call));
  if (task["status"].ToString() != "requested")
    return MakeError(ErrorCode::kConflict, "This emergency access has been reviewed already.");
  if (task["requester"]["identifier"]["value"].ToString() == call->viewer().account)
    return MakeError(ErrorCode::kForbidden, "Nobody reviews his own emergency access: let another do it.");
  fhir::Document document = TRY(fhir::Document::Parse(ReviewedTask(room, *call, task, asked)));
  view::ResourcePtr now =
      TRY(MakeVersion(room, *call, call->type, std::move(document), current.version.version + 1, false));
  auto set = std::make_unique<view::ChangeSet>();
  TRY(AddWrite(room, current, now, set.get(), true));
  Plan plan = WrittenPlan(call, std::move(set), false);
  plan.answer = [room_of = &room, now, answer = std::move(plan.answer)](const view::Commit& commit) {
    room_of->facts->Take(*now);
    Response response = answer(commit);
    response.audit_action = "review";
    return response;
  };
  return plan;
}

Result<Response> Emergencies(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "emergency-review"));
  std::string status = "requested";
  for (const Parameter& parameter : TRY(ParseParameters(call.query))) {
    if (parameter.name != "status") return UnknownParameter(parameter.name, "status");
    if (parameter.value != "requested" && parameter.value != "completed")
      return MakeError(ErrorCode::kIncorrect, "status may be requested (to be reviewed) or completed.");
    status = parameter.value;
  }
  const auto definitions = room.index().definitions();
  const search::Query query = TRY(search::ParseQuery(
      definitions, definitions->FindType("Task"),
      fmt::format("code={}|{}&status={}&_sort=-_lastUpdated", kAccessSystem, kEmergencyCode, status), {}));
  const search::PageRequest request = ScopedRequest(room, call, room.engine().Head(), kListedMax);
  const search::Page page = TRY(room.index().Search(query, request));
  const Texts texts = TRY(ReadMany(room, page.ordinals));
  std::string body;
  BundleWriter bundle(&body, "searchset");
  bundle.Link("self", fmt::format("{}/$emergency-access?status={}", call.request.base_url, status));
  for (size_t i = 0; i < texts.size(); ++i)
    bundle.AddFound(call.request.base_url, "Task", texts.header(i).id, texts.body(i), "match");
  bundle.End();
  return JsonResponse(call, std::move(body), "emergencies");
}

}  // namespace tk::interaction
