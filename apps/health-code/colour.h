// The colour of a person's code: nothing but the most severe of the reasons (CodeReason) that count now. It is kept nowhere, so that nobody can write one.
// Flow:   evidence → rules (rules/) → CodeReasons → Fold → what the resident, the checkpoint and disease control see
// Source: standards in settings.json; red before yellow before green: docs/decisions/0050-no-colour-without-evidence.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/fhir/value.h"

namespace tk::health_code {

enum class Colour : uint8_t { kGreen, kYellow, kRed };
std::string_view NameOf(Colour colour);

struct Reason {
  std::string id;
  Colour colour = Colour::kGreen;
  std::string reason, rule, changes_zh, changes_en;  // rule: "id|version" of what made it
  std::vector<std::string> evidence;
  Instant since_us = 0, until_us = 0;  // until 0: it does not end by itself
  bool asked = false;                  // a clerk is asked whether it is his
};

struct Verdict {
  Colour colour = Colour::kGreen;
  Instant since_us = 0;         // 0: green, with nothing that counts
  Instant until_us = 0;         // when it changes if nothing else happens; 0: not by itself
  std::vector<Reason> reasons;  // that count now, the most severe first
};

/// A CodeReason as it stands. False: it does not count at `now_us` (ended or over). It counts from the moment it is there: its "since" is of the log's clock,
/// which may be ahead of the server's.
bool ReadReason(fhir::Value resource, Instant now_us, Reason* out);
/// Pure. Since: the first of the most severe; until: when the last of those is over.
Verdict Fold(std::vector<Reason> reasons);

}  // namespace tk::health_code
