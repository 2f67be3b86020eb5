// What was told to the viewer (kernel/workflow/notice.h), and that he read it:
// GET  $inbox[?unread=false][&_count=…]   his, newest first; unread alone unless unread=false
// POST Communication/[id]/$read           with no body, or Parameters that may give "receipt" (valueString): what the reader's own system calls it
// Rights: everybody has his own inbox. To an account or its Practitioner: him alone; to a post: those of the post who see the person whom it is about.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/oauth/scopes.h"
#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/write.h"
#include "kernel/workflow/mark.h"
#include "kernel/workflow/notice.h"

namespace tk::interaction {
namespace {

constexpr size_t kInboxMax = 200, kReceiptMax = 200;

/// Ordinals of those to one recipient, newest first.
Result<std::vector<view::Ordinal>> NoticesTo(const Room& room, const Call& call, const std::string& recipient,
                                             bool unread, const view::Scope& scope) {
  const auto definitions = room.index().definitions();
  const std::string asked =
      fmt::format("category={}|{}&{}{}&_sort=-sent", workflow::kNoticeSystem, workflow::kNoticeCode,
                  recipient, unread ? "&status=in-progress" : "");
  const search::Query query =
      TRY(search::ParseQuery(definitions, definitions->FindType("Communication"), asked, {}));
  search::PageRequest request = ScopedRequest(room, call, room.engine().Head(), kInboxMax);
  request.scope = scope;
  return TRY(room.index().Search(query, request)).ordinals;
}

struct InboxAsked {
  bool unread = true;
  size_t count = 50;
};

Result<InboxAsked> ReadInboxAsked(const Call& call) {
  InboxAsked asked;
  for (const Parameter& parameter : TRY(ParseParameters(call.query))) {
    if (parameter.name == "_count") {
      asked.count = std::min(TRY(ParseCount(parameter)), kInboxMax);
    } else if (parameter.name == "unread" && (parameter.value == "true" || parameter.value == "false")) {
      asked.unread = parameter.value == "true";
    } else {
      return UnknownParameter(parameter.name, "unread (true, else; or false), _count");
    }
  }
  return asked;
}

Result<std::vector<view::Ordinal>> MyNotices(const Room& room, const Call& call, bool unread) {
  const access::Viewer& viewer = call.viewer();
  view::Scope everywhere = viewer.scope;
  everywhere.everything = true;
  everywhere.only_owner = 0;
  everywhere.beyond = nullptr;
  const auto to = [](std::string_view system, std::string_view value) {
    return fmt::format("recipient:identifier={}|{}", system, PercentEncode(value));
  };
  std::vector<view::Ordinal> mine =
      TRY(NoticesTo(room, call, to(workflow::kAccountIdSystem, viewer.account), unread, everywhere));
  std::vector<view::Ordinal> more =
      TRY(NoticesTo(room, call, to(workflow::kPostSystem, viewer.post->name), unread, viewer.scope));
  mine.insert(mine.end(), more.begin(), more.end());
  if (!viewer.record.empty()) {
    more = TRY(NoticesTo(room, call, "recipient=" + viewer.record, unread, everywhere));
    mine.insert(mine.end(), more.begin(), more.end());
  }
  // A later ordinal was written later.
  std::sort(mine.begin(), mine.end(), std::greater<>());
  mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
  return mine;
}

/// What the reader's own system calls it, of Parameters: "receipt"; "" = nothing was sent.
Result<std::string> ReceiptOf(const Call& call) {
  if (call.request.body.empty()) return std::string();
  const fhir::Document document = TRY(ParseBody(call));
  const BodyParameters body = TRY(BodyParameters::Read(document, {"receipt"}));
  if (!body.Find("receipt")) return std::string();
  const std::string receipt = body.Find("receipt")["valueString"].ToString();
  if (receipt.empty() || receipt.size() > kReceiptMax)
    return MakeIssue(ErrorCode::kIncorrect, "value", body.PathOf("receipt"),
                     fmt::format("A receipt is a valueString of 1 to {} bytes.", kReceiptMax));
  return receipt;
}

}  // namespace

Result<Response> Inbox(const Room& room, const Call& call) {
  if (!call.viewer().IsGranted("Communication", access::oauth::kReads))
    return MakeError(ErrorCode::kForbidden, "What this program was granted does not let it read notices.");
  const InboxAsked asked = TRY(ReadInboxAsked(call));
  std::vector<view::Ordinal> mine = TRY(MyNotices(room, call, asked.unread));
  const size_t total = mine.size();
  mine.resize(std::min(mine.size(), asked.count));
  const Texts texts = TRY(ReadMany(room, mine));
  std::string body;
  BundleWriter bundle(&body, "searchset");
  bundle.Total(total);
  bundle.Link("self", fmt::format("{}/$inbox?unread={}", call.request.base_url, asked.unread));
  for (size_t i = 0; i < texts.size(); ++i)
    bundle.AddFound(call.request.base_url, "Communication", texts.header(i).id, texts.body(i), "match");
  bundle.End();
  return Telling(room, call, mine, JsonResponse(call, std::move(body), "inbox"));
}

Result<Plan> PlanMarkRead(const Room& room, const CallPtr& call, const view::Position& basis) {
  const access::Viewer& viewer = call->viewer();
  if (!viewer.IsGranted("Communication", access::oauth::kReads))
    return MakeError(ErrorCode::kForbidden, "What this program was granted does not let it read notices.");
  const Current current = FindCurrent(room, viewer, "Communication", call->id, basis);
  if (!current.exists()) return ReadyPlan(NotFound(*call));
  const view::ResourcePtr before = TRY(room.engine().Read(current.version.ordinal));
  const fhir::Value root = before->document.Root();
  const auto addressed = workflow::IsAddressed(root, viewer.account, viewer.record, viewer.post->name);
  if (addressed == workflow::Addressed::kNo || (addressed == workflow::Addressed::kPost && !current.in_scope))
    return ReadyPlan(NotFound(*call));
  const std::string now = FormatInstant(room.context.clock->NowUs());
  const std::string receipt = TRY(ReceiptOf(*call));
  std::string list;
  fhir::JsonWriter json(&list);
  json.Array();
  for (const fhir::Value extension : root["extension"]) {
    if (extension["url"].ToString() == workflow::kReadExtension &&
        extension["extension"].At(0)["valueString"].ToString() == viewer.account)
      return ReadyPlan(TRY(StoredResource(room, *call, current.version.ordinal, Shape{})));
    json.Raw(extension.Json());
  }
  json.Object().Member("url", workflow::kReadExtension).Key("extension").Array();
  json.Object().Member("url", "account").Member("valueString", viewer.account).End();
  json.Object().Member("url", "at").Member("valueInstant", now).End();
  if (!receipt.empty()) json.Object().Member("url", "receipt").Member("valueString", receipt).End();
  json.End().End().End();
  fhir::Document document = TRY(workflow::WithMember(before->document, "extension", list));
  document = TRY(workflow::WithMember(document, "status", R"("completed")"));
  if (!root["received"].present())
    document = TRY(workflow::WithMember(document, "received", fmt::format("\"{}\"", now)));
  JudgedBy judged;
  judged.by_transition = true;  // where a workflow governs notices, the clerk sees that it was read
  view::ResourcePtr read = TRY(MakeVersion(room, *call, call->type, std::move(document),
                                           current.version.version + 1, false, std::move(judged)));
  auto set = std::make_unique<view::ChangeSet>();
  TRY(AddWrite(room, current, std::move(read), set.get(), true));
  Plan plan = WrittenPlan(call, std::move(set), false);
  plan.answer = [answer = std::move(plan.answer)](const view::Commit& commit) {
    Response response = answer(commit);
    response.audit_action = "notice-read";
    return response;
  };
  return plan;
}

}  // namespace tk::interaction
