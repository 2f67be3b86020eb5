#include "kernel/person/people.h"

#include <cstring>

#include "kernel/base/error.h"

namespace tk::person {

using linkage::Entry;
using linkage::EntryView;
using linkage::kNoEntry;

People::People(const linkage::Model& model, const linkage::Rules& rules) : index_(model, rules) {}

uint32_t People::Keep(std::string_view packed) {
  const size_t room = (packed.size() + kUnit - 1) / kUnit * kUnit;
  if (used_ + room > kBlockBytes) {
    blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
    used_ = 0;
  }
  std::memcpy(blocks_.back().get() + used_, packed.data(), packed.size());
  const size_t at = (blocks_.size() - 1) * kBlockBytes + used_;
  used_ += room;
  return static_cast<uint32_t>(at / kUnit);
}

// What nobody has any more is not kept either: it may be of one who is erased.
void People::LetGo(uint32_t place) {
  char* const at = const_cast<char*>(At(place));
  std::memset(at + sizeof(uint16_t), 0, linkage::PackedSize(at) - sizeof(uint16_t));
}

Row People::Find(uint64_t id_hash) const {
  return row_table_.Find(id_hash, [this](uint32_t row) { return rows_[row].hash; });
}

Row People::RowFor(uint64_t id_hash) {
  Row row = Find(id_hash);
  if (row != kNoRow) return row;
  row = static_cast<Row>(rows_.size());
  CHECK(row < kNoRow);
  rows_.emplace_back();
  rows_.back().hash = id_hash;
  rows_.back().next = row;
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
  std::sort(members.begin(), members.end(), [this](Row a, Row b) { return rows_[a].first < rows_[b].first; });
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
    const Entry entry = std::exchange(rows_[row].entry, kNoEntry);
    if (entry != kNoEntry && std::find(entries.begin(), entries.end(), entry) == entries.end())
      entries.push_back(entry);
    if (IsLive(row)) live.push_back(row);
  }
  persons_ -= entries.size();
  if (live.empty()) {
    for (const Entry entry : entries) index_.Remove(entry);
    return;
  }
  ++persons_;
  std::sort(live.begin(), live.end(), [this](Row a, Row b) { return rows_[a].ordinal > rows_[b].ordinal; });
  const Row anchor = *std::min_element(live.begin(), live.end(),
                                       [this](Row a, Row b) { return rows_[a].first < rows_[b].first; });
  std::string merged;
  std::string_view packed = BytesOf(live[0]);
  if (live.size() > 1) {
    std::vector<EntryView> parts;
    for (size_t i = 0; i < std::min(live.size(), kRecordsMerged); ++i) parts.push_back(View(live[i]));
    linkage::PackMerged(parts, &merged);
    packed = merged;
  }
  // The oldest entry goes on: it is that of the person who was here before.
  std::sort(entries.begin(), entries.end());
  for (size_t i = 1; i < entries.size(); ++i) index_.Remove(entries[i]);
  const Entry entry =
      entries.empty() ? index_.AddPacked(packed) : index_.ReplacePacked(entries.front(), packed);
  if (entry >= anchors_.size()) anchors_.resize(size_t{entry} + 1, kNoRow);
  anchors_[entry] = anchor;
  for (const Row row : live) rows_[row].entry = entry;
}

void People::PutRecord(uint64_t id_hash, uint64_t ordinal, std::string_view packed, uint64_t first) {
  const Row row = RowFor(id_hash);
  Record& record = rows_[row];
  const bool is_new = record.ordinal == 0;
  if (is_new) {
    record.first = first == 0 ? ordinal : first;
    ++live_;
  }
  record.ordinal = ordinal;
  if (!is_new && BytesOf(row) == packed && record.next == row) return;  // nobody else's order changes by it
  if (!is_new) LetGo(record.bytes);
  record.bytes = Keep(packed);
  Refresh(row);
}

void People::RemoveRecord(uint64_t id_hash) {
  const Row row = Find(id_hash);
  if (row == kNoRow || !IsLive(row)) return;
  LetGo(rows_[row].bytes);
  rows_[row].ordinal = rows_[row].first = 0;
  --live_;
  Refresh(row);
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
  std::vector<Row> ring = RingOf(a);
  std::vector<Row> rest;
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

void People::EndMany() {
  // Rings anew from what is left of the decisions, then each person once, the oldest rows first.
  for (Row row = 0; row < rows_.size(); ++row) rows_[row].next = row;
  for (const Edge& edge : edges_) {
    if (edge.source != kNoRow && edge.active && !IsSamePerson(edge.source, edge.alternate))
      std::swap(rows_[edge.source].next, rows_[edge.alternate].next);
  }
  is_many_ = false;
  std::vector<bool> done(rows_.size());
  for (Row row = 0; row < rows_.size(); ++row) {
    if (done[row]) continue;
    for (const Row each : RingOf(row)) done[each] = true;
    Refresh(row);
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
      edges_.emplace_back();
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
  return {index_.memory().sum() + anchors_.capacity() * sizeof(Row),
          rows_.capacity() * sizeof(Record) + row_table_.bytes(),
          edges_.capacity() * sizeof(Edge) + edge_table_.bytes() + free_edges_.capacity() * sizeof(uint32_t),
          blocks_.size() * kBlockBytes};
}

}  // namespace tk::person
