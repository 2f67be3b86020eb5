#include "kernel/view/runs.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/view/run_file.h"

namespace tk::view {

std::string RunFile::FileName() const { return fmt::format("{}-{:012}.run", family, number); }

namespace {

template <class Entry>
size_t CountIn(const Entry* data, size_t count, const Entry& low, const Entry& high) {
  size_t n = 0;
  for (size_t i = 0; i < count; ++i) n += IsWithin(data[i], low, high) ? 1 : 0;
  return n;
}

/// Several sorted lists as one.
template <class Entry>
class MergeStream {
 public:
  void AddPart(const EntryList<Entry>& list) {
    readers_.push_back(std::make_unique<ListReader<Entry>>(list));
    Part part{nullptr, nullptr, readers_.back().get()};
    if (part.reader->Next(&part.at, &part.end)) heap_.push_back(part);
  }
  void Begin() { std::make_heap(heap_.begin(), heap_.end(), Later); }
  bool done() const { return heap_.empty(); }
  const Entry& top() const { return *heap_.front().at; }
  void Pop() {
    Part part = heap_.front();
    if (++part.at == part.end && !part.reader->Next(&part.at, &part.end)) {
      part = heap_.back();
      heap_.pop_back();
      if (heap_.empty()) return;
    }
    Sink(part);
  }

 private:
  struct Part {
    const Entry* at;
    const Entry* end;
    ListReader<Entry>* reader;
  };
  static bool Later(const Part& x, const Part& y) { return *y.at < *x.at; }
  void Sink(Part part) {
    size_t hole = 0;
    for (size_t child = 1; child < heap_.size(); child = 2 * hole + 1) {
      if (child + 1 < heap_.size() && *heap_[child + 1].at < *heap_[child].at) ++child;
      if (!(*heap_[child].at < *part.at)) break;
      heap_[hole] = heap_[child];
      hole = child;
    }
    heap_[hole] = part;
  }
  std::vector<Part> heap_;
  std::vector<std::unique_ptr<ListReader<Entry>>> readers_;
};

/// Merges runs: gives surviving adds to `sink` in order, returns surviving antis, sorted.
template <class Entry, class Sink>
Result<std::vector<Entry>> MergeInto(const RunList<Entry>& inputs, uint64_t pinned,
                                     const std::function<bool(const Entry&)>* drop, Sink&& sink) {
  MergeStream<Entry> adds, droppable, kept;
  for (const auto& run : inputs) {
    adds.AddPart(run->adds);
    (run->end_ordinal <= pinned ? droppable : kept).AddPart(run->antis);
  }
  adds.Begin();
  droppable.Begin();
  kept.Begin();
  std::vector<Entry> left, out;
  for (; !adds.done(); adds.Pop()) {
    const Entry& entry = adds.top();
    for (; !droppable.done() && droppable.top() < entry; droppable.Pop()) left.push_back(droppable.top());
    if (!droppable.done() && droppable.top() == entry) {
      droppable.Pop();  // one anti for one add
      continue;
    }
    if (drop == nullptr || !(*drop)(entry)) TRY(sink(entry));
  }
  for (; !droppable.done(); droppable.Pop()) left.push_back(droppable.top());
  auto at = left.begin();
  for (; !kept.done(); kept.Pop()) {
    for (; at != left.end() && *at < kept.top(); ++at) out.push_back(*at);
    out.push_back(kept.top());
  }
  out.insert(out.end(), at, left.end());
  if (drop != nullptr) out.erase(std::remove_if(out.begin(), out.end(), *drop), out.end());
  return out;
}

template <class Entry>
bool AnyOf(const EntryList<Entry>& list, const std::function<bool(const Entry&)>& what) {
  ListReader<Entry> reader(list);
  for (const Entry *first, *last; reader.Next(&first, &last);) {
    if (std::any_of(first, last, what)) return true;
  }
  return false;
}

template <class Entry>
uint64_t WindowEnd(const RunList<Entry>& runs) {
  uint64_t end = 0;
  for (const auto& run : runs) end = std::max(end, run->end_ordinal);
  return end;
}

template <class Entry>
size_t TotalSize(const RunList<Entry>& runs) {
  size_t total = 0;
  for (const auto& run : runs) total += run->size();
  return total;
}

int LevelOf(size_t size) {
  return size <= 1024 ? 0 : (static_cast<int>(std::bit_width(size / 1024)) + 1) / 2;
}

}  // namespace

// Run

template <class Entry>
std::shared_ptr<const Run<Entry>> Run<Entry>::InMemory(std::vector<Entry> adds, std::vector<Entry> antis,
                                                       uint64_t first_ordinal, uint64_t end_ordinal,
                                                       bool filtered) {
  std::shared_ptr<Run> run(new Run);
  run->own_adds_ = std::move(adds);
  run->own_antis_ = std::move(antis);
  run->adds = {run->own_adds_.data(), run->own_adds_.size()};
  run->antis = {run->own_antis_.data(), run->own_antis_.size()};
  run->words_max = run->own_adds_.size();
  if (filtered && run->own_adds_.size() >= kFilterAddsMin) {
    run->own_filter_ = RunFilterBuilder(run->own_adds_.size());
    for (const Entry& entry : run->own_adds_) run->own_filter_.Add(entry.a);
    run->filter = run->own_filter_.filter();
    run->words_max = run->own_filter_.words();
  }
  run->first_ordinal = first_ordinal;
  run->end_ordinal = end_ordinal;
  run->checked = true;
  return run;
}

template <class Entry>
Result<std::shared_ptr<const Run<Entry>>> Run<Entry>::Map(const std::string& folder, const RunFile& file) {
  std::shared_ptr<Run> run(new Run);
  run->path_ = folder + "/" + file.FileName();
  const RunMap map = TRY(MapRunFile(run->path_, sizeof(Entry)));
  run->map_ = map.base;  // from here on the destructor unmaps
  run->map_bytes_ = map.bytes;
  if (map.checksum != file.checksum || map.header.adds != file.adds || map.header.antis != file.antis ||
      map.header.number != file.number || map.header.first_ordinal != file.first_ordinal ||
      map.header.end_ordinal != file.end_ordinal) {
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                     run->path_ + ": not the file that the manifest names");
  }
  RunLists<Entry> lists = TRY(ListsOf<Entry>(map, run->path_));
  run->adds = std::move(lists.adds);
  run->antis = std::move(lists.antis);
  run->filter = lists.filter;
  run->words_max = lists.words_max;
  run->first_ordinal = file.first_ordinal;
  run->end_ordinal = file.end_ordinal;
  run->file = file;
  return std::shared_ptr<const Run>(std::move(run));
}

template <class Entry>
Run<Entry>::~Run() {
  if (map_ != nullptr) UnmapRunFile(map_, map_bytes_);
}

template <class Entry>
Status Run<Entry>::CheckBlocks() const {
  if (map_ != nullptr) TRY(CheckRunBlocks(path_, map_, map_bytes_));
  checked.store(true, std::memory_order_relaxed);
  return {};
}

// Cursor

template <class Entry>
void Cursor<Entry>::Choose() {
  best_ = kNone;
  has_bound_ = false;
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].at == parts_[i].end) continue;
    if (best_ == kNone) {
      best_ = i;
    } else if (After(*parts_[best_].at, *parts_[i].at)) {
      bound_ = *parts_[best_].at;
      has_bound_ = true;
      best_ = i;
    } else if (!has_bound_ || After(bound_, *parts_[i].at)) {
      bound_ = *parts_[i].at;
      has_bound_ = true;
    }
  }
}

template <class Entry>
void Cursor<Entry>::AddRaw(const Entry* first, const Entry* last) {
  if (first == last) return;
  if (step_ > 0)
    parts_.push_back({first, last, nullptr, {}, nullptr});
  else
    parts_.push_back({last - 1, first - 1, nullptr, {}, nullptr});
}

template <class Entry>
void Cursor<Entry>::AddPart(const EntryList<Entry>& list, Ranks ranks) {
  if (list.raw() != nullptr) return AddRaw(list.raw() + ranks.first, list.raw() + ranks.last);
  if (ranks.size() == 0) return;
  Part part{nullptr, nullptr, &list, ranks, std::make_unique<Entry[]>(std::min(ranks.size(), kBlockEntries))};
  Refill(&part);
  parts_.push_back(std::move(part));
}

/// The next block's entries come in sight. False: there is none.
template <class Entry>
bool Cursor<Entry>::Refill(Part* part) {
  Ranks& rest = part->rest;
  if (rest.size() == 0) return false;
  Ranks next = rest;
  if (step_ > 0) {
    next.last = std::min(rest.last, (rest.first / kBlockEntries + 1) * kBlockEntries);
    rest.first = next.last;
  } else {
    next.first = std::max(rest.first, (rest.last - 1) / kBlockEntries * kBlockEntries);
    rest.last = next.first;
  }
  Entry* const sight = part->sight.get();
  part->list->Copy(next.first, next.last, sight);
  part->at = step_ > 0 ? sight : sight + next.size() - 1;
  part->end = step_ > 0 ? sight + next.size() : sight - 1;
  return true;
}

// RunSnapshot

template <class Entry>
int64_t RunSnapshot<Entry>::Count(const Entry& low, const Entry& high) const {
  size_t adds = 0, antis = 0;
  for (const auto& run : *runs_) {
    adds += run->adds.RangeOf(low, high).size();
    antis += run->antis.RangeOf(low, high).size();
  }
  if (tail_ != nullptr) {
    adds += CountIn(tail_->adds, tail_adds_, low, high);
    antis += CountIn(tail_->antis, tail_antis_, low, high);
  }
  return static_cast<int64_t>(adds) - static_cast<int64_t>(antis);
}

template <class Entry>
uint64_t RunSnapshot<Entry>::CountAdds(const Entry& low, const Entry& high) const {
  size_t adds = 0;
  for (const auto& run : *runs_) adds += run->adds.RangeOf(low, high).size();
  return adds + (tail_ != nullptr ? CountIn(tail_->adds, tail_adds_, low, high) : 0);
}

template <class Entry>
RunPlaces<Entry> RunSnapshot<Entry>::PlacesOf(const Entry& low, const Entry& high) const {
  RunPlaces<Entry> places{low, high, {}, 0, 0};
  if (tail_adds_ > 0) places.in_tail = CountIn(tail_->adds, tail_adds_, low, high);
  places.adds = places.in_tail;
  for (const auto& run : *runs_) {
    if (!run->MayHave(low, high)) continue;
    const Ranks ranks = run->adds.RangeOf(low, high);
    if (ranks.size() == 0) continue;
    places.lists.emplace_back(&run->adds, ranks);
    places.adds += ranks.size();
  }
  return places;
}

template <class Entry>
bool RunSnapshot<Entry>::Contains(const Entry& entry) const {
  for (const auto& run : *runs_) {
    if (run->adds.Contains(entry)) return true;
  }
  if (tail_ == nullptr) return false;
  return std::find(tail_->adds, tail_->adds + tail_adds_, entry) != tail_->adds + tail_adds_;
}

template <class Entry>
const Run<Entry>* RunSnapshot<Entry>::RunOf(uint64_t ordinal) const {
  // Windows follow each other, oldest first; between two there may be positions of which no run has anything.
  const auto at = std::partition_point(runs_->begin(), runs_->end(),
                                       [&](const auto& run) { return run->end_ordinal <= ordinal; });
  return at == runs_->end() ? nullptr : at->get();
}

template <class Entry>
bool RunSnapshot<Entry>::ContainsAt(uint64_t ordinal, const Entry& entry) const {
  if (const Run<Entry>* run = RunOf(ordinal)) return run->adds.Contains(entry);
  return tail_ != nullptr &&
         std::find(tail_->adds, tail_->adds + tail_adds_, entry) != tail_->adds + tail_adds_;
}

template <class Entry>
Cursor<Entry> RunSnapshot<Entry>::Walk(const Entry& low, const Entry& high, ptrdiff_t step) const {
  Cursor<Entry> cursor;
  cursor.step_ = step;
  cursor.parts_.reserve(runs_->size() + 1);
  for (const auto& run : *runs_) {
    if (run->MayHave(low, high)) cursor.AddPart(run->adds, run->adds.RangeOf(low, high));
  }
  const size_t in_tail = tail_adds_ > 0 && tail_->MayHave(low, high) ? tail_adds_ : 0;
  for (size_t i = 0; i < in_tail; ++i) {
    const Entry& entry = tail_->adds[i];
    if (IsWithin(entry, low, high)) cursor.tail_.push_back(entry);
  }
  std::sort(cursor.tail_.begin(), cursor.tail_.end());
  // The vector's buffer moves along with the cursor, so these pointers stay good.
  cursor.AddRaw(cursor.tail_.data(), cursor.tail_.data() + cursor.tail_.size());
  cursor.Choose();
  return cursor;
}

template <class Entry>
uint64_t RunSnapshot<Entry>::adds() const {
  uint64_t n = tail_adds_;
  for (const auto& run : *runs_) n += run->adds.size();
  return n;
}

template <class Entry>
uint64_t RunSnapshot<Entry>::antis() const {
  uint64_t n = tail_antis_;
  for (const auto& run : *runs_) n += run->antis.size();
  return n;
}

// Runs

template <class Entry>
Runs<Entry>::Runs(RunsOptions options) : options_(std::move(options)) {
  published_.runs_ = std::make_shared<const RunList<Entry>>();
}

template <class Entry>
RunSnapshot<Entry> Runs<Entry>::snapshot() const {
  std::lock_guard lock(mutex_);
  return published_;
}

template <class Entry>
void Runs<Entry>::Publish(uint64_t end_ordinal) {
  // Only the writer changes the tail's lengths, so it may read them without the lock.
  const size_t adds = published_.tail_adds_, antis = published_.tail_antis_;
  if (std::exchange(seal_next_, false) || adds + new_adds_.size() > RunTail<Entry>::kMax ||
      antis + new_antis_.size() > RunTail<Entry>::kMax)
    return Seal(end_ordinal);
  if (tail_ == nullptr && !(new_adds_.empty() && new_antis_.empty())) {
    tail_ = std::make_shared<RunTail<Entry>>();
    tail_->filtered = options_.filtered;
  }
  if (tail_ != nullptr) {
    if (options_.filtered) {
      for (const Entry& entry : new_adds_) tail_->Note(entry.a);
    }
    std::copy(new_adds_.begin(), new_adds_.end(), tail_->adds + adds);
    std::copy(new_antis_.begin(), new_antis_.end(), tail_->antis + antis);
  }
  std::lock_guard lock(mutex_);
  published_.tail_ = tail_;
  published_.tail_adds_ = adds + new_adds_.size();
  published_.tail_antis_ = antis + new_antis_.size();
  published_.end_ordinal_ = end_ordinal;
  new_adds_.clear();
  new_antis_.clear();
}

template <class Entry>
void Runs<Entry>::Seal(uint64_t end_ordinal) {
  if (tail_ != nullptr) {
    new_adds_.insert(new_adds_.end(), tail_->adds, tail_->adds + published_.tail_adds_);
    new_antis_.insert(new_antis_.end(), tail_->antis, tail_->antis + published_.tail_antis_);
  }
  if (new_adds_.empty() && new_antis_.empty()) {
    // No run: the next one's window begins where the last one's ends, so nothing is missing.
    std::lock_guard lock(mutex_);
    published_.end_ordinal_ = end_ordinal;
    return;
  }
  std::sort(new_adds_.begin(), new_adds_.end());
  std::sort(new_antis_.begin(), new_antis_.end());
  const size_t room = new_adds_.size();
  RunPtr run = Run<Entry>::InMemory(std::move(new_adds_), std::move(new_antis_), tail_first_ordinal_,
                                    end_ordinal, options_.filtered);
  new_adds_ = {};
  new_antis_ = {};
  new_adds_.reserve(room);
  tail_ = nullptr;
  tail_first_ordinal_ = end_ordinal;
  auto list = std::make_shared<RunList<Entry>>();
  std::lock_guard lock(mutex_);
  list->reserve(published_.runs_->size() + 1);
  *list = *published_.runs_;
  list->push_back(std::move(run));
  published_.runs_ = std::move(list);
  published_.tail_ = nullptr;
  published_.tail_adds_ = published_.tail_antis_ = 0;
  published_.end_ordinal_ = end_ordinal;
}

template <class Entry>
typename Runs<Entry>::Stretch Runs<Entry>::Due(const RunList<Entry>& runs) {
  constexpr size_t kFanIn = 4, kAtOnceMax = 16;
  for (int level = 0; level <= 40; ++level) {
    // A stretch: neighbours of at most this level, four of them exactly of it; smaller ones caught between go along.
    size_t first = 0, exact = 0, last_exact = 0;
    for (size_t i = 0; i <= runs.size(); ++i) {
      const int own = i < runs.size() ? LevelOf(runs[i]->size()) : 1 << 20;
      if (own == level) {
        ++exact;
        last_exact = i;
      }
      if (own > level || exact == kAtOnceMax) {
        if (exact >= kFanIn) return {first, last_exact + 1 - first};
        first = i + 1;
        exact = 0;
      }
    }
  }
  return {};
}

template <class Entry>
Result<RunFile> Runs<Entry>::WriteMerged(const RunList<Entry>& inputs, uint64_t pinned, const Drop* drop) {
  RunFile file;
  file.family = options_.family;
  file.number = next_number_++;
  file.first_ordinal = inputs.front()->first_ordinal;
  file.end_ordinal = WindowEnd(inputs);
  TRY(MakeFolder(options_.folder));  // a merge may come before the first save, and folders may be taken away
  auto writer = TRY(RunFileWriter::Create(options_.folder + "/" + file.FileName()));
  uint64_t words_max = 0, adds_max = 0;
  for (const auto& run : inputs) {
    words_max += run->words_max;
    adds_max += run->adds.size();
  }
  const bool filtered = options_.filtered && adds_max >= kFilterAddsMin;
  ListWriter<Entry> lists(writer.get(), options_.layout,
                          filtered ? RunFilterBuilder(words_max) : RunFilterBuilder());
  const std::vector<Entry> antis =
      TRY(MergeInto(inputs, pinned, drop, [&](const Entry& entry) { return lists.Add(entry); }));
  for (const Entry& entry : antis) TRY(lists.Anti(entry));
  RunHeader header{};
  header.data_bytes = TRY(lists.Finish());
  header.format_version = lists.format_version();
  header.layout = static_cast<uint32_t>(options_.layout);
  file.adds = lists.adds();
  file.antis = lists.antis();
  header.entry_bytes = sizeof(Entry);
  header.adds = file.adds;
  header.antis = file.antis;
  header.first_ordinal = file.first_ordinal;
  header.end_ordinal = file.end_ordinal;
  header.number = file.number;
  file.checksum = TRY(writer->Finish(header));
  return file;
}

template <class Entry>
Result<typename Runs<Entry>::RunPtr> Runs<Entry>::Merge(const RunList<Entry>& inputs, const Drop* drop) {
  const uint64_t pinned = oldest_pinned_.load(std::memory_order_relaxed);
  // What nobody has checked yet is checked now: in the new file damage would bear a good checksum.
  for (const RunPtr& run : inputs) {
    if (!run->checked.load(std::memory_order_relaxed)) TRY(run->CheckBlocks());
  }
  if (!options_.folder.empty() && TotalSize(inputs) >= options_.file_entries_min) {
    const RunFile file = TRY(WriteMerged(inputs, pinned, drop));
    RunPtr run = TRY(Run<Entry>::Map(options_.folder, file));
    run->checked = true;  // we wrote it ourselves
    return run;
  }
  std::vector<Entry> adds;
  adds.reserve(TotalSize(inputs));
  std::vector<Entry> antis = TRY(MergeInto(inputs, pinned, drop, [&](const Entry& entry) -> Status {
    adds.push_back(entry);
    return {};
  }));
  return Run<Entry>::InMemory(std::move(adds), std::move(antis), inputs.front()->first_ordinal,
                              WindowEnd(inputs), options_.filtered);
}

template <class Entry>
void Runs<Entry>::Install(const RunList<Entry>& inputs, RunPtr merged) {
  std::lock_guard lock(mutex_);
  const RunList<Entry>& now = *published_.runs_;
  // The writer only appends, and only one of us merges: the inputs still lie together.
  const auto at = std::find(now.begin(), now.end(), inputs.front());
  CHECK(static_cast<size_t>(now.end() - at) >= inputs.size());
  auto list = std::make_shared<RunList<Entry>>(now.begin(), at);
  if (merged->size() > 0) list->push_back(std::move(merged));  // everything may have been dropped
  list->insert(list->end(), at + static_cast<ptrdiff_t>(inputs.size()), now.end());
  published_.runs_ = std::move(list);
}

template <class Entry>
bool Runs<Entry>::LacksFilter(const Run<Entry>& run) const {
  return options_.filtered && run.mapped() && !run.filter.exists() && run.adds.size() >= kFilterAddsMin;
}

template <class Entry>
Result<bool> Runs<Entry>::Maintain() {
  std::lock_guard background(background_mutex_);
  const RunSnapshot<Entry> state = snapshot();
  Stretch due = Due(state.runs());
  for (size_t i = 0; due.count == 0 && i < state.runs().size(); ++i) {
    if (LacksFilter(*state.runs()[i])) due = {i, 1};
  }
  if (due.count == 0) return false;
  const auto first = state.runs().begin() + static_cast<ptrdiff_t>(due.first);
  const RunList<Entry> inputs(first, first + static_cast<ptrdiff_t>(due.count));
  Install(inputs, TRY(Merge(inputs, nullptr)));
  return true;
}

template <class Entry>
Status Runs<Entry>::Rewrite(const Drop& drop) {
  std::lock_guard background(background_mutex_);
  const RunSnapshot<Entry> state = snapshot();
  for (const RunPtr& run : state.runs()) {
    if (!AnyOf(run->adds, drop) && !AnyOf(run->antis, drop)) continue;
    const RunList<Entry> input{run};
    Install(input, TRY(Merge(input, &drop)));
  }
  return {};
}

template <class Entry>
Result<std::vector<RunFile>> Runs<Entry>::Save(const RunSnapshot<Entry>& state) {
  std::lock_guard background(background_mutex_);
  if (options_.folder.empty()) return MakeError(ErrorCode::kInternal, "this view has no folder");
  std::vector<RunFile> files;
  RunList<Entry> loose;  // neighbours in memory, written as one
  auto write_loose = [&]() -> Status {
    if (loose.empty()) return {};
    RunFile file = TRY(WriteMerged(loose, oldest_pinned_.load(std::memory_order_relaxed), nullptr));
    if (file.adds + file.antis > 0) files.push_back(std::move(file));  // else RemoveUnused takes it
    loose.clear();
    return {};
  };
  for (const auto& run : state.runs()) {
    if (run->mapped()) {
      TRY(write_loose());
      files.push_back(run->file);
    } else {
      loose.push_back(run);
    }
  }
  if (state.tail_adds_ + state.tail_antis_ > 0) {
    std::vector<Entry> adds(state.tail_->adds, state.tail_->adds + state.tail_adds_);
    std::vector<Entry> antis(state.tail_->antis, state.tail_->antis + state.tail_antis_);
    std::sort(adds.begin(), adds.end());
    std::sort(antis.begin(), antis.end());
    const uint64_t first = state.runs().empty() ? 1 : state.runs().back()->end_ordinal;
    loose.push_back(
        Run<Entry>::InMemory(std::move(adds), std::move(antis), first, state.end_ordinal(), false));
  }
  TRY(write_loose());
  return files;
}

template <class Entry>
Status Runs<Entry>::Load(const std::vector<RunFile>& files, uint64_t end_ordinal) {
  Clear();
  std::lock_guard background(background_mutex_);
  auto list = std::make_shared<RunList<Entry>>();
  uint64_t eager = options_.eager_check_bytes_max;
  for (const RunFile& file : files) {
    if (file.family != options_.family) continue;
    // Former programs kept runs with nothing in them, even of a window without a position: they are not used, and the next Save does not name them.
    if (file.adds + file.antis == 0) continue;
    RunPtr run = TRY(Run<Entry>::Map(options_.folder, file));
    const uint64_t bytes = run->file_bytes();
    if (bytes <= eager) {
      TRY(run->CheckBlocks());
      eager -= bytes;
    }
    next_number_ = std::max(next_number_, file.number + 1);
    list->push_back(std::move(run));
  }
  tail_first_ordinal_ = end_ordinal;
  std::lock_guard lock(mutex_);
  published_.runs_ = std::move(list);
  published_.end_ordinal_ = end_ordinal;
  return {};
}

template <class Entry>
void Runs<Entry>::RemoveUnused(const std::vector<RunFile>& kept) {
  std::lock_guard background(background_mutex_);
  std::vector<std::string> names;
  for (const RunFile& file : kept) names.push_back(file.FileName());
  const RunSnapshot<Entry> state = snapshot();
  for (const auto& run : state.runs()) {
    if (run->mapped()) names.push_back(run->file.FileName());
  }
  std::error_code error;
  std::vector<std::filesystem::path> unused;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(options_.family + "-", 0) == 0 &&
        std::find(names.begin(), names.end(), name) == names.end())
      unused.push_back(entry.path());
  }
  for (const auto& path : unused)
    std::filesystem::remove(path, error);  // what cannot be removed is tried again next time
}

template <class Entry>
Result<bool> Runs<Entry>::CheckNext() {
  const RunSnapshot<Entry> state = snapshot();
  for (const auto& run : state.runs()) {
    if (run->checked.load(std::memory_order_relaxed)) continue;
    TRY(run->CheckBlocks());
    return true;
  }
  return false;
}

template <class Entry>
void Runs<Entry>::Clear() {
  std::lock_guard background(background_mutex_);
  new_adds_.clear();
  new_antis_.clear();
  tail_ = nullptr;
  tail_first_ordinal_ = 1;
  // Files of before may still be in the folder (a saved view that was refused): numbers go on above them.
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(options_.family + "-", 0) != 0) continue;
    next_number_ = std::max<uint64_t>(
        next_number_, std::strtoull(name.c_str() + options_.family.size() + 1, nullptr, 10) + 1);
  }
  std::lock_guard lock(mutex_);
  published_ = {};
  published_.runs_ = std::make_shared<const RunList<Entry>>();
}

template <class Entry>
size_t Runs<Entry>::memory_bytes() const {
  const RunSnapshot<Entry> state = snapshot();
  size_t bytes = 0;
  for (const auto& run : state.runs())
    bytes += run->mapped() ? 0 : run->size() * sizeof(Entry) + run->filter.bytes();
  return bytes + (state.tail_ != nullptr ? sizeof(RunTail<Entry>) : 0);
}

template <class Entry>
size_t Runs<Entry>::disk_bytes() const {
  const RunSnapshot<Entry> state = snapshot();
  size_t bytes = 0;
  for (const auto& run : state.runs()) bytes += run->file_bytes();
  return bytes;
}

template class Run<Entry16>;
template class Run<Entry24>;
template class Run<Entry32>;
template class Cursor<Entry16>;
template class Cursor<Entry24>;
template class Cursor<Entry32>;
template class RunSnapshot<Entry16>;
template class RunSnapshot<Entry24>;
template class RunSnapshot<Entry32>;
template class Runs<Entry16>;
template class Runs<Entry24>;
template class Runs<Entry32>;

}  // namespace tk::view
