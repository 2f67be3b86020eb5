#include "apps/health-card/person.h"

#include <algorithm>
#include <tuple>

namespace tk::health_card {
namespace {

bool IsDead(fhir::Value patient) {
  return patient["deceasedBoolean"].IsTrue() || patient["deceasedDateTime"].present();
}

bool IsRecordInUse(fhir::Value patient) { return !patient["active"].present() || patient["active"].IsTrue(); }

/// Smaller: rather the person's card.
std::tuple<bool, int, Instant, std::string_view> RankOf(const Card& card, bool is_used) {
  constexpr int kRanks[] = {0, 1, 3, 2};  // active, lost, replaced, closed
  return {!is_used, kRanks[static_cast<size_t>(card.status)], -card.issued_us, card.id};
}

/// No card that is not among `newest` is issued meanwhile, and that one stays as it is.
void GuardCards(const State& state, const std::string& patient_id, const NewestCard& newest,
                view::ChangeSet* set) {
  const view::Engine& engine = state.engine();
  for (const int64_t serial : {newest.serial, newest.serial + 1}) {
    if (serial == 0) continue;
    view::Guard guard;
    guard.id_hash = engine.IdHash("HealthCard", IdOf(CardRefOf(engine.hash_key(), patient_id, serial)));
    guard.version = engine.directory().Current(guard.id_hash, set->basis).version;
    set->guards.push_back(std::move(guard));
  }
}

}  // namespace

std::vector<size_t> Holder::Where(CardStatus status) const {
  std::vector<size_t> places;
  for (size_t i = 0; i < cards.size(); ++i) {
    if (cards[i].card && cards[i].card->status == status) places.push_back(i);
  }
  return places;
}

bool Holder::IsOf(std::string_view holder) const {
  return std::any_of(records.begin(), records.end(),
                     [&](const view::ResourcePtr& record) { return holder == "Patient/" + record->id; });
}

Result<Holder> HolderOf(const State& state, view::ResourcePtr patient, const view::Position& position,
                        view::ChangeSet* set) {
  Holder holder;
  std::vector<std::string> ids{patient->id};
  auto one = TRY(state.context.interactions->RecordsOfPerson(patient->id));
  if (!one.patients.empty()) ids = std::move(one.patients);
  if (set != nullptr && one.guard) set->guards.push_back(std::move(*one.guard));
  for (size_t i = 0; i < ids.size(); ++i) {
    view::ResourcePtr record =
        i == 0 ? patient : TRY(FindRecord(state.engine(), "Patient", ids[i], position)).resource;
    if (record == nullptr) continue;
    NewestCard newest = TRY(FindNewestCard(state.engine(), ids[i], position));
    if (set != nullptr) GuardCards(state, ids[i], newest, set);
    if (newest.card && IsOfOneBefore(state, *newest.card)) {
      if (IsInUse(*newest.card)) holder.former.push_back(std::move(*newest.card));
      newest.card.reset();
    }
    holder.is_used.push_back(IsRecordInUse(record->document.Root()));
    holder.records.push_back(std::move(record));
    holder.cards.push_back(std::move(newest));
  }
  for (size_t i = 0; i < holder.cards.size(); ++i) {
    if (!holder.cards[i].card) continue;
    if (!holder.at ||
        RankOf(*holder.cards[i].card, holder.is_used[i]) < RankOf(*holder.card(), holder.is_used[*holder.at]))
      holder.at = i;
  }
  return holder;
}

bool IsOfOneBefore(const State& state, const Card& card) {
  return state.context.interactions->BecameAnothers(card.holder.substr(sizeof "Patient/" - 1),
                                                    card.issued_us);
}

Status EndFormer(const State& state, Holder* holder, view::ChangeSet* set) {
  for (Card& card : holder->former) {
    card.SetStatus(CardStatus::kClosed, "another-person", state.NowUs());
    TRY(AddVersion(state.engine(), CardJson(card), set));
  }
  return {};
}

std::string WhyNoCard(const Holder& holder) {
  for (const view::ResourcePtr& record : holder.records) {
    if (IsDead(record->document.Root())) return "This person has died.";
  }
  if (!IsRecordInUse(holder.asked().document.Root()))
    return "This record is no longer in use: it may have been merged into another one.";
  return {};
}

Status AddCards(const State& state, const Holder& holder, const std::set<size_t>& changed,
                view::ChangeSet* set) {
  for (const size_t place : changed)
    TRY(AddVersion(state.engine(), CardJson(*holder.cards[place].card), set));
  return {};
}

void ReplaceOthers(Card* card, std::string_view reason, Instant at_us, Holder* holder,
                   std::set<size_t>* changed) {
  for (size_t i = 0; i < holder->cards.size(); ++i) {
    std::optional<Card>& other = holder->cards[i].card;
    if (!holder->is_used[i] || !other || other->id == card->id || !IsInUse(*other)) continue;
    for (Card::Linked& linked : other->linked) {
      const bool has = std::find(card->linked.begin(), card->linked.end(), linked) != card->linked.end();
      if (!has && card->linked.size() < kLinkedMax) card->linked.push_back(linked);
    }
    other->SetStatus(CardStatus::kReplaced, reason, at_us);
    changed->insert(i);
  }
}

namespace {

bool Sees(const Ask& ask, std::string_view patient_id, const view::Position& position) {
  const view::Engine& engine = ask.state->engine();
  const auto version = engine.directory().Current(engine.IdHash("Patient", patient_id), position);
  return version.ordinal != 0 && engine.directory().InScope(version.ordinal, ask.viewer->scope);
}

}  // namespace

std::string SeenOf(const Ask& ask, const Holder& holder, const view::Position& position) {
  for (const view::ResourcePtr& record : holder.records) {
    if (Sees(ask, record->id, position)) return "Patient/" + record->id;
  }
  return {};
}

std::string NamedFor(const Ask& ask, const Holder& holder, const Card& card, const view::Position& position) {
  constexpr std::string_view kPatient = "Patient/";
  if (Sees(ask, std::string_view(card.holder).substr(kPatient.size()), position)) return card.holder;
  return "Patient/" + holder.asked().id;
}

}  // namespace tk::health_card
