// The card as a record of the log: HealthCard, whose versions are its life, and HealthCardUse, one for each accepted code. Read and made here and nowhere else.
// Ids: a person's n-th card has the id IdOf(CardRefOf(patient, n)): whoever has the log's key finds a person's cards without a search, and a guard on
//      "there is no n+1-th" makes issuing exact. A use of a dynamic code has the id of what was signed: a second one cannot be written.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/health-card/code.h"
#include "kernel/view/engine.h"

namespace tk::health_card {

inline constexpr std::string_view kNumberSystem = "http://tongkang.dev/fhir/sid/health-card";
inline constexpr size_t kLinkedMax = 20;

enum class CardStatus : uint8_t { kActive, kLost, kReplaced, kClosed };
std::string_view NameOf(CardStatus status);

struct Card {
  struct Linked {
    std::string system, value;
    bool operator==(const Linked&) const = default;
  };
  std::string id, number;
  std::vector<Linked> linked;
  CardStatus status = CardStatus::kActive;
  Instant status_at_us = 0;
  std::string reason;  // "" = none
  std::string holder;  // "Patient/1"
  uint32_t issuer = 0;
  Instant issued_us = 0;
  int64_t serial = 1;
  std::string replaces;  // id of the card before; "" = none
  int64_t key = 0;
  void SetStatus(CardStatus to, std::string_view why, Instant at_us) {
    status = to;
    status_at_us = at_us;
    reason = why;
  }
};
inline bool IsInUse(const Card& card) {
  return card.status == CardStatus::kActive || card.status == CardStatus::kLost;
}
std::string CardJson(const Card& card);
/// Errors: kCorrupt for what no card of ours looks like.
Result<Card> ReadCard(fhir::Value root);

struct CardUse {
  std::string id, card, holder, purpose, verifier;
  std::string_view kind;  // "dynamic", "static", "linked"
  Instant used_us = 0;
};
std::string UseJson(const CardUse& use);

CardRef CardRefOf(const HashKey& key, std::string_view patient_id, int64_t serial);
/// Of what a dynamic code signs: 32 hexadecimal characters.
std::string UseIdOf(std::string_view body);

/// The first character and stars: "张*", "欧***"; "Q***" for Latin letters. `keep_last`: the last one too, of three and more, which tells a family's
/// children apart: "何*宝". "" if there is no name.
std::string MaskedName(fhir::Value patient, bool keep_last = false);

/// A record at `position`: absent, or deleted, or there.
struct Found {
  view::Directory::Version version{};
  view::ResourcePtr resource;  // null unless it is there
};
Result<Found> FindRecord(const view::Engine& engine, std::string_view type, std::string_view id,
                         const view::Position& position);
/// The newest card of a patient and its serial; no card: serial 0.
struct NewestCard {
  std::optional<Card> card;  // null also when the newest was deleted
  int64_t serial = 0;
};
Result<NewestCard> FindNewestCard(const view::Engine& engine, std::string_view patient_id,
                                  const view::Position& position);

/// Puts a new version of `json` into the set, guarded: nobody else has changed the record since `set->basis`. Validated.
Status AddVersion(const view::Engine& engine, std::string_view json, view::ChangeSet* set);

}  // namespace tk::health_card
