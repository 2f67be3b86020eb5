#include "kernel/person/people.h"

#include "kernel/base/error.h"
#include "kernel/person/linkage/in_parallel.h"

namespace tk::person {

using linkage::Entry;
using linkage::EntryView;
using linkage::kNoEntry;

People::People(const linkage::Model& model, const linkage::Rules& rules)
    : index_(model, rules), join_passes_(index_.PassesFor(rules.links)) {}

Row People::Find(uint64_t id_hash) const {
  return row_table_.Find(id_hash, [this](uint32_t row) { return rows_[row].hash; });
}

Row People::RowFor(uint64_t id_hash) {
  Row row = Find(id_hash);
  if (row != kNoRow) return row;
  row = static_cast<Row>(rows_.size());
  CHECK(row < kNoRow);
  Record record;
  record.hash = id_hash;
  record.next = row;
  rows_.push_back(record);
  row_table_.Put(id_hash, row, [this](uint32_t each) { return rows_[each].hash; });
  return row;
}

std::vector<Row> People::RingOf(Row row) const {
  std::vector<Row> ring = {row};
  for (Row next = rows_[row].next; next != row; next = rows_[next].next) ring.push_back(next);
  return ring;
}

std::vector<Row> People::MembersOf(Row row) const {
  std::vector<Row> members = RingOf(row);
  std::erase_if(members, [this](Row each) { return !IsLive(each); });
  std::sort(members.begin(), members.end(), [this](Row a, Row b) { return FirstOf(a) < FirstOf(b); });
  return members;
}

bool People::IsSamePerson(Row a, Row b) const {
  for (Row each = rows_[a].next; each != a; each = rows_[each].next) {
    if (each == b) return true;
  }
  return a == b;
}

void People::Refresh(Row any) {
  if (is_many_) return;
  const std::vector<Row> ring = RingOf(any);
  std::vector<Row> live;
  std::vector<Entry> entries;  // that its rows had, of several persons after a join
  for (const Row row : ring) {
    const Entry entry = rows_[row].entry;
    if (entry != kNoEntry && std::find(entries.begin(), entries.end(), entry) == entries.end())
      entries.push_back(entry);
    if (IsLive(row)) live.push_back(row);
  }
  for (const Row row : ring) {
    if (!IsLive(row)) rows_[row].entry = kNoEntry;
  }
  persons_ -= entries.size();
  if (live.empty()) {
    for (const Entry entry : entries) index_.Remove(entry);
    return;
  }
  ++persons_;
  SortNewest(&live);
  // The oldest entry goes on: it is that of the person who was here before.
  std::sort(entries.begin(), entries.end());
  if (live.size() == 1)
    RefreshOne(live[0], entries);
  else
    RefreshSeveral(live, entries);
}

void People::RefreshOne(Row live, std::span<const Entry> entries) {
  KeepWhole(live);
  for (size_t i = 1; i < entries.size(); ++i) index_.Remove(entries[i]);
  const linkage::Place place = rows_[live].bytes;
  SetPerson(entries.empty() ? index_.AddShared(place) : index_.ReplaceShared(entries.front(), place),
            {&live, 1});
}

void People::RefreshSeveral(std::span<const Row> live, std::span<const Entry> entries) {
  // What each of them is, as long as the entries are there that tell it.
  std::vector<std::string> rooms(live.size());
  std::vector<std::string_view> bytes;
  std::vector<EntryView> newest;
  for (size_t i = 0; i < live.size(); ++i) {
    bytes.push_back(BytesOf(live[i], &rooms[i]));
    if (i < kRecordsMerged) newest.emplace_back(bytes[i].data());
  }
  std::string merged;
  std::vector<std::string> picks;
  linkage::PackMerged(newest, &merged, &picks);
  for (size_t i = 1; i < entries.size(); ++i) index_.Remove(entries[i]);
  SetPerson(entries.empty() ? index_.AddPacked(merged) : index_.ReplacePacked(entries.front(), merged), live);
  for (size_t i = 0; i < live.size(); ++i) {
    const bool is_pick = i < picks.size() && !picks[i].empty();
    KeepInstead(live[i], is_pick ? picks[i] : bytes[i], is_pick);
  }
}

void People::SortNewest(std::vector<Row>* live) const {
  std::sort(live->begin(), live->end(), [this](Row a, Row b) { return ChangedOf(a) > ChangedOf(b); });
}

void People::SetPerson(Entry entry, std::span<const Row> live) {
  anchors_.GrowTo(size_t{entry} + 1, kNoRow);
  anchors_[entry] =
      *std::min_element(live.begin(), live.end(), [this](Row a, Row b) { return FirstOf(a) < FirstOf(b); });
  for (const Row row : live) rows_[row].entry = entry;
}

std::string_view People::BytesOf(Row row, std::string* room) const {
  if (is_many_) return {given_[row], linkage::PackedSize(given_[row])};
  const Record& record = rows_[row];
  const char* const at = At(record.bytes);
  if (!record.is_pick) return {at, linkage::PackedSize(at)};
  linkage::UnpackPick(index_.View(record.entry), at, room);
  return *room;
}

void People::LetGo(linkage::Place place, bool is_pick) {
  const char* const at = At(place);
  index_.packed().LetGo(place, is_pick ? linkage::PickSize(at) : linkage::PackedSize(at));
}

void People::KeepInstead(Row row, std::string_view bytes, bool is_pick) {
  Record& record = rows_[row];
  if (!is_pick && !record.is_pick) return;  // they are the same
  const linkage::Place former = std::exchange(record.bytes, index_.packed().Keep(bytes));
  LetGo(former, std::exchange(record.is_pick, is_pick));
}

void People::KeepWhole(Row row) {
  if (!rows_[row].is_pick) return;
  std::string room;
  KeepInstead(row, BytesOf(row, &room), false);
}

void People::PutRecord(uint64_t id_hash, uint64_t ordinal, std::string_view packed, uint64_t first,
                       uint64_t changed) {
  const Row row = RowFor(id_hash);
  Record& record = rows_[row];
  const bool is_new = !IsLive(row);
  std::string room;
  const std::string_view before = is_new ? std::string_view() : BytesOf(row, &room);
  const bool is_same = !is_new && before == packed;
  if (is_new) {
    record.SetAge(kFirst, first == 0 ? ordinal : first);
    ++live_;
  }
  record.SetAge(kLast, ordinal);
  if (changed == 0) changed = is_same ? ChangedOf(row) : ordinal;
  const bool is_as_new = ChangedOf(row) == changed;
  record.SetAge(kChanged, changed);
  if (is_same && is_as_new) return;
  packed_bytes_ += packed.size();
  packed_bytes_ -= before.size();
  if (is_many_) {
    if (given_.size() <= row) given_.resize(row + size_t{1});
    given_[row] = packed.data();
    return;
  }
  if (is_same) return Refresh(row);
  // What nobody has any more is not kept either: it may be of one who is erased. But the person's entry may stand on it until he has another.
  const linkage::Place former = std::exchange(record.bytes, index_.packed().Keep(packed));
  const bool was_pick = std::exchange(record.is_pick, false);
  Refresh(row);
  if (!is_new) LetGo(former, was_pick);
}

void People::RemoveRecord(uint64_t id_hash) {
  const Row row = Find(id_hash);
  if (row == kNoRow || !IsLive(row)) return;
  Record& record = rows_[row];
  std::string room;
  packed_bytes_ -= BytesOf(row, &room).size();
  for (const Age age : {kLast, kFirst, kChanged}) record.SetAge(age, 0);
  --live_;
  if (is_many_) return;
  Refresh(row);
  LetGo(std::exchange(record.bytes, linkage::PackedStore::kNowhere), std::exchange(record.is_pick, false));
}

void People::Join(Row a, Row b) {
  if (is_many_ || IsSamePerson(a, b)) return;
  std::swap(rows_[a].next, rows_[b].next);
  Refresh(a);
}

// After a pair between them was taken back: who is still joined to `a` keeps together, the others too.
void People::Split(Row a, Row b) {
  if (is_many_) return;
  std::vector<Row> reached = {a};
  for (size_t i = 0; i < reached.size(); ++i) {
    for (uint32_t e = rows_[reached[i]].edge; e != kNoEdge; e = NextOf(e, reached[i])) {
      if (!edges_[e].active) continue;
      const Row other = edges_[e].source == reached[i] ? edges_[e].alternate : edges_[e].source;
      if (std::find(reached.begin(), reached.end(), other) == reached.end()) reached.push_back(other);
    }
  }
  if (std::find(reached.begin(), reached.end(), b) != reached.end()) return;
  const std::vector<Row> ring = RingOf(a);
  std::vector<Row> rest;
  // What a record is may not hang on the entry of a person who is no more.
  for (const Row row : ring) {
    if (IsLive(row)) KeepWhole(row);
  }
  for (const Row row : ring) {
    if (std::find(reached.begin(), reached.end(), row) == reached.end()) rest.push_back(row);
  }
  for (std::vector<Row>* side : {&reached, &rest}) {
    for (size_t i = 0; i < side->size(); ++i) rows_[(*side)[i]].next = (*side)[(i + 1) % side->size()];
  }
  // The side of the anchor keeps the entry.
  const Entry entry = [&] {
    for (const Row row : ring) {
      if (rows_[row].entry != kNoEntry) return rows_[row].entry;
    }
    return kNoEntry;
  }();
  if (entry == kNoEntry) return;
  const bool anchor_reached = std::find(reached.begin(), reached.end(), anchors_[entry]) != reached.end();
  for (const Row row : anchor_reached ? rest : reached) rows_[row].entry = kNoEntry;
  Refresh(a);
  Refresh(b);
}

void People::BeginMany(size_t records, size_t pairs) {
  is_many_ = true;
  given_.reserve(records);
  row_table_.Reserve(records);
  edge_table_.Reserve(pairs);
}

struct People::Crowd {
  std::vector<Row> live;            // one person behind the other, each's newest first
  std::vector<size_t> first = {0};  // of each in `live`, and the end
  size_t size() const { return first.size() - 1; }
  std::span<const Row> of(size_t person) const {
    return {live.data() + first[person], first[person + 1] - first[person]};
  }
};

void People::PrefetchDecision(uint64_t linkage, std::span<const PairOf> pairs, bool again) const {
  Prefetch(edge_table_, edges_, linkage, again);
  for (const PairOf& pair : pairs) {
    PrefetchRecord(pair.source, again);
    PrefetchRecord(pair.alternate, again);
  }
}

void People::EndMany(unsigned threads) {
  constexpr size_t kCrowd = size_t{1} << 16;
  // Rings anew from what is left of the decisions, then each person once, the oldest rows first.
  for (Row row = 0; row < rows_.size(); ++row) rows_[row].next = row;
  for (size_t i = 0; i < edges_.size(); ++i) {
    const Edge& edge = edges_[i];
    if (edge.source != kNoRow && edge.active && !IsSamePerson(edge.source, edge.alternate))
      std::swap(rows_[edge.source].next, rows_[edge.alternate].next);
  }
  index_.BeginFill();
  std::vector<bool> done(rows_.size());
  Crowd crowd;
  std::vector<Row> live;
  for (Row row = 0; row < rows_.size(); ++row) {
    if (done[row]) continue;
    live.clear();
    Row each = row;
    do {
      done[each] = true;
      if (IsLive(each)) live.push_back(each);
      each = rows_[each].next;
    } while (each != row);
    if (live.empty()) continue;
    if (live.size() > 1) SortNewest(&live);
    crowd.live.insert(crowd.live.end(), live.begin(), live.end());
    crowd.first.push_back(crowd.live.size());
    if (crowd.size() == kCrowd) FillCrowd(std::exchange(crowd, {}), threads);
  }
  FillCrowd(crowd, threads);
  is_many_ = false;
  given_ = std::vector<const char*>();
  index_.EndFill(threads);
}

void People::FillCrowd(const Crowd& crowd, unsigned threads) {
  constexpr size_t kChunk = 1024;
  std::vector<std::string> merged(crowd.size());
  std::vector<std::vector<std::string>> picks(crowd.size());
  linkage::InParallel(threads, crowd.size(), kChunk, [&](unsigned, size_t begin, size_t end) {
    std::vector<EntryView> newest;
    for (size_t person = begin; person < end; ++person) {
      const std::span<const Row> live = crowd.of(person);
      if (live.size() == 1) continue;
      newest.clear();
      for (const Row row : live.first(std::min(live.size(), kRecordsMerged)))
        newest.emplace_back(given_[row]);
      linkage::PackMerged(newest, &merged[person], &picks[person]);
    }
  });
  for (size_t person = 0; person < crowd.size(); ++person) {
    const std::span<const Row> live = crowd.of(person);
    for (size_t i = 0; i < live.size(); ++i) {
      const char* const given = given_[live[i]];
      const bool is_pick = i < picks[person].size() && !picks[person][i].empty();
      rows_[live[i]].is_pick = is_pick;
      rows_[live[i]].bytes = index_.packed().Keep(
          is_pick ? std::string_view(picks[person][i]) : std::string_view(given, linkage::PackedSize(given)));
    }
    SetPerson(live.size() == 1 ? index_.AddShared(rows_[live[0]].bytes) : index_.AddPacked(merged[person]),
              live);
    ++persons_;
  }
}

void People::FillEdge(uint32_t edge, const PairOf& pair, bool active, bool manual) {
  const Row source = RowFor(pair.source), alternate = RowFor(pair.alternate);
  Edge& e = edges_[edge];
  e.source = source;
  e.alternate = alternate;
  e.active = active;
  e.manual = manual;
  e.next_source = std::exchange(rows_[source].edge, edge);
  e.next_alternate = std::exchange(rows_[alternate].edge, edge);
  ++pairs_;
  if (active) Join(source, alternate);
}

void People::Unlist(Row row, uint32_t edge) {
  if (rows_[row].edge == edge) {
    rows_[row].edge = NextOf(edge, row);
    return;
  }
  for (uint32_t e = rows_[row].edge; e != kNoEdge; e = NextOf(e, row)) {
    if (NextOf(e, row) != edge) continue;
    NextOf(e, row) = NextOf(edge, row);
    return;
  }
}

void People::ClearEdge(uint32_t edge) {
  Edge& e = edges_[edge];
  if (e.source == kNoRow) return;
  const Row source = e.source, alternate = e.alternate;
  Unlist(source, edge);
  Unlist(alternate, edge);
  e.source = e.alternate = kNoRow;
  --pairs_;
  if (std::exchange(e.active, false)) Split(source, alternate);
}

void People::PutDecision(uint64_t linkage, std::span<const PairOf> pairs, bool active, bool manual) {
  RemoveDecision(linkage);
  uint32_t last = FindEdge(linkage);
  bool used = false;
  for (const PairOf& pair : pairs) {
    if (pair.source == pair.alternate) continue;
    uint32_t edge = kNoEdge;
    if (last != kNoEdge && !used) {
      edge = last;  // the slot by which the Linkage is found
    } else if (!free_edges_.empty()) {
      edge = free_edges_.back();
      free_edges_.pop_back();
    } else {
      edge = static_cast<uint32_t>(edges_.size());
      edges_.push_back({});
    }
    edges_[edge].linkage = linkage;
    if (last == kNoEdge)
      edge_table_.Put(linkage, edge, [this](uint32_t each) { return edges_[each].linkage; });
    else if (used)
      edges_[last].more = edge;
    FillEdge(edge, pair, active, manual);
    last = edge;
    used = true;
  }
}

void People::RemoveDecision(uint64_t linkage) {
  const uint32_t first = FindEdge(linkage);
  if (first == kNoEdge) return;
  for (uint32_t edge = first; edge != kNoEdge;) {
    const uint32_t next = std::exchange(edges_[edge].more, kNoEdge);
    ClearEdge(edge);
    if (edge != first) {
      edges_[edge].linkage = 0;
      free_edges_.push_back(edge);
    }
    edge = next;
  }
}

bool People::DecisionAt(size_t place, KeptDecision* decision) const {
  const auto edge = static_cast<uint32_t>(place);
  decision->pairs.clear();
  if (edges_[edge].source == kNoRow || FindEdge(edges_[edge].linkage) != edge) return false;
  decision->linkage = edges_[edge].linkage;
  decision->active = edges_[edge].active;
  decision->manual = edges_[edge].manual;
  for (uint32_t each = edge; each != kNoEdge; each = edges_[each].more)
    decision->pairs.push_back({rows_[edges_[each].source].hash, rows_[edges_[each].alternate].hash});
  return true;
}

std::vector<DecisionView> People::DecisionsOf(Row row) const {
  std::vector<DecisionView> decisions;
  for (uint32_t e = rows_[row].edge; e != kNoEdge; e = NextOf(e, row)) {
    const Edge& edge = edges_[e];
    decisions.push_back({edge.linkage, edge.source, edge.alternate, edge.active, edge.manual});
  }
  return decisions;
}

std::vector<uint64_t> People::JoinedWithout(Row a, Row b, std::span<const uint64_t> without) const {
  struct Step {
    Row row;
    size_t from;
    uint64_t linkage;
  };
  std::vector<Step> reached = {{a, 0, 0}};
  for (size_t i = 0; i < reached.size(); ++i) {
    const Row row = reached[i].row;
    if (row == b) {
      std::vector<uint64_t> path;
      for (size_t at = i; at != 0; at = reached[at].from) path.insert(path.begin(), reached[at].linkage);
      return path;
    }
    for (uint32_t e = rows_[row].edge; e != kNoEdge; e = NextOf(e, row)) {
      const Edge& edge = edges_[e];
      if (!edge.active || std::find(without.begin(), without.end(), edge.linkage) != without.end()) continue;
      const Row other = edge.source == row ? edge.alternate : edge.source;
      const bool known = std::any_of(reached.begin(), reached.end(),
                                     [other](const Step& step) { return step.row == other; });
      if (!known) reached.push_back({other, i, edge.linkage});
    }
  }
  return {};
}

bool People::NamesGone(uint64_t linkage) const {
  for (uint32_t e = FindEdge(linkage); e != kNoEdge; e = edges_[e].more) {
    const Edge& edge = edges_[e];
    if (edge.source != kNoRow && (!IsLive(edge.source) || !IsLive(edge.alternate))) return true;
  }
  return false;
}

bool People::IsHeldApart(Row a, Row b) const {
  const std::vector<Row> others = RingOf(b);
  for (const Row row : RingOf(a)) {
    for (uint32_t e = rows_[row].edge; e != kNoEdge; e = NextOf(e, row)) {
      if (edges_[e].active) continue;
      const Row other = edges_[e].source == row ? edges_[e].alternate : edges_[e].source;
      if (std::find(others.begin(), others.end(), other) != others.end()) return true;
    }
  }
  return false;
}

People::Memory People::memory() const {
  const linkage::Index::Memory index = index_.memory();
  return {index.entries, index.directory + index.postings + anchors_.bytes(),
          rows_.bytes() + row_table_.bytes() + given_.capacity() * sizeof(given_[0]),
          edges_.bytes() + edge_table_.bytes() + free_edges_.capacity() * sizeof(uint32_t)};
}

}  // namespace tk::person
