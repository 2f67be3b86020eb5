// The table of member names: open addressing over 32-byte slots, so that a look-up of a usual name (up to 16 bytes, which lie
// in the slot itself) touches one cache line. Readers take no lock: a slot is published by its id, a grown table by its pointer.
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/base/hash.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {
namespace {

constexpr size_t kNamesMax = 65'534;
constexpr size_t kChunk = 1024;

struct Slot {
  uint64_t head = 0;  // the first bytes
  uint64_t tail = 0;  // the last eight bytes (overlapping), 0 for names of less than eight
  const char* text = nullptr;
  uint32_t size = 0;
  std::atomic<NameId> id{kNoName};  // kNoName: empty; written last
};

struct SlotTable {
  explicit SlotTable(size_t count) : slots(count), mask(count - 1) {}
  std::vector<Slot> slots;
  size_t mask;
};

struct NameKey {
  uint64_t head = 0;
  uint64_t tail = 0;
};

template <class T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

NameKey KeyOf(std::string_view name) {
  const char* p = name.data();
  const size_t n = name.size();
  if (n >= 8) return {Load<uint64_t>(p), Load<uint64_t>(p + n - 8)};
  if (n >= 4) return {Load<uint32_t>(p) | uint64_t{Load<uint32_t>(p + n - 4)} << 32, 0};
  if (n == 0) return {};
  const auto byte = [p](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(p[i])); };
  return {byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16, 0};
}

size_t HashOf(const NameKey& key, size_t size) {
  uint64_t x = key.head * 0x9e3779b97f4a7c15ULL ^ (key.tail + size) * 0xc2b2ae3d27d4eb4fULL;
  x ^= x >> 32;
  return static_cast<size_t>(x * 0xd6e8feb86659fd93ULL >> 20);
}

bool Same(const Slot& slot, const NameKey& key, std::string_view name) {
  return slot.head == key.head && slot.tail == key.tail && slot.size == name.size() &&
         (name.size() <= 16 || std::memcmp(slot.text + 8, name.data() + 8, name.size() - 16) == 0);
}

class NameTable {
 public:
  NameTable() {
    tables_.push_back(std::make_unique<SlotTable>(8192));
    table_.store(tables_.back().get(), std::memory_order_release);
    chunks_[0].store(NewChunk(), std::memory_order_release);
  }

  NameId Find(std::string_view name) const {
    const NameKey key = KeyOf(name);
    const SlotTable& table = *table_.load(std::memory_order_acquire);
    for (size_t i = HashOf(key, name.size());; ++i) {
      const Slot& slot = table.slots[i & table.mask];
      const NameId id = slot.id.load(std::memory_order_acquire);
      if (id == kNoName) return kUnknownName;
      if (Same(slot, key, name)) return id;
    }
  }

  NameId Intern(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (const NameId known = Find(name); known != kUnknownName) return known;
    CHECK(count_ < kNamesMax);
    auto text = std::make_unique<char[]>(name.size() + 1);
    if (!name.empty()) std::memcpy(text.get(), name.data(), name.size());
    texts_.push_back(std::move(text));
    const auto id = static_cast<NameId>(++count_);
    std::atomic<std::string_view*>& chunk = chunks_[id / kChunk];
    if (chunk.load(std::memory_order_relaxed) == nullptr) chunk.store(NewChunk(), std::memory_order_release);
    chunk.load(std::memory_order_relaxed)[id % kChunk] = {texts_.back().get(), name.size()};
    if (count_ * 2 > tables_.back()->mask) Grow();
    Put(*tables_.back(), Text(id), id);
    return id;
  }

  std::string_view Text(NameId id) const {
    if (id == kNoName || id == kUnknownName) return {};
    const std::string_view* chunk = chunks_[id / kChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? std::string_view{} : chunk[id % kChunk];
  }

 private:
  std::string_view* NewChunk() {
    chunk_memory_.push_back(std::make_unique<std::array<std::string_view, kChunk>>());
    return chunk_memory_.back()->data();
  }

  static void Put(SlotTable& table, std::string_view name, NameId id) {
    const NameKey key = KeyOf(name);
    size_t i = HashOf(key, name.size());
    while (table.slots[i & table.mask].id.load(std::memory_order_relaxed) != kNoName) ++i;
    Slot& slot = table.slots[i & table.mask];
    slot.head = key.head;
    slot.tail = key.tail;
    slot.text = name.data();
    slot.size = static_cast<uint32_t>(name.size());
    slot.id.store(id, std::memory_order_release);
  }

  // Old tables stay: a reader may still be in one.
  void Grow() {
    auto bigger = std::make_unique<SlotTable>((tables_.back()->mask + 1) * 4);
    for (size_t id = 1; id < count_; ++id)
      Put(*bigger, Text(static_cast<NameId>(id)), static_cast<NameId>(id));
    tables_.push_back(std::move(bigger));
    table_.store(tables_.back().get(), std::memory_order_release);
  }

  std::mutex mutex_;
  std::atomic<const SlotTable*> table_;
  std::array<std::atomic<std::string_view*>, 64> chunks_{};
  std::vector<std::unique_ptr<SlotTable>> tables_;
  std::vector<std::unique_ptr<std::array<std::string_view, kChunk>>> chunk_memory_;
  std::vector<std::unique_ptr<char[]>> texts_;
  size_t count_ = 0;
};

NameTable& TheNames() {
  static NameTable* const names = new NameTable;  // never destroyed: documents may outlive static objects
  return *names;
}

}  // namespace

NameId Names::Find(std::string_view name) { return TheNames().Find(name); }
NameId Names::Intern(std::string_view name) { return TheNames().Intern(name); }
std::string_view Names::Text(NameId id) { return TheNames().Text(id); }

}  // namespace tk::fhir
