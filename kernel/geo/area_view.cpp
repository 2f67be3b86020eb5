#include "kernel/geo/area_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"
#include "kernel/geo/area_file.h"
#include "kernel/view/manifest.h"

namespace tk::geo {
namespace {

constexpr std::string_view kFileName = "/areas";

/// `facts` without `removed`, with `added`; all sorted, as is what comes of it. Of a thing that changed twice the last is meant.
template <class Fact>
void MergeFacts(std::vector<Fact>* facts, std::vector<std::pair<Fact, bool>> changes) {
  const auto same = [](const Fact& a, const Fact& b) { return !(a < b) && !(b < a); };
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Fact> merged;
  merged.reserve(facts->size() + changes.size());
  auto old = facts->begin();
  for (auto change = changes.begin(); change != changes.end();) {
    for (; old != facts->end() && *old < change->first; ++old) merged.push_back(std::move(*old));
    auto last = change;
    while (change != changes.end() && same(change->first, last->first)) last = change++;
    if (old != facts->end() && same(*old, last->first)) ++old;
    if (last->second) merged.push_back(std::move(last->first));
  }
  std::move(old, facts->end(), std::back_inserter(merged));
  *facts = std::move(merged);
}

}  // namespace

struct AreaView::Delta final : view::Prepared {
  Facts removed, added;
};

AreaView::AreaView(std::shared_ptr<const fhir::Definitions> definitions)
    : definitions_(std::move(definitions)),
      location_(definitions_->FindType("Location")),
      organization_(definitions_->FindType("Organization")),
      tree_(std::make_shared<const AreaTree>()) {}

Result<std::unique_ptr<view::Prepared>> AreaView::Prepare(const view::Change& change) const {
  const auto facts_of = [this](const view::ResourcePtr& resource) -> Facts {
    if (resource == nullptr || (resource->type != location_ && resource->type != organization_)) return {};
    const fhir::Value root = resource->document.Root();
    if (!root.present()) return {};
    return FactsOf(resource->type == location_ ? "Location" : "Organization", resource->id, root);
  };
  auto delta = std::make_unique<Delta>();
  delta->removed = facts_of(change.before);
  delta->added = facts_of(change.now);
  return std::unique_ptr<view::Prepared>(std::move(delta));
}

void AreaView::Apply(const view::Change&, const view::Prepared& prepared, view::Ordinal) {
  const auto& delta = static_cast<const Delta&>(prepared);
  if (!delta.removed.empty() || !delta.added.empty()) applied_.emplace_back(delta.removed, delta.added);
}

void AreaView::Publish(uint64_t t, view::Ordinal end_ordinal) {
  const std::lock_guard lock(mutex_);
  std::move(applied_.begin(), applied_.end(), std::back_inserter(pending_.changes));
  pending_.t = t;
  pending_.end_ordinal = end_ordinal;
  applied_.clear();
}

void AreaView::Fold() const {
  Pending pending;
  AreaTreePtr tree;
  {
    const std::lock_guard lock(mutex_);
    pending = std::exchange(pending_, {{}, pending_.t, pending_.end_ordinal});
    tree = tree_;
  }
  if (pending.t != 0) {
    t_ = pending.t;
    end_ordinal_ = pending.end_ordinal;
  }
  if (pending.changes.empty()) return;
  std::vector<std::pair<AreaFact, bool>> areas;
  std::vector<std::pair<InstitutionFact, bool>> institutions;
  std::vector<std::pair<SiteFact, bool>> sites;
  const auto take = [&](Facts&& facts, bool added) {
    if (facts.area) areas.emplace_back(std::move(*facts.area), added);
    if (facts.institution) institutions.emplace_back(std::move(*facts.institution), added);
    if (facts.site) sites.emplace_back(std::move(*facts.site), added);
  };
  for (auto& [removed, added] : pending.changes) {
    take(std::move(removed), false);
    take(std::move(added), true);
  }
  AllFacts facts = tree->Everything();
  MergeFacts(&facts.areas, std::move(areas));
  MergeFacts(&facts.institutions, std::move(institutions));
  MergeFacts(&facts.sites, std::move(sites));
  auto made = std::make_shared<const AreaTree>(std::move(facts));
  const std::lock_guard lock(mutex_);
  tree_ = std::move(made);
}

AreaTreePtr AreaView::Tree() const {
  {
    const std::lock_guard lock(mutex_);
    if (pending_.changes.empty()) return tree_;
  }
  const std::lock_guard one(fold_mutex_);
  Fold();
  const std::lock_guard lock(mutex_);
  return tree_;
}

bool AreaView::Maintain() {
  size_t waiting = 0, have = 0;
  {
    const std::lock_guard lock(mutex_);
    waiting = pending_.changes.size();
    have = tree_->size();
  }
  const bool quiet = waiting == std::exchange(pending_before_, waiting);
  constexpr size_t kPart = 4;
  if (waiting != 0 && (quiet || waiting > have / kPart)) (void)Tree();
  return false;
}

Result<view::Mark> AreaView::Save(const std::string& folder, const view::Mark& mark) {
  const std::lock_guard one(fold_mutex_);
  Fold();
  view::Mark saved = mark;
  saved.t = t_;
  saved.end_ordinal = end_ordinal_;
  saved.format_version = kFormat;
  AreaTreePtr tree;
  {
    const std::lock_guard lock(mutex_);
    tree = tree_;
  }
  const std::string bytes = PrintAreaFile(saved, tree->Everything());
  TRY(WriteFileDurable(folder + std::string(kFileName), bytes));
  disk_bytes_.store(bytes.size());
  return saved;
}

Result<view::Mark> AreaView::Load(const std::string& folder, const view::Mark& log_head) {
  const auto read = [&]() -> Result<AreaFile> {
    AreaFile file = TRY(ReadAreaFile(folder + std::string(kFileName)));
    // What is read of a resource does not depend on the definitions.
    file.mark.definitions_hash = log_head.definitions_hash;
    view::Mark head = log_head;
    head.format_version = kFormat;
    TRY(view::CheckMark(file.mark, head));
    return file;
  };
  auto file = read();
  const std::lock_guard one(fold_mutex_);
  const std::lock_guard lock(mutex_);
  unusable_ = !file.ok();
  if (!file.ok()) return file.TakeError();
  disk_bytes_.store(file->bytes);
  tree_ = std::make_shared<const AreaTree>(std::move(file->facts));
  t_ = file->mark.t;
  end_ordinal_ = file->mark.end_ordinal;
  pending_ = {{}, t_, end_ordinal_};
  return file->mark;
}

void AreaView::Clear() {
  applied_.clear();
  const std::lock_guard one(fold_mutex_);
  const std::lock_guard lock(mutex_);
  unusable_ = false;
  pending_ = {};
  t_ = 0;
  end_ordinal_ = 1;
  tree_ = std::make_shared<const AreaTree>();
}

view::Standing AreaView::standing() const {
  const std::lock_guard lock(mutex_);
  return unusable_ ? view::Standing::kUnusable : view::Standing::kSound;
}

// The second generation is in memory alone: Save writes the first one's file when it has switched.
Result<view::View*> AreaView::BeginRebuild() {
  next_ = std::make_unique<AreaView>(definitions_);
  return next_.get();
}

void AreaView::SwitchOver() {
  CHECK(next_ != nullptr);
  const std::unique_ptr<AreaView> next = std::move(next_);
  applied_.clear();
  const std::scoped_lock folding(fold_mutex_, next->fold_mutex_);
  const std::scoped_lock lock(mutex_, next->mutex_);
  unusable_ = false;
  pending_ = std::move(next->pending_);
  tree_ = next->tree_;
  t_ = next->t_;
  end_ordinal_ = next->end_ordinal_;
}

void AreaView::DropRebuild() { next_.reset(); }

size_t AreaView::memory_bytes() const {
  const std::lock_guard lock(mutex_);
  return tree_->memory_bytes() + pending_.changes.capacity() * sizeof(pending_.changes[0]);
}

size_t AreaView::disk_bytes() const { return disk_bytes_.load(); }

Result<AreaTreePtr> AreaView::LoadSaved(const std::string& data_folder) {
  AreaFile file = TRY(ReadAreaFile(data_folder + "/views/areas" + std::string(kFileName)));
  if (file.mark.format_version != kFormat)
    return MakeError(ErrorCode::kNotFound, "the saved areas are of another version of this program");
  return AreaTreePtr(std::make_shared<const AreaTree>(std::move(file.facts)));
}

}  // namespace tk::geo
