// Stored conformance resources as the validator asks for them: profiles, value sets, code systems, questionnaires, by canonical url.
// Flow:   write path and $validate → Conformance::Current → State (one for what is stored now) → search by url → fhir::Profiles
// A write of such a resource through this process makes a new State before the write is answered; what another process writes is seen
// within a minute. What does not say otherwise by its version: an active one before others, then the newest.
// What the platform types brought and the official value sets and code systems are found behind the stored ones (kernel/terminology/built_in.h), so
// that bindings, memberOf() and the search modifiers :in, :not-in, :above and :below have the same ones.
// While the index cannot be asked nothing counts as unknown: the check is refused with kUnavailable (503, Retry-After).
// Limits: 4,096 resources kept parsed a State, 1,000 candidates for one url.
// Cost:   a look-up of what is known (or known not to be there) is a hash look-up; else a search.
#pragma once

#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/fhir/profile_check.h"
#include "kernel/interaction/room.h"
#include "kernel/terminology/built_in.h"
#include "kernel/terminology/terminology.h"

namespace tk::interaction {

/// A conformance resource that a transaction writes, as the transaction's other entries are judged by it.
struct Beside {
  std::string type, id;
  std::shared_ptr<const fhir::Document> document;  // nullptr: it is deleted
};

class Conformance {
 public:
  explicit Conformance(const Context& context);
  ~Conformance();

  class State;
  std::shared_ptr<State> Current();
  /// What is stored, and in front of it what is about to be. Cost: everything it is asked is looked up anew.
  std::shared_ptr<State> With(const std::vector<Beside>& beside) const;
  /// What searches find their codes by, as of now. Cost: that of Current.
  std::shared_ptr<const terminology::Terminology> Terminology();
  /// Those of Current(); they live as long as what is returned.
  std::shared_ptr<fhir::Profiles> Profiles();
  /// The types whose writes make a new State.
  static std::vector<fhir::TypeId> Types(const fhir::Definitions& definitions);
  /// Whose Questionnaires are known too, behind what is stored.
  void UseForms(const forms::Forms* forms);
  /// Something of those types was written.
  void Changed() { changes_.fetch_add(1, std::memory_order_acq_rel); }

 private:
  const Context context_;
  const std::shared_ptr<const terminology::BuiltIn> built_in_;
  const std::shared_ptr<terminology::Kept> lists_ = terminology::MakeKept();
  std::atomic<uint64_t> changes_{0};
  std::mutex mutex_;
  std::shared_ptr<State> state_;
  const forms::Forms* forms_ = nullptr;
};

/// What `resource` claims (meta.profile, extensions that are known here) and its answers; only errors count.
/// Errors: kInvalid with all issues; kTimeout; kUnavailable while what it names cannot be looked up. Where no profile is stored, one
/// search of the text: only what names a StructureDefinition of R4 itself is looked at. `state`: by what; nullptr: what is stored.
Status CheckConformance(const Room& room, const Call& call, fhir::Value resource,
                        std::shared_ptr<Conformance::State> state);
/// Is a StructureDefinition a profile that can be applied? It is, as soon as it is stored: what cannot be read would be passed over by every
/// write, and what contradicts its base would refuse what the base permits. Official ones count as they are built in. Other resources: nothing.
/// Errors: as CheckConformance.
Status CheckProfile(const Room& room, const Call& call, fhir::Value structure,
                    std::shared_ptr<Conformance::State> state);
/// Everything, with warnings, for $validate. Errors: kUnavailable, as above.
Result<std::vector<Issue>> ValidateConformance(const Room& room, const Call& call, fhir::Value resource,
                                               fhir::TypeId expected,
                                               const std::vector<std::string>& profiles);

}  // namespace tk::interaction
