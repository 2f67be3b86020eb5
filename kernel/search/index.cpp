#include "kernel/search/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "kernel/base/file.h"
#include "kernel/base/text.h"
#include "kernel/search/answer.h"
#include "kernel/search/compartment.h"
#include "kernel/search/extraction.h"
#include "kernel/search/faults.h"
#include "kernel/search/generation.h"
#include "kernel/search/include.h"
#include "kernel/search/keys.h"
#include "kernel/search/meant.h"
#include "kernel/search/values.h"
#include "kernel/view/manifest.h"

namespace tk::search {
namespace {

/// The writer does not look at longer lists of codes: it takes them for concerned.
constexpr size_t kCodesCheckedMax = 256;

constexpr uint32_t kFormatVersion = 7;  // how entries are packed and files laid out: others cannot be read
constexpr std::string_view kExtraction = "extraction";
// Of dates without one, as entries hold them: minutes east of UTC, plus a day. Former programs did not say it; they had the default.
constexpr std::string_view kTimezone = "timezone";
constexpr int kDayMin = 24 * 60;
uint64_t TimezoneNumber(int offset_min) { return static_cast<uint64_t>(offset_min + kDayMin); }

Status CheckTimezone(const view::Manifest& manifest, int offset_min) {
  uint64_t saved = TimezoneNumber(IndexOptions().timezone_offset_min);
  for (const auto& [name, number] : manifest.numbers) {
    if (name == kTimezone) saved = number;
  }
  if (saved == TimezoneNumber(offset_min)) return {};
  return MakeError(ErrorCode::kConflict,
                   fmt::format("its dates are of timezone-offset-min {}, and {} is set now",
                               static_cast<int64_t>(saved) - kDayMin, offset_min));
}
constexpr const char* kParametersFile = "/parameters";
constexpr const char* kCustomFile = "/custom";

class IndexView final : public GeneratedIndex {
 public:
  IndexView(std::shared_ptr<const fhir::Definitions> base,
            std::shared_ptr<const fhir::Definitions> definitions, const IndexOptions& options,
            const view::Directory* directory)
      : options_(options),
        base_(std::move(base)),
        definitions_(std::move(definitions)),
        directory_(*directory),
        custom_(*base_),
        extractor_(Extractor::Create(definitions_, options.timezone_offset_min, base_)),
        parameters_(PrintParameters(DescribeParameters(*definitions_))),
        equality_(FamilyOptions("equality", view::RunLayout::kKeyTime)),
        ordered_(FamilyOptions("ordered", view::RunLayout::kSecond)),
        strings_(FamilyOptions("strings")),
        sort_(FamilyOptions("sort", view::RunLayout::kValueRow)),
        keys_(FamilyOptions("keys")) {
    faults_.Reset(extractor_.get());
  }

  std::string_view name() const override { return "search"; }
  uint32_t format_version() const override { return kFormatVersion; }

  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override;
  void Apply(const view::Change& change, const view::Prepared& prepared, Ordinal ordinal) override;
  void ApplyKey(uint64_t key, Ordinal first_ordinal) override {
    if (key != 0) keys_.Add({key, first_ordinal});
  }
  void Publish(uint64_t t, Ordinal end_ordinal) override;

  Result<view::Mark> Save(const std::string& folder, const view::Mark& mark) override;
  Result<view::Mark> Load(const std::string& folder, const view::Mark& log_head) override;
  void Clear() override;
  bool Maintain() override;
  Status Forget(std::span<const view::OwnerNumber> owners) override;
  void SetOldestPinned(Ordinal ordinal) override {
    ForFamilies([&](auto& family) { family.SetOldestPinned(ordinal); });
  }
  view::Standing standing() const override {
    if (damaged_.load(std::memory_order_relaxed)) return view::Standing::kUnusable;
    return outdated_ ? view::Standing::kOutdated : view::Standing::kSound;
  }
  size_t memory_bytes() const override {
    return equality_.memory_bytes() + ordered_.memory_bytes() + strings_.memory_bytes() +
           sort_.memory_bytes() + keys_.memory_bytes() + counts_.memory_bytes() + orders_.memory_bytes();
  }
  size_t disk_bytes() const override {
    return equality_.disk_bytes() + ordered_.disk_bytes() + strings_.disk_bytes() + sort_.disk_bytes() +
           keys_.disk_bytes();
  }

  std::shared_ptr<const fhir::Definitions> definitions() const override { return definitions_; }
  const CustomParameters& custom() const override { return custom_; }
  Status CheckParameter(std::string_view id, const fhir::Document& parameter,
                        std::span<const view::ResourcePtr> beside) const override {
    return custom_.Check(base_, id, parameter, beside);
  }
  const std::string& parameters() const override { return parameters_; }
  Result<Page> Search(const Query& query, const PageRequest& request) const override {
    TRY(CheckKnown(query));
    Page page = TRY(AnswerPage(setting(), MakeLook(), query, request));
    page.warnings = faults_.Warnings(query);
    return page;
  }
  Result<uint64_t> Count(const Query& query, const PageRequest& request) const override {
    TRY(CheckKnown(query));
    return AnswerCount(setting(), MakeLook(), query, request);
  }
  Result<Included> Include(const Query& query, std::span<const Ordinal> matches,
                           const IncludeRequest& request) const override {
    TRY(CheckKnown(query));
    TRY(CheckReferences());
    return AnswerInclude(setting(), MakeLook(), query, matches, request);
  }
  Result<std::vector<Ordinal>> Compartment(std::string_view patient_id,
                                           const view::Position& position) const override;
  Result<std::vector<Ordinal>> ReferencesTo(std::string_view type_and_id,
                                            const view::Position& position) const override;
  std::vector<Issue> FaultsOf(std::string_view url) const override { return faults_.Of(url); }
  Result<Ordinal> FindKey(uint64_t key, const view::Position& position) const override;
  bool MayAffect(const view::Prepared& prepared, fhir::TypeId changed_type,
                 const Query& query) const override;
  Result<Meant> WhoIsMeant(std::span<const Made> changes, std::span<const Query* const> queries,
                           const MeantOptions& options) const override;

 private:
  view::RunsOptions FamilyOptions(std::string family,
                                  view::RunLayout layout = view::RunLayout::kWords) const {
    view::RunsOptions out;
    out.layout = layout;
    out.family = std::move(family);
    out.folder = options_.folder;
    out.file_entries_min = options_.file_entries_min;
    return out;
  }
  template <class Each>
  void ForFamilies(const Each& each) {
    each(equality_);
    each(ordered_);
    each(strings_);
    each(sort_);
    each(keys_);
  }
  Setting setting() const { return {*extractor_, options_.hash_key, directory_, counts_, kept_, orders_}; }
  Look MakeLook() const {
    return {equality_.snapshot(), ordered_.snapshot(), strings_.snapshot(), sort_.snapshot(),
            erasures_open_.load() == 0 && !outdated_};
  }
  Status LoadParameters(const std::string& folder, const view::Mark& mark, const view::Mark& head);
  Status CheckKnown(const Query& query) const;
  Status CheckReferences() const {
    TRY(CheckSound());
    if (all_references_) return {};
    return MakeError(ErrorCode::kUnavailable, "New references between resources are being indexed:");
  }
  Status CheckSound() const {
    if (!damaged_.load(std::memory_order_relaxed)) return {};
    return MakeError(ErrorCode::kCorrupt, "the search index is damaged and must be rebuilt from the log");
  }

  const IndexOptions options_;
  const std::shared_ptr<const fhir::Definitions> base_;  // without stored parameters
  std::shared_ptr<const fhir::Definitions> definitions_;
  const view::Directory& directory_;
  CustomParameters custom_;
  std::shared_ptr<const Extractor> extractor_;  // set anew by Load, before anybody asks
  Faults faults_;                               // of what it evaluates
  // What extractor_ goes by, printed; and whether it knows all references of the definitions.
  std::string parameters_;
  uint64_t own_definitions_ = 0;  // of an old one: saved again as what it is
  bool all_references_ = true;
  view::Runs<Entry16> equality_;
  view::Runs<Entry24> ordered_;
  view::Runs<Entry32> strings_;
  view::Runs<Entry24> sort_;
  view::Runs<Entry16> keys_;

  mutable AreaCounts counts_{options_.count_bytes_max, options_.count_alone_max};
  mutable Kept kept_{options_.kept_max};
  mutable Orders orders_;

  std::mutex publish_mutex_;  // Publish of all families, and Save's look at all of them, are one step each
  uint64_t t_ = 0;            // under publish_mutex_
  Ordinal end_ordinal_ = 1;
  std::mutex save_mutex_;
  std::string saved_custom_;  // under save_mutex_
  view::Mark last_mark_;      // under save_mutex_: what Forget saves again with
  bool has_manifest_ = false;
  std::atomic<int> erasures_open_{0};  // erased owners whose entries still stand: sums are too high
  std::atomic<bool> damaged_{false};
  // Loaded entries are of an older extraction: an anti-entry may not be the bits of what it cancels, so sums are not the truth.
  bool outdated_ = false;
  uint64_t extraction_ = kExtractionVersion;
};

Result<std::unique_ptr<view::Prepared>> IndexView::Prepare(const view::Change& change) const {
  auto prepared = std::make_unique<PreparedEntries>();
  if (change.now != nullptr) {
    const std::string_view type =
        change.now->type == fhir::kNoType ? std::string_view() : definitions_->Type(change.now->type).name;
    prepared->id_hash = KeyedHash(options_.hash_key, std::string(type) + "/" + change.now->id);
    const fhir::Value root = change.now->document.Root();
    if (root.present()) prepared->now = MakeEntries(*extractor_, options_.hash_key, change.now->type, root);
  }
  if (change.before != nullptr) {
    const fhir::Value root = change.before->document.Root();
    if (root.present())
      prepared->before = MakeEntries(*extractor_, options_.hash_key, change.before->type, root);
  }
  return std::unique_ptr<view::Prepared>(std::move(prepared));
}

void IndexView::Apply(const view::Change& change, const view::Prepared& prepared, Ordinal ordinal) {
  custom_.Hear(change);
  const auto& entries = static_cast<const PreparedEntries&>(prepared);
  if (!entries.now.faults.empty()) faults_.Mark(entries.now.faults);
  for (Entry16 e : entries.now.equality) {
    e.b |= ordinal;
    equality_.Add(e);
  }
  for (Entry24 e : entries.now.ordered) {
    e.c |= ordinal;
    ordered_.Add(e);
  }
  for (Entry32 e : entries.now.strings) {
    e.d |= ordinal;
    strings_.Add(e);
  }
  for (Entry24 e : entries.now.sort) {
    e.a |= ordinal;
    sort_.Add(e);
  }
  if (change.before != nullptr) {
    const Ordinal old = change.before->ordinal;
    CHECK(old != 0 || entries.before.sort.empty());
    for (Entry16 e : entries.before.equality) {
      e.b |= old;
      equality_.Remove(e);
    }
    for (Entry24 e : entries.before.ordered) {
      e.c |= old;
      ordered_.Remove(e);
    }
    for (Entry32 e : entries.before.strings) {
      e.d |= old;
      strings_.Remove(e);
    }
    for (Entry24 e : entries.before.sort) {
      e.a |= old;
      sort_.Remove(e);
    }
  }
  if (change.erased_owner != 0) {
    // Forget rewrites runs; the tail must be in one by then.
    erasures_open_.fetch_add(1);
    ForFamilies([](auto& family) { family.SealNext(); });
  }
}

void IndexView::Publish(uint64_t t, Ordinal end_ordinal) {
  std::lock_guard lock(publish_mutex_);
  ForFamilies([&](auto& family) { family.Publish(end_ordinal); });
  t_ = t;
  end_ordinal_ = end_ordinal;
}

Result<view::Mark> IndexView::Save(const std::string& folder, const view::Mark& mark) {
  if (folder != options_.folder)
    return MakeError(ErrorCode::kInternal, "the search index is saved where its files lie", folder);
  std::lock_guard saving(save_mutex_);
  view::Manifest manifest;
  manifest.view = name();
  manifest.mark = {mark.incarnation, 0, 1, own_definitions_ != 0 ? own_definitions_ : mark.definitions_hash,
                   kFormatVersion};
  manifest.numbers.emplace_back(kExtraction, extraction_);
  manifest.numbers.emplace_back(kTimezone, TimezoneNumber(options_.timezone_offset_min));
  for (auto& fault : faults_.Print()) manifest.numbers.push_back(std::move(fault));
  view::RunSnapshot<Entry16> equality, keys;
  view::RunSnapshot<Entry24> ordered, sort;
  view::RunSnapshot<Entry32> strings;
  {
    std::lock_guard lock(publish_mutex_);
    equality = equality_.snapshot();
    ordered = ordered_.snapshot();
    strings = strings_.snapshot();
    sort = sort_.snapshot();
    keys = keys_.snapshot();
    manifest.mark.t = t_;
    manifest.mark.end_ordinal = end_ordinal_;
  }
  // May be ahead of the mark by what is being applied: that is replayed, and says the same again.
  const std::string custom = custom_.Print();
  auto add = [&](std::vector<view::RunFile> files) {
    manifest.files.insert(manifest.files.end(), files.begin(), files.end());
  };
  add(TRY(equality_.Save(equality)));
  add(TRY(ordered_.Save(ordered)));
  add(TRY(strings_.Save(strings)));
  add(TRY(sort_.Save(sort)));
  add(TRY(keys_.Save(keys)));
  if (!FileExists(folder + kParametersFile)) TRY(WriteFileDurable(folder + kParametersFile, parameters_));
  if (custom != saved_custom_) TRY(WriteFileDurable(folder + kCustomFile, custom));
  saved_custom_ = custom;
  TRY(view::WriteManifest(folder, manifest));
  ForFamilies([&](auto& family) { family.RemoveUnused(manifest.files); });
  last_mark_ = manifest.mark;
  has_manifest_ = true;
  return manifest.mark;
}

Result<view::Mark> IndexView::Load(const std::string& folder, const view::Mark& log_head) {
  if (folder != options_.folder)
    return MakeError(ErrorCode::kInternal, "the search index is loaded from where its files lie", folder);
  std::lock_guard saving(save_mutex_);
  const view::Manifest manifest = TRY(view::ReadManifest(folder));
  view::Mark head = log_head;
  head.format_version = kFormatVersion;
  head.definitions_hash = manifest.mark.definitions_hash;
  TRY(view::CheckMark(manifest.mark, head));
  TRY(CheckTimezone(manifest, options_.timezone_offset_min));
  TRY(custom_.Read(TRY(ReadFile(folder + kCustomFile, 2 * kCustomMax * kCustomBytesMax))));
  TRY(LoadParameters(folder, manifest.mark, log_head));
  faults_.Reset(extractor_.get());
  faults_.Read(manifest.numbers);
  Status loaded;
  ForFamilies([&](auto& family) {
    if (loaded.ok()) loaded = family.Load(manifest.files, manifest.mark.end_ordinal);
  });
  if (!loaded.ok()) {
    ForFamilies([](auto& family) { family.Clear(); });
    return loaded.TakeError();
  }
  ForFamilies([&](auto& family) { family.RemoveUnused(manifest.files); });
  extraction_ = 0;
  for (const auto& [name, number] : manifest.numbers) {
    if (name == kExtraction) extraction_ = number;
  }
  outdated_ = extraction_ != kExtractionVersion ||
              manifest.mark.definitions_hash != log_head.definitions_hash || extractor_->is_old();
  std::lock_guard lock(publish_mutex_);
  t_ = manifest.mark.t;
  end_ordinal_ = manifest.mark.end_ordinal;
  last_mark_ = manifest.mark;
  has_manifest_ = true;
  damaged_ = false;
  return manifest.mark;
}

// Made under other definitions, or other stored parameters, it goes on with those of its own time, as far as these can be known.
Status IndexView::LoadParameters(const std::string& folder, const view::Mark& mark, const view::Mark& head) {
  constexpr size_t kBytesMax = size_t{64} << 20;
  std::string text = TRY(ReadFile(folder + kParametersFile, kBytesMax));
  SavedParameters saved =
      TRY(ReadParameters(text));  // also when it is not needed today: damage is told while it can be mended
  definitions_ = WithCustom(base_, custom_.Texts());
  parameters_ = PrintParameters(DescribeParameters(*definitions_));
  extractor_ = Extractor::Create(definitions_, options_.timezone_offset_min, base_);
  if (mark.definitions_hash == head.definitions_hash && text == parameters_) return {};
  own_definitions_ = mark.definitions_hash;
  parameters_ = std::move(text);
  extractor_ = Extractor::CreateOld(definitions_, options_.timezone_offset_min, std::move(saved), base_);
  all_references_ = extractor_->KnowsAllReferences();
  return {};
}

Status IndexView::CheckKnown(const Query& query) const {
  TRY(CheckSound());
  TRY(CheckExtraction(*definitions_, extraction_, query));
  const std::string_view type = definitions_->Type(query.type).name;
  auto building = [](std::string what) { return MakeError(ErrorCode::kUnavailable, std::move(what)); };
  if (!extractor_->Knows(query.type))
    return building("The type " + std::string(type) +
                    " is new here and the search index is being built for it:");
  auto check = [&](const fhir::SearchParameter* parameter) -> Status {
    if (parameter == nullptr || extractor_->Knows(*parameter)) return {};
    return building("The search parameter " + std::string(parameter->code) + " of " +
                    std::string(definitions_->Type(parameter->resource).name) +
                    " is new or has changed, and the search index is being built for it:");
  };
  std::function<Status(const Criterion&)> check_all = [&](const Criterion& criterion) -> Status {
    if (IsCompartment(criterion)) return CheckReferences();
    if (criterion.join == nullptr) return check(criterion.parameter);
    for (const Join::Branch& branch : criterion.join->branches) {
      if (!extractor_->Knows(branch.type))
        return building(
            "A type that the search goes through is new here and the search index is being built for it:");
      TRY(check(branch.link));
      TRY(check_all(branch.inner));
    }
    return {};
  };
  for (const Criterion& criterion : query.criteria) TRY(check_all(criterion));
  for (const SortKey& key : query.sort) TRY(check(key.parameter));
  for (const auto& include : query.includes) TRY(check(include.parameter));
  return {};
}

void IndexView::Clear() {
  std::lock_guard lock(publish_mutex_);
  ForFamilies([](auto& family) { family.Clear(); });
  custom_.Clear();
  faults_.Clear();
  counts_.Clear();
  orders_.Clear();
  t_ = 0;
  end_ordinal_ = 1;
  erasures_open_ = 0;
  damaged_ = false;
  outdated_ = false;
  extraction_ = kExtractionVersion;
}

bool IndexView::Maintain() {
  bool more = false;
  ForFamilies([&](auto& family) {
    const Result<bool> merged =
        family.Maintain();  // a full disk leaves the runs as they are; the next round tries again
    const Result<bool> checked = family.CheckNext();
    if (!checked.ok()) damaged_ = true;
    more = more || (merged.ok() && *merged) || (checked.ok() && *checked);
  });
  return more;
}

Status IndexView::Forget(std::span<const view::OwnerNumber> owners) {
  const int open = erasures_open_.load();
  auto his = [&](Ordinal ordinal) {
    return std::binary_search(owners.begin(), owners.end(), directory_.Get(ordinal).owner);
  };
  TRY(equality_.Rewrite([&](const Entry16& e) { return his(OrdinalOf(e)); }));
  TRY(ordered_.Rewrite([&](const Entry24& e) { return his(e.c & kOrdinalMask); }));
  TRY(strings_.Rewrite([&](const Entry32& e) { return his(e.d & kOrdinalMask); }));
  TRY(sort_.Rewrite([&](const Entry24& e) { return his(e.a & kOrdinalMask); }));
  view::Mark mark;
  bool saved = false;
  {
    std::lock_guard saving(save_mutex_);
    mark = last_mark_;
    saved = has_manifest_;
  }
  if (saved) {
    TRY(Save(options_.folder,
             mark));  // the former files hold his texts until a manifest no longer names them
  } else {
    ForFamilies([](auto& family) { family.RemoveUnused({}); });
  }
  erasures_open_.fetch_sub(std::min(open, static_cast<int>(owners.size())));
  return {};
}

Result<std::vector<Ordinal>> IndexView::Compartment(std::string_view patient_id,
                                                    const view::Position& position) const {
  TRY(CheckReferences());
  std::vector<Ordinal> out =
      LiveUnder(equality_.snapshot(), EqualityKey(options_.hash_key, 0, KeyKind::kCompartment, patient_id),
                directory_, position);
  const auto himself =
      directory_.Current(KeyedHash(options_.hash_key, "Patient/" + std::string(patient_id)), position);
  if (himself.ordinal != 0 && directory_.Live(himself.ordinal, position)) out.push_back(himself.ordinal);
  // By type, then by ordinal: both in one word, so that types are looked up once and not at every comparison.
  for (Ordinal& ordinal : out) ordinal |= directory_.Get(ordinal).type * (kOrdinalMask + 1);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  for (Ordinal& ordinal : out) ordinal &= kOrdinalMask;
  return out;
}

Result<std::vector<Ordinal>> IndexView::ReferencesTo(std::string_view type_and_id,
                                                     const view::Position& position) const {
  TRY(CheckReferences());
  const auto equality = equality_.snapshot();
  const fhir::TypeId type = definitions_->FindType(type_and_id.substr(0, type_and_id.find('/')));
  std::vector<Ordinal> out;
  for (ParameterId id = 0; id < extractor_->size(); ++id) {
    const Extractor::Parameter& parameter = extractor_->At(id);
    if (parameter.expression == nullptr || parameter.definition->type != fhir::SearchType::kReference)
      continue;
    const auto& targets = parameter.definition->targets;
    const bool fits = targets.empty() || std::any_of(targets.begin(), targets.end(), [&](fhir::TypeId t) {
                        return type != fhir::kNoType && definitions_->IsA(type, t);
                      });
    if (!fits) continue;
    const auto some =
        LiveUnder(equality, ReferenceKey(options_.hash_key, id, type_and_id), directory_, position);
    out.insert(out.end(), some.begin(), some.end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<Ordinal> IndexView::FindKey(uint64_t key, const view::Position& position) const {
  TRY(CheckSound());
  const auto keys = keys_.snapshot();
  const auto cursor = keys.Forward({key, 0}, {key, ~uint64_t{0}});
  return cursor.valid() && cursor.entry().b < position.end_ordinal ? cursor.entry().b : 0;
}

bool IndexView::MayAffect(const view::Prepared& prepared, fhir::TypeId changed_type,
                          const Query& query) const {
  if (!Involves(query, changed_type)) return false;
  if (!CheckKnown(query).ok()) return true;
  // A resource that a chain or _has goes through: what it does to the answer is not looked at.
  const bool joined = std::any_of(query.criteria.begin(), query.criteria.end(),
                                  [&](const Criterion& c) { return InvolvesJoined(c, changed_type); });
  if (joined) return true;
  const auto& entries = static_cast<const PreparedEntries&>(prepared);
  auto has = [](const Entries& side, const std::vector<uint64_t>& keys) {
    return std::any_of(side.equality.begin(), side.equality.end(), [&](const Entry16& e) {
      return std::binary_search(keys.begin(), keys.end(), e.a & kKeyMask);
    });
  };
  for (const Criterion& criterion : query.criteria) {
    if (criterion.special == "_id" && criterion.modifier.empty()) {
      const std::string type(definitions_->Type(query.type).name);
      const bool named = std::any_of(criterion.terms.begin(), criterion.terms.end(), [&](const Term& term) {
        return KeyedHash(options_.hash_key, type + "/" + term.code) == entries.id_hash;
      });
      if (!named) return false;
      continue;
    }
    if (criterion.modifier == "not" || criterion.modifier == "not-in" || criterion.join != nullptr) continue;
    if (criterion.codes != nullptr && criterion.codes->size() > kCodesCheckedMax) continue;
    const auto keys = EqualityKeys(setting(), query.type, criterion);
    if (keys && !has(entries.now, *keys) && !has(entries.before, *keys)) return false;
  }
  return true;
}

Result<Index::Meant> IndexView::WhoIsMeant(std::span<const Made> changes,
                                           std::span<const Query* const> queries,
                                           const MeantOptions& options) const {
  std::vector<const Query*> known;
  for (const Query* query : queries) known.push_back(CheckKnown(*query).ok() ? query : nullptr);
  return FindMeant(*this, setting(), changes, known, options);
}

}  // namespace

std::unique_ptr<GeneratedIndex> GeneratedIndex::Create(std::shared_ptr<const fhir::Definitions> base,
                                                       std::shared_ptr<const fhir::Definitions> definitions,
                                                       const IndexOptions& options,
                                                       const view::Directory* directory) {
  return std::make_unique<IndexView>(std::move(base), std::move(definitions), options, directory);
}

std::unique_ptr<Index> Index::Create(std::shared_ptr<const fhir::Definitions> definitions,
                                     const IndexOptions& options, const view::Directory* directory) {
  return std::make_unique<IndexView>(definitions, definitions, options, directory);
}

}  // namespace tk::search
