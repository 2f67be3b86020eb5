#include <algorithm>
#include <array>

#include "kernel/base/hash.h"
#include "kernel/person/identifier.h"

namespace tk::person {
namespace {

/// Insertions, deletions, replacements and swaps of neighbours; most + 1 if there are more. (Optimal string alignment.) Only what lies within `most` of the
/// diagonal can be so few, and nothing can any more once two rows have nothing that is.
int SlipsBetween(std::string_view a, std::string_view b, size_t most) {
  const size_t longer = std::max(a.size(), b.size());
  const auto beyond = static_cast<uint8_t>(most + 1);
  if (longer - std::min(a.size(), b.size()) > most || longer > kIdValueMax) return beyond;
  std::array<std::array<uint8_t, kIdValueMax + 2>, 3> row;
  for (size_t j = 0; j <= std::min(b.size(), most) + 1; ++j)
    row[0][j] = static_cast<uint8_t>(std::min<size_t>(j, beyond));
  bool was_within = true;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& now = row[i % 3];
    const auto& last = row[(i + 2) % 3];
    const auto& before = row[(i + 1) % 3];
    const size_t from = i > most ? i - most : 1, to = std::min(b.size(), i + most);
    now[from - 1] = from == 1 ? static_cast<uint8_t>(std::min<size_t>(i, beyond)) : beyond;
    now[to + 1] = beyond;
    bool is_within = now[from - 1] < beyond;
    for (size_t j = from; j <= to; ++j) {
      const bool same = a[i - 1] == b[j - 1];
      int best = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) best = std::min(best, before[j - 2] + 1);
      now[j] = static_cast<uint8_t>(std::min<int>(best, beyond));
      is_within = is_within || now[j] < beyond;
    }
    if (!is_within && !was_within) return beyond;
    was_within = is_within;
  }
  return row[a.size() % 3][b.size()];
}

}  // namespace

IdAgreement Compare(const Identifier& a, const Identifier& b) {
  if (a.grade == Grade::kNothing || b.grade == Grade::kNothing || a.kind != b.kind || a.size == 0 ||
      b.size == 0) {
    return IdAgreement::kNothing;
  }
  const bool broken = a.grade == Grade::kBroken || b.grade == Grade::kBroken;
  if (a.value() == b.value()) {
    if (broken) return IdAgreement::kSameBroken;
    return (a.grade == Grade::kConverted) != (b.grade == Grade::kConverted) ? IdAgreement::kConverted
                                                                            : IdAgreement::kSame;
  }
  // A converted number has a check digit of our own making: it proves nothing, so a slip of it may be told only against a broken one.
  const bool checked = a.grade >= Grade::kConverted && b.grade >= Grade::kConverted;
  if (checked) return IdAgreement::kDifferent;
  const size_t most = broken ? 2 : 1;
  return SlipsBetween(a.value(), b.value(), most) <= static_cast<int>(most) ? IdAgreement::kSlip
                                                                            : IdAgreement::kDifferent;
}

uint64_t ValueKey(const Identifier& identifier) {
  if (identifier.grade == Grade::kNothing) return 0;
  uint64_t key = Mix(static_cast<uint64_t>(identifier.kind) + 1);
  const std::string_view value = identifier.value();
  for (size_t i = 0; i < value.size(); i += 8) {
    uint64_t word = 0;
    for (size_t j = i; j < std::min(i + 8, value.size()); ++j) {
      word = word << 8 | static_cast<unsigned char>(value[j]);
    }
    key = Mix(key ^ word) + 0x9e3779b97f4a7c15ULL;
  }
  key = Mix(key ^ value.size());
  return key == 0 ? 1 : key;
}

}  // namespace tk::person
