#include "kernel/interaction/after_write.h"

#include <algorithm>

namespace tk::interaction {

using person::kNoRow;
using person::Row;
using person::linkage::EntryView;
using person::linkage::Scored;
using person::linkage::Verdict;

AfterWrite::AfterWrite(const person::People& people, const PersonChange& change)
    : people_(people), change_(change) {
  for (const NewDecision& decision : change.decisions) {
    if (!decision.same) apart_ = &decision;
  }
  for (const NewRecord& record : change.records) {
    if (record.patient->packed != record.patient->before)
      bytes_[record.patient->id_hash] = record.patient->packed;
  }
  for (const uint64_t erased : change.erased) bytes_[erased].clear();
}

bool AfterWrite::IsThere(uint64_t record) const {
  if (const auto changed = bytes_.find(record); changed != bytes_.end()) return !changed->second.empty();
  const Row row = people_.Find(record);
  return row != kNoRow && people_.IsLive(row);
}

bool AfterWrite::IsOne(uint64_t x, uint64_t y) const {
  if (x == y) return true;
  const Row a = people_.Find(x), b = people_.Find(y);
  if (a == kNoRow || b == kNoRow || !people_.IsSamePerson(a, b)) return false;
  return change_.taken_back.empty() || !people_.JoinedWithout(a, b, change_.taken_back).empty();
}

std::vector<uint64_t> AfterWrite::Reached(uint64_t x) const {
  std::vector<uint64_t> reached{x};
  std::vector<bool> used(change_.decisions.size());
  for (size_t i = 0; i < reached.size(); ++i) {
    for (size_t k = 0; k < used.size(); ++k) {
      const NewDecision& decision = change_.decisions[k];
      if (used[k] || !decision.same) continue;
      const bool by_a = IsOne(reached[i], decision.a);
      if (!by_a && !IsOne(reached[i], decision.b)) continue;
      used[k] = true;
      reached.push_back(by_a ? decision.b : decision.a);
    }
  }
  return reached;
}

bool AfterWrite::AreSame(uint64_t x, uint64_t y) const {
  if (x == y) return true;
  if (apart_ != nullptr) {
    const Row a = people_.Find(x), b = people_.Find(y);
    return a != kNoRow && b != kNoRow && !people_.JoinedWithout(a, b, apart_->turned).empty();
  }
  const std::vector<uint64_t> reached = Reached(x);
  return std::any_of(reached.begin(), reached.end(), [&](uint64_t each) { return IsOne(each, y); });
}

bool AfterWrite::AreApart(uint64_t x, uint64_t y) const {
  if (AreSame(x, y)) return false;
  if (apart_ != nullptr) {
    const auto crosses = [&](uint64_t one, uint64_t other) {
      return AreSame(one, apart_->a) && AreSame(other, apart_->b);
    };
    if (crosses(x, y) || crosses(y, x)) return true;
  }
  const std::vector<uint64_t> others = Reached(y);
  for (const uint64_t one : Reached(x)) {
    const Row a = people_.Find(one);
    if (a == kNoRow) continue;
    for (const uint64_t other : others) {
      const Row b = people_.Find(other);
      if (b != kNoRow && people_.IsHeldApart(a, b)) return true;
    }
  }
  return false;
}

bool AfterWrite::IsDecidedByPerson(uint64_t x, uint64_t y) const {
  return AreApart(x, y) ||
         std::any_of(change_.decisions.begin(), change_.decisions.end(), [&](const NewDecision& each) {
           return each.manual && ((each.a == x && each.b == y) || (each.a == y && each.b == x));
         });
}

std::string AfterWrite::BytesOf(uint64_t record) const {
  if (const auto changed = bytes_.find(record); changed != bytes_.end()) return changed->second;
  const Row row = people_.Find(record);
  std::string room;
  return row == kNoRow || !people_.IsLive(row) ? std::string() : std::string(people_.BytesOf(row, &room));
}

std::vector<uint64_t> AfterWrite::RecordsOf(uint64_t record) const {
  std::vector<uint64_t> records;
  if (const Row row = people_.Find(record); row != kNoRow) {
    for (const Row member : people_.MembersOf(row)) {
      if (IsOne(record, people_.HashOf(member))) records.push_back(people_.HashOf(member));
    }
  }
  if (std::find(records.begin(), records.end(), record) == records.end()) records.push_back(record);
  std::erase_if(records, [this](uint64_t each) { return !IsThere(each); });
  return records;
}

std::string AfterWrite::PersonBytesOf(uint64_t record) const {
  std::vector<std::string> each;
  for (const uint64_t member : RecordsOf(record)) {
    if (each.size() < person::kRecordsMerged) each.push_back(BytesOf(member));
  }
  if (each.size() < 2) return each.empty() ? std::string() : each.front();
  std::vector<EntryView> parts;
  for (const std::string& bytes : each) parts.emplace_back(bytes.data());
  std::string merged;
  person::linkage::PackMerged(parts, &merged);
  return merged;
}

Scored AfterWrite::Score(const std::string& a, const std::string& b) const {
  return people_.index().ScorePair(EntryView(a.data()), EntryView(b.data()), &scratch_);
}

bool AfterWrite::FitsPersonOf(uint64_t x, uint64_t y) const {
  const std::string one = BytesOf(x), other = PersonBytesOf(y);
  return !one.empty() && !other.empty() && Score(one, other).verdict >= Verdict::kProbable;
}

bool AfterWrite::StillAsks(uint64_t x, uint64_t y) const {
  if (!AreSame(x, y)) return FitsPersonOf(x, y) || FitsPersonOf(y, x);
  const std::string own = BytesOf(x);
  for (const uint64_t record : RecordsOf(y)) {
    if (record != x && IsContradiction(Score(own, BytesOf(record)), people_.index().rules())) return true;
  }
  return false;
}

const NewDecision* AfterWrite::DecisionAbout(const std::vector<uint64_t>& records) const {
  const auto is_theirs = [&](uint64_t side) {
    return std::any_of(records.begin(), records.end(), [&](uint64_t each) { return AreSame(each, side); });
  };
  for (const NewDecision& decision : change_.decisions) {
    if (is_theirs(decision.a) && is_theirs(decision.b)) return &decision;
  }
  return nullptr;
}

}  // namespace tk::interaction
