// Checking codes without network: public keys and a signed list of cards that are no longer good.
// Flow:   server: SignList(cards) → GET offline → verifier's device keeps it → OfflineVerifier::Check(text) until the list is too old
// List, big-endian: byte 0 0x11, key 2, issuer 3, issued 4 and until 4 (seconds since 2020), count 4, then `count` numbers ascending: the first 5 bytes
// of each card, the first as it is, the others as distance - 1 from the one before, in LEB128; then the signature (r, s) of kListPurpose and all before it.
// Size: about 3 bytes a card at a million cards. A good card is taken for a revoked one with a chance of count / 2^40: one in a million; it is then
// to be checked online. A revoked card is never taken for a good one.
// What it cannot know: a card lost after the list was made, a code shown elsewhere a moment ago, a record that was erased. docs/apps/health-card.md says so.
#pragma once

#include <unordered_map>
#include <vector>

#include "apps/health-card/code.h"

namespace tk::health_card {

inline constexpr std::string_view kListPurpose = "tongkang health card revocations 1|";
inline constexpr uint64_t kListedMax = 20'000'000;

/// As it stands in the list.
uint64_t ListedAs(const CardRef& card);

struct Revocations {
  uint16_t key = 0;
  uint32_t issuer = 0;
  int64_t issued_s = 0, until_s = 0;
  std::vector<uint64_t> cards;  // ListedAs, ascending, each once
  bool Holds(const CardRef& card) const;
};
/// `list.key` is the number of `key`. Errors: kIncorrect for times outside of what four bytes hold.
Result<std::string> SignList(const Revocations& list, const crypto::SigningKey& key);
/// Errors: kIncorrect: not a list, or not signed by one of `keys` while it was in force.
Result<Revocations> OpenList(std::string_view bytes, const KnownKeys& keys);

/// The reference of what a device does; apps/health-card/ui/verify.ts does the same, and both read tests/vectors.json.
class OfflineVerifier {
 public:
  /// Errors: OpenList's; kIncorrect for a list of another issuer.
  static Result<OfflineVerifier> Create(uint32_t issuer, int64_t skew_s, KnownKeys keys,
                                        std::string_view list);
  /// Remembers dynamic codes until they end, so that this device takes none twice. A list past its time: kStaleList, whatever the code.
  /// `by_static`: a static code is enough for the purpose.
  Verdict Check(std::string_view text, bool by_static, int64_t now_s);
  const Revocations& list() const { return list_; }

 private:
  OfflineVerifier() = default;
  uint32_t issuer_ = 0;
  int64_t skew_s_ = 0;
  KnownKeys keys_;
  Revocations list_;
  std::unordered_map<std::string, int64_t> seen_;  // body → until when it must be remembered
};

}  // namespace tk::health_card
