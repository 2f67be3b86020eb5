#include "kernel/person/live_match.h"

#include <algorithm>
#include <unordered_map>

namespace tk::person {
namespace {

using linkage::EntryView;
using linkage::MatchHit;
using linkage::MatchScratch;
using linkage::Scored;
using linkage::Verdict;

/// A person whom a record fits.
struct Fit {
  uint64_t person = 0;  // the hash of the record by which he is known here
  Scored scored;        // against all his values
  uint64_t best = 0;    // the record of his that agrees best
  Scored best_scored;
  bool contradicts = false, held_apart = false, is_worse_or_same = false;
  size_t records = 0;
};

bool IsBetter(const Scored& a, const Scored& b) {
  return a.verdict != b.verdict ? a.verdict > b.verdict : a.bits > b.bits;
}

class Deciding {
 public:
  /// `at_least`: whom it looks at; what is joined depends on none below the rules' `links`. `passes`: linkage::Index::Match's.
  Deciding(const People& people, std::span<const Incoming> incoming, Verdict at_least, uint32_t passes)
      : people_(people),
        incoming_(incoming),
        at_least_(at_least),
        passes_(passes),
        among_(people.index().model(), people.index().rules()) {
    for (size_t i = 0; i < incoming.size(); ++i) {
      place_.emplace(incoming[i].id_hash, i);
      if (const Row row = people.Find(incoming[i].id_hash); row != kNoRow) JoinKnown(row, i);
    }
  }

  Findings Run() {
    for (size_t i = 0; i < incoming_.size(); ++i) {
      One(i);
      // Its entry has the number i. The last is nobody's to find, so that one alone costs no index.
      if (i + 1 < incoming_.size()) among_.AddPacked(incoming_[i].packed);
    }
    std::sort(out_.looked_at.begin(), out_.looked_at.end());
    out_.looked_at.erase(std::unique(out_.looked_at.begin(), out_.looked_at.end()), out_.looked_at.end());
    return std::move(out_);
  }
  /// Was a key of too many to be looked through?
  bool passed_over() const { return scratch_.passed_over != 0; }

 private:
  const linkage::Rules& rules() const { return people_.index().rules(); }

  /// One that has a person already is known by his anchor.
  void JoinKnown(Row row, size_t i) {
    out_.looked_at.push_back(incoming_[i].id_hash);
    const std::vector<Row> members = people_.MembersOf(row);
    for (const Row member : members) {
      if (member == row) continue;
      persons_[incoming_[i].id_hash] = people_.HashOf(members.front());
      return;
    }
  }

  /// The name of the person of a record.
  uint64_t PersonOf(uint64_t record) const {
    const auto known = persons_.find(record);
    return known == persons_.end() ? record : known->second;
  }

  /// Packed records of a person: those that are stored and not about to be written, and the incoming ones up to `end`.
  template <class Each>
  void ForRecords(uint64_t person, size_t end, Each each) const {
    if (const Row row = people_.Find(person); row != kNoRow) {
      std::string room;
      for (const Row member : people_.MembersOf(row)) {
        if (!place_.contains(people_.HashOf(member)))
          each(people_.HashOf(member), people_.View(member, &room));
      }
    }
    for (size_t i = 0; i < end; ++i) {
      if (PersonOf(incoming_[i].id_hash) == person)
        each(incoming_[i].id_hash, EntryView(incoming_[i].packed.data()));
    }
  }

  /// Compares with each record of the person.
  void LookAt(size_t i, Fit* fit) {
    const EntryView query(incoming_[i].packed.data());
    ForRecords(fit->person, i, [&](uint64_t record, const EntryView& view) {
      out_.looked_at.push_back(record);
      const Scored scored = people_.index().ScorePair(query, view, &scratch_);
      if (fit->records++ == 0 || IsBetter(scored, fit->best_scored)) {
        fit->best = record;
        fit->best_scored = scored;
      }
      fit->contradicts = fit->contradicts || IsContradiction(scored, rules());
    });
    const Row own = people_.Find(incoming_[i].id_hash), other = people_.Find(fit->person);
    fit->held_apart = own != kNoRow && other != kNoRow && people_.IsHeldApart(own, other);
  }

  /// Persons whom the record fits at least probably, the best first.
  std::vector<Fit> FitsOf(size_t i) {
    const EntryView query(incoming_[i].packed.data());
    std::vector<MatchHit> hits;
    std::vector<Fit> fits;
    const auto add = [&](uint64_t person, const Scored& scored) {
      if (person == PersonOf(incoming_[i].id_hash)) return;
      for (Fit& fit : fits) {
        if (fit.person != person) continue;
        if (IsBetter(scored, fit.scored)) fit.scored = scored;
        return;
      }
      fits.emplace_back();
      fits.back().person = person;
      fits.back().scored = scored;
    };
    people_.index().Match(query, at_least_, &scratch_, &hits, linkage::kNoEntry, passes_);
    for (const MatchHit& hit : hits) add(people_.HashOf(people_.AnchorOf(hit.entry)), hit.scored);
    // Found among themselves, scored as all are: how many share a phone is known of those who are stored.
    hits.clear();
    if (i > 0) among_.Match(query, at_least_, &among_scratch_, &hits);
    for (const MatchHit& hit : hits) {
      const Scored scored = people_.index().ScorePair(query, among_.View(hit.entry), &scratch_);
      if (scored.verdict >= at_least_) add(PersonOf(incoming_[hit.entry].id_hash), scored);
    }
    for (Fit& fit : fits) {
      LookAt(i, &fit);
      fit.is_worse_or_same = WasAsGood(i, fit);
    }
    // One who has no record left but those that are about to be written is found among these.
    std::erase_if(fits, [](const Fit& fit) { return fit.records == 0 || fit.held_apart; });
    std::stable_sort(fits.begin(), fits.end(),
                     [](const Fit& a, const Fit& b) { return IsBetter(a.scored, b.scored); });
    return fits;
  }

  /// Did the record as it was fit as well? Then it was asked about, or decided, already.
  bool WasAsGood(size_t i, const Fit& fit) {
    if (incoming_[i].before.empty()) return false;
    const Row row = people_.Find(fit.person);
    if (row == kNoRow || people_.EntryOf(row) == linkage::kNoEntry) return false;
    const Scored before = people_.index().ScorePair(EntryView(incoming_[i].before.data()),
                                                    people_.index().View(people_.EntryOf(row)), &scratch_);
    return before.verdict >= fit.scored.verdict;
  }

  bool AreApart(const Fit& a, const Fit& b) {
    const Row x = people_.Find(a.person), y = people_.Find(b.person);
    if (x != kNoRow && y != kNoRow && people_.IsHeldApart(x, y)) return true;
    bool apart = false;
    ForRecords(a.person, incoming_.size(), [&](uint64_t, const EntryView& left) {
      ForRecords(b.person, incoming_.size(), [&](uint64_t, const EntryView& right) {
        apart = apart || IsContradiction(people_.index().ScorePair(left, right, &scratch_), rules());
      });
    });
    return apart;
  }

  void Tell(size_t i, Finding::Kind kind, std::span<const Fit> fits) {
    Finding finding;
    finding.kind = kind;
    finding.incoming = i;
    finding.scored = fits.front().scored;
    finding.was_as_good = fits.front().is_worse_or_same;
    for (const Fit& fit : fits.first(std::min(fits.size(), kReviewedMax))) finding.others.push_back(fit.best);
    out_.found.push_back(std::move(finding));
  }

  void LookAtOwn(size_t i) {
    const EntryView now(incoming_[i].packed.data());
    std::vector<Fit> against, unlike;
    bool fits_any = false;
    ForRecords(PersonOf(incoming_[i].id_hash), i, [&](uint64_t record, const EntryView& view) {
      out_.looked_at.push_back(record);
      Fit fit;
      fit.best = record;
      fit.scored = people_.index().ScorePair(now, view, &scratch_);
      fits_any = fits_any || fit.scored.verdict >= Verdict::kProbable;
      if (!IsContradiction(fit.scored, rules())) return unlike.push_back(std::move(fit));
      const bool did =
          !incoming_[i].before.empty() &&
          IsContradiction(people_.index().ScorePair(EntryView(incoming_[i].before.data()), view, &scratch_),
                          rules());
      if (!did) against.push_back(std::move(fit));
    });
    std::vector<Row> let_go;
    for (const Fit& fit : against) TakeBack(i, fit, &let_go);
    if (incoming_[i].before.empty() && !fits_any) {
      for (Fit& fit : unlike) {
        if (TakeBack(i, fit, &let_go)) against.push_back(std::move(fit));
      }
    }
    const bool is_let_go = !let_go.empty();
    JoinDirectly(&let_go);
    std::vector<Fit> left, held;
    for (Fit& fit : against) (is_let_go && !IsHeld(i, fit) ? left : held).push_back(std::move(fit));
    if (!left.empty()) Tell(i, Finding::Kind::kIdentityChanged, left);
    if (!held.empty()) Tell(i, Finding::Kind::kContradiction, held);
  }

  /// By a person's decision, on whatever way, once the machine's are taken back.
  bool IsHeld(size_t i, const Fit& fit) const {
    const Row own = people_.Find(incoming_[i].id_hash), other = people_.Find(fit.best);
    return own != kNoRow && other != kNoRow && !people_.JoinedWithout(own, other, TakenBackSoFar()).empty();
  }

  std::vector<uint64_t> TakenBackSoFar() const {
    std::vector<uint64_t> linkages;
    for (const TakenBack& each : out_.taken_back) linkages.push_back(each.linkage);
    return linkages;
  }

  /// The machine's decisions that name record i and are the first on a way from it to the record of `fit`. False: there is none.
  bool TakeBack(size_t i, const Fit& fit, std::vector<Row>* let_go) {
    const Row own = people_.Find(incoming_[i].id_hash), other = people_.Find(fit.best);
    if (own == kNoRow || other == kNoRow) return false;
    const std::vector<DecisionView> decisions = people_.DecisionsOf(own);
    std::vector<uint64_t> passed = TakenBackSoFar();
    bool any = false;
    for (;;) {
      const std::vector<uint64_t> way = people_.JoinedWithout(own, other, passed);
      if (way.empty()) return any;
      passed.push_back(way.front());
      for (const DecisionView& decision : decisions) {
        if (decision.linkage != way.front() || decision.manual) continue;
        out_.taken_back.push_back({decision.linkage, fit.scored});
        let_go->push_back(decision.source == own ? decision.alternate : decision.source);
        any = true;
        break;
      }
    }
  }

  /// Those whom only the taken back decisions held together.
  void JoinDirectly(std::vector<Row>* let_go) {
    std::erase_if(*let_go, [this](Row row) { return !people_.IsLive(row); });
    std::stable_sort(let_go->begin(), let_go->end(),
                     [this](Row a, Row b) { return people_.FirstOf(a) < people_.FirstOf(b); });
    const std::vector<uint64_t> without = TakenBackSoFar();
    std::vector<Row> kept;
    for (const Row row : *let_go) {
      const auto is_joined = [&](Row other) { return !people_.JoinedWithout(row, other, without).empty(); };
      if (std::find(kept.begin(), kept.end(), row) != kept.end() ||
          std::any_of(kept.begin(), kept.end(), is_joined))
        continue;
      JoinWithBest(row, kept);
      kept.push_back(row);
    }
  }

  void JoinWithBest(Row row, const std::vector<Row>& kept) {
    JoinedDirectly best;
    std::string room, other_room;
    for (const Row other : kept) {
      const Scored scored =
          people_.index().ScorePair(ViewNow(row, &room), ViewNow(other, &other_room), &scratch_);
      if (scored.verdict < rules().links || IsContradiction(scored, rules())) continue;
      if (best.alternate != 0 && !IsBetter(scored, best.scored)) continue;
      best = {people_.HashOf(other), people_.HashOf(row), scored};
    }
    if (best.alternate != 0) out_.directly.push_back(std::move(best));
  }

  /// As it will be.
  EntryView ViewNow(Row row, std::string* room) const {
    const auto written = place_.find(people_.HashOf(row));
    return written == place_.end() ? people_.View(row, room)
                                   : EntryView(incoming_[written->second].packed.data());
  }

  void One(size_t i) {
    const bool has_person = persons_.contains(incoming_[i].id_hash);
    if (has_person) LookAtOwn(i);
    std::vector<Fit> fits = FitsOf(i), sure, likely, against;
    for (Fit& fit : fits) {
      std::vector<Fit>& kind = fit.scored.verdict < rules().links ? likely : fit.contradicts ? against : sure;
      kind.push_back(std::move(fit));
    }
    const auto is_old = [](const Fit& fit) { return fit.is_worse_or_same; };
    std::erase_if(likely, is_old);
    std::erase_if(against, is_old);
    if (has_person || (!sure.empty() && sure[0].records >= kMachineRecordsMax)) {
      std::erase_if(sure, is_old);
      if (!sure.empty()) Tell(i, Finding::Kind::kTwoPersons, sure);
    } else if (!sure.empty()) {
      JoinOrAsk(i, sure);
    }
    if (!against.empty()) Tell(i, Finding::Kind::kContradiction, against);
    if (sure.empty() && against.empty() && !likely.empty()) Tell(i, Finding::Kind::kProbable, likely);
  }

  void JoinOrAsk(size_t i, const std::vector<Fit>& sure) {
    for (size_t a = 0; a < sure.size(); ++a) {
      for (size_t b = a + 1; b < std::min(sure.size(), kReviewedMax); ++b) {
        if (a < kReviewedMax && AreApart(sure[a], sure[b])) return Tell(i, Finding::Kind::kTwoPersons, sure);
      }
    }
    Tell(i, Finding::Kind::kJoin, {sure.data(), 1});
    persons_[incoming_[i].id_hash] = sure[0].person;
    if (sure.size() > 1) Tell(i, Finding::Kind::kTwoPersons, sure);
  }

  const People& people_;
  const std::span<const Incoming> incoming_;
  const Verdict at_least_;
  const uint32_t passes_;
  linkage::Index among_;
  std::unordered_map<uint64_t, size_t> place_;  // of an incoming record
  std::unordered_map<uint64_t, uint64_t>
      persons_;  // of incoming records: the record by which their person is known
  MatchScratch scratch_, among_scratch_;
  Findings out_;
};

}  // namespace

std::string_view CodeOf(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kJoin:
      return "";
    case Finding::Kind::kProbable:
      return "probable";
    case Finding::Kind::kTwoPersons:
      return "two-persons";
    case Finding::Kind::kContradiction:
      return "contradiction";
    case Finding::Kind::kIdentityChanged:
      return "identity-changed";
  }
  return "";
}

Findings Decide(const People& people, std::span<const Incoming> incoming) {
  return Deciding(people, incoming, Verdict::kProbable, linkage::Index::kAllPasses).Run();
}

std::optional<uint64_t> FindJoin(const People& people, const Incoming& incoming) {
  Deciding deciding(people, {&incoming, 1}, people.index().rules().links, people.join_passes());
  const Findings findings = deciding.Run();
  // Of a key that was passed over somebody else may be found by another one.
  if (deciding.passed_over()) return std::nullopt;
  for (const Finding& finding : findings.found) {
    if (finding.kind == Finding::Kind::kJoin && !finding.others.empty()) return finding.others.front();
  }
  return std::nullopt;
}

}  // namespace tk::person
