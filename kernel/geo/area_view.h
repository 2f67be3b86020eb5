// The view that keeps the tree of areas: Locations and Organizations of the log → AreaTree.
// Flow:   Prepare: facts of a change (pure) → Apply, Publish: put aside, memory only → Tree(), Maintain, Save: folded into a new tree
// Cost:   the writer pays a push; who asks first after a change pays the fold (about 1 µs an area of the tree: 10 ms for a city of 10,000), unless
//         the maintenance did within a second. What nobody asks for while a long import runs is folded in growing pieces.
// File:   FOLDER/areas: one text line (mark, counts), the facts, a CRC-32C. Replaced whole (kernel/base/file.h).
// Law:    the tree is a function of the live records alone; incremental equals rebuilt (area_view_test.cpp).
#pragma once

#include <mutex>

#include "kernel/geo/area_tree.h"
#include "kernel/view/view.h"

namespace tk::geo {

using AreaTreePtr = std::shared_ptr<const AreaTree>;

class AreaView final : public view::View {
 public:
  explicit AreaView(std::shared_ptr<const fhir::Definitions> definitions);

  /// At the last published position or a later one. Hold it no longer than an answer takes. Any thread.
  AreaTreePtr Tree() const;

  std::string_view name() const override { return "areas"; }
  uint32_t format_version() const override { return kFormat; }
  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override;
  void Apply(const view::Change& change, const view::Prepared& prepared, view::Ordinal ordinal) override;
  void Publish(uint64_t t, view::Ordinal end_ordinal) override;
  Result<view::Mark> Save(const std::string& folder, const view::Mark& mark) override;
  Result<view::Mark> Load(const std::string& folder, const view::Mark& log_head) override;
  void Clear() override;
  bool Maintain() override;
  void SetOldestPinned(view::Ordinal) override {}
  view::Standing standing() const override;
  Result<View*> BeginRebuild() override;
  void SwitchOver() override;
  void DropRebuild() override;
  size_t memory_bytes() const override;
  size_t disk_bytes() const override;

  /// The tree that was last saved in a data folder, for programs that run beside the server. Errors: kNotFound if none was; kCorrupt.
  static Result<AreaTreePtr> LoadSaved(const std::string& data_folder);

 private:
  static constexpr uint32_t kFormat = 1;
  struct Delta;
  /// What was published and is not in the tree yet.
  struct Pending {
    std::vector<std::pair<Facts, Facts>> changes;  // removed, added
    uint64_t t = 0;
    view::Ordinal end_ordinal = 1;
  };
  void Fold() const;  // under fold_mutex_

  const std::shared_ptr<const fhir::Definitions> definitions_;
  const fhir::TypeId location_, organization_;
  std::vector<std::pair<Facts, Facts>> applied_;  // writer's thread
  mutable std::mutex mutex_;                      // held for a moment: pending_, tree_, unusable_
  mutable Pending pending_;
  mutable AreaTreePtr tree_;
  bool unusable_ = false;
  mutable std::mutex fold_mutex_;  // one folds at a time; taken before mutex_
  mutable uint64_t t_ = 0;         // of tree_, under fold_mutex_
  mutable view::Ordinal end_ordinal_ = 1;
  size_t pending_before_ = 0;  // Maintain's
  std::unique_ptr<AreaView> next_;
  std::atomic<size_t> disk_bytes_{0};
};

}  // namespace tk::geo
