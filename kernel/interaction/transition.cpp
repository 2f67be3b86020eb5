// The ways of a record that a workflow governs (kernel/workflow):
// GET  [type]/[id]/$transitions   what this viewer may do now, and why not the others
// POST [type]/[id]/$transition    code, reason, inputs; code "undo" takes the last one back, by who made it, while its workflow lets him
// POST [type]/$transition         the same for many records (record), each answered for itself
// GET  [type]/[id]/$states        how it came to be as it is: who, when, why, under which version
// Rights: the posts that the transition names, for records that the viewer sees. Who may make a transition need not be able to write the type.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/oauth/scopes.h"
#include "kernel/base/random.h"
#include "kernel/fhir/validate.h"
#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/guest.h"
#include "kernel/interaction/input_references.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/reach.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/special.h"
#include "kernel/interaction/states.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

using workflow::Order;
using workflow::Workflow;

constexpr size_t kTransitionReasonMax = 1000;  // bytes
constexpr size_t kVersionsMax = 1000;
constexpr size_t kRecordsMax = 1000;
constexpr std::string_view kUndo = "undo";

/// The record that is asked about, with its workflow; `book` keeps that alive.
struct Governed {
  Current current;
  view::ResourcePtr record;
  workflow::BookPtr book;
  const Workflow* workflow = nullptr;
};

/// nullopt in `*refusal`'s favour.
Result<std::optional<Governed>> FindGoverned(const Room& room, const Call& call,
                                             const view::Position& position, Response* refusal) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  Governed found;
  found.current = FindCurrent(room, call.viewer(), call.type_name, call.id, position);
  if (found.current.version.ordinal == 0 || !found.current.in_scope) {
    *refusal = NotFound(call);
    return std::optional<Governed>();
  }
  if (found.current.version.deleted) {
    *refusal = Gone(found.current.version.version);
    return std::optional<Governed>();
  }
  found.record = TRY(room.engine().Read(found.current.version.ordinal));
  if (room.context.workflows == nullptr) return std::optional(std::move(found));
  found.book = room.context.workflows->book();
  found.workflow = TRY(WorkflowOf(room, *found.book, *found.record));
  return std::optional(std::move(found));
}

workflow::Mover MoverOf(const Call& call) {
  const access::Viewer& viewer = call.viewer();
  workflow::Mover mover{viewer.account, viewer.post->name, {}, viewer.MayWrite(call.type_name)};
  fhir::JsonWriter json(&mover.user);
  json.Object();
  if (!viewer.record.empty())
    json.Member("reference", viewer.record);
  else
    json.Key("identifier").Object().Member("system", kAccountSystem).Member("value", viewer.account).End();
  if (!viewer.display.empty()) json.Member("display", viewer.display);
  json.End();
  return mover;
}

/// "valueCode" of "code".
std::string ValueMember(std::string_view type) {
  std::string member = "value" + std::string(type);
  if (member[5] >= 'a' && member[5] <= 'z') member[5] = static_cast<char>(member[5] - 'a' + 'A');
  return member;
}

Status ReadInput(const Room& room, const workflow::Input& input, const std::string& path, fhir::Value part,
                 workflow::Names* names) {
  const fhir::Value value = part[ValueMember(input.type)];
  if (!value)
    return MakeIssue(
        ErrorCode::kIncorrect, part ? "value" : "required", path,
        fmt::format("The transition wants the input {} as a {}.", input.name, ValueMember(input.type)));
  if (!input.codes.empty() &&
      std::find(input.codes.begin(), input.codes.end(), value.ToString()) == input.codes.end())
    return MakeIssue(ErrorCode::kIncorrect, "value", path,
                     fmt::format("The input {} is one of: {}.", input.name, fmt::join(input.codes, ", ")));
  names->emplace_back(
      input.name, fhir::path::Collection{TRY(workflow::ItemOf(*room.definitions, input.type, value.Json()))});
  return {};
}

/// Each input by its name, each once, and none that the transition has not.
Status ReadInputs(const Room& room, const BodyParameters& body, Order* order) {
  const std::string path = body.PathOf("inputs");
  const fhir::Value parts = body.Find("inputs")["part"];
  const auto& inputs = order->transition->inputs;
  for (const fhir::Value part : parts) {
    const std::string name = part["name"].ToString();
    if (std::none_of(inputs.begin(), inputs.end(), [&](const auto& each) { return each.name == name; }))
      return MakeIssue(
          ErrorCode::kIncorrect, "not-supported", path,
          fmt::format("The transition {} has no such input: $transitions tells those that it has.",
                      order->transition->code));
  }
  for (const workflow::Input& input : inputs) {
    fhir::Value given;
    for (const fhir::Value part : parts) {
      if (part["name"].ToString() != input.name) continue;
      if (given)
        return MakeIssue(ErrorCode::kIncorrect, "value", path,
                         fmt::format("The input {} is given twice.", input.name));
      given = part;
    }
    if (given || input.required) TRY(ReadInput(room, input, path, given, &order->inputs));
  }
  return {};
}

Error NotGoverned() {
  return MakeError(ErrorCode::kInvalid, "No workflow governs this record: it is changed by PUT and PATCH.");
}

/// The order as the body says it; without a transition for "undo".
Result<Order> ReadOrder(const Room& room, const Call& call, const Workflow& governing) {
  const fhir::Document document = TRY(ParseBody(call));
  TRY(fhir::CheckValid(*room.definitions, document.Root()));
  const BodyParameters body = TRY(BodyParameters::Read(document, {"code", "reason", "inputs"}));
  Order order;
  order.workflow = &governing;
  order.mover = MoverOf(call);
  order.now_us = room.context.clock->NowUs();
  const std::string code = body.Find("code")["valueCode"].ToString();
  order.reason = body.Find("reason")["valueString"].ToString();
  if (order.reason.size() > kTransitionReasonMax)
    return MakeIssue(ErrorCode::kIncorrect, "too-long", body.PathOf("reason"),
                     fmt::format("A reason has at most {} bytes.", kTransitionReasonMax));
  if (code == kUndo) return order;
  order.transition = governing.FindTransition(code);
  if (order.transition == nullptr)
    return MakeIssue(ErrorCode::kIncorrect, code.empty() ? "required" : "not-found", body.PathOf("code"),
                     fmt::format("Give the code (valueCode) of a transition of {}: $transitions tells them.",
                                 governing.head.name()));
  TRY(workflow::CheckPost(order));
  TRY(ReadInputs(room, body, &order));
  if (order.transition->wants_reason && order.reason.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", body.PathOf("reason"),
                     fmt::format("The transition {} wants a reason (valueString).", code));
  return order;
}

/// The versions around the last transition: as it was before, and as it became.
Result<rules::Write> TakenBack(const Room& room, const Governed& found, const view::Position& basis,
                               const Order& order) {
  const auto mark = workflow::ReadMark(found.record->document.Root());
  if (!mark || mark->transition.empty() || mark->transition == kUndo || mark->undo_us == 0)
    return MakeError(ErrorCode::kConflict, "The last transition of this record cannot be taken back.");
  if (mark->by != order.mover.user)
    return MakeError(ErrorCode::kForbidden, "A transition is taken back by who made it alone.");
  if (order.now_us > mark->undo_us)
    return MakeError(ErrorCode::kConflict,
                     "The time in which the last transition could be taken back has passed.");
  view::ResourcePtr after = found.record;
  for (const auto& version : room.directory().Versions(found.current.id_hash, basis, kVersionsMax)) {
    if (version.deleted) break;
    view::ResourcePtr one = TRY(room.engine().Read(version.ordinal));
    const auto its = workflow::ReadMark(one->document.Root());
    if (its && its->transition == mark->transition && its->at_us == mark->at_us) {
      after = std::move(one);
      continue;
    }
    return rules::Write{found.record, TRY(workflow::TakeBack(*order.workflow, one->document, after->document,
                                                             found.record->document, order))};
  }
  return MakeError(ErrorCode::kConflict, "How this record was before its last transition is not kept.");
}

/// Moved as well, by an action of the transition: its mark is another.
bool IsMoved(const rules::Write& write) {
  return write.before != nullptr &&
         workflow::MarkJson(write.before->document.Root()) != workflow::MarkJson(write.now.Root());
}

/// What is written, as a change set: the record first.
Status AddWrites(const Room& room, const Call& call, const view::Position& basis,
                 std::vector<rules::Write> writes, view::ChangeSet* set) {
  for (size_t i = 0; i < writes.size(); ++i) {
    rules::Write& write = writes[i];
    const fhir::Value root = write.now.Root();
    const std::string type_name = root["resourceType"].ToString();
    Current current;
    current.id_hash = room.engine().IdHash(type_name, root["id"].ToString());
    current.version = room.directory().Current(current.id_hash, basis);
    JudgedBy judged;
    judged.by_transition = i == 0 || IsMoved(write);
    view::ResourcePtr now =
        TRY(MakeVersion(room, call, room.definitions->FindType(type_name), std::move(write.now),
                        current.version.version + 1, write.before == nullptr, std::move(judged)));
    if (i == 0)
      TRY(CheckPlace(room, call.viewer(), *now, basis));
    else
      TRY(CheckNotOurs(room, *now));
    TRY(AddWrite(room, current, std::move(now), set, true));
  }
  return {};
}

/// The record as the same transition left it, if it came before with this key. Errors: KeyOfAnother.
Result<std::optional<Response>> RepeatedTransition(const Room& room, const Call& call,
                                                   const view::Position& basis) {
  if (call.key == 0) return std::optional<Response>();
  const view::Ordinal ordinal = TRY(room.index().FindKey(call.key, basis));
  if (ordinal == 0) return std::optional<Response>();
  const view::ResourcePtr made = TRY(room.engine().Read(ordinal));
  const fhir::Document document = TRY(ParseBody(call));
  const BodyParameters body = TRY(BodyParameters::Read(document, {"code", "reason", "inputs"}));
  const auto mark = workflow::ReadMark(made->document.Root());
  if (made->id != call.id || !mark || mark->transition != body.Find("code")["valueCode"].ToString())
    return KeyOfAnother();
  return std::optional(TRY(StoredResource(room, call, ordinal, Shape{})));
}

}  // namespace

Result<Plan> PlanTransition(const Room& room, const CallPtr& call, const view::Position& basis) {
  Response refusal;
  const auto found = TRY(FindGoverned(room, *call, basis, &refusal));
  if (!found) return ReadyPlan(std::move(refusal));
  TRY(CheckGranted(call->viewer(), call->type_name, access::oauth::kUpdate, false));
  if (auto repeated = TRY(RepeatedTransition(room, *call, basis))) return ReadyPlan(std::move(*repeated));
  TRY(CheckIfMatch(call->request.if_match, found->current.version.version));
  if (found->workflow == nullptr) return NotGoverned();
  TRY(CheckNotSpecial(room, call->viewer(), found->record->document.Text()));
  TRY(CheckGuest(room, call->viewer(), found->current.version.ordinal, false));
  const Order order = TRY(ReadOrder(room, *call, *found->workflow));
  std::vector<rules::Write> writes;
  ActionSearches searched{basis, {}, {}};
  if (order.transition == nullptr) {
    writes.push_back(TRY(TakenBack(room, *found, basis, order)));
  } else {
    TRY(workflow::MayMove(*room.definitions, found->record->document.Root(), order));
    TRY(CheckReferences(room, call->viewer(), basis, found->record, order));
    const workflow::Surroundings around{room.definitions, &room.context.workflows->calendar(), NewUuid,
                                        rules::ReaderAt(&room.engine(), basis),
                                        ReachOf(room.context, &searched)};
    writes = TRY(workflow::Move(around, found->record, order));
  }
  auto set = std::make_unique<view::ChangeSet>();
  TRY(AddWrites(room, *call, basis, std::move(writes), set.get()));
  AddSearchGuards(room, std::move(searched), set.get());
  set->key = call->key;
  Plan plan = WrittenPlan(call, std::move(set), false);
  plan.answer = [answer = std::move(plan.answer)](const view::Commit& commit) {
    Response response = answer(commit);
    response.audit_action = "transition";
    return response;
  };
  return plan;
}

namespace {

void WriteWords(std::string_view name, const workflow::Words& words, fhir::JsonWriter* json) {
  json->Object().Member("name", name).Member("valueString", words.zh);
  json->Key("_valueString").Object().Key("extension").Array().Object();
  json->Member("url", "http://hl7.org/fhir/StructureDefinition/translation").Key("extension").Array();
  json->Object().Member("url", "lang").Member("valueCode", "en").End();
  json->Object().Member("url", "content").Member("valueString", words.en).End();
  json->End().End().End().End().End();
}

void WritePart(std::string_view name, std::string_view member, std::string_view text,
               fhir::JsonWriter* json) {
  if (!text.empty()) json->Object().Member("name", name).Member(member, text).End();
}

void WriteTransition(const Room& room, const Governed& found, const Order& order, fhir::JsonWriter* json) {
  const workflow::Transition& transition = *order.transition;
  const Status may = workflow::MayMove(*room.definitions, found.record->document.Root(), order);
  json->Object().Member("name", "transition").Key("part").Array();
  WritePart("code", "valueCode", transition.code, json);
  WriteWords("title", transition.title, json);
  WritePart("to", "valueCode", transition.to, json);
  json->Object().Member("name", "may").Key("valueBoolean").Bool(may.ok()).End();
  if (!may.ok()) WritePart("why", "valueString", may.error().external, json);
  for (const std::string& post : transition.posts) WritePart("post", "valueCode", post, json);
  if (const auto unmet = workflow::UnmetGuards(*room.definitions, found.record->document.Root(), order);
      unmet.ok()) {
    for (const workflow::Guard* const guard : *unmet) WriteWords("unmet", guard->message, json);
  }
  WritePart("reason", "valueCode", transition.wants_reason ? "required" : "optional", json);
  for (const workflow::Input& input : transition.inputs) {
    json->Object().Member("name", "input").Key("part").Array();
    WritePart("name", "valueString", input.name, json);
    WriteWords("title", input.title, json);
    WritePart("type", "valueCode", input.type, json);
    json->Object().Member("name", "required").Key("valueBoolean").Bool(input.required).End();
    for (const std::string& code : input.codes) WritePart("code", "valueCode", code, json);
    for (const std::string& type : input.to) WritePart("to", "valueCode", type, json);
    json->End().End();
  }
  json->End().End();
}

std::string TransitionsJson(const Room& room, const Call& call, const Governed& found) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters");
  if (found.workflow != nullptr) {
    const Workflow& governing = *found.workflow;
    const fhir::Value root = found.record->document.Root();
    const workflow::Mark mark = workflow::ReadMark(root).value_or(workflow::Mark());
    const std::string code = governing.StateOf(root);
    json.Key("parameter").Array();
    WritePart("workflow", "valueString", governing.head.name(), &json);
    WritePart("state", "valueCode", code, &json);
    if (const workflow::State* const state = governing.FindState(code))
      WriteWords("title", state->title, &json);
    if (mark.since_us != 0) WritePart("since", "valueInstant", FormatInstant(mark.since_us), &json);
    if (const auto due = mark.next_due()) WritePart("due", "valueInstant", FormatInstant(*due), &json);
    Order order;
    order.workflow = found.workflow;
    order.mover = MoverOf(call);
    order.now_us = room.context.clock->NowUs();
    order.is_question = true;
    if (mark.undo_us >= order.now_us && mark.by == order.mover.user)
      WritePart("undo", "valueInstant", FormatInstant(mark.undo_us), &json);
    for (const workflow::Transition& transition : governing.transitions) {
      order.transition = &transition;
      WriteTransition(room, found, order, &json);
    }
    json.End();
  }
  json.End();
  return out;
}

}  // namespace

Result<Response> Transitions(const Room& room, const Call& call) {
  Response refusal;
  const auto found = TRY(FindGoverned(room, call, room.engine().Head(), &refusal));
  if (!found) return refusal;
  Response response = JsonResponse(call, TransitionsJson(room, call, *found), "transitions");
  response.audit_type = call.type_name;
  response.audit_id = call.id;
  return response;
}

namespace {

void WriteStep(const Workflow& governing, const view::Resource& version, const workflow::Mark& mark,
               bool is_limit, fhir::JsonWriter* json) {
  json->Object().Member("name", is_limit ? "limit" : "step").Key("part").Array();
  WritePart("state", "valueCode", governing.StateOf(version.document.Root()), json);
  WritePart("from", "valueCode", is_limit ? "" : mark.from, json);
  WritePart("transition", "valueCode", is_limit ? "" : mark.transition, json);
  const Instant at_us = is_limit ? version.at_us : mark.transition.empty() ? mark.since_us : mark.at_us;
  WritePart("at", "valueInstant", FormatInstant(at_us), json);
  if (!is_limit && !mark.by.empty())
    json->Object().Member("name", "by").Key("valueReference").Raw(mark.by).End();
  WritePart("post", "valueCode", is_limit ? "" : mark.post, json);
  WritePart("reason", "valueString", is_limit ? "" : mark.reason, json);
  WritePart("workflow", "valueString", mark.workflow, json);
  if (is_limit) {
    json->Object().Member("name", "passed").Key("valueInteger").Int(mark.passed).End();
    json->Object().Member("name", "late").Key("valueInteger").Int(mark.late_s).End();
  }
  json->Object().Member("name", "version").Key("valueInteger").Int(version.version).End();
  json->End().End();
}

}  // namespace

Result<Response> States(const Room& room, const Call& call) {
  Response refusal;
  const view::Position head = room.engine().Head();
  const auto found = TRY(FindGoverned(room, call, head, &refusal));
  if (!found) return refusal;
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters");
  auto versions = room.directory().Versions(found->current.id_hash, head, kVersionsMax);
  std::reverse(versions.begin(), versions.end());
  workflow::Mark last;
  bool any = false;
  for (const auto& version : versions) {
    if (found->workflow == nullptr || version.deleted) continue;
    const view::ResourcePtr one = TRY(room.engine().Read(version.ordinal));
    const auto mark = workflow::ReadMark(one->document.Root());
    if (!mark) continue;
    const bool moved = !any || mark->at_us != last.at_us || mark->transition != last.transition ||
                       mark->since_us != last.since_us;
    if (moved || mark->passed != last.passed) {
      if (!any) json.Key("parameter").Array();
      any = true;
      WriteStep(*found->workflow, *one, *mark, !moved, &json);
    }
    last = *mark;
  }
  if (any) json.End();
  json.End();
  Response response = JsonResponse(call, std::move(out), "states");
  response.audit_type = call.type_name;
  response.audit_id = call.id;
  return response;
}

namespace {

/// The request for many as a batch, an entry for each record.
Result<std::string> BatchOf(const Call& call) {
  const fhir::Document document = TRY(ParseBody(call));
  const fhir::Value root = document.Root();
  if (root["resourceType"].ToString() != "Parameters")
    return MakeIssue(ErrorCode::kIncorrect, "value", "resourceType",
                     "Send a Parameters resource with: code, reason, inputs, and a record for each.");
  std::string same;  // of all records
  std::vector<std::string> ids;
  size_t i = 0;
  for (const fhir::Value parameter : root["parameter"]) {
    const std::string path = fmt::format("Parameters.parameter[{}]", i++);
    if (parameter["name"].ToString() != "record") {
      same += (same.empty() ? "" : ",") + std::string(parameter.Json());
      continue;
    }
    const std::string reference = parameter["valueReference"]["reference"].ToString();
    const std::string prefix = call.type_name + "/";
    if (!reference.starts_with(prefix) || !IsId(reference.substr(prefix.size())))
      return MakeIssue(ErrorCode::kIncorrect, "value", path,
                       fmt::format("A record is a valueReference {}[id].", prefix));
    ids.push_back(reference);
  }
  if (ids.empty() || ids.size() > kRecordsMax)
    return MakeIssue(
        ErrorCode::kIncorrect, "value", "Parameters.parameter",
        fmt::format("Give between 1 and {} records (record, a valueReference each).", kRecordsMax));
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Bundle").Member("type", "batch").Key("entry").Array();
  for (const std::string& id : ids) {
    json.Object()
        .Key("resource")
        .Raw(fmt::format(R"({{"resourceType":"Parameters","parameter":[{}]}})", same));
    json.Key("request").Object().Member("method", "POST").Member("url", id + "/$transition").End().End();
  }
  json.End().End();
  return out;
}

}  // namespace

void HandleTransitions(const RoomPtr& room, const CallPtr& call, Done done) {
  auto batch = BatchOf(*call);
  if (!batch.ok()) return done(OutcomeOf(batch.error()));
  auto many = std::make_shared<Call>(*call);
  many->request.body = std::move(batch).value();
  many->kind = Kind::kBundle;
  HandleBundle(room, many, [done = std::move(done)](Response&& response) {
    response.audit_action = "transition";
    done(std::move(response));
  });
}

}  // namespace tk::interaction
