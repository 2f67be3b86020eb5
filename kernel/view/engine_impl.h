// The engine behind engine.h: what is shared by its parts. engine.cpp: opening, reading, writing, upkeep; engine_erase.cpp: erasure.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "kernel/log/bond.h"
#include "kernel/view/catch_up.h"
#include "kernel/view/damaged_entries.h"
#include "kernel/view/engine.h"
#include "kernel/view/rebuild.h"
#include "kernel/view/recent.h"
#include "kernel/view/text_cache.h"
#include "kernel/view/upkeep.h"
#include "kernel/view/writer.h"

namespace tk::view {

class EngineImpl;

class LogFollower final : public Follower {
 public:
  LogFollower(const EngineImpl* engine, uint64_t from_t, Engine::WantsType wants)
      : engine_(engine), next_t_(from_t), wants_(std::move(wants)) {}
  Result<CommittedPtr> Next(int timeout_ms) override;
  uint64_t next_t() const override { return next_t_; }

 private:
  Result<CommittedPtr> FromLog();
  const EngineImpl* engine_;
  uint64_t next_t_;
  const Engine::WantsType wants_;
  std::deque<CommittedPtr> read_ahead_;
};

class EngineImpl final : public Engine {
  static constexpr size_t kRecentTransactions = 50'000;
  static constexpr size_t kRecentBytes = size_t{128} << 20;

 public:
  explicit EngineImpl(EngineOptions options)
      : options_(std::move(options)),
        owners_(options_.definitions),
        recent_(kRecentTransactions, kRecentBytes),
        texts_(options_.text_cache_bytes) {}
  ~EngineImpl() override { Stop(); }

  Status Open(const ViewFactory& make_views);

  Position Head() const override {
    const Writer* writer = writer_.load(std::memory_order_acquire);
    return writer != nullptr ? writer->head() : Position{};
  }
  uint32_t incarnation() const override { return log_->head().incarnation; }
  bool opened() const { return opened_.load(std::memory_order_acquire); }
  bool serving() const override {
    const Writer* writer = writer_.load(std::memory_order_acquire);
    return opened() && writer != nullptr && !writer->fenced();
  }
  bool fenced() const override {
    const Writer* writer = writer_.load(std::memory_order_acquire);
    return writer != nullptr && writer->fenced();
  }
  Status LookAtLog() override;
  bool ready() const override;
  double catch_up_progress() const override;
  std::vector<ViewState> view_states() const override;
  Status RequestRebuild(std::string_view view, std::string why) override;
  Status Pin(const Position& position) override;

  const Directory& directory() const override { return *directory_; }
  View& view(size_t slot) override { return *views_.at(slot); }
  const fhir::Definitions& definitions() const override { return *options_.definitions; }
  const HashKey& hash_key() const override { return keys_->hash_key(); }
  const Owners& owners() const override { return owners_; }

  std::vector<UnknownType> UnknownTypes() const override;
  size_t attachments_lost() const override { return lost_.count(); }
  std::vector<std::string> failing_upkeep() const override { return upkeep_.failing(); }
  size_t entries_damaged() const override { return damaged_.count(); }
  size_t erasures_failed() const override { return erasures_failed_.load(); }
  Result<log::StoredEntry> ReadEntry(Ordinal ordinal) const;
  void NoteDamage(Ordinal ordinal, const Error& why) const;
  void WarmKeysOf(std::span<const log::StoredEntry> entries) const;
  Status WhichIsDamaged(std::span<const Ordinal> ordinals) const;
  Result<ResourcePtr> Read(Ordinal ordinal) const override;
  std::vector<Result<ResourcePtr>> ReadMany(std::span<const Ordinal> ordinals) const override;
  Result<TextPtr> OpenText(Ordinal ordinal) const override;
  Result<std::vector<TextPtr>> OpenTexts(std::span<const Ordinal> ordinals) const override;
  Result<Position> FindTime(Instant at_us) const override {
    const auto point = TRY(log_->FindTime(at_us));
    return Position{point.t, point.end_ordinal};
  }

  std::vector<Status> PrepareAll(std::span<ChangeSet* const> sets) const override;
  void SubmitAll(std::vector<Submission> submissions) override;
  std::unique_ptr<Follower> Follow(uint64_t from_t, WantsType wants) const override {
    return std::make_unique<LogFollower>(this, from_t, std::move(wants));
  }
  Result<Erased> Erase(std::string_view owner_name, const LastLook& look) override;
  bool has_resumed_erasures() const override {
    const std::lock_guard lock(resumed_mutex_);
    return !resumed_.empty();
  }
  Status TellResumedErasures(const std::function<Status(const ResumedErasure&)>& tell) override;
  ErasureState StateOfErasure(OwnerNumber owner) const override;

  log::Log& log() override { return *log_; }
  log::KeyStore& keys() override { return *keys_; }
  log::ContentStore& contents() override { return *contents_; }
  Status Maintain() override;
  Status SaveViews() override;
  Status SaveAll();
  void Stop() override;
  Statistics statistics() const override {
    const Writer* writer = writer_.load(std::memory_order_acquire);
    return writer != nullptr ? writer->statistics() : Statistics{};
  }

 private:
  friend class LogFollower;
  Status OpenStores();
  Status InternTypes();
  Status LoadViews(log::Head head);
  Status StartWriter();
  bool BuildBeside(size_t slot, const Error& why, const Mark& head);
  void AskForRebuilds();
  bool TakeRequest(std::string_view view) const;
  Result<bool> MaintainDirectory();
  void LetGoOfPins();
  Status MergeRuns();
  Status TrainDictionaries();
  Status FinishBegunErasures();
  void CatchUpThenStart();
  void MaintainLoop();
  void SayUnknownTypes() const;
  /// The name of its type, of one that this program does not know too.
  std::string TypeNameOf(const Resource& resource) const;
  Result<TextPtr> Render(const log::StoredEntry& entry) const;
  /// The key of the last change: those of a transaction are mostly of the same person.
  struct LastKey {
    std::string owner;
    std::optional<log::PersonKey> key;
  };
  Status NamePersonsIn(const Change& change, const std::string& owner, ChangeSet* set) const;
  Status PrepareEntries(ChangeSet* set) const;
  Status PrepareViews(ChangeSet* set) const;
  Status FindKey(const Change& change, LastKey* last) const;
  Status PrepareEntry(const Change& change, LastKey* last, log::NewEntry* entry) const;
  Status CheckContext(const std::string& context) const;
  using Identity = DirectoryView::Identity;
  Result<Erased> DeleteAllOf(OwnerNumber owner);
  Result<bool> DeleteSome(std::span<const Ordinal> ordinals, const Position& head, Erased* erased);
  Result<ResourcePtr> ReadToErase(Ordinal ordinal) const;
  Status AddBlindDeletes(std::span<const Identity> gone, ChangeSet* set) const;
  Result<std::vector<Identity>> IdentitiesOf(std::vector<Ordinal> damaged) const;
  Status ReplayErasure(OwnerNumber owner);
  Status ReplayErasures();
  Status ResumeErasures();
  Status EraseProbe(std::string_view step) const {
    return options_.erase_probe ? options_.erase_probe(step) : Status();
  }
  Result<Erased> EraseFollowersOf(OwnerNumber owner);
  Result<bool> EraseFollowers(std::span<const DirectoryView::Follower> followers, OwnerNumber owner,
                              Erased* erased);
  Status AppendErasure(OwnerNumber owner);
  Result<Erased> EraseNoted(OwnerNumber owner);
  Result<Erased> EraseStepByStep(OwnerNumber owner);
  void NoteFailed(OwnerNumber owner, const Error& why);
  void CountFailed();
  Status FinishErasures();
  void NoteResumed(OwnerNumber owner, const Erased& erased);
  void NoteFinished(std::span<const OwnerNumber> begun);
  Outcome SubmitPrepared(std::unique_ptr<ChangeSet> set);
  std::string ViewFolder(std::string_view name) const {
    return options_.folder + "/views/" + std::string(name);
  }
  Mark HeadMark(const log::Head& head) const {
    return {head.incarnation, head.t, head.next_ordinal, options_.definitions->hash(), 0};
  }

  const EngineOptions options_;
  const Owners owners_;
  std::unique_ptr<log::KeyStore> keys_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Codec> codec_;
  std::unique_ptr<log::ContentStore> contents_;
  std::vector<fhir::TypeId> types_;   // by type code
  std::vector<log::TypeCode> codes_;  // by TypeId
  std::unique_ptr<DirectoryView> directory_;
  std::vector<std::unique_ptr<View>> views_;
  mutable LostAttachments lost_;
  Upkeep upkeep_;
  mutable DamagedEntries damaged_;
  std::atomic<int64_t> lost_looked_us_{0};
  CatchUpParts parts_{};
  Recent recent_;
  mutable TextCache texts_;
  std::unique_ptr<Writer> writer_owned_;
  std::atomic<Writer*> writer_{nullptr};
  std::atomic<bool> opened_{false};
  std::unique_ptr<Rebuilder> rebuilder_;  // once opened_
  std::vector<std::string>
      why_rebuild_;  // by slot: why the start leaves it to the rebuilder; "" = it does not
  std::atomic<bool> directory_damaged_{false};

  Ordinal directory_from_ = 1;
  std::vector<Ordinal> view_from_;
  std::atomic<uint64_t> catch_up_at_{0}, catch_up_end_{1};
  std::thread catch_up_thread_, maintenance_thread_;
  std::mutex stop_mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;

  std::mutex pins_mutex_;
  std::map<Ordinal, int64_t> pins_;  // end ordinal → monotonic µs of expiry
  Ordinal released_below_ = 0;

  mutable std::mutex save_mutex_;  // saves, and erasures between their fact and their end
  std::map<OwnerNumber, Instant> unfinished_erasures_;  // whose fact is written, and when; under save_mutex_
  std::vector<OwnerNumber> untold_erasures_;  // of these, those that failed at first; under save_mutex_
  std::map<OwnerNumber, std::string> failed_erasures_;  // → why; under save_mutex_
  std::atomic<size_t> erasures_failed_{0};
  mutable std::mutex resumed_mutex_;
  std::vector<ResumedErasure> resumed_;  // not told yet
  std::atomic<Ordinal> saved_end_{1};
};

}  // namespace tk::view
