// Patient/$link and Patient/$not-same: a person says that two records are of one person, or are not. No machine turns it.
#include "kernel/interaction/person_decisions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernel/base/random.h"
#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/former_identity.h"
#include "kernel/interaction/merge_links.h"
#include "kernel/interaction/person_reviews.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"
#include "kernel/interaction/watch_mirrors.h"

namespace tk::interaction {

Result<DecidedPatient> ReadPatient(const Room& room, const Call& call, const BodyParameters& body,
                                   std::string_view name, const view::Position& basis, bool or_gone) {
  DecidedPatient patient;
  patient.id = TRY(body.PatientId(call, name));
  patient.path = body.PathOf(name);
  patient.current = FindCurrent(room, call.viewer(), "Patient", patient.id, basis);
  if (!patient.current.in_scope || (!or_gone && patient.is_gone()))
    return MakeIssue(ErrorCode::kNotFound, "not-found", patient.path, "There is no such Patient.");
  return patient;
}

LinkReason Deciding::Reason() const {
  LinkReason reason;
  reason.account = call_.viewer().account;
  reason.at_us = room_.context.clock->NowUs();
  reason.note = note_;
  return reason;
}

Status Deciding::Turn(const StoredLinkage& stored, bool active, std::string for_linkage) {
  LinkReason reason = Reason();
  if (for_linkage.empty()) {
    place_ = set_->changes.size();
    linkage_ = "Linkage/" + stored.id;
  }
  reason.taken_back_for = std::move(for_linkage);
  return AddLinkageVersion(room_, stored, active, reason, set_);
}

Status Deciding::Make(const DecidedPatient& source, const DecidedPatient& alternate, bool active) {
  const std::string id = NewUuid();
  place_ = set_->changes.size();
  linkage_ = "Linkage/" + id;
  return AddMade(room_, LinkageJson(room_, id, source.name(), alternate.name(), active, Reason()), set_);
}

void Deciding::Guard(const person::People& people, person::Row a, person::Row b) {
  std::vector<uint64_t> ids;
  for (const person::Row row : {a, b}) {
    for (const person::Row member : people.MembersOf(row)) ids.push_back(people.HashOf(member));
  }
  set_->guards.push_back(PersonGuard(room_, {}, std::move(ids)));
}

namespace {

struct Between {
  std::vector<uint64_t> active, inactive;  // Linkages that name both
  bool by_person = false;                  // an active one is a person's
};

Between DecisionsBetween(const person::People& people, person::Row a, person::Row b) {
  Between between;
  for (const person::DecisionView& decision : people.DecisionsOf(a)) {
    if (decision.source != b && decision.alternate != b) continue;
    (decision.active ? between.active : between.inactive).push_back(decision.linkage);
    between.by_person = between.by_person || (decision.active && decision.manual);
  }
  return between;
}

Status CheckRows(const person::People& people, person::Row a, person::Row b) {
  if (a != person::kNoRow && b != person::kNoRow && people.IsLive(a) && people.IsLive(b)) return {};
  return MakeError(ErrorCode::kUnavailable, "The person index is behind: try again in a moment.");
}

}  // namespace

Status Deciding::Settle(NewDecision decision) {
  PersonChange change;
  change.decisions.push_back(std::move(decision));
  return SettleReviews(room_, basis_, change, set_);
}

// Who decided has not seen what a record says since: he may be asked again, and says it of what stands now.
bool Deciding::IsWrittenSince(const std::vector<uint64_t>& linkages, const DecidedPatient& a,
                              const DecidedPatient& b) const {
  const view::Ordinal written = std::max(a.current.version.ordinal, b.current.version.ordinal);
  return std::all_of(linkages.begin(), linkages.end(),
                     [&](uint64_t linkage) { return SaidAt(room_.engine(), linkage) < written; });
}

Status Deciding::Join(const DecidedPatient& source, const DecidedPatient& alternate, bool again) {
  Between between;
  {
    const auto people = room_.context.persons->Read();
    const person::Row a = people->Find(source.current.id_hash), b = people->Find(alternate.current.id_hash);
    TRY(CheckRows(*people, a, b));
    between = DecisionsBetween(*people, a, b);
    Guard(*people, a, b);
  }
  if (between.by_person && !again && !IsWrittenSince(between.active, source, alternate))
    return MakeError(ErrorCode::kConflict, "A person said already that these two are one person.");
  for (const uint64_t linkage : between.inactive) TRY(Turn(TRY(ReadLinkage(room_, linkage)), true));
  for (const uint64_t linkage : between.active) TRY(Turn(TRY(ReadLinkage(room_, linkage)), true));
  if (between.inactive.empty() && between.active.empty()) TRY(Make(source, alternate, true));
  return Settle(
      {source.current.id_hash, alternate.current.id_hash, true, std::move(between.inactive), linkage_});
}

Status Deciding::TakeBack(const std::vector<uint64_t>& linkages, const std::string& for_linkage) {
  for (const uint64_t linkage : linkages) {
    const StoredLinkage stored = TRY(ReadLinkage(room_, linkage));
    apart_.emplace_back(stored.source, stored.alternate);
    TRY(Turn(stored, false, for_linkage));
  }
  return {};
}

// Each Patient once, however many merges of his are taken back: a set has one version of a record.
Status Deciding::TakeBackLinks(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::map<std::string, std::set<std::string>> others_of;
  for (const auto& pair : pairs) {
    others_of[pair.first].insert(pair.second);
    others_of[pair.second].insert(pair.first);
  }
  constexpr std::string_view kPatient = "Patient/";
  for (const auto& each : others_of) {
    if (!each.first.starts_with(kPatient)) continue;
    // Whoever may see them: what a decision takes back is taken back of both.
    Current current;
    current.id_hash = room_.engine().IdHash("Patient", each.first.substr(kPatient.size()));
    current.version = room_.directory().Current(current.id_hash, basis_);
    if (!current.exists()) continue;
    const view::ResourcePtr before = TRY(room_.engine().Read(current.version.ordinal));
    const std::string steps = TakeBackSteps(before->document.Root(), each.second);
    if (!steps.empty()) TRY(AddPatched(room_, current, steps, set_));
  }
  return {};
}

namespace {

/// The last decision on that way, from one to the other, that names one who is gone; 0: there is none.
uint64_t LastThroughGone(const person::People& people, const std::vector<uint64_t>& way) {
  for (auto linkage = way.rbegin(); linkage != way.rend(); ++linkage) {
    if (people.NamesGone(*linkage)) return *linkage;
  }
  return 0;
}

}  // namespace

Status Deciding::HoldApart(const DecidedPatient& stays, const DecidedPatient& leaves) {
  Between between;
  std::vector<uint64_t> others, turned, through_gone;
  {
    const auto people = room_.context.persons->Read();
    const person::Row a = people->Find(stays.current.id_hash), b = people->Find(leaves.current.id_hash);
    TRY(CheckRows(*people, a, b));
    between = DecisionsBetween(*people, a, b);
    turned = between.active;
    for (;;) {
      others = people->JoinedWithout(a, b, turned);
      const uint64_t linkage = LastThroughGone(*people, others);
      if (linkage == 0) break;
      through_gone.push_back(linkage);
      turned.push_back(linkage);
    }
    Guard(*people, a, b);
  }
  if (!others.empty()) {
    std::string names;
    for (const uint64_t linkage : others)
      names += fmt::format("{}Linkage/{}", names.empty() ? "" : ", ", TRY(ReadLinkage(room_, linkage)).id);
    return MakeError(
        ErrorCode::kConflict,
        fmt::format("The two are one person by other decisions too: {}. Say of one of these first that its "
                    "records are not the same.",
                    names));
  }
  if (turned.empty() && !between.inactive.empty())
    return MakeError(ErrorCode::kConflict, "A decision says already that these two are not the same.");
  TRY(TakeBack(between.active, {}));
  if (between.active.empty()) {
    if (between.inactive.empty())
      TRY(Make(stays, leaves, false));
    else
      TRY(Turn(TRY(ReadLinkage(room_, between.inactive.front())), false));
  }
  TRY(TakeBack(through_gone, linkage_));
  apart_.emplace_back(stays.name(), leaves.name());
  TRY(TakeBackLinks(apart_));
  return Settle({stays.current.id_hash, leaves.current.id_hash, false, std::move(turned), linkage_});
}

WasOne Deciding::JoinedBy(const DecidedPatient& a, const DecidedPatient& b) const {
  const auto people = room_.context.persons->Read();
  const person::Row one = people->Find(a.current.id_hash), other = people->Find(b.current.id_hash);
  if (one == person::kNoRow || other == person::kNoRow || !people->IsSamePerson(one, other))
    return WasOne::kNot;
  return DecisionsBetween(*people, one, other).active.empty() ? WasOne::kByOthers : WasOne::kDirect;
}

Result<std::string> Deciding::WasActive(const DecidedPatient& target, const DecidedPatient& source) const {
  Between between;
  {
    const auto people = room_.context.persons->Read();
    const person::Row a = people->Find(target.current.id_hash), b = people->Find(source.current.id_hash);
    if (a != person::kNoRow && b != person::kNoRow) between = DecisionsBetween(*people, a, b);
  }
  for (const uint64_t linkage : between.active) {
    const auto version = room_.directory().Current(linkage, room_.engine().Head());
    if (version.ordinal == 0 || version.deleted) continue;
    const auto text = TRY(room_.engine().OpenText(version.ordinal));
    const fhir::Document document = TRY(fhir::Document::Parse(text->json));
    std::string was = person::PartOfPersonLink(document.Root(), "was-active")["valueCode"].ToString();
    if (!was.empty()) return was;
  }
  return std::string();
}

// The merge wrote the source's link and the Linkage in one transaction.
Result<view::Ordinal> Deciding::MergedAt(const DecidedPatient& target, const DecidedPatient& source) const {
  view::Ordinal at = 0;
  for (const auto& version :
       room_.directory().Versions(source.current.id_hash, basis_, source.current.version.version)) {
    if (version.deleted) break;
    const auto text = TRY(room_.engine().OpenText(version.ordinal));
    const fhir::Document document = TRY(fhir::Document::Parse(text->json));
    if (!HasMergeLink(document.Root(), "replaced-by", target.name())) break;
    at = version.ordinal;
  }
  return at;
}

// To the letter, so that it is known for what was said before: about what was written since, nobody says anything by it (SaidAt, former_identity.h).
Status Deciding::PutBack(const StoredLinkage& stored, view::Ordinal merged_at) {
  const auto& current = stored.current;
  for (const auto& version : room_.directory().Versions(current.id_hash, basis_, current.version.version)) {
    if (version.ordinal >= merged_at) continue;
    if (version.deleted || version.ordinal == current.version.ordinal) return {};
    const view::ResourcePtr before = TRY(room_.engine().Read(version.ordinal));
    auto now =
        TRY(view::MakeResource(*room_.definitions, TRY(fhir::Document::Parse(before->document.Root().Json())),
                               current.version.version + 1, view::Operation::kUpdate));
    return AddWrite(room_, current, std::move(now), set_, true);
  }
  return {};
}

Result<bool> Deciding::Unmake(const DecidedPatient& target, const DecidedPatient& source, WasOne was_one) {
  Between between;
  {
    const auto people = room_.context.persons->Read();
    const person::Row a = people->Find(target.current.id_hash), b = people->Find(source.current.id_hash);
    TRY(CheckRows(*people, a, b));
    between = DecisionsBetween(*people, a, b);
    if (was_one == WasOne::kByOthers && people->JoinedWithout(a, b, between.active).empty()) return false;
    if (was_one == WasOne::kDirect && between.active.empty()) return false;
    Guard(*people, a, b);
  }
  if (was_one == WasOne::kDirect) {
    const view::Ordinal merged_at = TRY(MergedAt(target, source));
    for (const uint64_t linkage : between.active) TRY(PutBack(TRY(ReadLinkage(room_, linkage)), merged_at));
  } else {
    for (const uint64_t linkage : between.active) {
      const StoredLinkage stored = TRY(ReadLinkage(room_, linkage));
      if (stored.current.version.version > 1) {
        TRY(Turn(stored, false));
        continue;
      }
      const fhir::TypeId type = room_.definitions->FindType("Linkage");
      TRY(AddWrite(room_, stored.current, view::MakeTombstone(type, stored.id, 2), set_, true));
    }
  }
  TRY(TakeBackLinks({{target.name(), source.name()}}));
  return true;
}

Status Deciding::LetGo(const DecidedPatient& there, const DecidedPatient& gone) {
  Between between;
  {
    const auto people = room_.context.persons->Read();
    const person::Row a = people->Find(there.current.id_hash), b = people->Find(gone.current.id_hash);
    if (a != person::kNoRow && b != person::kNoRow) between = DecisionsBetween(*people, a, b);
    if (a != person::kNoRow) Guard(*people, a, a);
  }
  TRY(TakeBack(between.active, {}));
  TRY(TakeBackLinks({{there.name(), gone.name()}}));
  if (!set_->changes.empty()) return {};
  // As of one who lies elsewhere: who never was must not be told from him.
  return MakeIssue(ErrorCode::kNotFound, "not-found", gone.path, "There is no such Patient.");
}

namespace {

constexpr size_t kNoteBytesMax = 2000;

/// The Linkage that says it now.
Plan DecisionPlan(const CallPtr& call, std::unique_ptr<view::ChangeSet> set, size_t place,
                  std::string_view action, std::string_view type = "Linkage") {
  Plan plan;
  plan.persons_decided = true;
  plan.answer = [call, now = set->changes[place].now, action, type](const view::Commit& commit) {
    Response response;
    AppendVersioned(*now, commit.at_us, &response.body);
    if (call->pretty) response.body = PrettyJson(response.body);
    response.audit_type = type;
    response.audit_id = now->id;
    response.audit_action = action;
    return response;
  };
  plan.set = std::move(set);
  return plan;
}

/// The same record twice: whose it is, of one that became another person's (bound_records.h).
Result<Plan> PlanAnswer(const Room& room, const CallPtr& call, const view::Position& basis,
                        const DecidedPatient& patient, bool same, const std::string& note) {
  auto set = std::make_unique<view::ChangeSet>();
  const std::string_view answer = same ? kSamePerson : kAnotherPerson;
  const std::string& account = call->viewer().account;
  const Identity asked = TRY(IdentityAsked(room, basis, patient.name()));
  if (asked.whose) {
    const std::string steps = fmt::format(
        R"([{{"op":"replace","path":"/status","value":"completed"}},{{"op":"add","path":"/output","value":{}}},{{"op":"add","path":"/extension","value":{}}}])",
        AnswerJson(answer, patient.name()), UnscoredReasonJson(room, account, note));
    TRY(AddPatched(room, *asked.whose, steps, set.get()));
  } else {
    const std::string_view code = person::CodeOf(person::Finding::Kind::kIdentityChanged);
    const ReviewAsked answered{code, patient.name(), {}, nullptr, answer, account, note};
    TRY(AddMade(room, ReviewJson(room, NewUuid(), answered), set.get()));
  }
  if (!same) TRY(MoveToMirrors(room, basis, patient.current.id_hash, set.get()));
  set->guards.push_back(PersonGuard(room, {}, {patient.current.id_hash}));
  return DecisionPlan(call, std::move(set), 0, same ? "link" : "not-same", "Task");
}

Result<Plan> PlanDecision(const Room& room, const CallPtr& call, const view::Position& basis,
                          std::string_view operation, bool same) {
  TRY(CheckMayCall(call->viewer(), operation));
  TRY(CheckMayRead(call->viewer(), "Patient"));
  TRY(PersonsOf(room));
  const fhir::Document document = TRY(ParseBody(*call));
  const BodyParameters body = TRY(BodyParameters::Read(document, {"patient", "other", "reason"}));
  const std::string note = TRY(body.Text("reason", kNoteBytesMax));
  const DecidedPatient patient = TRY(ReadPatient(room, *call, body, "patient", basis));
  const DecidedPatient other = TRY(ReadPatient(room, *call, body, "other", basis));
  if (patient.id == other.id) {
    if (room.facts->records().IsToBeAnswered(patient.current.id_hash))
      return PlanAnswer(room, call, basis, patient, same, note);
    return MakeIssue(ErrorCode::kIncorrect, "value", body.PathOf("other"),
                     "The two parameters name the same Patient, who never became another person since that "
                     "was asked last: name two.");
  }
  auto set = std::make_unique<view::ChangeSet>();
  Deciding deciding(room, *call, basis, set.get(), note);
  TRY(same ? deciding.Join(patient, other) : deciding.HoldApart(patient, other));
  TRY(SettleMirrors(room, basis, {patient.current.id_hash, other.current.id_hash}, same, set.get()));
  return DecisionPlan(call, std::move(set), deciding.place(), same ? "link" : "not-same");
}

}  // namespace

Result<Plan> PlanLink(const Room& room, const CallPtr& call, const view::Position& basis) {
  return PlanDecision(room, call, basis, "$link", true);
}
Result<Plan> PlanNotSame(const Room& room, const CallPtr& call, const view::Position& basis) {
  return PlanDecision(room, call, basis, "$not-same", false);
}

}  // namespace tk::interaction
