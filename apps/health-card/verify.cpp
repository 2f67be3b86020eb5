// Verifying online: a code that was scanned, or an older card's number. What is accepted is written down first, and a dynamic code only once: the record of
// its use has the id of what was signed, and the one writer makes it or finds it there. So a replay is refused across restarts, crashes and servers.
// Whoever asks learns the verdict; of a good card the masked name and its state; the Patient only if his post reads Patients and this one is in his area.
#include <fmt/format.h>

#include "apps/health-card/person.h"
#include "kernel/base/random.h"

namespace tk::health_card {
namespace {

/// What was shown: a code that Judge has let pass, or an older card's number.
struct Shown {
  std::string_view kind;  // "dynamic", "static", "linked"
  std::string card_id;    // "" = to be found by number
  std::string use_id;     // of a dynamic code; "" = each time is a use of its own
  std::string system, value;
  const Purpose* purpose = nullptr;
};

bool IsEnough(const Shown& shown) {
  if (shown.kind == "static") return shown.purpose->by_static;
  return shown.kind == "dynamic" || shown.purpose->by_linked;
}

struct Seen {
  Verdict verdict = Verdict::kValid;
  std::string name, patient;  // as far as the viewer may know
  std::string audit_id;       // of the Patient
  std::string use;            // as it is written down; "" = it is not
};

interaction::Response VerdictAnswer(const State& state, const Shown& shown, const Seen& seen) {
  std::string json;
  fhir::JsonWriter out(&json);
  out.Object().Member("verdict", NameOf(seen.verdict)).Key("accepted").Bool(seen.verdict == Verdict::kValid);
  if (!shown.kind.empty()) out.Member("kind", shown.kind);
  if (shown.purpose != nullptr) out.Member("purpose", shown.purpose->code);
  if (!seen.name.empty()) out.Member("name", seen.name);
  if (!seen.patient.empty()) out.Member("patient", seen.patient);
  if (!seen.use.empty()) out.Member("use", "HealthCardUse/" + seen.use);
  out.Member("checked", FormatInstant(state.NowUs())).End();
  interaction::Response response = Answer(std::move(json), kMayVerify, seen.audit_id);
  response.audit_reason = NameOf(seen.verdict);  // names are literals
  return response;
}

/// Is the card's record in use, and not merged into another?
Result<bool> HasHolder(const State& state, const Card& card, const view::Position& basis) {
  const Found patient =
      TRY(FindRecord(state.engine(), "Patient", card.holder.substr(sizeof "Patient/" - 1), basis));
  if (patient.resource == nullptr || IsOfOneBefore(state, card)) return false;
  return WhyNoCard(TRY(HolderOf(state, patient.resource, basis, nullptr))).empty();
}

/// Serials of older cards' numbers are found by search; a number that several cards have is nobody's. One that was linked to a card that is closed, or whose
/// record was merged, and to another since, is the other's.
Result<std::string> CardOfNumber(const State& state, const Shown& shown, const view::Position& basis) {
  std::vector<std::string> in_use, closed;
  for (const view::ResourcePtr& found :
       TRY(FindBy(state, "HealthCard", "identifier=" + TokenOf(shown.system, shown.value), 50, basis))) {
    const Card card = TRY(ReadCard(found->document.Root()));
    if (card.status == CardStatus::kReplaced) continue;
    const bool is_in_use = IsInUse(card) && TRY(HasHolder(state, card, basis));
    (is_in_use ? in_use : closed).push_back(card.id);
  }
  const std::vector<std::string>& theirs = in_use.empty() ? closed : in_use;
  return theirs.size() == 1 ? theirs.front() : std::string();
}

Verdict VerdictOf(const Card& card) {
  switch (card.status) {
    case CardStatus::kActive:
      return Verdict::kValid;
    case CardStatus::kLost:
      return Verdict::kLost;
    case CardStatus::kReplaced:
      return Verdict::kReplaced;
    case CardStatus::kClosed:
      break;
  }
  return Verdict::kClosed;
}

/// Looks at card, holder, purpose and earlier use; what is left to do is writing the use.
Result<Seen> Look(const Ask& ask, const Shown& shown, const view::Position& basis, Card* card,
                  view::ChangeSet* set) {
  const State& state = *ask.state;
  const view::Engine& engine = state.engine();
  Seen seen;
  const std::string id = shown.card_id.empty() ? TRY(CardOfNumber(state, shown, basis)) : shown.card_id;
  const Found found = TRY(FindRecord(engine, "HealthCard", id, basis));
  seen.verdict = Verdict::kUnknownCard;
  if (found.resource == nullptr) return seen;
  *card = TRY(ReadCard(found.resource->document.Root()));
  // A loss that is being reported at this moment comes before or after this use, never beside it.
  view::Guard guard;
  guard.id_hash = engine.IdHash("HealthCard", id);
  guard.version = found.version.version;
  set->guards.push_back(std::move(guard));
  seen.audit_id = card->holder.substr(sizeof "Patient/" - 1);
  const Found patient = TRY(FindRecord(engine, "Patient", seen.audit_id, basis));
  seen.verdict = Verdict::kClosed;
  if (patient.resource == nullptr || IsOfOneBefore(state, *card)) return seen;
  const Holder holder = TRY(HolderOf(state, patient.resource, basis, nullptr));
  if (WhyNoCard(holder).empty()) seen.verdict = VerdictOf(*card);
  if (seen.verdict != Verdict::kValid) return seen;
  if (!shown.use_id.empty() &&
      TRY(FindRecord(engine, "HealthCardUse", shown.use_id, basis)).version.ordinal != 0) {
    seen.verdict = Verdict::kUsedBefore;
    return seen;
  }
  if (!IsEnough(shown)) {
    seen.verdict = Verdict::kNotAllowed;
    return seen;
  }
  seen.name = MaskedName(patient.resource->document.Root());
  if (ask.viewer->MayRead("Patient")) seen.patient = SeenOf(ask, holder, basis);
  return seen;
}

Result<Planned> PlanUse(const Ask& ask, const Shown& shown, const view::Position& basis) {
  const State& state = *ask.state;
  auto set = std::make_unique<view::ChangeSet>();
  set->basis = basis;
  Card card;
  Seen seen = TRY(Look(ask, shown, basis, &card, set.get()));
  if (seen.verdict == Verdict::kValid) seen.use = shown.use_id.empty() ? NewUuid() : shown.use_id;
  Planned planned;
  if (shown.kind == "linked" && seen.verdict == Verdict::kUnknownCard) NoteMiss(ask);
  planned.answer = VerdictAnswer(state, shown, seen);
  if (seen.verdict != Verdict::kValid) return planned;
  CardUse use;
  use.id = seen.use;
  use.card = card.id;
  use.holder = card.holder;
  use.kind = shown.kind;
  use.purpose = shown.purpose->code;
  use.verifier = ask.viewer->account;
  use.used_us = state.NowUs();
  TRY(AddVersion(state.engine(), UseJson(use), set.get()));
  planned.set = std::move(set);
  return planned;
}

/// The verdict that needs no card, and what was shown.
Result<Verdict> ReadShown(const Ask& ask, Shown* shown) {
  const State& state = *ask.state;
  const std::string purpose = TRY(ask.NeedText("purpose", 40));
  shown->purpose = state.settings.FindPurpose(purpose);
  if (shown->purpose == nullptr) {
    std::string codes;
    for (const Purpose& each : state.settings.purposes) codes += (codes.empty() ? "" : ", ") + each.code;
    return MakeIssue(ErrorCode::kIncorrect, "value", "purpose", "purpose must be one of " + codes);
  }
  shown->value = PlainNumber(TRY(ask.Text("number", 64)));
  if (!shown->value.empty()) {
    shown->kind = "linked";
    TRY(CheckMayTry(ask));
    shown->system = TRY(ask.NeedText("system"));
    return Verdict::kValid;
  }
  const auto parsed = ParseCode(TRY(ask.NeedText("code", kCodeTextMax)));
  if (!parsed.ok()) return Verdict::kMalformed;
  shown->kind = NameOf(parsed->code.kind);
  shown->card_id = IdOf(parsed->code.card);
  if (parsed->code.kind == CodeKind::kDynamic) shown->use_id = UseIdOf(parsed->body);
  const int64_t now_s = state.NowSeconds();
  return Judge(*parsed, *state.ring->Known(now_s), {state.settings.issuer, now_s, state.settings.skew_s});
}

}  // namespace

void Verify(const AskPtr& ask) {
  if (const Status may = CheckMay(*ask->viewer, kMayVerify); !may.ok())
    return ask->done(interaction::OutcomeOf(may.error()));
  Shown shown;
  const auto verdict = ReadShown(*ask, &shown);
  if (!verdict.ok()) return ask->done(interaction::OutcomeOf(verdict.error()));
  if (*verdict != Verdict::kValid) {
    Seen seen;
    seen.verdict = *verdict;
    return ask->done(VerdictAnswer(*ask->state, shown, seen));
  }
  ask->state->writing->Run(
      [ask, shown = std::move(shown)](const view::Position& basis) { return PlanUse(*ask, shown, basis); },
      ask->done);
}

}  // namespace tk::health_card
