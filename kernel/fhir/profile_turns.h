// Which resources are being checked against which profiles, and what came of those that were: references lead back to where the check came
// from, and many ways lead to one resource.
// Flow:   Begin → … → End, nested as the references are. What is begun and comes again counts as kept to (Assume). What was found under such
//         an assumption holds as long as that stands: with the one assumed it becomes final, or is forgotten when that turns out broken.
//         So each resource is judged about once for each profile, however many ways through a cycle there are.
// Private to kernel/fhir.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/fhir/profile.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

class ProfileTurns {
 public:
  struct Turn {
    Value value;
    const Profile* profile;
    bool operator==(const Turn&) const = default;
  };

  size_t depth() const { return open_.size(); }
  /// Is it begun already? Then what is open now rests on it.
  bool Assume(const Turn& turn);
  /// Whether the value keeps to the profile, if that was found before. What is open now rests on what that rests on.
  std::optional<bool> Find(const Turn& turn);
  void Begin(const Turn& turn);
  /// Ends the one begun last. `keep`: it may be found again.
  void End(bool holds, bool keep);
  /// A limit ended the check short of its end: nothing that is open is kept.
  void Cut();
  /// References mean something else from now on.
  void Forget();

 private:
  static constexpr size_t kNothing = std::numeric_limits<size_t>::max();
  struct Open {
    Turn turn;
    size_t rests_on = kNothing;  // the outermost open turn that was assumed, by its depth
    size_t first = 0;            // of what was found since
    bool is_cut = false;
  };
  struct Found {
    Turn turn;
    bool holds;
    size_t rests_on;
  };
  using Key = std::pair<uint32_t, std::pair<const Document*, const Profile*>>;
  static Key KeyOf(const Turn& turn) { return {turn.value.index(), {turn.value.document(), turn.profile}}; }
  void RestOn(size_t depth);
  void ForgetBroken(size_t first);

  std::vector<Open> open_;
  std::vector<Found> found_;      // in the order of their ends
  std::map<Key, size_t> places_;  // in found_
};

}  // namespace tk::fhir
