#include "kernel/workflow/notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tk::workflow {
namespace {

Error NotifyError(std::string path, std::string text) {
  return MakeIssue(ErrorCode::kInvalid, "value", std::move(path), std::move(text));
}

Status WriteRecipient(fhir::Value to, fhir::JsonWriter* json) {
  if (const fhir::Value reference = to["reference"]) {
    json->String(reference.ToString());
    return {};
  }
  const fhir::Value post = to["post"], account = to["account"];
  if (!post && !account) return NotifyError("to", "must name a post, an account or a reference");
  json->Object().Key("identifier").Object();
  json->Member("system", post ? kPostSystem : kAccountIdSystem);
  json->Member("value", (post ? post : account).ToString()).End().End();
  return {};
}

Status WriteRecipients(fhir::Value to, fhir::JsonWriter* json) {
  json->Key("recipient").Array();
  if (to.is_array()) {
    for (const fhir::Value each : to) TRY(WriteRecipient(each, json));
  } else {
    TRY(WriteRecipient(to, json));
  }
  json->End();
  return {};
}

/// The person whom it is about, by what the cause's type calls him.
void WriteSubject(const rules::ActionScope& scope, fhir::JsonWriter* json) {
  if (scope.context == fhir::kNoType) return;
  if (scope.definitions->Type(scope.context).name == "Patient") {
    json->Key("subject").Object().Member("reference", "='Patient/' + id").End();
    return;
  }
  for (const char* name : {"for", "subject", "patient"}) {
    const auto* const element = scope.definitions->FindElement(scope.context, fhir::Names::Find(name));
    if (element == nullptr || scope.definitions->Type(element->type).name != "Reference") continue;
    json->Member("subject", fmt::format("={}.where(reference.startsWith('Patient/'))", name));
    return;
  }
}

class NotifyAction : public rules::Action {
 public:
  explicit NotifyAction(rules::Template notice) : notice_(std::move(notice)) {}
  std::vector<fhir::TypeId> Writes() const override { return {notice_.type()}; }
  Status Perform(rules::Performance* performance) const override {
    const std::string name = TRY(performance->Create(notice_));
    const size_t slash = name.find('/');
    const fhir::Value made = TRY(performance->Now(name.substr(0, slash), name.substr(slash + 1)));
    if (made["recipient"].size() == 0)
      return MakeError(ErrorCode::kInvalid, "a notice reaches nobody: name a post beside who may be missing");
    return {};
  }

 private:
  const rules::Template notice_;
};

}  // namespace

Result<std::unique_ptr<const rules::Action>> ParseNotify(const rules::ActionScope& scope, fhir::Value json) {
  constexpr std::array<std::string_view, 7> kMembers = {"to",  "title", "text",   "urgency",
                                                        "sms", "code",  "subject"};
  for (const fhir::Value member : json) {
    if (std::find(kMembers.begin(), kMembers.end(), member.name_text()) == kMembers.end())
      return NotifyError(std::string(member.name_text()),
                         fmt::format("is no member of notify: there are {}", fmt::join(kMembers, ", ")));
  }
  const fhir::Value title = json["title"], text = json["text"];
  for (const char* language : {"zh-CN", "en"}) {
    if (title[language].ToString().empty() || text[language].ToString().empty())
      return NotifyError(title[language].ToString().empty() ? "title" : "text", "needs zh-CN and en");
  }
  const std::string urgency = json["urgency"].present() ? json["urgency"].ToString() : "routine";
  if (urgency != "routine" && urgency != "urgent" && urgency != "stat")
    return NotifyError("urgency", "may be routine, urgent or stat");
  std::string out;
  fhir::JsonWriter notice(&out);
  notice.Object()
      .Member("resourceType", "Communication")
      .Member("status", "in-progress")
      .Member("priority", urgency);
  notice.Key("category").Array().Object().Key("coding").Array();
  notice.Object().Member("system", kNoticeSystem).Member("code", kNoticeCode).End();
  if (json["code"].present())
    notice.Object()
        .Member("system", fmt::format("{}-{}", kNoticeSystem, scope.app))
        .Member("code", json["code"].ToString())
        .End();
  notice.End().Member("text", title["zh-CN"].ToString()).End().End();
  notice.Key("topic").Object().Member("text", title["en"].ToString()).End();
  TRY(WriteRecipients(json["to"], &notice));
  if (json["subject"].present())
    notice.Member("subject", json["subject"].ToString());
  else
    WriteSubject(scope, &notice);
  if (scope.context != fhir::kNoType) {
    notice.Key("about").Array().Object();
    notice.Member("reference", fmt::format("='{}/' + id", scope.definitions->Type(scope.context).name))
        .End()
        .End();
  }
  notice.Member("sent", "=%now").Key("payload").Array();
  for (const char* language : {"zh-CN", "en"})
    notice.Object().Member("contentString", text[language].ToString()).End();
  if (const fhir::Value sms = json["sms"]) {
    notice.Object()
        .Key("extension")
        .Array()
        .Object()
        .Member("url", kSmsExtension)
        .Key("valueBoolean")
        .Bool(true);
    notice.End().End().Member("contentString", sms.ToString()).End();
  }
  notice.End().End();
  const fhir::Document document = TRY(fhir::Document::Parse(out));
  return std::unique_ptr<const rules::Action>(std::make_unique<NotifyAction>(
      TRY(rules::Template::Compile(*scope.definitions, scope.context, document.Root()))));
}

const rules::Vocabulary& FullVocabulary() {
  static const rules::Vocabulary vocabulary = [] {
    rules::Vocabulary all = rules::OwnVocabulary();
    all.Add("notify", ParseNotify);
    return all;
  }();
  return vocabulary;
}

bool IsNotice(fhir::Value communication) {
  for (const fhir::Value category : communication["category"]) {
    for (const fhir::Value coding : category["coding"]) {
      if (coding["system"].ToString() == kNoticeSystem && coding["code"].ToString() == kNoticeCode)
        return true;
    }
  }
  return false;
}

Addressed IsAddressed(fhir::Value communication, std::string_view account, std::string_view record,
                      std::string_view post) {
  if (!IsNotice(communication)) return Addressed::kNo;
  Addressed addressed = Addressed::kNo;
  for (const fhir::Value recipient : communication["recipient"]) {
    const std::string reference = recipient["reference"].ToString();
    if (!record.empty() && reference == record) return Addressed::kHim;
    const std::string system = recipient["identifier"]["system"].ToString();
    const std::string value = recipient["identifier"]["value"].ToString();
    if (system == kAccountIdSystem && value == account) return Addressed::kHim;
    if (system == kPostSystem && value == post) addressed = Addressed::kPost;
  }
  return addressed;
}

std::string SmsOf(fhir::Value communication) {
  for (const fhir::Value payload : communication["payload"]) {
    for (const fhir::Value extension : payload["extension"]) {
      if (extension["url"].ToString() == kSmsExtension) return payload["contentString"].ToString();
    }
  }
  return {};
}

}  // namespace tk::workflow
