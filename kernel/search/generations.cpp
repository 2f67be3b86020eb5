// The index in generations: one serves, a second may be built beside it. Every question goes to the one that serves, whole.
// Folder: <n>/ a generation's run files and manifest · current: the number of the one that serves, renamed into place when it was saved
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <filesystem>
#include <mutex>

#include "kernel/base/file.h"
#include "kernel/search/generation.h"
#include "kernel/search/saved_parameters.h"

namespace tk::search {
namespace {

using IndexPtr = std::shared_ptr<GeneratedIndex>;

class Generations final : public Index {
 public:
  Generations(std::shared_ptr<const fhir::Definitions> definitions, const IndexOptions& options,
              const view::Directory* directory)
      : base_(std::move(definitions)),
        options_(options),
        directory_(directory),
        wanted_(base_),
        wanted_parameters_(PrintParameters(DescribeParameters(*base_))) {}

  std::string_view name() const override { return "search"; }
  uint32_t format_version() const override {
    const IndexPtr serving = Serving();
    return serving == nullptr ? 0 : serving->format_version();
  }

  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override {
    const IndexPtr serving = Serving();
    if (serving == nullptr) return std::unique_ptr<view::Prepared>();
    return serving->Prepare(change);
  }
  // The writer's thread alone changes what it calls here.
  void Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) override {
    if (serving_ != nullptr) serving_->Apply(change, prepared, ordinal);
  }
  void ApplyKey(uint64_t key, view::Ordinal first_ordinal) override {
    if (serving_ != nullptr) serving_->ApplyKey(key, first_ordinal);
  }
  void Publish(uint64_t t, view::Ordinal end_ordinal) override {
    if (serving_ != nullptr) serving_->Publish(t, end_ordinal);
  }

  Result<view::Mark> Save(const std::string& folder, const view::Mark& mark) override;
  Result<view::Mark> Load(const std::string& folder, const view::Mark& log_head) override;
  void Clear() override;
  bool Maintain() override {
    const IndexPtr serving = Serving();
    return serving != nullptr && serving->Maintain();
  }
  Status Forget(std::span<const view::OwnerNumber> owners) override;
  void SetOldestPinned(view::Ordinal ordinal) override {
    const std::lock_guard lock(mutex_);
    oldest_pinned_ = ordinal;
    for (const IndexPtr& each : {serving_, next_}) {
      if (each != nullptr) each->SetOldestPinned(ordinal);
    }
  }
  view::Standing standing() const override {
    const IndexPtr serving = Serving();
    if (serving == nullptr) return view::Standing::kUnusable;
    const view::Standing standing = serving->standing();
    if (standing != view::Standing::kSound) return standing;
    (void)definitions();
    const std::lock_guard lock(wanted_mutex_);
    return serving->parameters() == wanted_parameters_ ? standing : view::Standing::kOutdated;
  }
  std::shared_ptr<const fhir::Definitions> definitions() const override;
  Result<View*> BeginRebuild() override;
  void RebuildReached(view::Ordinal at, view::Ordinal end) override {
    reached_.store(end == 0 ? 0 : at * 100 / end, std::memory_order_relaxed);
  }
  void SwitchOver() override;
  void DropRebuild() override;
  size_t memory_bytes() const override { return Sum(&view::View::memory_bytes); }
  size_t disk_bytes() const override { return Sum(&view::View::disk_bytes); }

  Status CheckParameter(std::string_view id, const fhir::Document& parameter,
                        std::span<const view::ResourcePtr> beside) const override {
    return TRY(Sound())->CheckParameter(id, parameter, beside);
  }
  Result<Page> Search(const Query& query, const PageRequest& request) const override {
    return HowFar(TRY(Sound())->Search(query, request));
  }
  Result<uint64_t> Count(const Query& query, const PageRequest& request) const override {
    return HowFar(TRY(Sound())->Count(query, request));
  }
  Result<Included> Include(const Query& query, std::span<const view::Ordinal> matches,
                           const IncludeRequest& request) const override {
    return HowFar(TRY(Sound())->Include(query, matches, request));
  }
  Result<std::vector<view::Ordinal>> Compartment(std::string_view patient_id,
                                                 const view::Position& position) const override {
    return HowFar(TRY(Sound())->Compartment(patient_id, position));
  }
  Result<std::vector<view::Ordinal>> ReferencesTo(std::string_view type_and_id,
                                                  const view::Position& position) const override {
    return HowFar(TRY(Sound())->ReferencesTo(type_and_id, position));
  }
  std::vector<Issue> FaultsOf(std::string_view url) const override {
    const IndexPtr serving = Serving();
    return serving == nullptr ? std::vector<Issue>() : serving->FaultsOf(url);
  }
  Result<view::Ordinal> FindKey(uint64_t key, const view::Position& position) const override {
    return TRY(Sound())->FindKey(key, position);
  }
  bool MayAffect(const view::Prepared& prepared, fhir::TypeId changed_type,
                 const Query& query) const override {
    const IndexPtr serving = Serving();
    return serving == nullptr || serving->MayAffect(prepared, changed_type, query);
  }
  Result<Meant> WhoIsMeant(std::span<const Made> changes, std::span<const Query* const> queries,
                           const MeantOptions& options) const override {
    const IndexPtr serving = Serving();
    if (serving == nullptr) return Meant();
    return serving->WhoIsMeant(changes, queries, options);
  }

 private:
  IndexPtr Serving() const {
    const std::lock_guard lock(mutex_);
    return serving_;
  }
  /// The one that can answer. Errors: kUnavailable with how far the next one is.
  Result<IndexPtr> Sound() const {
    IndexPtr serving = Serving();
    if (serving != nullptr && serving->standing() != view::Standing::kUnusable) return serving;
    return MakeError(ErrorCode::kUnavailable,
                     fmt::format("The search index is being built, {} % are done: reads by id and plain "
                                 "writes go on, for the rest try again later.",
                                 reached_.load(std::memory_order_relaxed)));
  }
  /// What an old generation does not know is in the one that is being built.
  template <class Value>
  Result<Value> HowFar(Result<Value> answer) const {
    if (answer.ok() || answer.error().code != ErrorCode::kUnavailable) return answer;
    Error error = answer.error();
    error.external +=
        fmt::format(" {} % are done, try again later.", reached_.load(std::memory_order_relaxed));
    return error;
  }
  size_t Sum(size_t (view::View::*bytes)() const) const {
    const std::lock_guard lock(mutex_);
    return (serving_ == nullptr ? 0 : (serving_.get()->*bytes)()) +
           (next_ == nullptr ? 0 : (next_.get()->*bytes)());
  }
  std::string FolderOf(uint64_t number) const { return fmt::format("{}/{}", options_.folder, number); }
  IndexPtr Make(uint64_t number) const {
    IndexOptions options = options_;
    options.folder = options_.folder.empty() ? std::string() : FolderOf(number);
    return GeneratedIndex::Create(base_, definitions(), options, directory_);
  }
  Result<uint64_t> ReadCurrent() const;
  void RemoveOthers();

  const std::shared_ptr<const fhir::Definitions> base_;
  const IndexOptions options_;
  const view::Directory* const directory_;

  mutable std::mutex wanted_mutex_;                          // what follows; taken before mutex_
  mutable std::shared_ptr<const fhir::Definitions> wanted_;  // base_ with what is stored
  mutable std::string wanted_parameters_;
  mutable std::vector<std::string> wanted_texts_;
  mutable uint64_t heard_number_ = 0,
                   heard_version_ = 0;  // of whose stored parameters, and of which version, these are

  mutable std::mutex mutex_;  // the pointers; taken for copies only
  IndexPtr serving_, next_, former_;
  uint64_t serving_number_ = 0, next_number_ = 0, last_number_ = 0;
  uint64_t current_number_ = 0;  // what the file `current` says; saver's
  view::Ordinal oldest_pinned_ = 0;
  std::atomic<uint64_t> reached_{0};  // percent
};

// A change costs whoever asks first tens of ms; everybody else two locks.
std::shared_ptr<const fhir::Definitions> Generations::definitions() const {
  const std::lock_guard lock(wanted_mutex_);
  IndexPtr serving;
  uint64_t number = 0;
  {
    const std::lock_guard pointers(mutex_);
    serving = serving_;
    number = serving_number_;
  }
  if (serving == nullptr) return wanted_;
  const uint64_t version = serving->custom().version();
  if (number == heard_number_ && version == heard_version_) return wanted_;
  std::vector<std::string> texts = serving->custom().Texts();
  if (texts != wanted_texts_) {
    wanted_ = WithCustom(base_, texts);
    wanted_parameters_ = PrintParameters(DescribeParameters(*wanted_));
    wanted_texts_ = std::move(texts);
  }
  heard_number_ = number;
  heard_version_ = version;
  return wanted_;
}

Result<uint64_t> Generations::ReadCurrent() const {
  const std::string text = TRY(ReadFile(options_.folder + "/current", 64));
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != '\n' || number == 0)
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                     options_.folder + "/current");
  return number;
}

// Everything in the folder that is neither of the generation that serves nor of the one being built: former ones, and what a kill left.
void Generations::RemoveOthers() {
  std::string keep_serving, keep_next;
  {
    const std::lock_guard lock(mutex_);
    former_ = nullptr;
    if (serving_ != nullptr) keep_serving = std::to_string(serving_number_);
    if (next_ != nullptr) keep_next = std::to_string(next_number_);
  }
  std::error_code error;
  std::vector<std::filesystem::path> unused;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name != keep_serving && name != keep_next && name != "current") unused.push_back(entry.path());
  }
  for (const auto& path : unused)
    std::filesystem::remove_all(path, error);  // what cannot be removed is tried again next time
}

Result<view::Mark> Generations::Save(const std::string& folder, const view::Mark& mark) {
  if (folder != options_.folder)
    return MakeError(ErrorCode::kInternal, "the search index is saved where its files lie", folder);
  const IndexPtr serving = Serving();
  if (serving == nullptr) return mark;  // nothing to lose
  const uint64_t number = serving_number_;
  TRY(MakeFolder(FolderOf(number)));
  const view::Mark saved = TRY(serving->Save(FolderOf(number), mark));
  if (current_number_ == number) return saved;
  TRY(SyncFolder(options_.folder));
  TRY(WriteFileDurable(options_.folder + "/current", fmt::format("{}\n", number)));
  current_number_ = number;
  RemoveOthers();
  return saved;
}

Result<view::Mark> Generations::Load(const std::string& folder, const view::Mark& log_head) {
  if (folder != options_.folder)
    return MakeError(ErrorCode::kInternal, "the search index is loaded from where its files lie", folder);
  // A number is never used twice while a folder of it may lie there.
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    last_number_ = std::max<uint64_t>(last_number_,
                                      std::strtoull(entry.path().filename().string().c_str(), nullptr, 10));
  const uint64_t number = TRY(ReadCurrent());
  IndexPtr loaded = Make(number);  // adds what it has stored itself
  const view::Mark mark = TRY(loaded->Load(FolderOf(number), log_head));
  loaded->SetOldestPinned(oldest_pinned_);
  {
    const std::lock_guard lock(wanted_mutex_);
    wanted_ = loaded->definitions();
    wanted_parameters_ = PrintParameters(DescribeParameters(*wanted_));
    wanted_texts_ = loaded->custom().Texts();
  }
  {
    const std::lock_guard lock(mutex_);
    serving_ = std::move(loaded);
    serving_number_ = current_number_ = number;
  }
  RemoveOthers();
  return mark;
}

void Generations::Clear() {
  IndexPtr fresh = Make(++last_number_);
  if (!options_.folder.empty()) (void)MakeFolder(FolderOf(last_number_));  // its first file says if it failed
  fresh->SetOldestPinned(oldest_pinned_);
  {
    const std::lock_guard lock(mutex_);
    serving_ = std::move(fresh);
    serving_number_ = last_number_;
  }
}

Status Generations::Forget(std::span<const view::OwnerNumber> owners) {
  const IndexPtr serving = Serving();
  if (serving != nullptr) TRY(serving->Forget(owners));
  RemoveOthers();  // a former generation that could not be removed yet, or one that cannot be read, may hold his texts
  return {};
}

Result<view::View*> Generations::BeginRebuild() {
  DropRebuild();
  if (options_.folder.empty()) return MakeError(ErrorCode::kUnsupported, "this index has no folder");
  const uint64_t number = ++last_number_;
  TRY(MakeFolder(FolderOf(number)));
  IndexPtr fresh = Make(number);
  reached_.store(0, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  fresh->SetOldestPinned(oldest_pinned_);
  next_ = std::move(fresh);
  next_number_ = number;
  return next_.get();
}

void Generations::SwitchOver() {
  const std::lock_guard lock(mutex_);
  CHECK(next_ != nullptr);
  former_ = std::exchange(serving_, std::exchange(next_, nullptr));
  serving_number_ = next_number_;
}

void Generations::DropRebuild() {
  {
    const std::lock_guard lock(mutex_);
    if (next_ == nullptr) return;
    next_ = nullptr;
  }
  std::error_code error;
  std::filesystem::remove_all(FolderOf(next_number_), error);
}

}  // namespace

std::unique_ptr<Index> Index::CreateRebuildable(std::shared_ptr<const fhir::Definitions> definitions,
                                                const IndexOptions& options,
                                                const view::Directory* directory) {
  return std::make_unique<Generations>(std::move(definitions), options, directory);
}

}  // namespace tk::search
