#include "apps/exchange/hl7v2.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/exchange/kept.h"
#include "kernel/app/asking.h"
#include "kernel/exchange/table_import.h"
#include "kernel/hl7v2/ack.h"
#include "kernel/hl7v2/map.h"
#include "kernel/interaction/alerts.h"
#include "kernel/interaction/permit.h"

namespace tk::exchange_app {
namespace {

using interaction::Done;
using interaction::Method;
using interaction::Request;
using interaction::Response;

constexpr int kTriesMax = 4;  // somebody else changes the same record meanwhile
constexpr std::string_view kSenderSystem = "http://tongkang.dev/fhir/sid/hl7v2/";
constexpr std::string_view kTypes[] = {kHl7Type, "application/hl7-v2+er7", "x-application/hl7-v2+er7"};

int GraveFirst(std::string_view level) { return level == "critical" ? 0 : level == "warning" ? 1 : 2; }

Received ReceivedBy(const Request& request) {
  Received received;
  received.sender = request.viewer->account;
  received.area = request.viewer->area;
  received.organization = request.viewer->organization;
  received.channel = "hl7v2";
  received.content_type = kHl7Type;
  received.bytes = request.body;
  return received;
}

/// One message on its way.
class Admission {
 public:
  Admission(const app::Context& context, const Request& request, hl7v2::Message message)
      : context_(context), request_(request), message_(std::move(message)) {
    key_ = fmt::format("hl7v2|{:016x}", context_.engine->KeyOf(request_.viewer->account + "\n" +
                                                               std::string(message_.text())));
  }

  Response Run() {
    auto done = Take();
    std::vector<hl7v2::Note> notes = done.ok() ? std::move(*done) : hl7v2::NotesOf(done.error());
    notes.insert(notes.end(), warnings_.begin(), warnings_.end());
    // Done, but not kept: the sender shall send it again, as of what it wrote nothing is written twice.
    // What the sender has no right to send is not kept either: nobody could take it in his name.
    const Status kept = has_right_ ? KeepIt(done.ok(), notes) : Status();
    const Error* refusal = !done.ok() ? &done.error() : !kept.ok() ? &kept.error() : nullptr;
    if (done.ok() && !kept.ok()) notes = hl7v2::NotesOf(kept.error());
    Response response;
    const std::string_view code = refusal == nullptr ? "AA" : hl7v2::CodeOf(*refusal);
    if (refusal != nullptr) response.status = interaction::OutcomeOf(*refusal).status;
    response.body = hl7v2::Acknowledge(message_, code, notes, OptionsOf(context_, key_));
    response.content_type = std::string(kHl7Type);
    response.audit_owners = std::move(owners_);
    response.audit_t = t_;
    if (!visit_.empty() || !report_.empty()) {
      response.audit_type = visit_.empty() ? "DiagnosticReport" : "Encounter";
      response.audit_id = visit_.empty() ? report_ : visit_;
    }
    return response;
  }

  static hl7v2::AckOptions OptionsOf(const app::Context& context, std::string_view key) {
    return {fmt::format("{:016x}", context.engine->KeyOf(fmt::format("ack|{}", key))), context.clock->NowUs(),
            context.timezone_offset_min};
  }

 private:
  Status KeepIt(bool is_accepted, const std::vector<hl7v2::Note>& notes) const {
    Received received = ReceivedBy(request_);
    received.kind = message_.type() + "^" + message_.event();
    received.control = message_.control_id();
    received.is_accepted = is_accepted;
    received.notes = notes;
    if (is_accepted) {
      received.patient = patient_;
      received.made = made_;
    }
    return Keep(context_, received);
  }

  Result<std::vector<hl7v2::Note>> Take() {
    const hl7v2::Map& map = hl7v2::Map::For(message_);
    TRY(map.CheckHeader(message_));
    hl7v2::MapScene scene;
    scene.sender = std::string(kSenderSystem) + request_.viewer->account;
    scene.timezone_offset_min = context_.timezone_offset_min;
    scene.id_of = [this](std::string_view type, std::string_view key) { return IdOf(type, key); };
    hl7v2::Mapped mapped = TRY(map.Apply(message_, scene));
    warnings_ = std::move(mapped.warnings);
    for (const hl7v2::MappedResource& resource : mapped.resources) {
      Status may = interaction::CheckMayWrite(*request_.viewer, resource.type);
      has_right_ = has_right_ && may.ok();
      if (!may.ok()) return std::move(may).error();
      made_.push_back(resource.type + "/" + resource.id);
      if (resource.type == "Patient") patient_ = made_.back();
      if (resource.type == "Encounter") visit_ = resource.id;
      if (resource.type == "DiagnosticReport" && report_.empty()) report_ = resource.id;
    }
    for (int tries = 1; !TRY(IsWritten()); ++tries) {
      const Response answer = TRY(Send(mapped.resources));
      const bool raced = answer.status == 409 || answer.status == 412;
      if (answer.status >= 400 && (!raced || tries == kTriesMax))
        return hl7v2::ErrorOfOutcome(answer.status, answer.body);
      if (raced) continue;
      owners_ = answer.audit_owners;
      t_ = answer.audit_t;
      break;
    }
    return visit_.empty() ? std::vector<hl7v2::Note>() : TRY(Alerts());
  }

  std::string IdOf(std::string_view type, std::string_view key) const {
    const auto half = [&](std::string_view which) {
      return context_.engine->KeyOf(
          fmt::format("hl7v2|{}|{}|{}|{}", request_.viewer->account, type, key, which));
    };
    return fmt::format("hl7-{:016x}{:016x}", half("high"), half("low"));
  }

  /// Was this message written before?
  Result<bool> IsWritten() const {
    const uint64_t key = context_.engine->KeyOf(request_.viewer->account + "\n" + key_);
    return TRY(context_.index->FindKey(key, context_.engine->Head())) != 0;
  }

  Result<view::ResourcePtr> Stored(std::string_view type, const std::string& id) const {
    const auto version =
        context_.engine->directory().Current(context_.engine->IdHash(type, id), context_.engine->Head());
    if (version.ordinal == 0 || version.deleted) return view::ResourcePtr();
    return context_.engine->Read(version.ordinal);
  }

  /// The entry of the transaction; "" of a person of whom nothing new is said: each result would make a version of him.
  Result<std::string> EntryOf(const hl7v2::MappedResource& resource) const {
    const view::ResourcePtr stored = TRY(Stored(resource.type, resource.id));
    const fhir::Value before = stored == nullptr ? fhir::Value() : stored->document.Root();
    std::vector<std::pair<std::string_view, std::string>> given;
    for (const auto& [name, json] : resource.given)
      given.emplace_back(name, Merged(resource, before, name, json));
    const auto has = [&](std::string_view name) {
      if (before[name].present()) return true;
      return std::any_of(given.begin(), given.end(),
                         [&](const auto& one) { return one.first == name && !one.second.empty(); });
    };
    for (const auto& [name, json] : resource.otherwise) {
      if (!has(name)) given.emplace_back(name, json);
    }
    const auto is_known = [&](const auto& one) {
      return one.second.empty() ? !before[one.first].present() : before[one.first].Json() == one.second;
    };
    if (resource.type == "Patient" && stored != nullptr && std::all_of(given.begin(), given.end(), is_known))
      return std::string();
    const access::Viewer& viewer = *request_.viewer;
    // Whose results they are: the post sees its own organization's alone.
    if ((resource.type == "Observation" || resource.type == "DiagnosticReport") &&
        !viewer.organization.empty()) {
      std::erase_if(given, [](const auto& one) { return one.first == "performer"; });
      given.emplace_back("performer",
                         fmt::format(R"([{{"reference":{}}}])", exchange::JsonText(viewer.organization)));
    }
    if (resource.type == "Encounter" && !viewer.organization.empty() && !has("serviceProvider"))
      given.emplace_back("serviceProvider",
                         fmt::format(R"({{"reference":{}}})", exchange::JsonText(viewer.organization)));
    const bool is_new_person = resource.type == "Patient" && stored == nullptr;
    const std::string json =
        exchange::Remade(resource.type, resource.id, before, is_new_person ? viewer.area : std::string(),
                         "urn:tongkang:hl7v2:" + request_.request_id, given);
    const std::string match =
        stored == nullptr ? std::string() : fmt::format(R"(,"ifMatch":"W/\"{}\"")", stored->version);
    return fmt::format(R"({{"resource":{},"request":{{"method":"PUT","url":"{}/{}"{}}}}})", json,
                       resource.type, resource.id, match);
  }

  /// Of a member whose parts are replaced one by one: those of before with what is said now over them.
  static std::string Merged(const hl7v2::MappedResource& resource, fhir::Value before,
                            const std::string& name, const std::string& json) {
    const bool merges = std::find(resource.merge.begin(), resource.merge.end(), name) != resource.merge.end();
    const fhir::Value old = before[name];
    if (!merges || json.empty() || !old.is_object()) return json;
    const auto now = fhir::Document::Parse(json);
    if (!now.ok()) return json;
    std::string out;
    fhir::JsonWriter writer(&out);
    writer.Object();
    for (const fhir::Value member : now->Root()) writer.Key(member.name_text()).Raw(member.Json());
    for (const fhir::Value member : old) {
      if (!now->Root()[member.name_text()].present()) writer.Key(member.name_text()).Raw(member.Json());
    }
    writer.End();
    return out;
  }

  Result<Response> Send(const std::vector<hl7v2::MappedResource>& resources) const {
    std::string entries;
    for (const hl7v2::MappedResource& resource : resources) {
      const std::string entry = TRY(EntryOf(resource));
      if (!entry.empty()) entries += (entries.empty() ? "" : ",") + entry;
    }
    Request write;
    write.method = Method::kPost;
    write.content_type = "application/fhir+json";
    write.prefer = "return=minimal";
    write.idempotency_key = key_;
    write.body = R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
    write.base_url = request_.base_url;
    write.request_id = request_.request_id;
    write.deadline_us = request_.deadline_us;
    write.viewer = request_.viewer;
    return app::Ask(*context_.interactions, std::move(write));
  }

  /// Every alert of this visit that stands, also those that an earlier message brought: who sends again is told again.
  Result<std::vector<hl7v2::Note>> Alerts() const {
    std::vector<hl7v2::Note> notes;
    if (!interaction::CheckMayRead(*request_.viewer, "Flag").ok()) return notes;
    Request ask;
    ask.path = {"Flag"};
    ask.query = fmt::format("encounter=Encounter/{}&_count=200", visit_);
    ask.base_url = request_.base_url;
    ask.request_id = request_.request_id;
    ask.deadline_us = request_.deadline_us;
    ask.viewer = request_.viewer;
    const Response found = app::Ask(*context_.interactions, std::move(ask));
    if (found.status != 200) return hl7v2::ErrorOfOutcome(found.status, found.body);
    const fhir::Document bundle = TRY(fhir::Document::Parse(found.body));
    std::vector<std::pair<std::string, interaction::AlertCard>> cards;
    for (const fhir::Value entry : bundle.Root()["entry"]) {
      const fhir::Value flag = entry["resource"];
      if (flag["status"].ToString() == "active" && interaction::IsAlert(flag))
        cards.emplace_back(flag["id"].ToString(), interaction::CardOf(flag));
    }
    std::stable_sort(cards.begin(), cards.end(), [](const auto& a, const auto& b) {
      return GraveFirst(a.second.level) < GraveFirst(b.second.level);
    });
    for (const auto& [id, card] : cards) notes.push_back(NoteOf(id, card));
    return notes;
  }

  hl7v2::Note NoteOf(const std::string& id, const interaction::AlertCard& card) const {
    hl7v2::Note note;
    note.severity = card.level == "info" ? 'I' : 'W';
    note.condition = "0";
    note.code = card.level;
    note.code_text = "Flag/" + id;
    note.code_system = "tongkang-alert";
    note.user_text = card.text;
    note.diagnostic = card.instruction;
    for (const std::string* more : {&card.source, &card.reason, &card.link}) {
      if (!more->empty()) note.diagnostic += (note.diagnostic.empty() ? "" : " · ") + *more;
    }
    note.not_for_patient = true;
    return note;
  }

  const app::Context& context_;
  const Request& request_;
  const hl7v2::Message message_;
  std::string key_, visit_, report_, patient_;
  std::vector<std::string> made_;
  bool has_right_ = true;  // to write what the message says
  std::vector<hl7v2::Note> warnings_;
  std::vector<uint32_t> owners_;
  uint64_t t_ = 0;
};

}  // namespace

Response TakeHl7(const app::Context& context, const Request& request) {
  auto message = hl7v2::Message::Parse(request.body);
  if (message.ok()) return Admission(context, request, std::move(*message)).Run();
  Received received = ReceivedBy(request);
  received.notes = hl7v2::NotesOf(message.error());
  const Status kept = Keep(context, received);
  const Error& error = kept.ok() ? message.error() : kept.error();
  Response response = interaction::OutcomeOf(error);
  response.body =
      hl7v2::AcknowledgeBytes(request.body, error, Admission::OptionsOf(context, request.request_id));
  response.content_type = std::string(kHl7Type);
  return response;
}

namespace {

Result<Response> Admit(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "exchange-hl7v2"));
  if (std::find(std::begin(kTypes), std::end(kTypes), request.content_type) == std::end(kTypes))
    return MakeError(
        ErrorCode::kUnsupported,
        fmt::format("Send the message as it is, with Content-Type: {}; its charset stands in MSH-18.",
                    kHl7Type));
  return TakeHl7(context, request);
}

}  // namespace

void HandleHl7(const app::Context& context, Request request, Done done) {
  auto answer = Admit(context, request);
  Response response = answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error());
  response.audit_action = "hl7v2";
  done(std::move(response));
}

}  // namespace tk::exchange_app
