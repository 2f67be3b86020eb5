#include "apps/point-of-care/hooks.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/point-of-care/acknowledge.h"
#include "kernel/interaction/alerts.h"

namespace tk::point_of_care {
namespace {

using interaction::AlertCard;
using interaction::Done;
using interaction::Method;
using interaction::Request;
using interaction::Response;

constexpr std::string_view kPage = "&_count=200";  // of Flags: R4 has no search by their code
constexpr std::string_view kAlertId = "alert-";
constexpr std::string_view kSource = "通康 重点人员提醒";

struct Service {
  std::string_view id, hook, title, description;
};
constexpr Service kServices[] = {
    {"registration", "encounter-start", "重点人员就诊提醒",
     "Whether the person of this visit is on a list that asks for care: what to do, at once. The visit must "
     "have been sent to this server."},
    {"patient-view", "patient-view", "重点人员提醒", "The alerts of this person's visits that are going on."},
};

Response Json(std::string body) {
  Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(body);
  return response;
}

int GravityOf(std::string_view level) { return level == "critical" ? 0 : level == "warning" ? 1 : 2; }

/// The first `max` - 1 characters of UTF-8 text.
std::string Shortened(const std::string& text, size_t max) {
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (++characters == max) return text.substr(0, at);
  }
  return text;
}

void AppendCard(std::string_view flag_id, const AlertCard& card, fhir::JsonWriter* json) {
  json->Object();
  if (const std::string uuid = UuidOfAlert(flag_id); !uuid.empty()) json->Member("uuid", uuid);
  json->Member("summary", Shortened(card.text, kSummaryMax));
  std::string detail = card.instruction;
  if (!card.reason.empty()) detail += (detail.empty() ? "" : "\n\n") + card.reason;
  if (!detail.empty()) json->Member("detail", detail);
  json->Member("indicator", card.level == "critical" || card.level == "info" ? card.level : "warning");
  json->Key("source")
      .Object()
      .Member("label", card.source.empty() ? std::string(kSource) : card.source)
      .End();
  if (!card.link.empty()) {
    json->Key("links").Array().Object().Member("label", "处置办法").Member("url", card.link);
    json->Member("type", "absolute").End().End();
  }
  json->End();
}

/// A member of the hook's context; kIncorrect without it.
Result<std::string> ContextId(fhir::Value body, const char* member) {
  const std::string id = body["context"][member].ToString();
  const bool good = !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  });
  if (good) return id;
  return MakeIssue(ErrorCode::kIncorrect, "value", fmt::format("context.{}", member),
                   "The hook's context needs this id, of this server.");
}

Result<Response> Answer(const app::Context& context, const Request& request, const Service& service) {
  const fhir::Document body = TRY(fhir::Document::Parse(request.body));
  const std::string hook = body.Root()["hook"].ToString();
  if (hook != service.hook)
    return MakeIssue(ErrorCode::kIncorrect, "value", "hook",
                     fmt::format("This service answers the hook {}.", service.hook));
  if (body.Root()["hookInstance"].ToString().empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", "hookInstance", "A call has a hookInstance.");
  const std::string patient = TRY(ContextId(body.Root(), "patientId"));
  std::string criteria = fmt::format("patient=Patient/{}{}", patient, kPage);
  if (service.hook == "encounter-start") {
    const std::string visit = TRY(ContextId(body.Root(), "encounterId"));
    Response found = AskAs(context, request, {"Encounter", visit}, {});
    if (found.status != 200)
      return found;  // not sent yet, or not his: the hospital must not take no card for no alert
    criteria += "&encounter=Encounter/" + visit;
  }
  Response flags = AskAs(context, request, {"Flag"}, criteria);
  if (flags.status != 200) return flags;
  const fhir::Document bundle = TRY(fhir::Document::Parse(flags.body));
  Response response = Json(CardsJson(bundle.Root()));
  response.audit_action = flags.audit_action;
  response.audit_type = flags.audit_type;
  response.audit_owners = std::move(flags.audit_owners);
  return response;
}

}  // namespace

Response OnlyBy(std::string_view allow) {
  Response refusal = interaction::OutcomeOf(
      MakeError(ErrorCode::kUnsupported, fmt::format("this address is asked with {}", allow)));
  refusal.status = 405;
  refusal.headers.emplace_back("Allow", std::string(allow));
  return refusal;
}

std::string ServicesJson() {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("services").Array();
  for (const Service& service : kServices) {
    json.Object().Member("hook", service.hook).Member("id", service.id).Member("title", service.title);
    json.Member("description", service.description).End();
  }
  json.End().End();
  return out;
}

std::string CardsJson(fhir::Value bundle) {
  std::vector<std::pair<std::string, AlertCard>> cards;
  for (const fhir::Value entry : bundle["entry"]) {
    const fhir::Value flag = entry["resource"];
    const bool stands = flag["status"].ToString() == "active";
    if (stands && interaction::IsAlert(flag))
      cards.emplace_back(flag["id"].ToString(), interaction::CardOf(flag));
  }
  std::stable_sort(cards.begin(), cards.end(), [](const auto& a, const auto& b) {
    return GravityOf(a.second.level) < GravityOf(b.second.level);
  });
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("cards").Array();
  for (const auto& [id, card] : cards) AppendCard(id, card, &json);
  json.End().End();
  return out;
}

std::string UuidOfAlert(std::string_view flag_id) {
  if (!flag_id.starts_with(kAlertId) || flag_id.size() != kAlertId.size() + 32) return {};
  const std::string_view hex = flag_id.substr(kAlertId.size());
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

std::string AlertOfUuid(std::string_view uuid) {
  std::string hex;
  for (const char c : uuid) {
    if (c != '-') hex.push_back(c);
  }
  const bool good = uuid.size() == 36 && hex.size() == 32 && std::all_of(hex.begin(), hex.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  return good ? std::string(kAlertId) + hex : std::string();
}

Response AskAs(const app::Context& context, const Request& request, std::vector<std::string> path,
               std::string query) {
  Request ask;
  ask.path = std::move(path);
  ask.query = std::move(query);
  ask.base_url = request.base_url;
  ask.request_id = request.request_id;
  ask.deadline_us = request.deadline_us;
  ask.viewer = request.viewer;
  Response answer;
  context.interactions->Handle(std::move(ask),
                               [&answer](Response response) { answer = std::move(response); });
  return answer;
}

void HandleHooks(const app::Context& context, Request request, Done done) {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  if (request.path.size() == 1) return done(reads ? Json(ServicesJson()) : OnlyBy("GET, HEAD"));
  const auto service = std::find_if(std::begin(kServices), std::end(kServices),
                                    [&](const Service& each) { return each.id == request.path[1]; });
  const bool feedback = request.path.size() == 3 && request.path[2] == "feedback";
  if (service == std::end(kServices) || (request.path.size() != 2 && !feedback))
    return done(interaction::OutcomeOf(MakeError(
        ErrorCode::kNotFound, "there is no such service: see GET /app/point-of-care/cds-services")));
  if (request.method != Method::kPost) return done(OnlyBy("POST"));
  if (feedback) return HandleFeedback(context, std::move(request), std::move(done));
  auto answer = Answer(context, request, *service);
  done(answer.ok() ? std::move(answer).value() : interaction::OutcomeOf(answer.error()));
}

}  // namespace tk::point_of_care
