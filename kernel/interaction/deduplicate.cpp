#include "kernel/interaction/deduplicate.h"

#include <algorithm>

#include "kernel/base/clock.h"
#include "kernel/interaction/deduplicate_sayings.h"
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/former_identity.h"
#include "kernel/interaction/lane.h"
#include "kernel/interaction/person_records.h"

namespace tk::interaction {
namespace {

using person::Finding;
using person::KeptDecision;
using person::People;
using person::Row;

class Deduplicating {
 public:
  Deduplicating(const Room& room, const DeduplicateOptions& options, AskedReviews asked)
      : room_(room),
        options_(options),
        view_(*room.context.persons),
        sayings_(room, options, std::move(asked)),
        so_far_(view_.model(), view_.rules()) {}

  Result<Deduplicated> Run() {
    Begin();
    int64_t told_us = MonotonicUs();
    for (const auto& [first, row] : by_age_) {
      if (!TRY(One(row))) break;
      ++records_;
      if (const int64_t now_us = MonotonicUs(); now_us - told_us > kSecondUs) {
        told_us = now_us;
        Tell();
      }
    }
    TRY(sayings_.Finish());
    Tell();
    return Done();
  }

 private:
  Deduplicated Done() const {
    Deduplicated done = sayings_.done();
    done.records = records_;
    done.known += known_;
    return done;
  }
  void Tell() const {
    if (options_.tell) options_.tell(Done(), by_age_.size());
  }

  /// Who is there, and what persons decided. What machines decided is put in when its record comes, so that a record is looked at as it was then.
  void Begin() {
    const auto people = view_.Read();
    for (Row row = 0; row < people->row_count(); ++row) {
      if (people->IsLive(row)) by_age_.emplace_back(people->FirstOf(row), row);
    }
    std::sort(by_age_.begin(), by_age_.end());
    KeptDecision kept;
    for (size_t place = 0; place < people->decision_places(); ++place) {
      if (people->DecisionAt(place, &kept) && kept.manual)
        so_far_.PutDecision(kept.linkage, kept.pairs, kept.active, true);
    }
  }

  /// What machines said of this record and those before it.
  struct Known {
    std::vector<person::DecisionView> decisions;
    std::vector<person::PairOf> pairs;  // of each
    bool is_joined = false;
  };
  Known KnownOf(const People& people, Row row) const {
    Known known;
    for (const person::DecisionView& decision : people.DecisionsOf(row)) {
      const Row other = decision.source == row ? decision.alternate : decision.source;
      if (decision.manual || !people.IsLive(other) || people.FirstOf(other) > people.FirstOf(row)) continue;
      known.decisions.push_back(decision);
      known.pairs.push_back({people.HashOf(decision.source), people.HashOf(decision.alternate)});
      known.is_joined = known.is_joined || (decision.active && decision.alternate == row);
    }
    return known;
  }

  /// False: what was found could not be said.
  Result<bool> One(Row row) {
    person::Incoming incoming;
    Known known;
    uint64_t ordinal = 0, first = 0, changed = 0;
    {
      const auto people = view_.Read();
      incoming.id_hash = people->HashOf(row);
      std::string room;
      incoming.packed = people->BytesOf(row, &room);
      ordinal = people->OrdinalOf(row);
      first = people->FirstOf(row);
      changed = people->ChangedOf(row);
      known = KnownOf(*people, row);
    }
    person::Findings findings = person::Decide(so_far_, {&incoming, 1});
    // Decisions first, so that his person is worked out once, with him.
    for (size_t i = 0; i < known.decisions.size(); ++i)
      so_far_.PutDecision(known.decisions[i].linkage, {&known.pairs[i], 1}, known.decisions[i].active, false);
    for (Finding& finding : findings.found) {
      if (finding.kind == Finding::Kind::kJoin && !IsNew(incoming.id_hash, finding.others[0], known)) {
        ++known_;
        continue;
      }
      if (finding.kind == Finding::Kind::kJoin && TRY(IsForAClerk(incoming, finding.others[0])))
        finding.kind = Finding::Kind::kIdentityChanged;
      if (!Say(finding, incoming.id_hash, ordinal)) return false;
    }
    so_far_.PutRecord(incoming.id_hash, ordinal, incoming.packed, first, changed);
    return true;
  }

  bool IsNew(uint64_t record, uint64_t other, const Known& known) const {
    const Row row = so_far_.Find(record);
    return !known.is_joined && (row == person::kNoRow || !so_far_.IsSamePerson(row, so_far_.Find(other)));
  }

  Result<bool> IsForAClerk(const person::Incoming& incoming, uint64_t other) const {
    const Row row = so_far_.Find(other);
    std::vector<uint64_t> records{other};
    for (const Row member : so_far_.MembersOf(row))
      if (so_far_.HashOf(member) != other) records.push_back(so_far_.HashOf(member));
    std::vector<std::string_view> now = {incoming.packed};
    if (TRY(WasSomebodyElse(room_, records, now, Stored::kAreCurrent))) return true;
    if (const auto entry = so_far_.EntryOf(row); entry != person::linkage::kNoEntry)
      now.push_back(so_far_.index().View(entry).bytes());
    records = {incoming.id_hash};
    return WasSomebodyElse(room_, records, now, Stored::kAreCurrent);
  }

  bool Say(const Finding& finding, uint64_t record, uint64_t ordinal) {
    Saying saying{finding.kind, ordinal, {}, finding.scored};
    for (const uint64_t other : finding.others)
      saying.others.push_back(so_far_.OrdinalOf(so_far_.Find(other)));
    if (finding.kind == Finding::Kind::kJoin) {
      const person::PairOf pair{finding.others[0], record};
      so_far_.PutDecision(pair.alternate ^ kMadeHere, {&pair, 1}, true, false);
    }
    return sayings_.Put(std::move(saying));
  }

  /// A name for a Linkage that has none yet: only one of these names a record.
  static constexpr uint64_t kMadeHere = 0xD6E8FEB86659FD93ULL;

  const Room& room_;
  const DeduplicateOptions& options_;
  const person::PersonView& view_;
  SayingWriter sayings_;
  People so_far_;
  std::vector<std::pair<uint64_t, Row>> by_age_;
  uint64_t records_ = 0, known_ = 0;
};

}  // namespace

Result<Deduplicated> Deduplicate(const Context& context, const DeduplicateOptions& options) {
  const auto room = std::make_shared<Room>(context);
  Result<Deduplicated> done = Deduplicated();
  if (auto persons = PersonsOf(*room); !persons.ok())
    done = persons.TakeError();
  else if (auto asked = AskedReviews::Read(*room); !asked.ok())
    done = asked.TakeError();
  else
    done = Deduplicating(*room, options, std::move(asked).value()).Run();
  room->lane->Stop();
  room->facts->Stop();
  return done;
}

}  // namespace tk::interaction
