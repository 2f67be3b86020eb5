#include "kernel/view/catch_up.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "kernel/log/erasure.h"

namespace tk::view {
namespace {

constexpr size_t kPieceEntries = 2000;

struct Item {
  log::StoredEntry entry;
  Ordinal before = 0;
  uint64_t context = 0;
  bool is_hidden = false;
  Change change;
  std::vector<std::unique_ptr<Prepared>> prepared;  // [view]; null where nothing is to be applied
};

constexpr Ordinal kNever = ~Ordinal{0};
constexpr int kPiecesAtOnce = 32;  // between two rounds of merging

class CatchUpRun {
 public:
  /// `directory_from` kNever: the directory is not fed.
  CatchUpRun(const CatchUpParts& parts, Ordinal directory_from, const std::vector<View*>& views,
             const std::vector<Ordinal>& view_from, int threads)
      : parts_(parts),
        directory_from_(directory_from),
        views_(views),
        view_from_(view_from),
        threads_(threads) {}

  Status Add(log::StoredEntry&& entry) {
    items_.push_back({std::move(entry), 0, 0, false, {}, {}});
    return items_.size() < kPieceEntries ? Status() : Flush();
  }

  Status Flush() {
    if (items_.empty()) return {};
    TRY(PrepareAll());
    TRY(ApplyAll());
    items_.clear();
    return ++pieces_ % kPiecesAtOnce == 0 ? Merge() : Status();
  }

  std::vector<OwnerNumber> erased() const {
    std::vector<OwnerNumber> owners = erased_;
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    return owners;
  }

 private:
  // Runs grow with every piece: merged, they lie in files.
  Status Merge() {
    if (directory_from_ == kNever) return {};  // who feeds aside merges himself
    while (TRY(parts_.writer.directory->Maintain())) {
    }
    for (View* view : views_) {
      while (view->Maintain()) {
      }
    }
    return {};
  }

  bool AnyViewWants(Ordinal ordinal) const {
    return std::any_of(view_from_.begin(), view_from_.end(), [&](Ordinal from) { return ordinal >= from; });
  }

  // The area of an owner, or where it is to be found, is in the text of his own resource, and whether a Task is a review in its own: these are read even
  // when only the directory wants them.
  bool SetsArea(const Item& item) const {
    const fhir::TypeId type = TypeOf(item.entry.type);
    return item.entry.owner != 0 && (type == parts_.writer.patient || type == parts_.writer.practitioner ||
                                     type == parts_.writer.binary || type == parts_.writer.task);
  }
  // Whether content is hidden is in the text of each.
  bool SetsMark(const Item& item) const {
    return item.entry.ordinal >= directory_from_ && parts_.writer.options->hidden_marks.holds;
  }
  fhir::TypeId TypeOf(log::TypeCode code) const {
    return code < parts_.types->size() ? (*parts_.types)[code] : fhir::kNoType;
  }

  Status PrepareAll() {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::unique_ptr<Error> failure;
    auto work = [&] {
      for (size_t i = next.fetch_add(1); i < items_.size(); i = next.fetch_add(1)) {
        Status status = ReadOne(&items_[i]);
        if (status.ok()) continue;
        const std::lock_guard lock(mutex);
        if (failure == nullptr) failure = status.TakeError();
        next.store(items_.size());
      }
    };
    RunParallel(work);
    if (failure != nullptr) return failure;
    // Versions before are known only in order: the directory goes first, one by one.
    for (Item& item : items_) ApplyToDirectory(&item);
    next.store(0);
    auto prepare = [&] {
      for (size_t i = next.fetch_add(1); i < items_.size(); i = next.fetch_add(1)) {
        Status status = PrepareOne(&items_[i]);
        if (status.ok()) continue;
        const std::lock_guard lock(mutex);
        if (failure == nullptr) failure = status.TakeError();
        next.store(items_.size());
      }
    };
    RunParallel(prepare);
    if (failure != nullptr) return failure;
    return {};
  }

  template <class Work>
  void RunParallel(const Work& work) {
    std::vector<std::thread> helpers;
    for (int i = 1; i < threads_; ++i) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();
  }

  Status ReadOne(Item* item) const {
    if (item->entry.op == Operation::kErase) {
      item->change.erased_owner = item->entry.owner;
      return {};
    }
    const bool is_needed = AnyViewWants(item->entry.ordinal) || SetsArea(*item);
    if (!is_needed && !SetsMark(*item)) return {};
    auto now = ToResource(parts_, item->entry);
    if (now.ok() && IsBlindDelete(**now)) return {};
    if (now.ok()) {
      item->change.now = std::move(now).value();
      item->context = TRY(Writer::ContextHash(parts_.writer, *item->change.now, item->entry.owner));
      item->is_hidden = SetsMark(*item) && Writer::IsHidden(parts_.writer, *item->change.now);
    } else if (!is_needed && IsDamage(now.error())) {
      item->is_hidden = true;  // of what cannot be read nobody knows
    } else if (now.error().code != ErrorCode::kGone && !GoesUnread(item->entry.owner, now.error())) {
      return now.TakeError();
    }
    return {};
  }

  // What is damaged and of one who is erased, or is being erased, is missed by nobody: views let go of it by its ordinal.
  bool GoesUnread(OwnerNumber owner, const Error& why) const {
    if (!IsDamage(why) || owner == 0) return false;
    const std::vector<OwnerNumber> begun = parts_.writer.keys->Erasing();
    return parts_.writer.keys->IsDestroyed(owner) || std::binary_search(begun.begin(), begun.end(), owner);
  }

  void ApplyToDirectory(Item* item) {
    if (item->change.erased_owner != 0) {
      if (item->entry.ordinal >= directory_from_)
        parts_.writer.directory->ApplyErase(item->change.erased_owner);
      return;
    }
    if (item->entry.ordinal >= directory_from_) {
      item->before = parts_.writer.directory->Apply(Writer::EntryFor(
          parts_.writer, item->entry, item->entry.ordinal, item->change.now, item->context, item->is_hidden));
    } else if (item->entry.version > 1) {
      item->before =
          parts_.writer.directory->Current(item->entry.id_hash, Position{0, item->entry.ordinal}).ordinal;
    }
  }

  Status PrepareOne(Item* item) const {
    item->prepared.resize(views_.size());
    const bool erase = item->change.erased_owner != 0;
    if (erase && directory_from_ == kNever) return {};
    if (!AnyViewWants(item->entry.ordinal)) return {};
    if (item->before != 0) TRY(ReadBefore(item));
    // An erased person's entry gives nothing, but what it replaced may have been another's: that must go.
    if (!erase && item->change.now == nullptr && item->change.before == nullptr) return {};
    for (size_t v = 0; v < views_.size(); ++v) {
      if (item->entry.ordinal >= view_from_[v]) item->prepared[v] = TRY(views_[v]->Prepare(item->change));
    }
    return {};
  }

  Status ReadBefore(Item* item) const {
    auto stored = parts_.writer.log->Read(item->before);
    if (stored.ok() && stored->op == Operation::kDelete) return {};
    auto before = stored.ok() ? ToResource(parts_, *stored) : Result<ResourcePtr>(stored.TakeError());
    if (before.ok()) {
      item->change.before = std::move(before).value();
    } else if (before.error().code != ErrorCode::kGone &&
               !GoesUnread(parts_.writer.directory->Get(item->before).owner, before.error())) {
      return before.TakeError();
    }
    return {};
  }

  Status ApplyAll() {
    // A fact of erasure whose key is still there: the process died between the two.
    for (const Item& item : items_) {
      const OwnerNumber owner = item.change.erased_owner;
      if (owner == 0 || directory_from_ == kNever) continue;
      erased_.push_back(owner);
      Status erased = log::EraseOwner(parts_.writer.keys, parts_.contents, owner, item.entry.at_us);
      // Keys older than the person have nothing to destroy.
      if (!erased.ok() && erased.error().code != ErrorCode::kNotFound) return erased;
    }
    for (const Item& item : items_) {
      for (size_t v = 0; v < views_.size(); ++v) {
        if (item.prepared[v] != nullptr) views_[v]->Apply(item.change, *item.prepared[v], item.entry.ordinal);
      }
    }
    const log::StoredEntry& last = items_.back().entry;
    if (directory_from_ != kNever)
      parts_.writer.directory->Publish(last.t, std::max(last.ordinal + 1, directory_from_));
    for (size_t v = 0; v < views_.size(); ++v) {
      if (last.ordinal >= view_from_[v]) views_[v]->Publish(last.t, last.ordinal + 1);
    }
    return {};
  }

  std::vector<OwnerNumber> erased_;
  const CatchUpParts& parts_;
  const Ordinal directory_from_;
  const std::vector<View*>& views_;
  const std::vector<Ordinal>& view_from_;
  const int threads_;
  int pieces_ = 0;
  std::vector<Item> items_;
};

Status ReplayKeys(const CatchUpParts& parts, const std::vector<View*>& views,
                  const std::vector<Ordinal>& view_from, uint64_t from_t, uint64_t end_t) {
  return parts.writer.log->ScanTransactions(
      from_t, end_t, [&](const log::StoredTransaction& transaction) -> Result<bool> {
        if (transaction.key == 0) return true;
        for (size_t v = 0; v < view_from.size(); ++v) {
          if (transaction.first_ordinal >= view_from[v])
            views[v]->ApplyKey(transaction.key, transaction.first_ordinal);
        }
        return true;
      });
}

}  // namespace

Result<ResourcePtr> ToResource(const CatchUpParts& parts, const log::StoredEntry& entry) {
  const log::Content content = TRY(parts.codec->Unseal(entry, log::Codec::Lost::kLeftOut));
  if (!content.lost.empty())
    parts.lost->Note(parts.writer.log->TypeName(entry.type), entry.owner, content.lost, *parts.contents);
  auto resource = std::make_shared<Resource>();
  resource->type = entry.type < parts.types->size() ? (*parts.types)[entry.type] : fhir::kNoType;
  resource->code = entry.type;
  resource->attachments_lost = static_cast<uint32_t>(content.lost.size());
  resource->id = content.id;
  resource->version = entry.version;
  resource->owner = entry.owner;
  resource->ordinal = entry.ordinal;
  resource->op = entry.op;
  resource->at_us = entry.at_us;
  resource->t = entry.t;
  resource->splice = content.splice;
  resource->has_meta = content.has_meta;
  if (entry.op != Operation::kDelete) resource->document = TRY(fhir::Document::Parse(content.text));
  return ResourcePtr(std::move(resource));
}

Status CatchUp(const CatchUpParts& parts, Ordinal directory_from, const std::vector<Ordinal>& view_from,
               const log::Head& head, int threads, std::atomic<uint64_t>* progress) {
  Ordinal from = directory_from;
  for (Ordinal each : view_from) from = std::min(from, each);
  const std::vector<View*>& views = parts.writer.views;
  CatchUpRun run(parts, directory_from, views, view_from, threads);
  uint64_t first_t = 0;
  TRY(parts.writer.log->Scan(from, head.next_ordinal, [&](log::StoredEntry&& entry) -> Result<bool> {
    if (first_t == 0) first_t = entry.t;
    progress->store(entry.ordinal, std::memory_order_relaxed);
    TRY(run.Add(std::move(entry)));
    return true;
  }));
  TRY(run.Flush());
  if (first_t != 0) TRY(ReplayKeys(parts, views, view_from, first_t, head.t + 1));
  // A saved view may still hold what the erased wrote: the process may have died before it was rewritten.
  if (!run.erased().empty()) {
    for (View* view : views) TRY(view->Forget(run.erased()));
  }
  // Transactions without entries move t on but not the ordinals.
  parts.writer.directory->Publish(head.t, head.next_ordinal);
  for (View* view : views) view->Publish(head.t, head.next_ordinal);
  return {};
}

Result<uint64_t> FeedAside(const CatchUpParts& parts, const std::vector<View*>& views, Ordinal from,
                           Ordinal to, int threads) {
  const std::vector<Ordinal> view_from(views.size(), from);
  CatchUpRun run(parts, kNever, views, view_from, threads);
  uint64_t first_t = 0, last_t = 0;
  TRY(parts.writer.log->Scan(from, to, [&](log::StoredEntry&& entry) -> Result<bool> {
    if (first_t == 0) first_t = entry.t;
    last_t = entry.t;
    TRY(run.Add(std::move(entry)));
    return true;
  }));
  TRY(run.Flush());
  if (first_t != 0) TRY(ReplayKeys(parts, views, view_from, first_t, last_t + 1));
  return last_t;
}

}  // namespace tk::view
