#include "apps/point-of-care/acknowledge.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "apps/point-of-care/hooks.h"
#include "kernel/base/clock.h"

namespace tk::point_of_care {
namespace {

using interaction::Done;
using interaction::Method;
using interaction::Request;
using interaction::Response;

constexpr size_t kCommentBytesMax = 1000;
constexpr std::string_view kReceiptType = "AlertReceipt";

/// One acknowledgement on its way.
struct Saying {
  app::Context context;
  Request request;  // whose viewer says it
  std::string alert, comment;
  Done done;
};
using SayingPtr = std::shared_ptr<Saying>;

std::string OrderOf(const Saying& saying) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Member("resourceType", "Parameters").Key("parameter").Array();
  json.Object().Member("name", "code").Member("valueCode", "acknowledge").End();
  if (!saying.comment.empty())
    json.Object().Member("name", "reason").Member("valueString", saying.comment).End();
  json.End().End();
  return out;
}

void Write(const SayingPtr& saying, const std::string& id) {
  Request write;
  write.method = Method::kPost;
  write.path = {std::string(kReceiptType), id, "$transition"};
  write.body = OrderOf(*saying);
  write.content_type = "application/fhir+json";
  write.base_url = saying->request.base_url;
  write.request_id = saying->request.request_id;
  write.deadline_us = saying->request.deadline_us;
  write.viewer = saying->request.viewer;
  saying->context.interactions->Handle(std::move(write),
                                       [saying](Response answer) { saying->done(std::move(answer)); });
}

/// Finds the alert's receipt as the caller sees it, and writes into it who has seen the alert, and when.
void Say(const SayingPtr& saying) {
  Response found =
      AskAs(saying->context, saying->request, {std::string(kReceiptType)}, "alert=Flag/" + saying->alert);
  if (found.status != 200) return saying->done(std::move(found));
  const auto bundle = fhir::Document::Parse(found.body);
  if (!bundle.ok()) return saying->done(interaction::OutcomeOf(bundle.error()));
  const fhir::Value receipt = bundle->Root()["entry"].At(0)["resource"];
  if (!receipt.present())
    return saying->done(
        interaction::OutcomeOf(MakeError(ErrorCode::kNotFound, "there is no such alert to acknowledge")));
  const std::string id = receipt["id"].ToString();
  if (receipt["status"].ToString() == "acknowledged")
    return saying->done(AskAs(saying->context, saying->request, {std::string(kReceiptType), id}, {}));
  Write(saying, id);
}

struct Said {
  std::string alert, comment;
};

Result<std::vector<Said>> ReadFeedback(const Request& request) {
  const fhir::Document body = TRY(fhir::Document::Parse(request.body));
  const fhir::Value feedback = body.Root()["feedback"];
  if (!feedback.is_array() || feedback.size() == 0 || feedback.size() > kCardsMax)
    return MakeIssue(ErrorCode::kIncorrect, "required", "feedback",
                     fmt::format("Send a list of 1 to {} cards with what became of each.", kCardsMax));
  std::vector<Said> all;
  size_t i = 0;
  for (const fhir::Value one : feedback) {
    const std::string at = fmt::format("feedback[{}]", i++);
    const std::string outcome = one["outcome"].ToString();
    if (outcome != "accepted" && outcome != "overridden")
      return MakeIssue(ErrorCode::kIncorrect, "value", at + ".outcome", "It may be accepted or overridden.");
    Said said;
    said.alert = AlertOfUuid(one["card"].ToString());
    if (said.alert.empty())
      return MakeIssue(ErrorCode::kIncorrect, "value", at + ".card",
                       "This is the uuid of no card from here.");
    const fhir::Value why = one["overrideReason"];
    said.comment = why["userComment"].ToString();
    if (const std::string display = why["reason"]["display"].ToString(); !display.empty())
      said.comment = said.comment.empty() ? display : display + ": " + said.comment;
    if (said.comment.size() > kCommentBytesMax)
      return MakeIssue(ErrorCode::kIncorrect, "too-long", at + ".overrideReason",
                       fmt::format("A reason has at most {} bytes.", kCommentBytesMax));
    all.push_back(std::move(said));
  }
  return all;
}

/// The answers of several, come in any order and on any thread.
struct Answers {
  std::mutex mutex;
  size_t missing = 0;
  Response refusal;  // the first that was not well
  std::vector<uint32_t> owners;
  Done done;

  void Take(Response answer) {
    {
      const std::lock_guard hold(mutex);
      if (answer.status >= 300 && refusal.status < 300) refusal = std::move(answer);
      owners.insert(owners.end(), answer.audit_owners.begin(), answer.audit_owners.end());
      if (--missing > 0) return;
    }
    if (refusal.status >= 300) return done(std::move(refusal));
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    Response response;
    response.content_type = "application/json; charset=utf-8";
    response.body = "{}";
    response.audit_type = kReceiptType;
    response.audit_action = "update";
    response.audit_owners = std::move(owners);
    done(std::move(response));
  }
};

}  // namespace

void HandleFeedback(const app::Context& context, Request request, Done done) {
  auto all = ReadFeedback(request);
  if (!all.ok()) return done(interaction::OutcomeOf(all.error()));
  auto answers = std::make_shared<Answers>();
  answers->missing = all->size();
  answers->done = std::move(done);
  for (Said& said : *all) {
    auto saying = std::make_shared<Saying>();
    saying->context = context;
    saying->request = request;
    saying->alert = std::move(said.alert);
    saying->comment = std::move(said.comment);
    saying->done = [answers](Response answer) { answers->Take(std::move(answer)); };
    Say(saying);
  }
}

void HandleAcknowledge(const app::Context& context, Request request, Done done) {
  if (request.method != Method::kPost) return done(OnlyBy("POST"));
  const auto body = fhir::Document::Parse(request.body);
  if (!body.ok()) return done(interaction::OutcomeOf(body.error()));
  auto saying = std::make_shared<Saying>();
  saying->alert = body->Root()["alert"].ToString();
  saying->comment = body->Root()["comment"].ToString();
  constexpr std::string_view kFlag = "Flag/";
  if (saying->alert.starts_with(kFlag)) saying->alert.erase(0, kFlag.size());
  if (UuidOfAlert(saying->alert).empty())
    return done(interaction::OutcomeOf(MakeIssue(ErrorCode::kIncorrect, "required", "alert",
                                                 "Name the alert: Flag/alert-… as the answer's Link did.")));
  if (saying->comment.size() > kCommentBytesMax)
    return done(
        interaction::OutcomeOf(MakeIssue(ErrorCode::kIncorrect, "too-long", "comment",
                                         fmt::format("A comment has at most {} bytes.", kCommentBytesMax))));
  saying->context = context;
  saying->request = std::move(request);
  saying->done = std::move(done);
  Say(saying);
}

}  // namespace tk::point_of_care
