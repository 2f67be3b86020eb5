#include "kernel/workflow/notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/workflow/duty.h"
#include "kernel/workflow/mark.h"

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
  if (!post && !account) return NotifyError("to", "must name a post, an account, a reference, or a duty");
  json->Object().Key("identifier").Object();
  json->Member("system", post ? kPostSystem : kAccountIdSystem);
  json->Member("value", (post ? post : account).ToString()).End().End();
  return {};
}

/// Whoever is on duty when it is written.
struct DutyTo {
  std::string post;
  std::string area;                                          // a code; "" = by the expression
  std::shared_ptr<const fhir::path::Expression> expression;  // null, and no code: where the person is
};

Result<DutyTo> ReadDuty(const rules::ActionScope& scope, fhir::Value to) {
  DutyTo duty;
  duty.post = to["duty"].ToString();
  const std::string area = to["area"].ToString();
  if (duty.post.empty()) return NotifyError("to.duty", "must be the name of a post");
  if (area.starts_with("=")) {
    auto compiled =
        fhir::path::Expression::Compile(std::string_view(area).substr(1), *scope.definitions, scope.context);
    if (!compiled.ok()) return NotifyError("to.area", compiled.error().external);
    duty.expression = std::make_shared<const fhir::path::Expression>(std::move(compiled).value());
  } else if (!area.empty()) {
    if (!view::AreaRange(area).ok()) return NotifyError("to.area", "is no division's code");
    duty.area = area;
  }
  return duty;
}

/// Those who are known now; who is on duty is asked later.
Result<std::vector<DutyTo>> WriteRecipients(const rules::ActionScope& scope, fhir::Value to,
                                            fhir::JsonWriter* json) {
  std::vector<fhir::Value> known;
  std::vector<DutyTo> duties;
  const auto take = [&](fhir::Value each) -> Status {
    if (each["duty"].present())
      duties.push_back(TRY(ReadDuty(scope, each)));
    else
      known.push_back(each);
    return {};
  };
  if (to.is_array()) {
    for (const fhir::Value each : to) TRY(take(each));
  } else {
    TRY(take(to));
  }
  if (known.empty() && !duties.empty()) return duties;
  json->Key("recipient").Array();
  for (const fhir::Value each : known) TRY(WriteRecipient(each, json));
  json->End();
  return duties;
}

/// The area's code of the person whom the notice is about; "" = he has none.
Result<std::string> AreaOfSubject(rules::Performance* performance, fhir::Value notice) {
  constexpr std::string_view kPatient = "Patient/";
  const std::string subject = notice["subject"]["reference"].ToString();
  if (!subject.starts_with(kPatient)) return std::string();
  const fhir::Value person = TRY(performance->Now("Patient", subject.substr(kPatient.size())));
  for (const fhir::Value tag : person["meta"]["tag"]) {
    if (tag["system"].ToString() == view::kAreaSystem) return tag["code"].ToString();
  }
  return std::string();
}

Result<std::string> AreaOf(const DutyTo& duty, rules::Performance* performance, fhir::Value notice) {
  if (!duty.area.empty()) return duty.area;
  if (duty.expression == nullptr) return AreaOfSubject(performance, notice);
  fhir::path::Collection found;
  TRY(duty.expression->Evaluate(performance->environment(), performance->context(), &found));
  if (found.empty()) return std::string();
  const std::string* const text = std::get_if<std::string>(&found[0].computed);
  return text != nullptr ? *text : found[0].node.ToString();
}

/// The Practitioner, also of a PractitionerRole: accounts are Practitioners.
Result<std::string> PersonOf(const rules::Performance& performance, const std::string& who) {
  constexpr std::string_view kRole = "PractitionerRole/";
  const fhir::Document actor = TRY(fhir::Document::Parse(who));
  const std::string name = actor.Root()["reference"].ToString();
  if (!name.starts_with(kRole)) return name;
  const view::ResourcePtr role = TRY(performance.scene().read("PractitionerRole", name.substr(kRole.size())));
  return role == nullptr ? std::string() : role->document.Root()["practitioner"]["reference"].ToString();
}

/// Adds whoever is on duty to the notice's recipients; those of the post if nobody is, or nobody can be asked for.
Status WriteOnDuty(const DutyTo& duty, rules::Performance* performance, fhir::Value notice,
                   fhir::JsonWriter* json) {
  const rules::Performance::Scene& scene = performance->scene();
  const std::string area = TRY(AreaOf(duty, performance, notice));
  size_t told = 0;
  if (view::AreaRange(area).ok() && !area.empty() && scene.reach.find) {
    const Rosters rosters{[&scene](const std::string& where) { return scene.reach.find("Slot", {}, where); },
                          scene.read};
    const OnDuty found = TRY(FindOnDuty(rosters, duty.post, area, scene.now_us));
    for (const Shift& shift : found.shifts) {
      const std::string person = TRY(PersonOf(*performance, shift.who));
      if (person.empty()) continue;
      json->Object().Member("reference", person).End();
      ++told;
    }
  }
  if (told != 0) return {};
  json->Object().Key("identifier").Object();
  json->Member("system", kPostSystem).Member("value", duty.post).End().End();
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
  NotifyAction(rules::Template notice, std::vector<DutyTo> duties)
      : notice_(std::move(notice)), duties_(std::move(duties)) {}
  std::vector<fhir::TypeId> Writes() const override { return {notice_.type()}; }
  bool Creates() const override { return true; }
  Status Perform(rules::Performance* performance) const override {
    const std::string name = TRY(performance->Create(notice_));
    const size_t slash = name.find('/');
    const std::string type = name.substr(0, slash), id = name.substr(slash + 1);
    if (!duties_.empty()) TRY(AddOnDuty(performance, type, id));
    const fhir::Value made = TRY(performance->Now(type, id));
    if (made["recipient"].size() == 0)
      return MakeError(ErrorCode::kInvalid, "a notice reaches nobody: name a post beside who may be missing");
    return {};
  }

 private:
  Status AddOnDuty(rules::Performance* performance, const std::string& type, const std::string& id) const {
    const fhir::Value made = TRY(performance->Now(type, id));
    std::string list;
    fhir::JsonWriter json(&list);
    json.Array();
    for (const fhir::Value recipient : made["recipient"]) json.Raw(recipient.Json());
    for (const DutyTo& duty : duties_) TRY(WriteOnDuty(duty, performance, made, &json));
    json.End();
    const fhir::Document whole = TRY(fhir::Document::Parse(std::string(made.Json())));
    return performance->Update(type, id, TRY(WithMember(whole, "recipient", list)));
  }

  const rules::Template notice_;
  const std::vector<DutyTo> duties_;
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
  std::vector<DutyTo> duties = TRY(WriteRecipients(scope, json["to"], &notice));
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
      TRY(rules::Template::Compile(*scope.definitions, scope.context, document.Root())), std::move(duties)));
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
