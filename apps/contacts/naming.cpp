#include "apps/contacts/naming.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "kernel/exchange/reading_intake.h"
#include "kernel/interaction/permit.h"

namespace tk::contacts {
namespace {

using exchange::JsonText;
using interaction::Request;
using interaction::Response;

constexpr size_t kTextBytesMax = 500, kEventBytesMax = 200;

/// A word of the request that must be one of these codes.
struct Choice {
  std::string_view member;
  std::span<const std::string_view> codes;
};
constexpr std::string_view kSettings[] = {"household", "work", "school",  "meal",
                                          "transport", "care", "leisure", "other"};
constexpr std::string_view kCertainties[] = {"certain", "probable", "possible"};
constexpr std::string_view kFrequencies[] = {"once", "several", "daily"};
constexpr Choice kChoices[] = {
    {"setting", kSettings}, {"certainty", kCertainties}, {"frequency", kFrequencies}};
constexpr std::string_view kTexts[] = {"place", "relation"};

/// Who names them.
struct Source {
  std::string patient;  // id of whom they met; "" of an event
  std::string reference,
      member;              // "TracingCase/1", "case"; "ContactWatch/1", "through"; the event's text, "event"
  std::string also;        // "ContactWatch/1" of a case who was a contact: what he named before
  std::string infectious;  // of a case: contacts count from this day; "" it is not known
};

/// One who was named.
struct Contact {
  exchange::Reading who;  // line: which of the request
  std::string kind, first, last;
  std::vector<std::pair<std::string_view, std::string>> said;  // member, text
};

/// What members of an object say.
using Saying = std::function<std::string(std::string_view name)>;

class ContactReader {
 public:
  ContactReader(const Source& source, const std::string& today, std::vector<Issue>* issues)
      : source_(source), today_(today), issues_(*issues) {}

  Contact Read(size_t number, const Saying& says) {
    path_ = fmt::format("contacts[{}]", number);
    Contact contact;
    contact.who.line = number;
    ReadWho(says, &contact);
    ReadDays(says, &contact);
    ReadKind(says, &contact);
    for (const Choice& choice : kChoices) {
      const std::string word = says(choice.member);
      if (word.empty()) continue;
      if (std::find(choice.codes.begin(), choice.codes.end(), word) == choice.codes.end())
        Refuse(choice.member, fmt::format("Write one of: {}.", fmt::join(choice.codes, ", ")));
      contact.said.emplace_back(choice.member, word);
    }
    for (const std::string_view member : kTexts) {
      std::string text = says(member);
      if (text.empty()) continue;
      if (text.size() > kTextBytesMax) Refuse(member, "The text is longer than 500 bytes.");
      contact.said.emplace_back(member, std::move(text));
    }
    return contact;
  }

 private:
  void Refuse(std::string_view member, std::string text) {
    issues_.push_back(Issue{Severity::kError, "value", fmt::format("{}.{}", path_, member), std::move(text)});
  }
  void ReadWho(const Saying& says, Contact* contact) {
    const std::string name = says("name"), number = says("number"), phone = says("phone"),
                      birth = says("birth"), gender = says("gender");
    if (const auto fault = exchange::ReadPerson({name, number, phone, birth, gender}, &contact->who.person))
      Refuse(exchange::HeadsOf(fault->field)[0], std::string(fault->text));
    contact->who.area = says("area");
    contact->who.address = says("address");
    if (!contact->who.area.empty() && !view::AreaRange(contact->who.area).ok())
      Refuse("area", "This is no code of a division: 2, 4, 6, 9, 12 or 15 digits.");
    if (contact->who.address.size() > kTextBytesMax)
      Refuse("address", "The address is longer than 500 bytes.");
  }
  void ReadDays(const Saying& says, Contact* contact) {
    contact->first = Day("first", says("first"));
    contact->last = Day("last", says("last"));
    if (says("last").empty()) Refuse("last", "The last day on which they met is missing.");
    if (contact->last > today_) Refuse("last", "This day has not come yet.");
    if (!contact->first.empty() && !contact->last.empty() && contact->last < contact->first)
      Refuse("last", "The last day is before the first one.");
  }
  void ReadKind(const Saying& says, Contact* contact) {
    contact->kind = says("kind");
    const std::string_view other = source_.member == "through" ? "secondary" : "close";
    const bool of_event = source_.member == "event";
    const bool fits =
        contact->kind == other || contact->kind == "casual" || (of_event && contact->kind == "secondary");
    if (!fits)
      return Refuse("kind", other == "close" ? "A contact of a case is close or casual; a contact's contact "
                                               "is named by that contact (watch)."
                                             : "A contact of a contact is secondary or casual; he becomes "
                                               "close when that contact becomes a case.");
    if (contact->kind == "close" && !contact->last.empty() && contact->last < source_.infectious)
      Refuse("last", fmt::format("Contacts of this case count from {}: mend the day, or name him as casual.",
                                 source_.infectious));
  }
  std::string Day(std::string_view member, const std::string& text) {
    if (text.empty()) return {};
    const auto day = exchange::ReadDay(text);
    if (!day) Refuse(member, "There is no such day: write it as 2026-11-20.");
    return day ? exchange::DayText(*day) : std::string();
  }

  const Source& source_;
  const std::string& today_;
  std::vector<Issue>& issues_;
  std::string path_;
};

/// Names contacts for one request.
class Naming {
 public:
  Naming(const app::Context& context, const Request& request)
      : context_(context), request_(request), scope_(context.interactions->ScopeOf(request.viewer)) {}

  Result<Response> Run() {
    body_ = TRY(fhir::Document::Parse(request_.body));
    TRY(ReadSource());
    TRY(ReadContacts());
    TRY(FindWho());
    TRY(FindNamed());
    return Write();
  }

 private:
  Error Missing(std::string_view member) const {
    return MakeIssue(ErrorCode::kNotFound, "not-found", std::string(member), "There is no such record.");
  }
  Result<Live> Seen(std::string_view type, std::string_view member) const {
    const std::string id = IdOf(type, body_.Root()[member].ToString());
    if (id.empty()) return Missing(member);
    Live live = TRY(LiveRecord(context_, type, id));
    if (!InScope(context_, scope_, live)) return Missing(member);
    return live;
  }

  Status ReadSource() {
    constexpr std::string_view kSources[] = {"case", "watch", "event"};
    const auto is_there = [&](std::string_view member) { return body_.Root()[member].present(); };
    if (std::count_if(std::begin(kSources), std::end(kSources), is_there) != 1)
      return MakeIssue(ErrorCode::kIncorrect, "required", "case",
                       "Say whose contacts they are: one of case, watch or event.");
    if (is_there("case")) return OfCase(TRY(Seen("TracingCase", "case")));
    if (is_there("watch")) return OfWatch();
    source_.member = "event";
    source_.reference = body_.Root()["event"].ToString();
    if (source_.reference.empty() || source_.reference.size() > kEventBytesMax)
      return MakeIssue(ErrorCode::kIncorrect, "value", "event", "Name the event in at most 200 bytes.");
    return {};
  }
  Status OfCase(const Live& live) {
    const fhir::Value root = live.root();
    if (root["status"].ToString() != "open")
      return MakeIssue(ErrorCode::kConflict, "conflict", "case", "This case is closed.");
    source_.member = "case";
    source_.reference = "TracingCase/" + live.record->id;
    source_.patient = IdOf("Patient", root["subject"]["reference"].ToString());
    source_.also = root["watch"]["reference"].ToString();
    source_.infectious = root["infectious"].ToString();
    return {};
  }
  Status OfWatch() {
    const Live live = TRY(Seen("ContactWatch", "watch"));
    const std::string status = live.root()["status"].ToString();
    if (status != "observation" && status != "lost")
      return MakeIssue(ErrorCode::kConflict, "conflict", "watch",
                       "He is observed no more; of one who became a case name the case.");
    source_.member = "through";
    source_.reference = "ContactWatch/" + live.record->id;
    source_.patient = IdOf("Patient", live.root()["subject"]["reference"].ToString());
    return {};
  }

  Status ReadContacts() {
    const fhir::Value sent = body_.Root()["contacts"];
    const std::vector<fhir::Value> groups(sent.begin(), sent.end());
    if (groups.empty() || groups.size() > kContactsMax)
      return MakeIssue(ErrorCode::kIncorrect, "required", "contacts",
                       fmt::format("Name 1 to {} contacts.", kContactsMax));
    const std::string today = Today(context_);
    std::vector<Issue> issues;
    ContactReader reader(source_, today, &issues);
    for (size_t i = 0; i < groups.size(); ++i) {
      contacts_.push_back(reader.Read(i, [&](std::string_view name) { return groups[i][name].ToString(); }));
    }
    if (issues.empty()) return {};
    Error error = MakeError(ErrorCode::kInvalid, "Nothing was kept: mend these, and send all again.");
    error.issues = std::move(issues);
    return error;
  }
  /// Finds or makes them; one whom the viewer does not see is made here, and joined by the person index.
  Status FindWho() {
    const exchange::ImportContext exchange{context_.engine, nullptr, context_.interactions};
    std::vector<std::string> numbers;
    std::vector<exchange::Reading> readings;
    for (const Contact& contact : contacts_) {
      readings.push_back(contact.who);
      if (!contact.who.person.number.empty()) numbers.push_back(contact.who.person.number);
    }
    TRY(exchange::CountTold(exchange, *request_.viewer, numbers));
    exchange::Intake intake(exchange, {"contacts", request_.viewer->record, MetaSource()},
                            "contacts|" + request_.viewer->account, request_.viewer->area);
    intake.OnlyOf([&](const std::string& patient) {
      const auto live = LiveRecord(context_, "Patient", patient);
      return live.ok() && InScope(context_, scope_, *live);
    });
    const std::vector<std::string> kept(readings.size());
    const exchange::Taken taken = TRY(intake.Place(readings, kept, false, &patients_));
    for (const exchange::RowIssue& issue : taken.refused) refused_.emplace_back(issue.line, issue.text);
    asked_ = patients_;
    asked_.push_back(source_.patient);
    const auto source =
        source_.patient.empty() ? std::vector<std::string>() : TRY(PersonOf(context_, source_.patient));
    for (size_t i = 0; i < patients_.size(); ++i) {
      if (std::find(source.begin(), source.end(), patients_[i]) == source.end()) continue;
      refused_.emplace_back(i, "This is whose contacts are named.");
      patients_[i].clear();
    }
    return {};
  }
  std::string MetaSource() const { return "urn:tongkang:entry:" + request_.request_id; }

  /// The exposures from this source by the records of whom they are; withdrawn ones count how often somebody is named anew.
  Status FindNamed() {
    std::vector<Live> known;
    if (source_.member == "event") {
      for (const std::string& patient : patients_) {
        if (patient.empty()) continue;
        for (Live& each : TRY(Find(context_, "Exposure", std::string(kPatient) + patient, ""))) {
          if (each.root()["event"].ToString() == source_.reference) known.push_back(std::move(each));
        }
      }
    } else {
      known = TRY(Find(context_, "Exposure", "", fmt::format("{}={}", source_.member, source_.reference)));
      if (!source_.also.empty()) {
        for (Live& each : TRY(Find(context_, "Exposure", "", "through=" + source_.also)))
          known.push_back(std::move(each));
      }
    }
    for (const Live& each : known) {
      const std::string subject = IdOf("Patient", each.root()["subject"]["reference"].ToString());
      for (const std::string& record : TRY(PersonOf(context_, subject))) {
        Known& of = known_[record];
        if (each.root()["status"].ToString() == "active") of.id = each.record->id;
        ++of.count;
      }
    }
    return {};
  }

  /// One Exposure each: of whom the request names twice, one.
  void Plan(std::vector<exchange::Planned>* planned) {
    std::unordered_map<std::string, size_t> places;
    ids_.resize(contacts_.size());
    for (size_t i = 0; i < contacts_.size(); ++i) {
      if (patients_[i].empty()) continue;
      const auto known = known_.find(patients_[i]);
      const bool is_known = known != known_.end() && !known->second.id.empty();
      ids_[i] = is_known ? known->second.id : NewId(i, known == known_.end() ? 0 : known->second.count);
      const auto [place, fresh] = places.emplace(ids_[i], i);
      if (fresh) {
        planned->push_back({i, "Exposure", ids_[i], i});
      } else {
        Fold(contacts_[i], &contacts_[place->second]);
      }
    }
  }
  /// Keyed, so that an id tells nobody who it is; of 128 bits.
  std::string NewId(size_t i, size_t count) const {
    std::vector<std::string> person = {patients_[i]};
    if (auto found = PersonOf(context_, patients_[i]); found.ok() && !found->empty()) person = *found;
    const std::string& least = *std::min_element(person.begin(), person.end());
    const std::string whole = fmt::format("contacts|{}|{}|{}", source_.reference, least, count);
    return fmt::format("exposure-{:016x}{:016x}", context_.engine->KeyOf(whole),
                       context_.engine->KeyOf(whole + "|2"));
  }
  static void Fold(const Contact& more, Contact* into) {
    if (into->kind == "casual" || more.kind == "close") into->kind = more.kind;
    into->last = std::max(into->last, more.last);
    if (into->first.empty() || (!more.first.empty() && more.first < into->first)) into->first = more.first;
    into->said.insert(into->said.end(), more.said.begin(), more.said.end());
  }

  std::string ExposureOf(const exchange::Planned& plan, fhir::Value before, std::string_view source) const {
    Contact contact = contacts_[plan.row];
    if (before.present()) {
      Contact old;
      old.kind = before["kind"].ToString();
      old.first = before["first"].ToString();
      old.last = before["last"].ToString();
      Fold(old, &contact);
    }
    const auto text = [](const std::string& value) {
      return value.empty() ? std::string() : JsonText(value);
    };
    const auto reference = [](const std::string& to) {
      return fmt::format(R"({{"reference":{}}})", JsonText(to));
    };
    const std::string named = before["named"].ToString(), subject = before["subject"]["reference"].ToString();
    std::vector<std::pair<std::string_view, std::string>> given = {
        {"status", R"("active")"},
        {"subject", reference(subject.empty() ? std::string(kPatient) + patients_[plan.row] : subject)}};
    if (!source_.patient.empty())
      given.emplace_back("source", reference(std::string(kPatient) + source_.patient));
    given.emplace_back(source_.member,
                       source_.member == "event" ? text(source_.reference) : reference(source_.reference));
    given.emplace_back("kind", text(contact.kind));
    given.emplace_back("first", text(contact.first));
    given.emplace_back("last", text(contact.last));
    std::vector<std::string_view> members(std::begin(kTexts), std::end(kTexts));
    for (const Choice& choice : kChoices) members.push_back(choice.member);
    for (const std::string_view member : members) {
      const auto said = std::find_if(contact.said.rbegin(), contact.said.rend(),
                                     [&](const auto& each) { return each.first == member; });
      if (said != contact.said.rend()) given.emplace_back(member, text(said->second));
    }
    given.emplace_back("named", text(named.empty() ? FormatInstant(context_.clock->NowUs()) : named));
    return exchange::Remade("Exposure", plan.id, before, {}, source, given);
  }

  Result<Response> Write() {
    std::vector<exchange::Planned> planned;
    Plan(&planned);
    exchange::ImportReport report;
    report.issues_max = contacts_.size();
    exchange::ImportOptions options;
    options.source = MetaSource();
    options.threads = 1;
    const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
      return ExposureOf(plan, before, source);
    };
    TRY(exchange::WriteAll({context_.engine, nullptr, context_.interactions}, planned, make, options,
                           &report));
    for (const exchange::RowIssue& issue : report.issues) refused_.emplace_back(issue.line, issue.text);
    std::string text;
    fhir::JsonWriter json(&text);
    json.Object().Key("added").Int(static_cast<int64_t>(report.added));
    json.Key("changed").Int(static_cast<int64_t>(report.changed));
    json.Key("unchanged").Int(static_cast<int64_t>(report.unchanged)).Key("contacts").Array();
    for (size_t i = 0; i < contacts_.size(); ++i) {
      json.Object();
      if (!patients_[i].empty())
        json.Member("patient", std::string(kPatient) + patients_[i])
            .Member("exposure", "Exposure/" + ids_[i]);
      json.End();
    }
    json.End().Key("refused").Array();
    for (const auto& refusal : refused_)
      json.Object()
          .Key("contact")
          .Int(static_cast<int64_t>(refusal.first))
          .Member("text", refusal.second)
          .End();
    json.End().End();
    Response response = JsonAnswer(refused_.size() == contacts_.size() ? 422 : 200, std::move(text));
    response.audit_t = report.last_t;
    response.audit_owners = app::AuditOwnersOf(context_, asked_);
    return response;
  }

  struct Known {
    std::string id;    // of the one that holds
    size_t count = 0;  // with those that were withdrawn
  };
  const app::Context& context_;
  const Request& request_;
  const view::Scope scope_;
  fhir::Document body_;
  Source source_;
  std::vector<Contact> contacts_;
  std::vector<std::string> patients_, ids_;
  std::vector<std::string> asked_;  // whom the audit is told of: all who were named, and who names them
  std::unordered_map<std::string, Known> known_;  // by Patient
  std::vector<std::pair<uint64_t, std::string>> refused_;
};

}  // namespace

Result<Response> HandleName(const app::Context& context, const Request& request) {
  TRY(interaction::CheckMayCall(*request.viewer, "contacts-name"));
  return Naming(context, request).Run();
}

}  // namespace tk::contacts
