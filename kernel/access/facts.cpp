#include "kernel/access/facts.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::access {

// What closes counts on: what was written before is there still.
bool IsVoid(const Fact& fact) {
  return fact.is_anothers && (fact.kind != Fact::Kind::kConsent || fact.permits);
}

namespace {

constexpr size_t kKnownMax = 20'000;  // viewers
constexpr int64_t kDayUs = 86'400 * kSecondUs;

bool Names(const std::vector<std::string>& list, const std::vector<std::string>& actors) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& one) {
    return one == kAnybody || std::find(actors.begin(), actors.end(), one) != actors.end();
  });
}

bool HasCode(const std::vector<std::string>& codes, const std::vector<std::string>& wanted) {
  return std::any_of(codes.begin(), codes.end(), [&](const std::string& code) {
    return std::find(wanted.begin(), wanted.end(), code) != wanted.end();
  });
}

/// The beginning of the birthday with which childhood ends; who was born on 29 February has it on 1 March.
Instant EndOfChildhood(const Fact& fact, int64_t years) {
  CivilDate date = CivilFromDays(fact.birth_day);
  date.year += static_cast<int>(years);
  const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
  if (date.month == 2 && date.day == 29 && !leap) date = {date.year, 3, 1};
  return DaysFromCivil(date.year, date.month, date.day) * kDayUs - int64_t{fact.offset_min} * 60 * kSecondUs;
}

/// The end by the policy of today.
Instant EndOf(const Fact& fact, const Policies& policies) {
  if (fact.kind == Fact::Kind::kFamily)
    return std::min(fact.until_us, EndOfChildhood(fact, policies.family().child_years));
  if (fact.kind != Fact::Kind::kRelation || fact.until_us == kForever) return fact.until_us;
  const int64_t days =
      fact.is_referral ? policies.relation().referral_days : policies.relation().encounter_days;
  return fact.until_us + days * kDayUs;
}

bool IsAbout(const Fact& fact, view::OwnerNumber owner) {
  return fact.owner == owner || std::find(fact.also.begin(), fact.also.end(), owner) != fact.also.end();
}

/// For whom it counts.
void AddOwners(const Fact& fact, std::set<view::OwnerNumber>* owners) {
  if (!IsVoid(fact)) owners->insert(fact.owner);
  owners->insert(fact.also.begin(), fact.also.end());
}

using Times = std::vector<view::AnothersTime>;

/// What lies in both; each ascending, of one owner.
Times InBoth(const Times& a, const Times& b) {
  Times both;
  for (const view::AnothersTime& one : a) {
    for (const view::AnothersTime& other : b) {
      const view::AnothersTime shared{one.owner, std::max(one.from, other.from),
                                      std::min(one.until, other.until)};
      if (shared.from < shared.until) both.push_back(shared);
    }
  }
  return both;
}

/// What a fact does not open of each of its owners. Of several facts the one that opens most counts.
void AddAnothers(const Fact& fact, std::map<view::OwnerNumber, Times>* anothers) {
  std::set<view::OwnerNumber> owners;
  AddOwners(fact, &owners);
  for (const view::OwnerNumber owner : owners) {
    Times times;
    std::copy_if(fact.anothers.begin(), fact.anothers.end(), std::back_inserter(times),
                 [owner](const view::AnothersTime& one) { return one.owner == owner; });
    const auto [at, is_new] = anothers->emplace(owner, times);
    if (!is_new) at->second = InBoth(at->second, times);
  }
}

/// Is the fact for what the post is for?
bool IsForPurpose(const std::vector<std::string>& codes, const Policies& policies, const OpenPolicy& open) {
  if (codes.empty()) return true;
  const Purpose* const purpose = policies.FindPurpose(open.purpose);
  return purpose != nullptr && HasCode(purpose->codes, codes);
}

/// Is it one of those for whom the fact does not count at this moment?
bool IsExcepted(const Fact& fact, const std::vector<std::string>& actors, const Policies& policies,
                const OpenPolicy* open, Instant now_us, Instant* changes_us) {
  bool is_excepted = false;
  for (const Fact::Bounds& one : fact.except) {
    if (!Names(one.actors, actors) || open == nullptr || !IsForPurpose(one.codes, policies, *open)) continue;
    for (const Instant change_us : {one.from_us, one.until_us}) {
      if (now_us < change_us) *changes_us = std::min(*changes_us, change_us);
    }
    is_excepted = is_excepted || (one.from_us <= now_us && now_us < one.until_us);
  }
  return is_excepted;
}

/// Do the rules around what an exception permits hold as well?
bool IsWithin(const Fact& fact, const std::vector<std::string>& actors, const Policies& policies,
              const OpenPolicy* open, Instant now_us, Instant* changes_us) {
  return std::all_of(fact.within.begin(), fact.within.end(), [&](const Fact::Bounds& outer) {
    if (!Names(outer.actors, actors) || open == nullptr || !IsForPurpose(outer.codes, policies, *open))
      return false;
    for (const Instant change_us : {outer.from_us, outer.until_us}) {
      if (now_us < change_us) *changes_us = std::min(*changes_us, change_us);
    }
    return outer.from_us <= now_us && now_us < outer.until_us;
  });
}

bool Binds(const Fact& fact, const Viewer& viewer, const Policies& policies, const OpenPolicy* open) {
  if (fact.kind == Fact::Kind::kEmergency) return true;
  if (open == nullptr) return false;
  if (fact.kind == Fact::Kind::kRelation) return open->relation;
  if (fact.kind == Fact::Kind::kFamily)
    return open->family && HasCode(fact.codes, policies.family().relationships);
  // Nobody is shut out of his own records.
  if (!fact.permits && (viewer.IsHis(fact.owner) ||
                        std::any_of(fact.also.begin(), fact.also.end(),
                                    [&viewer](view::OwnerNumber owner) { return viewer.IsHis(owner); })))
    return false;
  return open->consent && IsForPurpose(fact.codes, policies, *open);
}

}  // namespace

std::vector<std::string> ActorsOf(const Viewer& viewer) {
  std::vector<std::string> actors{"account:" + viewer.account};
  if (!viewer.organization.empty()) actors.push_back(viewer.organization);
  for (const view::OwnerNumber owner : viewer.own) actors.push_back(fmt::format("owner:{}", owner));
  if (viewer.own.empty() && viewer.scope.only_owner != 0)
    actors.push_back(fmt::format("owner:{}", viewer.scope.only_owner));
  // A Patient is named by his owner: by all records that are his.
  if (!viewer.record.empty() && !viewer.record.starts_with("Patient/")) actors.push_back(viewer.record);
  return actors;
}

std::vector<std::string> ClosableOf(const Viewer& viewer) {
  std::vector<std::string> actors = ActorsOf(viewer);
  actors.insert(actors.end(), viewer.organizations_above.begin(), viewer.organizations_above.end());
  return actors;
}

Verdict JudgeFact(const Fact& fact, const Viewer& viewer, const Policies& policies, Instant now_us,
                  Instant* changes_us) {
  if (viewer.post == nullptr) return Verdict::kNothing;
  const OpenPolicy* const open = policies.OpenOf(viewer.post->name);
  if (!Binds(fact, viewer, policies, open)) return Verdict::kNothing;
  const std::vector<std::string> exact = ActorsOf(viewer), closable = ClosableOf(viewer);
  const auto& named = fact.permits ? exact : closable;
  const auto& excepted = fact.permits ? closable : exact;
  if (!Names(fact.actors, named) || IsExcepted(fact, excepted, policies, open, now_us, changes_us) ||
      !IsWithin(fact, exact, policies, open, now_us, changes_us))
    return Verdict::kNothing;
  const Instant end_us = EndOf(fact, policies);
  if (now_us < fact.from_us) {
    *changes_us = std::min(*changes_us, fact.from_us);
    return Verdict::kNothing;
  }
  if (now_us >= end_us) return Verdict::kNothing;
  *changes_us = std::min(*changes_us, end_us);
  return fact.permits ? Verdict::kOpens : Verdict::kCloses;
}

Verdict JudgeAll(const std::vector<Fact>& facts, const Viewer& viewer, const Policies& policies,
                 Instant now_us) {
  Verdict verdict = Verdict::kNothing;
  Instant ignored = kForever;
  for (const Fact& fact : facts) {
    if (IsVoid(fact)) continue;
    const Verdict one = JudgeFact(fact, viewer, policies, now_us, &ignored);
    if (one == Verdict::kNothing) continue;
    if (fact.kind == Fact::Kind::kEmergency) return Verdict::kOpens;
    if (verdict != Verdict::kCloses) verdict = one;
  }
  return verdict;
}

void Facts::Drop(uint64_t id_hash) {
  const auto at = facts_.find(id_hash);
  if (at == facts_.end()) return;
  for (const Fact& fact : at->second) {
    for (const std::string& actor : fact.actors) {
      ++generations_[actor];
      if (const auto named = by_actor_.find(actor); named != by_actor_.end()) {
        named->second.erase(id_hash);
        if (named->second.empty()) by_actor_.erase(named);
      }
    }
    std::set<view::OwnerNumber> owners{fact.owner};
    AddOwners(fact, &owners);
    for (const view::OwnerNumber owner : owners) {
      const auto owned = by_owner_.find(owner);
      if (owned == by_owner_.end()) continue;
      owned->second.erase(id_hash);
      if (owned->second.empty()) by_owner_.erase(owned);
    }
  }
  facts_.erase(at);
}

void Facts::Put(uint64_t id_hash, std::vector<Fact> facts) {
  const std::lock_guard lock(mutex_);
  Drop(id_hash);
  Add(id_hash, std::move(facts));
}

void Facts::Add(uint64_t id_hash, std::vector<Fact> facts) {
  if (facts.empty()) return;
  for (Fact& fact : facts) {
    if (same_ && fact.patient != 0) {
      SaidOf of = same_(fact.patient, fact.said_us);
      fact.also = std::move(of.owners);
      fact.is_anothers = of.is_anothers;
      fact.anothers = std::move(of.anothers);
    }
    std::erase(fact.also, fact.owner);
    for (const std::string& actor : fact.actors) {
      by_actor_[actor].insert(id_hash);
      ++generations_[actor];
    }
    std::set<view::OwnerNumber> owners{fact.owner};
    AddOwners(fact, &owners);
    for (const view::OwnerNumber owner : owners) by_owner_[owner].insert(id_hash);
  }
  facts_[id_hash] = std::move(facts);
}

void Facts::Regroup(const std::vector<uint64_t>& patients) {
  if (!same_) return;
  const std::lock_guard lock(mutex_);
  if (facts_.empty()) return;
  // What was said of a record that is another person's now still stands under the owners that it had with him.
  std::set<uint64_t> said;
  for (const uint64_t patient : patients) {
    for (const view::OwnerNumber owner : same_(patient, kForever).owners) {
      if (const auto at = by_owner_.find(owner); at != by_owner_.end())
        said.insert(at->second.begin(), at->second.end());
    }
  }
  Renew(said);
}

void Facts::RegroupAll() {
  const std::lock_guard lock(mutex_);
  std::set<uint64_t> said;
  for (const auto& [id_hash, facts] : facts_) said.insert(id_hash);
  Renew(said);
}

void Facts::Renew(const std::set<uint64_t>& said) {
  for (const uint64_t id_hash : said) {
    std::vector<Fact> facts = facts_.at(id_hash);
    Drop(id_hash);
    Add(id_hash, std::move(facts));
  }
}

bool Facts::IsAnythingSaidOf(view::OwnerNumber owner) const {
  const std::lock_guard lock(mutex_);
  return by_owner_.contains(owner);
}

std::vector<Fact> Facts::About(view::OwnerNumber owner) const {
  std::vector<Fact> out;
  const std::lock_guard lock(mutex_);
  const auto owned = by_owner_.find(owner);
  if (owned == by_owner_.end()) return out;
  for (const uint64_t id_hash : owned->second) {
    for (const Fact& fact : facts_.at(id_hash)) {
      if (!IsAbout(fact, owner)) continue;
      out.push_back(fact);
      out.back().is_anothers = fact.is_anothers && fact.owner == owner;
    }
  }
  return out;
}

std::shared_ptr<const view::Beyond> Facts::BeyondOf(const Viewer& viewer, Instant now_us) {
  if (viewer.policies == nullptr || viewer.post == nullptr) return nullptr;
  std::vector<std::string> actors = ClosableOf(viewer);
  actors.emplace_back(kAnybody);
  const std::lock_guard lock(mutex_);
  uint64_t generation = 1;
  for (const std::string& actor : actors) {
    if (const auto at = generations_.find(actor); at != generations_.end()) generation += at->second;
  }
  if (generation == 1) return nullptr;  // nothing ever named him
  std::string key = viewer.post->name;
  for (const std::string& actor : actors) key.append("\n").append(actor);
  if (known_.size() >= kKnownMax) known_.clear();
  Known& known = known_[key];
  if (known.generation == generation && now_us < known.until_us && known.policies == viewer.policies)
    return known.beyond;
  std::set<view::OwnerNumber> open, closed, urgent;
  std::map<view::OwnerNumber, Times> anothers;
  Instant until_us = kForever;
  for (const std::string& actor : actors) {
    const auto named = by_actor_.find(actor);
    if (named == by_actor_.end()) continue;
    for (const uint64_t id_hash : named->second) {
      for (const Fact& fact : facts_.at(id_hash)) {
        const Verdict verdict = JudgeFact(fact, viewer, *viewer.policies, now_us, &until_us);
        if (verdict == Verdict::kCloses) AddOwners(fact, &closed);
        if (verdict != Verdict::kOpens) continue;
        AddAnothers(fact, &anothers);
        AddOwners(fact, fact.kind == Fact::Kind::kEmergency ? &urgent : &open);
      }
    }
  }
  auto beyond = std::make_shared<view::Beyond>();
  open.insert(urgent.begin(), urgent.end());
  std::set_difference(closed.begin(), closed.end(), urgent.begin(), urgent.end(),
                      std::back_inserter(beyond->closed));
  std::set_difference(open.begin(), open.end(), beyond->closed.begin(), beyond->closed.end(),
                      std::back_inserter(beyond->open));
  for (const auto& [owner, times] : anothers)
    beyond->anothers.insert(beyond->anothers.end(), times.begin(), times.end());
  const bool nobody = beyond->open.empty() && beyond->closed.empty();
  known = {generation, until_us, viewer.policies, nobody ? nullptr : std::move(beyond)};
  return known.beyond;
}

void Facts::Forget(Instant now_us) {
  constexpr int64_t kKeptUs = 400 * kDayUs;  // a policy's days are never more
  const std::lock_guard lock(mutex_);
  std::vector<uint64_t> over;
  for (const auto& [id_hash, facts] : facts_) {
    const bool all_over = std::all_of(facts.begin(), facts.end(), [&](const Fact& fact) {
      const int64_t longer = fact.kind == Fact::Kind::kRelation ? kKeptUs : 0;
      return fact.until_us != kForever && fact.until_us + longer <= now_us;
    });
    if (all_over) over.push_back(id_hash);
  }
  for (const uint64_t id_hash : over) Drop(id_hash);
}

size_t Facts::size() const {
  const std::lock_guard lock(mutex_);
  return facts_.size();
}

}  // namespace tk::access
