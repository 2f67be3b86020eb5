// The routes of /app/health-code/: POST all, with a JSON object, since what they say is about persons and must stand in no URL.
//   mine    {}                               the resident's own colour, why, since, until, what changes it, his appeals (health-code-mine)
//   of      {"patient": "Patient/1"}         the same of a person whom the viewer sees (health-code-of); with reasons that are "asked": of who his record was before it became another's,
//                                            until a clerk has answered whose it is
//   check   {"use": "HealthCardUse/…"}       the colour alone, of whose health card this account has verified just now, purpose health-code (health-code-check):
//                                            a checkpoint asks for nobody who has not shown his code to it
//   appeal  {"reason": "CodeReason/…", "text": "…"}      by the resident, against one of his reasons; once each (health-code-appeal)
// None of them writes a colour: there is none to write (colour.h).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "apps/health-code/colour.h"
#include "kernel/app/app.h"
#include "kernel/interaction/permit.h"

namespace tk::health_code {
namespace {

using interaction::Response;

constexpr std::string_view kPatient = "Patient/", kReason = "CodeReason/", kUse = "HealthCardUse/";
constexpr std::string_view kPurpose = "health-code";
constexpr size_t kTextMax = 2000, kIdMax = 100;

struct CodeState {
  app::Context context;
  int64_t check_seconds = 0;
  const view::Engine& engine() const { return *context.engine; }
};

struct CodeAsk {
  std::shared_ptr<const CodeState> state;
  std::shared_ptr<const access::Viewer> viewer;
  fhir::Document body;
  interaction::Done done;
};
using CodeAskPtr = std::shared_ptr<const CodeAsk>;

Status CheckCalls(const CodeAsk& ask, std::string_view operation) {
  if (ask.viewer->MayCall(operation)) return {};
  return MakeError(ErrorCode::kForbidden,
                   fmt::format("Your post may not ask this: it needs the operation {}.", operation));
}

Error Unknown(std::string_view what) {
  return MakeError(ErrorCode::kNotFound, fmt::format("There is no such {}.", what));
}

/// "Type/id" of a member of the body, without the type.
Result<std::string> IdIn(const CodeAsk& ask, std::string_view member, std::string_view prefix) {
  const std::string text = ask.body.Root()[member].ToString();
  if (!text.starts_with(prefix) || text.size() == prefix.size() || text.size() > prefix.size() + kIdMax)
    return MakeIssue(ErrorCode::kIncorrect, "required", std::string(member),
                     fmt::format("{} is missing, or not as {}…", member, prefix));
  return text.substr(prefix.size());
}

/// The live record; nullptr: there is none.
Result<view::ResourcePtr> LiveOf(const view::Engine& engine, std::string_view type, std::string_view id) {
  const auto version = engine.directory().Current(engine.IdHash(type, id), engine.Head());
  if (version.ordinal == 0 || version.deleted) return view::ResourcePtr();
  return engine.Read(version.ordinal);
}

/// Whose reasons count: to the resident his own; to whoever stands before him also those of who his record was, while a clerk is asked whose it is: until then the
/// most severe of both is the safe answer.
enum class Counting : uint8_t { kHis, kAlsoAsked };

Status AddReasons(const CodeState& state, const std::vector<std::string>& ids, bool asked,
                  std::vector<Reason>* reasons) {
  for (const std::string& id : ids) {
    const view::ResourcePtr found = TRY(LiveOf(state.engine(), "CodeReason", id));
    Reason reason;
    if (found == nullptr || !ReadReason(found->document.Root(), state.context.clock->NowUs(), &reason))
      continue;
    reason.asked = asked;
    reasons->push_back(std::move(reason));
  }
  return {};
}

Result<Verdict> ColourOf(const CodeState& state, std::string_view patient_id, Counting counting) {
  constexpr std::string_view kActive = "status=active";
  const rules::Reach& reach = state.context.reach;
  const std::string patient = std::string(kPatient).append(patient_id);
  std::vector<Reason> reasons;
  TRY(AddReasons(state, TRY(reach.find("CodeReason", patient, kActive)), false, &reasons));
  if (counting == Counting::kAlsoAsked)
    TRY(AddReasons(state, TRY(reach.in_question("CodeReason", patient, kActive)), true, &reasons));
  return Fold(std::move(reasons));
}

void WriteTime(std::string_view name, Instant at_us, fhir::JsonWriter* out) {
  if (at_us != 0) out->Member(name, FormatInstant(at_us));
}

void WriteReasons(const Verdict& verdict, fhir::JsonWriter* out) {
  out->Key("reasons").Array();
  for (const Reason& reason : verdict.reasons) {
    out->Object().Member("id", std::string(kReason) + reason.id).Member("colour", NameOf(reason.colour));
    out->Member("reason", reason.reason).Member("rule", reason.rule);
    if (reason.asked) out->Key("asked").Bool(true);
    WriteTime("since", reason.since_us, out);
    WriteTime("until", reason.until_us, out);
    out->Key("changes").Object().Member("zh-CN", reason.changes_zh).Member("en", reason.changes_en).End();
    out->Key("evidence").Array();
    for (const std::string& evidence : reason.evidence) out->String(evidence);
    out->End().End();
  }
  out->End();
}

/// What the person's appeals have come to.
Status WriteAppeals(const CodeState& state, std::string_view patient_id, fhir::JsonWriter* out) {
  const auto find = state.context.reach.find;
  out->Key("appeals").Array();
  for (const std::string& id : TRY(find("CodeAppeal", std::string(kPatient).append(patient_id), ""))) {
    const view::ResourcePtr appeal = TRY(LiveOf(state.engine(), "CodeAppeal", id));
    if (appeal == nullptr) continue;
    const fhir::Value root = appeal->document.Root();
    out->Object().Member("id", "CodeAppeal/" + id).Member("status", root["status"].ToString());
    out->Member("reason", root["reason"]["reference"].ToString()).Member("made", root["made"].ToString());
    if (root["answer"].present()) out->Member("answer", root["answer"].ToString());
    out->End();
  }
  out->End();
  return {};
}

Response Told(std::string json, std::string_view action, std::string_view patient_id, int status = 200) {
  Response response;
  response.status = status;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(json);
  response.audit_action = action;
  response.audit_type = "Patient";
  response.audit_id = std::string(patient_id);
  return response;
}

Result<Response> WholeAnswer(const CodeAsk& ask, const std::string& patient_id, Counting counting,
                             std::string_view action) {
  const Verdict verdict = TRY(ColourOf(*ask.state, patient_id, counting));
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Member("colour", NameOf(verdict.colour));
  WriteTime("since", verdict.since_us, &out);
  WriteTime("until", verdict.until_us, &out);
  out.Member("checked", FormatInstant(ask.state->context.clock->NowUs()));
  WriteReasons(verdict, &out);
  TRY(WriteAppeals(*ask.state, patient_id, &out));
  out.End();
  return Told(std::move(json), action, patient_id);
}

Result<Response> Mine(const CodeAsk& ask) {
  TRY(CheckCalls(ask, "health-code-mine"));
  return WholeAnswer(ask, TRY(interaction::OwnPatient(*ask.viewer)), Counting::kHis, "health-code-mine");
}

Result<Response> Of(const CodeAsk& ask) {
  TRY(CheckCalls(ask, "health-code-of"));
  const std::string id = TRY(IdIn(ask, "patient", kPatient));
  const view::Engine& engine = ask.state->engine();
  const auto version = engine.directory().Current(engine.IdHash("Patient", id), engine.Head());
  if (version.ordinal == 0 || version.deleted ||
      !engine.directory().InScope(version.ordinal, ask.viewer->scope))
    return Unknown("person");
  return WholeAnswer(ask, id, Counting::kAlsoAsked, "health-code-of");
}

Result<Response> Check(const CodeAsk& ask) {
  TRY(CheckCalls(ask, "health-code-check"));
  const view::ResourcePtr use =
      TRY(LiveOf(ask.state->engine(), "HealthCardUse", TRY(IdIn(ask, "use", kUse))));
  if (use == nullptr) return Unknown("use of a health card");
  const fhir::Value root = use->document.Root();
  const Instant now_us = ask.state->context.clock->NowUs();
  const auto used = ParseDateRange(root["used"].ToString());
  // Another's, or an old one, is answered as one that never was.
  if (root["verifier"].ToString() != ask.viewer->account || root["purpose"].ToString() != kPurpose ||
      !used.ok() || used->low_us + ask.state->check_seconds * kSecondUs < now_us)
    return Unknown("use of a health card");
  const std::string holder = root["holder"]["reference"].ToString();
  if (!holder.starts_with(kPatient)) return Unknown("use of a health card");
  const std::string id = holder.substr(kPatient.size());
  const Verdict verdict = TRY(ColourOf(*ask.state, id, Counting::kAlsoAsked));
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Member("colour", NameOf(verdict.colour)).Member("checked", FormatInstant(now_us)).End();
  return Told(std::move(json), "health-code-check", id);
}

/// Writes the appeal: its id is of the reason, so that there is one of each. The writer's thread answers.
void WriteAppeal(const CodeAskPtr& ask, const std::string& patient_id, const std::string& reason_id,
                 const std::string& text) {
  const view::Engine& engine = ask->state->engine();
  const std::string id = "appeal-" + reason_id;
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Member("resourceType", "CodeAppeal").Member("id", id).Member("status", "received");
  out.Key("subject").Object().Member("reference", std::string(kPatient) + patient_id).End();
  out.Key("reason").Object().Member("reference", std::string(kReason) + reason_id).End();
  out.Member("text", text).Member("made", FormatInstant(ask->state->context.clock->NowUs())).End();
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = engine.Head();
  const auto prepare = [&]() -> Status {
    const fhir::Definitions& definitions = engine.definitions();
    view::Change change;
    change.now =
        TRY(view::MakeResource(definitions, TRY(fhir::Document::Parse(json)), 1, view::Operation::kCreate));
    set->changes.push_back(std::move(change));
    set->guards.push_back({engine.IdHash("CodeAppeal", id), 0, {}, 0});
    return engine.Prepare(set.get());
  };
  if (const Status prepared = prepare(); !prepared.ok())
    return ask->done(interaction::OutcomeOf(prepared.error()));
  ask->state->context.engine->Submit(std::move(set), [ask, patient_id, id](view::Outcome outcome) {
    if (outcome.stale)
      return ask->done(interaction::OutcomeOf(
          MakeError(ErrorCode::kConflict, "There is an appeal against this reason already.")));
    if (!outcome.commit.ok()) return ask->done(interaction::OutcomeOf(outcome.commit.error()));
    ask->done(Told(fmt::format(R"({{"appeal":"CodeAppeal/{}","status":"received"}})", id),
                   "health-code-appeal", patient_id, 201));
  });
}

Status Appeal(const CodeAskPtr& ask) {
  TRY(CheckCalls(*ask, "health-code-appeal"));
  const std::string patient_id = TRY(interaction::OwnPatient(*ask->viewer));
  const std::string reason_id = TRY(IdIn(*ask, "reason", kReason));
  const std::string text = ask->body.Root()["text"].ToString();
  if (text.empty() || text.size() > kTextMax)
    return MakeIssue(ErrorCode::kIncorrect, "required", "text",
                     fmt::format("Say why, in at most {} bytes.", kTextMax));
  const Verdict verdict = TRY(ColourOf(*ask->state, patient_id, Counting::kHis));
  const bool is_his = std::any_of(verdict.reasons.begin(), verdict.reasons.end(),
                                  [&](const Reason& each) { return each.id == reason_id; });
  if (!is_his) return Unknown("reason that counts for your code");
  if (TRY(LiveOf(ask->state->engine(), "CodeAppeal", "appeal-" + reason_id)) != nullptr)
    return MakeError(ErrorCode::kConflict, "There is an appeal against this reason already.");
  WriteAppeal(ask, patient_id, reason_id, text);
  return {};
}

struct CodeRoute {
  std::string_view name;
  Result<Response> (*answer)(const CodeAsk&);  // null: the appeal, which is answered when it is written
};
constexpr CodeRoute kRoutes[] = {{"mine", Mine}, {"of", Of}, {"check", Check}, {"appeal", nullptr}};

class CodeOperations final : public app::Operations {
 public:
  explicit CodeOperations(std::shared_ptr<const CodeState> state) : state_(std::move(state)) {}

  void Handle(interaction::Request request, interaction::Done done) override {
    const auto named = [&](const CodeRoute& each) {
      return request.path.size() == 1 && request.path[0] == each.name;
    };
    const auto route = std::find_if(std::begin(kRoutes), std::end(kRoutes), named);
    if (route == std::end(kRoutes))
      return done(interaction::OutcomeOf(
          MakeError(ErrorCode::kNotFound, "health-code offers: settings, mine, of, check, appeal")));
    if (request.method != interaction::Method::kPost) {
      Response refusal =
          interaction::OutcomeOf(MakeError(ErrorCode::kUnsupported, "ask with POST and a JSON object"));
      refusal.status = 405;
      refusal.headers.emplace_back("Allow", "POST");
      return done(std::move(refusal));
    }
    auto body = fhir::Document::Parse(request.body.empty() ? std::string("{}") : request.body);
    if (!body.ok()) return done(interaction::OutcomeOf(body.error()));
    auto ask = std::make_shared<CodeAsk>();
    ask->state = state_;
    ask->viewer = request.viewer;
    ask->body = std::move(body).value();
    ask->done = std::move(done);
    if (route->answer == nullptr) {
      if (const Status begun = Appeal(ask); !begun.ok()) ask->done(interaction::OutcomeOf(begun.error()));
      return;
    }
    auto answer = route->answer(*ask);
    ask->done(answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error()));
  }

 private:
  const std::shared_ptr<const CodeState> state_;
};

}  // namespace
}  // namespace tk::health_code

namespace tk::app {

Result<std::unique_ptr<Operations>> MakeOperationsOf_health_code(const Context& context);
Result<std::unique_ptr<Operations>> MakeOperationsOf_health_code(const Context& context) {
  auto state = std::make_shared<health_code::CodeState>();
  state->context = context;
  const fhir::Document settings = TRY(fhir::Document::Parse(context.settings));
  state->check_seconds =
      std::strtoll(std::string(settings.Root()["check_seconds"].Number()).c_str(), nullptr, 10);
  if (state->check_seconds <= 0)
    return MakeError(ErrorCode::kInvalid,
                     "health-code: settings.json: check_seconds must be a number of seconds");
  return std::unique_ptr<Operations>(std::make_unique<health_code::CodeOperations>(std::move(state)));
}

}  // namespace tk::app
