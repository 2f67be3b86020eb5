#include "apps/health-card/desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/health-card/person.h"
#include "kernel/access/inquiries.h"
#include "kernel/base/city_time.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/person/patient_record.h"

namespace tk::health_card {
namespace {

constexpr int kNumberTriesMax = 20;

Error NoPerson() {
  return MakeIssue(ErrorCode::kNotFound, "not-found", "patient", "There is no such person in your area.");
}
Error Conflict(std::string text) {
  return MakeIssue(ErrorCode::kConflict, "conflict", "patient", std::move(text));
}
Error NoCard() { return Conflict("This person has no health card: issue one first."); }

std::string IdIn(std::string_view reference, std::string_view type) {
  if (!reference.starts_with(type) || reference.size() <= type.size() || reference[type.size()] != '/')
    return {};
  const std::string_view id = reference.substr(type.size() + 1);
  return id.find('/') == std::string_view::npos ? std::string(id) : std::string();
}

/// Full years of age; -1 if the day of birth is not known. Of a year alone the oldest that he may be.
int AgeOf(fhir::Value patient, Instant now_us) {
  const auto born = ParseDateRange(patient["birthDate"].ToString());
  if (!born.ok()) return -1;
  constexpr int64_t kDayUs = 86'400 * kSecondUs;
  const CivilDate birth = CivilFromDays(born->low_us / kDayUs - (born->low_us % kDayUs < 0 ? 1 : 0));
  const CivilDate today = CivilFromDays((now_us + CityOffsetMin() * 60 * kSecondUs) / kDayUs);
  const bool before = today.month < birth.month || (today.month == birth.month && today.day < birth.day);
  return today.year - birth.year - (before ? 1 : 0);
}

/// Verified, in force, and by its own word of this guardian, by whichever of his records: a link alone, which whoever writes Patients can make, shows
/// nobody's card.
bool IsGuardian(const State& state, fhir::Value related, const Holder& guardian,
                const access::FamilyPolicy& family) {
  if (!interaction::IsVerifiedGuardian(related) ||
      (related["active"].present() && !related["active"].IsTrue()))
    return false;
  const auto begun = ParseDateRange(related["period"]["start"].ToString(), CityOffsetMin()),
             over = ParseDateRange(related["period"]["end"].ToString(), CityOffsetMin());
  if ((begun.ok() && begun->low_us > state.NowUs()) || (over.ok() && over->high_us <= state.NowUs()))
    return false;
  bool his = false;
  for (const fhir::Value extension : related["extension"]) {
    his = his || (extension["url"].ToString() == interaction::kGuardianUrl &&
                  guardian.IsOf(extension["valueReference"]["reference"].ToString()));
  }
  if (!his) return false;
  for (const fhir::Value relation : related["relationship"]) {
    for (const fhir::Value coding : relation["coding"]) {
      const std::string code = coding["code"].ToString();
      if (std::find(family.relationships.begin(), family.relationships.end(), code) !=
          family.relationships.end())
        return true;
    }
  }
  return false;
}

/// Who a resident is: the Patient that his scope is about.
Result<view::ResourcePtr> Self(const Ask& ask, const view::Position& position) {
  const access::Viewer& viewer = *ask.viewer;
  if (viewer.scope.everything || (!viewer.IsOfOnePerson() && viewer.anothers_us == 0))
    return MakeIssue(ErrorCode::kIncorrect, "required", "patient",
                     "Say whose card: {\"patient\": \"Patient/…\"}.");
  view::Scope his;
  his.everything = false;
  his.only_owner = viewer.own.empty() ? viewer.scope.only_owner : viewer.own.front();
  if (viewer.anothers_us == 0 && !viewer.patient.empty()) {
    Found bound = TRY(FindRecord(ask.state->engine(), "Patient", viewer.patient, position));
    if (bound.resource != nullptr) return std::move(bound.resource);
  }
  if (his.only_owner == 0) return NoPerson();
  auto found = TRY(FindBy(*ask.state, "Patient", "", 1, position, his));
  if (found.empty()) return NoPerson();
  return std::move(found.front());
}

/// Over: put under use "old", or its period has ended.
bool IsOver(fhir::Value identifier, Instant now_us) {
  if (identifier["use"].ToString() == "old") return true;
  const auto end = ParseDateRange(identifier["period"]["end"].ToString(), CityOffsetMin());
  return end.ok() && end->high_us <= now_us;
}

/// The same document, by number and by the kind that the record says it is: a hospital's own number is no passport because it looks like one.
bool Proves(const person::Identifier& shown, fhir::Value patient, Instant now_us) {
  for (const fhir::Value each : patient["identifier"]) {
    const person::IdKind said = person::KindOfIdentifier(each);
    if (said == person::IdKind::kNone || IsOver(each, now_us)) continue;
    const person::Identifier kept = person::Classify(each["value"].ToString(), said);
    if (kept.kind == shown.kind && !kept.remarks.faults() && kept.value() == shown.value()) return true;
  }
  return false;
}

/// Does the number say another birth date or sex than the record? Then it is somebody else's: a newborn's record often has its mother's.
bool Contradicts(const person::Identifier& shown, fhir::Value patient) {
  std::string born = patient["birthDate"].ToString();  // 1990, 1990-01 or 1990-01-02
  std::erase(born, '-');
  if (shown.birth_date != 0 && !born.empty() && !std::to_string(shown.birth_date).starts_with(born))
    return true;
  const std::string sex = patient["gender"].ToString();
  return (shown.sex == person::IdSex::kMale && sex == "female") ||
         (shown.sex == person::IdSex::kFemale && sex == "male");
}

/// Real names: the document that was shown at the desk is of the kinds that count, is well formed, and is the one in the record.
Status CheckIdentity(const Ask& ask, fhir::Value patient) {
  const std::string number = TRY(ask.NeedText("identity", person::kIdInputMax));
  TRY(CheckMayTry(ask));
  const std::string kind = TRY(ask.Text("identity_kind"));
  const person::IdKind claimed = person::KindNamed(kind);
  if (!kind.empty() && claimed == person::IdKind::kNone)
    return MakeIssue(ErrorCode::kIncorrect, "value", "identity_kind",
                     "There is no such kind of document number.");
  const person::Identifier shown = person::Classify(number, claimed);
  const auto& kinds = ask.state->settings.identities;
  if (shown.remarks.faults() || std::find(kinds.begin(), kinds.end(), shown.kind) == kinds.end())
    return MakeIssue(ErrorCode::kInvalid, "value", "identity",
                     "This is no valid number of a document that proves who one is: check what was typed.");
  const bool proves = Proves(shown, patient, ask.state->NowUs());
  if (proves && Contradicts(shown, patient))
    return MakeIssue(ErrorCode::kInvalid, "business-rule", "identity",
                     "The number says another birth date or sex than the record, so it is somebody else's (a "
                     "newborn's mother's?): correct the record first.");
  if (proves) return {};
  NoteMiss(ask);
  return MakeIssue(
      ErrorCode::kInvalid, "business-rule", "identity",
      "This document is not the one in the person's record: compare them, or correct the record first.");
}

/// A number that no card has; guarded, as two desks may draw the same.
Result<std::string> FreeNumber(const State& state, view::ChangeSet* set) {
  for (int i = 0; i < kNumberTriesMax; ++i) {
    std::string number = NewNumber(state.settings.number, SystemRandom);
    const auto taken =
        TRY(FindBy(state, "HealthCard", "number=" + TokenOf(kNumberSystem, number), 1, set->basis));
    if (!taken.empty()) continue;
    view::Guard guard;
    guard.may_affect = [number](const view::Change& change, const view::Prepared&) {
      return change.now != nullptr && change.now->document.Root()["number"]["value"].ToString() == number;
    };
    set->guards.push_back(std::move(guard));
    return number;
  }
  return MakeError(
      ErrorCode::kUnavailable,
      "No free card number was found: give the format more digits (settings.json, number.digits).");
}

Result<Card> MakeCard(const State& state, const std::string& patient_id, int64_t serial,
                      view::ChangeSet* set) {
  Card card;
  card.id = IdOf(CardRefOf(state.engine().hash_key(), patient_id, serial));
  card.number = TRY(FreeNumber(state, set));
  card.holder = "Patient/" + patient_id;
  card.issuer = state.settings.issuer;
  card.issued_us = state.NowUs();
  card.serial = serial;
  card.key = TRY(state.ring->SignerAt(state.NowSeconds())).number;
  card.SetStatus(CardStatus::kActive, "", card.issued_us);
  return card;
}

/// `named`: "Patient/1", by whom the viewer knows the holder. `others`: cards of his in use beside this one.
interaction::Response CardAnswer(const Ask& ask, const Holder& holder, const Card& card,
                                 const view::Position& position, std::string_view action,
                                 bool created = false) {
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object();
  AppendCard(card, NamedFor(ask, holder, card, position), &out);
  out.Key("created").Bool(created).Key("others").Array();
  for (size_t i = 0; i < holder.cards.size(); ++i) {
    const std::optional<Card>& other = holder.cards[i].card;
    if (other && other->id != card.id && IsInUse(*other) && holder.is_used[i])
      out.Object().Member("number", other->number).Member("status", NameOf(other->status)).End();
  }
  out.End().End();
  return Answer(std::move(json), action, holder.asked().id, created ? 201 : 200);
}

std::unique_ptr<view::ChangeSet> NewSet(const view::Position& basis) {
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = basis;
  return set;
}

/// Plans upon the cards of the person asked for; `change` alters them and says which, or says no.
using ChangeCards =
    std::function<Result<std::set<size_t>>(const Ask& ask, Holder* holder, view::ChangeSet* set)>;
void RunOnCards(const AskPtr& ask, std::string_view action, ChangeCards change) {
  ask->state->writing->Run(
      [ask, action, change = std::move(change)](const view::Position& basis) -> Result<Planned> {
        const State& state = *ask->state;
        auto set = NewSet(basis);
        Holder holder = TRY(HolderOf(state, TRY(PatientFor(*ask, basis)), basis, set.get()));
        if (holder.card() == nullptr) return NoCard();
        const std::set<size_t> changed = TRY(change(*ask, &holder, set.get()));
        Planned planned;
        TRY(AddCards(state, holder, changed, set.get()));
        planned.answer = CardAnswer(*ask, holder, *holder.card(), basis, action);
        if (!changed.empty()) planned.set = std::move(set);
        return planned;
      },
      ask->done);
}

Result<std::string> ReasonOf(const Ask& ask, std::string_view otherwise) {
  std::string reason = TRY(ask.Text("reason", 40));
  if (reason.empty()) reason = otherwise;
  if (reason.empty() ||
      !std::all_of(reason.begin(), reason.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }))
    return MakeIssue(ErrorCode::kIncorrect, "value", "reason",
                     "Give a reason as a code: small letters and dashes.");
  return reason;
}

Result<Card::Linked> LinkedOf(const Ask& ask) {
  Card::Linked linked{TRY(ask.NeedText("system")), PlainNumber(TRY(ask.NeedText("value", 64)))};
  if (linked.value.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", "value",
                     "value is blank: give the older card's number.");
  if (linked.system.find(':') == std::string::npos || linked.system == kNumberSystem)
    return MakeIssue(ErrorCode::kIncorrect, "value", "system",
                     "system must be the URI of the older card's numbers.");
  return linked;
}

/// Is the number another person's? Guarded against one who links it at the same time.
Status CheckNobodyElse(const State& state, const Holder& holder, const Card::Linked& linked,
                       view::ChangeSet* set) {
  const auto others =
      TRY(FindBy(state, "HealthCard", "identifier=" + TokenOf(linked.system, linked.value), 20, set->basis));
  for (const view::ResourcePtr& other : others) {
    const Card found = TRY(ReadCard(other->document.Root()));
    if (!holder.IsOf(found.holder) && IsInUse(found))
      return MakeIssue(ErrorCode::kConflict, "conflict", "value",
                       "This older card is linked to another person: look at both records first.");
  }
  view::Guard guard;
  guard.may_affect = [type = state.engine().definitions().FindType("HealthCard")](const view::Change& change,
                                                                                  const view::Prepared&) {
    return change.now != nullptr && change.now->type == type &&
           change.now->document.Root()["linked"].present();
  };
  set->guards.push_back(std::move(guard));
  return {};
}

/// A new card for the record that was asked for; its serial is the next of that record.
Result<Card> MakeNext(const State& state, const Holder& holder, view::ChangeSet* set) {
  Card card = TRY(MakeCard(state, holder.asked().id, holder.cards.front().serial + 1, set));
  if (const Card* const before = holder.card(); before != nullptr) card.replaces = before->id;
  return card;
}

Result<Planned> PlanIssue(const Ask& ask, const view::Position& basis) {
  const State& state = *ask.state;
  auto set = NewSet(basis);
  Holder holder = TRY(HolderOf(state, TRY(PatientFor(ask, basis)), basis, set.get()));
  if (const std::string why = WhyNoCard(holder); !why.empty()) return Conflict(why);
  TRY(CheckIdentity(ask, holder.asked().document.Root()));
  if (holder.HasLost()) return Conflict("This person's card was reported lost: re-issue it.");
  TRY(EndFormer(state, &holder, set.get()));
  Planned planned;
  std::set<size_t> changed;
  if (Card* const card = holder.active(); card != nullptr) {
    // He is here with his document: of cards from before his records were joined one is left.
    ReplaceOthers(card, "one-person", state.NowUs(), &holder, &changed);
    if (!changed.empty()) changed.insert(*holder.at);
    TRY(AddCards(state, holder, changed, set.get()));
    planned.answer = CardAnswer(ask, holder, *card, basis, kMayIssue);
    if (!changed.empty()) planned.set = std::move(set);
    return planned;
  }
  const Card card = TRY(MakeNext(state, holder, set.get()));
  TRY(AddVersion(state.engine(), CardJson(card), set.get()));
  planned.set = std::move(set);
  planned.answer = CardAnswer(ask, holder, card, basis, kMayIssue, true);
  return planned;
}

Result<Planned> PlanReissue(const Ask& ask, const view::Position& basis) {
  const State& state = *ask.state;
  const std::string reason = TRY(ReasonOf(ask, ""));
  auto set = NewSet(basis);
  Holder holder = TRY(HolderOf(state, TRY(PatientFor(ask, basis)), basis, set.get()));
  if (const std::string why = WhyNoCard(holder); !why.empty()) return Conflict(why);
  if (holder.active() == nullptr && !holder.HasLost()) return NoCard();
  TRY(EndFormer(state, &holder, set.get()));
  Card card = TRY(MakeNext(state, holder, set.get()));
  card.linked = holder.card()->linked;
  std::set<size_t> changed;
  ReplaceOthers(&card, reason, card.issued_us, &holder, &changed);
  TRY(AddCards(state, holder, changed, set.get()));
  TRY(AddVersion(state.engine(), CardJson(card), set.get()));
  Planned planned;
  planned.set = std::move(set);
  planned.answer = CardAnswer(ask, holder, card, basis, "health-card-reissue", true);
  return planned;
}

}  // namespace

Result<std::string> Ask::Text(std::string_view member, size_t size_max) const {
  const fhir::Value value = body.Root()[member];
  if (!value.present()) return std::string();
  std::string text = value.ToString();
  if (!value.is_string() || text.size() > size_max)
    return MakeIssue(ErrorCode::kIncorrect, "value", std::string(member),
                     fmt::format("{} must be a text of at most {} bytes.", member, size_max));
  return text;
}

Result<std::string> Ask::NeedText(std::string_view member, size_t size_max) const {
  std::string text = TRY(Text(member, size_max));
  if (text.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", std::string(member),
                     fmt::format("{} is missing.", member));
  return text;
}

Status CheckMay(const access::Viewer& viewer, std::string_view operation) {
  if (viewer.MayCall(operation)) return {};
  return MakeError(ErrorCode::kForbidden, fmt::format("Your post may not call {}.", operation));
}

Status CheckMayOne(const access::Viewer& viewer, std::string_view one, std::string_view other) {
  return viewer.MayCall(one) ? Status() : CheckMay(viewer, other);
}

Result<view::ResourcePtr> PatientFor(const Ask& ask, const view::Position& position) {
  const std::string reference = TRY(ask.Text("patient", 80));
  if (reference.empty()) return Self(ask, position);
  const std::string id = IdIn(reference, "Patient");
  if (id.empty())
    return MakeIssue(ErrorCode::kIncorrect, "value", "patient",
                     "patient must be a reference: \"Patient/…\".");
  const State& state = *ask.state;
  const Found found = TRY(FindRecord(state.engine(), "Patient", id, position));
  if (found.resource == nullptr) return NoPerson();
  if (!state.engine().directory().InScope(found.version.ordinal, ask.viewer->scope)) return NoPerson();
  return found.resource;
}

namespace {

/// Adds the children of whom a link of this record of his says that he is their guardian.
Status AddChildren(const Ask& ask, const Holder& guardian, fhir::Value patient,
                   const view::Position& position, std::vector<view::ResourcePtr>* children) {
  const State& state = *ask.state;
  const auto policies = ask.viewer->policies ? ask.viewer->policies : access::Policies::BuiltIn();
  for (const fhir::Value link : patient["link"]) {
    const std::string related_id = IdIn(link["other"]["reference"].ToString(), "RelatedPerson");
    if (related_id.empty()) continue;
    const Found related = TRY(FindRecord(state.engine(), "RelatedPerson", related_id, position));
    if (related.resource == nullptr ||
        !IsGuardian(state, related.resource->document.Root(), guardian, policies->family()))
      continue;
    const std::string child_id =
        IdIn(related.resource->document.Root()["patient"]["reference"].ToString(), "Patient");
    Found child = TRY(FindRecord(state.engine(), "Patient", child_id, position));
    if (child.resource == nullptr ||
        !state.engine().directory().InScope(child.version.ordinal, ask.viewer->scope))
      continue;
    const auto is_known = [&](const view::ResourcePtr& known) { return known->id == child_id; };
    if (std::any_of(children->begin(), children->end(), is_known)) continue;
    const int age = AgeOf(child.resource->document.Root(), state.NowUs());
    if (age >= 0 && age < policies->family().child_years) children->push_back(std::move(child.resource));
  }
  return {};
}

}  // namespace

Result<std::vector<view::ResourcePtr>> ChildrenOf(const Ask& ask, const view::ResourcePtr& patient,
                                                  const view::Position& position) {
  std::vector<view::ResourcePtr> children;
  const Holder guardian = TRY(HolderOf(*ask.state, patient, position, nullptr));
  for (const view::ResourcePtr& record : guardian.records)
    TRY(AddChildren(ask, guardian, record->document.Root(), position, &children));
  return children;
}

Result<std::vector<view::ResourcePtr>> FindBy(const State& state, std::string_view type,
                                              const std::string& query, size_t count,
                                              const view::Position& position, const view::Scope& scope) {
  const view::Engine& engine = state.engine();
  const search::Query parsed = TRY(
      search::ParseQuery(state.context.index->definitions(), engine.definitions().FindType(type), query, {}));
  search::PageRequest request;
  request.position = position;
  request.scope = scope;
  request.count = count;
  request.read = [&engine](view::Ordinal ordinal) { return engine.Read(ordinal); };
  request.find_time = [&engine](Instant at_us) -> Result<view::Ordinal> {
    return TRY(engine.FindTime(at_us)).end_ordinal;
  };
  const search::Page page = TRY(state.context.index->Search(parsed, request));
  std::vector<view::ResourcePtr> found;
  for (const view::Ordinal ordinal : page.ordinals) found.push_back(TRY(engine.Read(ordinal)));
  return found;
}

namespace {
constexpr std::string_view kTriedNumbers = "health-card-number";
}  // namespace

Status CheckMayTry(const Ask& ask) {
  access::Inquiries* const inquiries = ask.state->context.interactions->inquiries();
  const int64_t per_hour = ask.state->settings.misses_per_hour;
  if (!inquiries->IsUsedUp(kTriedNumbers, ask.viewer->account, per_hour)) return {};
  inquiries->NoteRefused(ask.viewer->account);
  return access::Inquiries::Refusal(per_hour, "numbers that fit nobody");
}

void NoteMiss(const Ask& ask) {
  (void)ask.state->context.interactions->inquiries()->Take(kTriedNumbers, ask.viewer->account,
                                                           ask.state->settings.misses_per_hour);
}

std::string TokenOf(std::string_view system, std::string_view value) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    for (const char c : part) {
      if (c == ',' || c == '|' || c == '$' || c == '\\') text += '\\';
      text += c;
    }
  };
  add(system);
  text += '|';
  add(value);
  return PercentEncode(text);
}

interaction::Response Answer(std::string json, std::string_view action, std::string_view patient_id,
                             int status) {
  interaction::Response response;
  response.status = status;
  response.content_type = "application/json; charset=utf-8";
  response.body = std::move(json);
  response.audit_action = action;
  if (!patient_id.empty()) {
    response.audit_type = "Patient";
    response.audit_id = patient_id;
  }
  return response;
}

void AppendCard(const Card& card, std::string_view holder, fhir::JsonWriter* out) {
  out->Key("card").Object().Member("id", card.id).Member("number", card.number);
  out->Member("patient", holder).Member("status", NameOf(card.status));
  out->Member("statusDate", FormatInstant(card.status_at_us)).Member("issued", FormatInstant(card.issued_us));
  out->Key("linked").Array();
  for (const Card::Linked& each : card.linked)
    out->Object().Member("system", each.system).Member("value", each.value).End();
  out->End().End();
}

void Issue(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  ask->state->writing->Run([ask](const view::Position& basis) { return PlanIssue(*ask, basis); }, ask->done);
}

void Reissue(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  ask->state->writing->Run([ask](const view::Position& basis) { return PlanReissue(*ask, basis); },
                           ask->done);
}

namespace {

/// All of these end so.
std::set<size_t> SetAll(Holder* holder, const std::vector<size_t>& places, CardStatus status,
                        std::string_view reason, Instant at_us) {
  for (const size_t place : places) holder->cards[place].card->SetStatus(status, reason, at_us);
  return {places.begin(), places.end()};
}

}  // namespace

void ReportLoss(const AskPtr& ask) {
  if (const Status may = CheckMayOne(*ask->viewer, kMayPresent, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  RunOnCards(ask, "health-card-loss",
             [](const Ask& asked, Holder* holder, view::ChangeSet*) -> Result<std::set<size_t>> {
               const std::string reason = TRY(ReasonOf(asked, "reported"));
               const std::vector<size_t> active = holder->Where(CardStatus::kActive);
               if (active.empty() && holder->Where(CardStatus::kLost).empty()) return NoCard();
               return SetAll(holder, active, CardStatus::kLost, reason, asked.state->NowUs());
             });
}

void Close(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  RunOnCards(ask, "health-card-close",
             [](const Ask& asked, Holder* holder, view::ChangeSet*) -> Result<std::set<size_t>> {
               const std::string reason = TRY(ReasonOf(asked, ""));
               std::vector<size_t> in_use = holder->Where(CardStatus::kActive);
               for (const size_t lost : holder->Where(CardStatus::kLost)) in_use.push_back(lost);
               return SetAll(holder, in_use, CardStatus::kClosed, reason, asked.state->NowUs());
             });
}

void Link(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  RunOnCards(ask, "health-card-link",
             [](const Ask& asked, Holder* holder, view::ChangeSet* set) -> Result<std::set<size_t>> {
               Card::Linked linked = TRY(LinkedOf(asked));
               if (holder->active() == nullptr && !holder->HasLost()) return NoCard();
               for (const NewestCard& each : holder->cards) {
                 if (each.card && IsInUse(*each.card) &&
                     std::find(each.card->linked.begin(), each.card->linked.end(), linked) !=
                         each.card->linked.end())
                   return std::set<size_t>();
               }
               if (holder->card()->linked.size() >= kLinkedMax)
                 return Conflict("So many older cards are linked already that one must go first.");
               TRY(CheckNobodyElse(*asked.state, *holder, linked, set));
               holder->card()->linked.push_back(std::move(linked));
               return std::set<size_t>{*holder->at};
             });
}

void Unlink(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayIssue); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  RunOnCards(ask, "health-card-unlink",
             [](const Ask& asked, Holder* holder, view::ChangeSet*) -> Result<std::set<size_t>> {
               const Card::Linked linked = TRY(LinkedOf(asked));
               std::set<size_t> changed;
               for (size_t i = 0; i < holder->cards.size(); ++i) {
                 std::optional<Card>& card = holder->cards[i].card;
                 // As it was typed once, too.
                 const auto is_it = [&](const Card::Linked& each) {
                   return each.system == linked.system && PlainNumber(each.value) == linked.value;
                 };
                 if (card && std::erase_if(card->linked, is_it) > 0) changed.insert(i);
               }
               if (changed.empty())
                 return MakeIssue(ErrorCode::kNotFound, "not-found", "value",
                                  "No older card of this system and number is linked to this person.");
               return changed;
             });
}

}  // namespace tk::health_card
