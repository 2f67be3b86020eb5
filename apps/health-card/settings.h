// settings.json, read and checked once. Each limit there carries its source, edition and date.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/health-card/number.h"
#include "kernel/base/crypto/crypto.h"
#include "kernel/person/identifier.h"

namespace tk::health_card {

/// What a code may be shown for.
struct Purpose {
  std::string code, zh, en;
  bool by_static = false;  // a printed code, which can be copied, is enough
  bool by_linked = false;  // so is an older card's number
  bool offline = false;    // so is a check without network
};

struct Settings {
  crypto::Suite suite = crypto::Suite::kInternational;  // of new keys
  uint32_t issuer = 0;
  NumberFormat number;
  int64_t dynamic_s = 60;  // life of a dynamic code
  int64_t skew_s = 5;      // that clocks may differ
  int64_t static_days = 1825;
  int64_t key_overlap_s = 86'400;          // a new key is known so long before it signs
  int64_t list_life_s = 86'400;            // how long an offline list may be used
  int64_t list_refresh_s = 60;             // how old the served list may be
  int64_t misses_per_hour = 60;            // numbers that fit nobody, of one account
  std::vector<person::IdKind> identities;  // documents that prove who one is
  std::vector<Purpose> purposes;
  const Purpose* FindPurpose(std::string_view code) const;
};

/// Errors: kInvalid with the member's name and what it may be.
Result<Settings> ReadSettings(std::string_view json);

}  // namespace tk::health_card
