// Facts that open or close one person's records to some, beyond post and area: treating relations, consents, emergency accesses, families.
// Flow:   resource of the log → FactsOf…(interaction/fact_feed.h) → Put → BeyondOf(viewer) → view::Scope, inside every search
//                                                                       → About(owner) → Decide (decision.h), for "why"
// Fresh:  as soon as the feed has read the change: some ms, within a second.
// Memory: about 200 bytes a fact. Cost: BeyondOf is a look-up while nothing of the viewer's changed; else a walk over the facts that name him.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/access/policies.h"
#include "kernel/access/viewer.h"
#include "kernel/base/clock.h"

namespace tk::access {

inline constexpr Instant kForever = INT64_MAX;
/// Tasks with a code of this system are the platform's own: emergency accesses.
inline constexpr std::string_view kAccessSystem = "http://tongkang.dev/fhir/CodeSystem/access";
/// In place of an actor: it is for everybody.
inline constexpr std::string_view kAnybody = "*";

struct Fact {
  enum class Kind : uint8_t { kRelation, kConsent, kEmergency, kFamily };
  Kind kind = Kind::kRelation;
  bool permits = true;
  bool is_referral = false;     // of a relation: its days are counted otherwise
  view::OwnerNumber owner = 0;  // whose records
  uint64_t patient = 0;  // his keyed hash, if a Patient is meant: then it is about all records of the person
  Instant said_us = 0;   // when it was stored: it holds for the person whose the record was then
  std::vector<view::OwnerNumber> also = {};  // the owners of the others of them; kept by Facts
  bool is_anothers =
      false;  // the record became another person's since: it opens nothing of it; kept by Facts
  std::vector<view::AnothersTime> anothers = {};  // SaidOf's; kept by Facts
  std::string source;                             // "Encounter/7"
  Instant
      from_us = INT64_MIN,
      until_us =
          kForever;  // [from, until); of a relation that has ended: when it did, the policy's days go on top
  std::vector<std::string> actors;  // "Organization/x", "Practitioner/y", "account:li", "owner:17"; kAnybody
  /// Of a consent: for whom, for what and while.
  struct Bounds {
    std::vector<std::string> actors, codes;
    Instant from_us = INT64_MIN, until_us = kForever;
    bool operator==(const Bounds&) const = default;
  };
  std::vector<Bounds> except;  // for whom it does not count, while and for what that itself counts
  std::vector<Bounds>
      within;  // of what an exception permits: the rules around it, which must all hold as well
  std::vector<std::string>
      codes;  // of a consent: v3-PurposeOfUse, empty: any; of a family: the relationships (v3-RoleCode)
  int64_t birth_day = 0;  // of a family: the child's, in days since 1970, by the calendar of `offset_min`
  int offset_min = 0;
};

/// How a viewer is named in facts.
std::vector<std::string> ActorsOf(const Viewer& viewer);
/// And by what closes to him: also the organizations of which his is a part.
std::vector<std::string> ClosableOf(const Viewer& viewer);

enum class Verdict : uint8_t { kNothing, kOpens, kCloses };
/// What one fact means for one viewer at that moment. Pure. `*changes_us`: when the answer may be another, if that is sooner.
Verdict JudgeFact(const Fact& fact, const Viewer& viewer, const Policies& policies, Instant now_us,
                  Instant* changes_us);
/// Of several about one person: an emergency opens whatever else says; a deny beats a permit.
Verdict JudgeAll(const std::vector<Fact>& facts, const Viewer& viewer, const Policies& policies,
                 Instant now_us);
/// Does it open nothing of the record that it is about, because that became another person's?
bool IsVoid(const Fact& fact);

/// For whom holds what was said of a Patient's record at a moment.
struct SaidOf {
  std::vector<view::OwnerNumber>
      owners;                // of all records of that person; of the Patient himself too, unless:
  bool is_anothers = false;  // his record became another person's since
  std::vector<view::AnothersTime> anothers = {};  // while those records were somebody else's; ascending
};
using SamePerson = std::function<SaidOf(uint64_t patient, Instant said_us)>;

/// Thread-safe.
class Facts {
 public:
  /// `same` may be empty: then each record is a person. It is called under this object's lock.
  explicit Facts(SamePerson same = {}) : same_(std::move(same)) {}
  /// Replaces what this resource (by its keyed hash) gave before.
  void Put(uint64_t id_hash, std::vector<Fact> facts);
  void Remove(uint64_t id_hash) { Put(id_hash, {}); }
  /// Decisions about who is who changed for these Patients, or one became another person: what is about them is about other records now.
  void Regroup(const std::vector<uint64_t>& patients);
  void RegroupAll();
  bool IsAnythingSaidOf(view::OwnerNumber owner) const;
  /// Those about the person whose record it is; with `is_anothers` those about whose record it was before.
  std::vector<Fact> About(view::OwnerNumber owner) const;
  /// Who is open and closed to this viewer; nullptr: nobody.
  std::shared_ptr<const view::Beyond> BeyondOf(const Viewer& viewer, Instant now_us);
  /// Drops what is over for good. Called now and then.
  void Forget(Instant now_us);
  size_t size() const;

 private:
  struct Known {
    uint64_t generation = 0;  // sum of the actors'
    Instant until_us = 0;
    std::shared_ptr<const Policies> policies;
    std::shared_ptr<const view::Beyond> beyond;
  };
  void Drop(uint64_t id_hash);
  void Add(uint64_t id_hash, std::vector<Fact> facts);
  void Renew(const std::set<uint64_t>& said);

  const SamePerson same_;
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, std::vector<Fact>> facts_;
  std::unordered_map<std::string, std::set<uint64_t>> by_actor_;
  std::unordered_map<view::OwnerNumber, std::set<uint64_t>> by_owner_;
  std::unordered_map<std::string, uint64_t> generations_;  // by actor; only grow
  std::unordered_map<std::string, Known> known_;           // by account
};

}  // namespace tk::access
