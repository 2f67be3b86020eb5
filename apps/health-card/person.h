// One person, one card: the Patients that are one person (kernel/person), and which of their cards is his.
// Law:    The person's card is the one issued last of those in use: an active one before one that was lost. The card of a record that is not in use (merged
//         into another) is as if closed, and nothing but loss and closing is written into it: $unmerge gives it back.
//         Persons who were joined when each had a card have two in use, and both are good until a desk has the person before it: `issue` and `reissue` leave
//         one. Nothing is written into a card when persons are joined or taken apart, so then each has his own again as it is.
//         Loss and closing are the person's: of all his cards. Why so: docs/decisions/0038.
//         A card is of the person for whom it was issued: one of before the record became another person's (interaction/bound_records.h) is as if closed, is shown to
//         nobody, and the next that is issued ends it. A clerk who says that the record is still his gives it back.
// Cost:   a look at each record of the person and its cards: some 20 µs each.
#pragma once

#include <set>

#include "apps/health-card/desk.h"

namespace tk::health_card {

struct Holder {
  /// All records of the person, the one that was asked for first.
  std::vector<view::ResourcePtr> records;
  std::vector<NewestCard> cards;  // of each; none of who the record was before it became another person's
  std::vector<Card> former;       // of those, in use
  std::vector<bool> is_used;      // is the record in use?
  std::optional<size_t> at;       // whose card is the person's

  const view::Resource& asked() const { return *records.front(); }
  Card* card() { return at ? &*cards[*at].card : nullptr; }
  const Card* card() const { return at ? &*cards[*at].card : nullptr; }
  /// His card, if it may be shown.
  Card* active() { return at && is_used[*at] && card()->status == CardStatus::kActive ? card() : nullptr; }
  bool HasLost() const { return at && is_used[*at] && card()->status == CardStatus::kLost; }
  /// Places of cards of this status.
  std::vector<size_t> Where(CardStatus status) const;
  bool IsOf(std::string_view holder) const;  // "Patient/1"
};
/// `set`: guarded there that person and cards stay as they are; null: nothing is to be written.
Result<Holder> HolderOf(const State& state, view::ResourcePtr patient, const view::Position& position,
                        view::ChangeSet* set);
/// Of the person: dead by any of his records; of the record that was asked for: not in use. "" or why, for people.
std::string WhyNoCard(const Holder& holder);

/// Puts each card of `changed` into the set.
Status AddCards(const State& state, const Holder& holder, const std::set<size_t>& changed,
                view::ChangeSet* set);
/// The other cards in use end as `replaced`, their older numbers lead to `card`; their places are added to `changed`.
void ReplaceOthers(Card* card, std::string_view reason, Instant at_us, Holder* holder,
                   std::set<size_t>* changed);

/// Was it issued for somebody whose record is another person's now?
bool IsOfOneBefore(const State& state, const Card& card);
/// The cards of who the records were before end: `closed`, "another-person".
Status EndFormer(const State& state, Holder* holder, view::ChangeSet* set);

/// "Patient/1": the first of the person's records that the viewer may see; "" none.
std::string SeenOf(const Ask& ask, const Holder& holder, const view::Position& position);
/// The card's holder, if the viewer may see him; else the record that was asked for.
std::string NamedFor(const Ask& ask, const Holder& holder, const Card& card, const view::Position& position);

}  // namespace tk::health_card
