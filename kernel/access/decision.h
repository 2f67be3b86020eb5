// The decision: may this viewer do that with this person's record, and why. A pure function of viewer, policies and facts; what searches, reads,
// histories, exports and the live stream do inside view::Scope and MayRead is the same decision, taken for many at once (Reaches, Facts::BeyondOf).
// Flow:   Viewer, AccessQuestion, facts about the person → Decide → Decision: the steps with their policies and sources, no health data
// Order:  account and post → type or operation → whose record → emergency → consent → area, relation, family → masks
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/facts.h"

namespace tk::access {

enum class Deed : uint8_t { kRead, kWrite, kDelete, kCall };

struct AccessQuestion {
  Deed deed = Deed::kRead;
  std::string type;       // resource type
  std::string operation;  // of kCall
  bool exists = true;
  view::OwnerNumber owner = 0;  // 0: about nobody
  uint64_t area = 0;            // where the person is, as view::Directory says
  bool is_of_others = false;    // there is the record, and neither he nor his organization wrote it
  bool is_of_other_kind =
      false;  // there is the record, and it is none of those of its type that the viewer's post sees (Tasks, answers, another organization's)
};

struct Step {
  std::string_view name;  // "post", "area", "consent" …: a literal
  bool permits = true;    // false: it stands in the way; what neither helps nor hinders is no step
  std::string text;
  std::string source;     // of the policy; may be empty
  std::string rule = {};  // where it stands: "policies.toml [open.doctor]"; may be empty
};

struct Decision {
  bool permits = false;
  std::vector<Step> steps;
  std::vector<std::string_view> masked;  // elements that he would see masked
};

/// Do records of special diseases open to him only with the person, by a fact? Not to posts that act by law, not to a resident, who sees himself and
/// whom he is opened.
bool IsBoundBySpecial(const Viewer& viewer);

/// Is it not his area (nor himself) that lets him see this person? Then he is a guest there (interaction/guest.h).
bool LiesOutside(const view::Scope& scope, view::OwnerNumber owner, uint64_t area);

/// Does the viewer reach this person's records? The scope's question with facts in place of lists.
bool Reaches(const view::Scope& scope, view::OwnerNumber owner, uint64_t area, Verdict facts);

/// `about`: facts about the owner (Facts::About). Pure. Cost: some µs.
Decision Decide(const Viewer& viewer, const AccessQuestion& question, std::span<const Fact> about,
                Instant now_us);

}  // namespace tk::access
