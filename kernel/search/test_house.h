// For the tests and benches of the search room: an index over a small directory in memory, fed the way the engine feeds it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/search/index.h"

namespace tk::search {

/// What the directory promises, kept the obvious way.
class SmallDirectory final : public view::Directory {
 public:
  struct Row {
    fhir::TypeId type = fhir::kNoType;
    view::Operation op = view::Operation::kCreate;
    view::OwnerNumber owner = 0;
    uint64_t id_hash = 0;
    uint32_t version = 0;
    view::Ordinal superseded = 0;
  };

  void Append(view::Ordinal ordinal, Row row) {
    std::lock_guard lock(mutex_);
    if (rows_.size() <= ordinal) rows_.resize(ordinal + 1);
    auto& versions = by_id_[row.id_hash];
    if (!versions.empty()) {
      rows_[versions.back()].superseded = ordinal;
      if (rows_[versions.back()].op != view::Operation::kDelete) --live_[row.type];
    }
    versions.push_back(ordinal);
    rows_[ordinal] = row;
    if (row.op != view::Operation::kDelete) ++live_[row.type];
  }
  void Erase(view::OwnerNumber owner) {
    std::lock_guard lock(mutex_);
    erased_.push_back(owner);
  }

  Version Current(uint64_t id_hash, const view::Position& position) const override {
    const auto versions = Versions(id_hash, position, 1);
    return versions.empty() ? Version{0, 0, false} : versions[0];
  }
  std::vector<Version> Versions(uint64_t id_hash, const view::Position& position, size_t max) const override {
    std::lock_guard lock(mutex_);
    std::vector<Version> out;
    const auto at = by_id_.find(id_hash);
    if (at == by_id_.end()) return out;
    for (auto v = at->second.rbegin(); v != at->second.rend() && out.size() < max; ++v) {
      if (*v < position.end_ordinal)
        out.push_back({*v, rows_[*v].version, rows_[*v].op == view::Operation::kDelete});
    }
    return out;
  }
  Column Get(view::Ordinal ordinal) const override {
    std::lock_guard lock(mutex_);
    return {rows_[ordinal].type, rows_[ordinal].op, rows_[ordinal].owner};
  }
  bool Live(view::Ordinal ordinal, const view::Position& position) const override {
    std::lock_guard lock(mutex_);
    if (ordinal >= rows_.size() || ordinal >= position.end_ordinal) return false;
    const Row& row = rows_[ordinal];
    for (view::OwnerNumber owner : erased_) {
      if (row.owner == owner) return false;
    }
    return row.op != view::Operation::kDelete &&
           (row.superseded == 0 || row.superseded >= position.end_ordinal);
  }
  bool InScope(view::Ordinal ordinal, const view::Scope& scope) const override {
    const view::OwnerNumber owner = OwnerNow(Get(ordinal).owner);
    if (scope.all() || owner == 0 || AreaOf(owner) == view::kAreaPublic) return true;
    const auto among = [owner](const std::vector<view::OwnerNumber>& list) {
      return std::find(list.begin(), list.end(), owner) != list.end();
    };
    if (scope.beyond != nullptr && among(scope.beyond->closed)) return false;
    if (scope.everything || (scope.beyond != nullptr && among(scope.beyond->open))) return true;
    if (scope.only_owner != 0) return owner == scope.only_owner;
    return AreaOf(owner) >= scope.area_low && AreaOf(owner) < scope.area_high;
  }
  uint64_t AreaOf(view::OwnerNumber owner) const override {
    std::lock_guard lock(mutex_);
    const auto at = areas_.find(owner);
    return at == areas_.end() ? view::kAreaUnknown : at->second;
  }
  uint64_t AreasGeneration() const override {
    std::lock_guard lock(mutex_);
    return areas_generation_;
  }
  view::OwnerNumber OwnerNow(view::OwnerNumber owner) const override {
    std::lock_guard lock(mutex_);
    const auto at = followed_.find(owner);
    return at == followed_.end() ? owner : at->second;
  }
  void Areas(std::span<const view::Ordinal> ordinals, uint64_t* areas) const override {
    for (size_t i = 0; i < ordinals.size(); ++i) {
      const view::OwnerNumber owner = Get(ordinals[i]).owner;
      areas[i] = owner == 0                 ? view::kAreaPublic
                 : OwnerNow(owner) != owner ? view::kAreaByContext
                                            : AreaOf(owner);
    }
  }
  /// From now on `owner` stands where `other` stands: nothing that is kept of areas tells.
  void Follow(view::OwnerNumber owner, view::OwnerNumber other) {
    std::lock_guard lock(mutex_);
    followed_[owner] = other;
  }
  void SetArea(view::OwnerNumber owner, uint64_t area) {
    std::lock_guard lock(mutex_);
    areas_[owner] = area;
    ++areas_generation_;
  }
  uint64_t LiveCount(fhir::TypeId type) const override {
    std::lock_guard lock(mutex_);
    const auto at = live_.find(type);
    return at == live_.end() ? 0 : at->second;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Row> rows_;
  std::map<uint64_t, std::vector<view::Ordinal>> by_id_;
  std::map<fhir::TypeId, uint64_t> live_;
  std::vector<view::OwnerNumber> erased_;
  std::map<view::OwnerNumber, uint64_t> areas_;
  std::map<view::OwnerNumber, view::OwnerNumber> followed_;
  uint64_t areas_generation_ = 1;
};

/// One writer's life: Put and Delete prepare, apply and publish as the engine does.
class House {
 public:
  explicit House(IndexOptions options = {})
      : options_(std::move(options)), definitions(fhir::Definitions::R4()) {
    options_.hash_key = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    index = Index::Create(definitions, options_, &directory);
  }
  const HashKey& key() const { return options_.hash_key; }
  const IndexOptions& options() const { return options_; }
  view::Position Head() const { return {t, next}; }

  /// 0 if the text is no resource with an id.
  view::Ordinal Put(const std::string& json, view::OwnerNumber owner = 0) {
    auto document = fhir::Document::Parse(json);
    if (!document.ok()) return 0;
    const std::string type = document->Root()["resourceType"].ToString(),
                      id = document->Root()["id"].ToString();
    if (!definitions->IsResource(definitions->FindType(type)) || id.empty()) return 0;
    auto now = std::make_shared<view::Resource>();
    now->type = definitions->FindType(type);
    now->id = id;
    now->owner = owner;
    now->document = std::move(*document);
    return Commit(std::move(now));
  }
  view::Ordinal Delete(const std::string& type, const std::string& id) {
    auto now = std::make_shared<view::Resource>();
    now->type = definitions->FindType(type);
    now->id = id;
    now->op = view::Operation::kDelete;
    return Commit(std::move(now));
  }
  void Erase(view::OwnerNumber owner) {
    view::Change change;
    change.erased_owner = owner;
    auto prepared = index->Prepare(change);
    CHECK(prepared.ok());
    index->Apply(change, **prepared, next++);
    directory.Erase(owner);
    index->Publish(++t, next);
  }

  Result<Page> Ask(const std::string& type, const std::string& text, PageRequest request = {}) const {
    ParseOptions options;
    options.now_us = kNow;
    options.own_base = own_base;
    options.terminology = [this] {
      return std::make_shared<const terminology::Terminology>(*definitions, stored, lists_);
    };
    const Query query = TRY(ParseQuery(*definitions, definitions->FindType(type), text, options));
    if (request.position.t == 0) request.position = Head();
    if (!request.read) request.read = [this](view::Ordinal ordinal) { return Read(ordinal); };
    if (!request.find_time) request.find_time = [this](Instant at) { return FindTime(at); };
    return index->Search(query, request);
  }
  /// All pages; sets `*good` false when pages repeat or fail.
  std::vector<view::Ordinal> AskAll(const std::string& type, const std::string& text, size_t count,
                                    bool* good, PageRequest request = {}) const {
    std::vector<view::Ordinal> all;
    request.count = count;
    for (int pages = 0; pages < 10'000; ++pages) {
      const auto page = Ask(type, text, request);
      if (!page.ok() || page->ordinals.size() > count) {
        *good = false;
        return all;
      }
      all.insert(all.end(), page->ordinals.begin(), page->ordinals.end());
      request.cursor = page->next_cursor;
      if (request.cursor.empty()) return all;
    }
    *good = false;
    return all;
  }
  /// A value set or code system.
  void Store(const std::string& json) {
    auto document = fhir::Document::Parse(json);
    CHECK(document.ok());
    stored.Add(std::make_shared<const fhir::Document>(std::move(*document)));
  }
  /// Entry n is written n seconds after 2020-01-01T00:00:00Z.
  static constexpr Instant kNow = 1'600'000'000'000'000;
  Result<view::ResourcePtr> Read(view::Ordinal ordinal) const {
    const auto at = versions.find(ordinal);
    if (at == versions.end()) return MakeError(ErrorCode::kGone, "erased");
    return at->second;
  }
  static constexpr Instant kBegin = 1'577'836'800'000'000;
  Result<view::Ordinal> FindTime(Instant at) const {
    const int64_t ordinal = at < kBegin ? 0 : (at - kBegin) / kSecondUs;
    return std::min<view::Ordinal>(next, static_cast<view::Ordinal>(ordinal) + 1);
  }

 private:
  IndexOptions options_;
  std::shared_ptr<terminology::Kept> lists_ = terminology::MakeKept();

  view::Ordinal Commit(std::shared_ptr<view::Resource> now) {
    const std::string name = std::string(definitions->Type(now->type).name) + "/" + now->id;
    view::Change change;
    const auto old = current.find(name);
    if (old != current.end()) change.before = old->second;
    now->version = change.before == nullptr ? 1 : change.before->version + 1;
    change.now = now;
    auto prepared = index->Prepare(change);
    CHECK(prepared.ok());
    index->Apply(change, **prepared, next);
    directory.Append(next, {now->type, now->op, now->owner, KeyedHash(key(), name), now->version, 0});
    now->ordinal = next;
    current[name] = now;
    versions[next] = now;
    index->Publish(++t, next + 1);
    return next++;
  }

 public:
  std::shared_ptr<const fhir::Definitions> definitions;
  SmallDirectory directory;
  std::unique_ptr<Index> index;
  std::map<std::string, view::ResourcePtr> current;  // with tombstones
  std::map<view::Ordinal, view::ResourcePtr> versions;
  fhir::MemoryCanonicals stored;  // value sets and code systems
  std::string own_base;           // as in ParseOptions
  uint64_t t = 0;
  view::Ordinal next = 1;
};

}  // namespace tk::search
