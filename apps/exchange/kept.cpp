#include "apps/exchange/kept.h"

#include <fmt/format.h>

#include "kernel/app/asking.h"
#include "kernel/base/base64.h"
#include "kernel/base/clock.h"
#include "kernel/exchange/table_import.h"

namespace tk::exchange_app {
namespace {

using exchange::JsonText;
using interaction::Method;
using interaction::Request;
using interaction::Response;

constexpr int kKeepTriesMax = 4;  // somebody else takes the same message meanwhile
constexpr size_t kOutcomesMax = 200, kTextMax = 1000;

std::string IdOf(const app::Context& context, const Received& received) {
  const auto half = [&](std::string_view which) {
    return context.engine->KeyOf(
        fmt::format("{}|{}\n{}\n{}", which, received.channel, received.sender, received.bytes));
  };
  return fmt::format("{:016x}{:016x}", half("high"), half("low"));
}
/// The content of an accepted message is another record than that of a refused one: they are different people's.
std::string ContentOf(std::string_view id, bool is_accepted) {
  return fmt::format("{}-{}", is_accepted ? "a" : "r", id);
}

Result<view::ResourcePtr> Stored(const app::Context& context, std::string_view type, const std::string& id) {
  const auto version =
      context.engine->directory().Current(context.engine->IdHash(type, id), context.engine->Head());
  if (version.ordinal == 0 || version.deleted) return view::ResourcePtr();
  return context.engine->Read(version.ordinal);
}

Result<view::ResourcePtr> StoredMessage(const app::Context& context, const std::string& id) {
  return Stored(context, "ExchangeMessage", id);
}

std::string_view SeverityOf(char letter) {
  return letter == 'E' || letter == 'F' ? "error" : letter == 'W' ? "warning" : "information";
}

/// Alerts are for the screen where the visit is registered, and for nobody who looks after interfaces.
std::string OutcomesJson(const std::vector<hl7v2::Note>& notes) {
  std::string out;
  size_t told = 0;
  for (const hl7v2::Note& note : notes) {
    if (note.not_for_patient || told == kOutcomesMax) continue;
    ++told;
    const std::string text = (note.diagnostic.empty() ? note.user_text : note.diagnostic).substr(0, kTextMax);
    out += fmt::format(R"({}{{"severity":"{}")", out.empty() ? "" : ",", SeverityOf(note.severity));
    if (!note.place.empty()) out += R"(,"place":)" + JsonText(note.place);
    if (!text.empty()) out += R"(,"text":)" + JsonText(text);
    out += "}";
  }
  return out;
}

std::string MessageJson(const app::Context& context, const Received& received, const std::string& id,
                        fhir::Value before) {
  const std::string now = FormatInstant(context.clock->NowUs());
  const std::string attempts(before["attempts"].Number());
  std::string out = fmt::format(
      R"({{"resourceType":"ExchangeMessage","id":"{}","status":"{}","channel":"{}","sender":{},"received":"{}","last":"{}","attempts":{},"size":{})",
      id, received.is_accepted ? "accepted" : "refused", received.channel, JsonText(received.sender),
      before.present() ? before["received"].ToString() : now, now,
      std::strtoul(attempts.c_str(), nullptr, 10) + 1, received.bytes.size());
  const auto member = [&out](std::string_view name, const std::string& text) {
    if (!text.empty()) out += fmt::format(R"(,"{}":{})", name, JsonText(text));
  };
  const auto reference = [&out](std::string_view name, const std::string& to) {
    if (!to.empty()) out += fmt::format(R"(,"{}":{{"reference":{}}})", name, JsonText(to));
  };
  member("kind", received.kind);
  member("control", received.control);
  member("area", received.area);
  reference("organization", received.organization);
  reference("subject", received.patient);
  reference("content", "ExchangeContent/" + ContentOf(id, received.is_accepted));
  std::string made;
  for (const std::string& one : received.made)
    made += fmt::format(R"({}{{"reference":{}}})", made.empty() ? "" : ",", JsonText(one));
  if (!made.empty()) out += fmt::format(R"(,"made":[{}])", made);
  if (const std::string outcomes = OutcomesJson(received.notes); !outcomes.empty())
    out += fmt::format(R"(,"outcome":[{}])", outcomes);
  return out + "}";
}

std::string ContentJson(const Received& received, const std::string& id) {
  // Of a refused message nobody knows whom it is about: a person known by identifier alone makes it a record of its own, with a key of its own.
  const std::string subject = received.patient.empty()
                                  ? R"({"identifier":{"value":"unknown"}})"
                                  : fmt::format(R"({{"reference":{}}})", JsonText(received.patient));
  return fmt::format(
      R"({{"resourceType":"ExchangeContent","id":"{}","subject":{},"message":{{"reference":"ExchangeMessage/{}"}},"body":{{"contentType":"{}","size":{},"data":"{}"}}}})",
      ContentOf(id, received.is_accepted), subject, id, received.content_type, received.bytes.size(),
      ToBase64(AsBytes(received.bytes)));
}

std::string PutEntry(const std::string& json, std::string_view type, const std::string& id,
                     const view::ResourcePtr& stored) {
  const std::string match =
      stored == nullptr ? R"(,"ifNoneMatch":"*")" : fmt::format(R"(,"ifMatch":"W/\"{}\"")", stored->version);
  return fmt::format(R"({{"resource":{},"request":{{"method":"PUT","url":"{}/{}"{}}}}})", json, type, id,
                     match);
}

Response Send(const app::Context& context, const std::string& entries) {
  Request write;
  write.method = Method::kPost;
  write.content_type = "application/fhir+json";
  write.prefer = "return=minimal";
  write.base_url = "http://platform/fhir";
  write.body = R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
  write.viewer = app::PlatformViewer();
  return app::Ask(*context.interactions, std::move(write));
}

Status EraseRefused(const app::Context& context, const std::string& id) {
  auto erased = context.engine->Erase("ExchangeContent/" + ContentOf(id, false));
  if (!erased.ok() && erased.error().code != ErrorCode::kNotFound) return erased.error();
  return {};
}

}  // namespace

Status Keep(const app::Context& context, const Received& received) {
  const std::string id = IdOf(context, received);
  for (int tries = 1;; ++tries) {
    const view::ResourcePtr before = TRY(StoredMessage(context, id));
    const fhir::Value root = before == nullptr ? fhir::Value() : before->document.Root();
    const std::string state = root["status"].ToString();
    if (state == "accepted" || (state == "discarded" && !received.is_accepted)) return {};
    std::string entries = PutEntry(MessageJson(context, received, id, root), "ExchangeMessage", id, before);
    const bool has_content = !received.is_accepted && before != nullptr;
    if (!has_content)
      entries += "," + PutEntry(ContentJson(received, id), "ExchangeContent",
                                ContentOf(id, received.is_accepted), nullptr);
    const Response answer = Send(context, entries);
    const bool raced = answer.status == 409 || answer.status == 412;
    if (answer.status < 300) {
      if (received.is_accepted && before != nullptr) TRY(EraseRefused(context, id));
      return {};
    }
    if (!raced || tries == kKeepTriesMax) return hl7v2::ErrorOfOutcome(answer.status, answer.body);
  }
}

Result<Kept> Find(const app::Context& context, const std::string& id) {
  const view::ResourcePtr message = TRY(StoredMessage(context, id));
  if (message == nullptr) return MakeError(ErrorCode::kNotFound, "There is no such message.");
  const fhir::Value root = message->document.Root();
  if (root["status"].ToString() != "refused")
    return MakeError(ErrorCode::kConflict,
                     "Only a message that was refused can be taken again or discarded.");
  const view::ResourcePtr content = TRY(Stored(context, "ExchangeContent", ContentOf(id, false)));
  if (content == nullptr)
    return MakeError(ErrorCode::kConflict, "Its content is not kept any more: ask the sender for it.");
  const auto bytes = FromBase64(content->document.Root()["body"]["data"].ToString());
  if (!bytes) return MakeError(ErrorCode::kCorrupt, "The content of this message is damaged.");
  return Kept{root["sender"].ToString(), root["area"].ToString(),
              root["organization"]["reference"].ToString(), *bytes};
}

Status Discard(const app::Context& context, const std::string& id) {
  TRY(Find(context, id));
  const view::ResourcePtr message = TRY(StoredMessage(context, id));
  const std::vector<std::pair<std::string_view, std::string>> given = {
      {"status", R"("discarded")"},
      {"last", JsonText(FormatInstant(context.clock->NowUs()))},
      {"content", ""}};
  const std::string json =
      exchange::Remade("ExchangeMessage", id, message->document.Root(), {}, "urn:tongkang:exchange", given);
  const Response answer = Send(context, PutEntry(json, "ExchangeMessage", id, message));
  if (answer.status >= 300) return hl7v2::ErrorOfOutcome(answer.status, answer.body);
  return EraseRefused(context, id);
}

}  // namespace tk::exchange_app
