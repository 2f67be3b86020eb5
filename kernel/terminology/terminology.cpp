#include "kernel/terminology/terminology.h"

#include <algorithm>
#include <optional>

#include "kernel/terminology/official.h"

namespace tk::terminology {
namespace {

constexpr size_t kKeptCodesMax = 500'000;
constexpr size_t kConfirmedMax = 4096;

using DocumentPtr = std::shared_ptr<const fhir::Document>;

/// Tells one content from another; "-" for none.
std::string IdentityOf(const DocumentPtr& document) {
  if (document == nullptr) return "-";
  const std::string_view text = document->Text();
  return std::to_string(text.size()) + "/" + std::to_string(std::hash<std::string_view>()(text));
}

/// What a list was made from.
struct Dependency {
  std::string type, canonical, identity;
};

bool ByCode(const fhir::SystemCode& x, const fhir::SystemCode& y) {
  return x.second != y.second ? x.second < y.second : x.first < y.first;
}

}  // namespace

CodeList::CodeList(std::vector<fhir::SystemCode> codes, std::string note)
    : codes_(std::move(codes)), note_(std::move(note)) {
  std::sort(codes_.begin(), codes_.end(), ByCode);
  codes_.erase(std::unique(codes_.begin(), codes_.end()), codes_.end());
}

std::pair<const fhir::SystemCode*, const fhir::SystemCode*> CodeList::WithCode(std::string_view code) const {
  const auto low = std::partition_point(codes_.begin(), codes_.end(),
                                        [code](const fhir::SystemCode& each) { return each.second < code; });
  auto high = low;
  while (high != codes_.end() && high->second == code) ++high;
  return {codes_.data() + (low - codes_.begin()), codes_.data() + (high - codes_.begin())};
}

bool CodeList::Has(std::string_view system, std::string_view code) const {
  const auto [begin, end] = WithCode(code);
  return std::any_of(begin, end, [system](const fhir::SystemCode& each) { return each.first == system; });
}

class Kept {
 public:
  struct List {
    CodeListPtr codes;
    std::vector<Dependency> from;
  };
  std::optional<List> Find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = lists_.find(key);
    return found == lists_.end() ? std::nullopt : std::optional(found->second);
  }
  void Keep(const std::string& key, List list) {
    const std::lock_guard lock(mutex_);
    MakeRoom(list.codes->size());
    lists_[key] = std::move(list);
  }
  std::shared_ptr<const fhir::CodeTree> Tree(const std::string& canonical, const std::string& identity,
                                             fhir::Value root) {
    const std::string key = canonical + " " + identity;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = trees_.find(key); found != trees_.end()) return found->second;
    }
    auto tree = std::make_shared<const fhir::CodeTree>(root);
    const std::lock_guard lock(mutex_);
    MakeRoom(tree->size());
    return trees_[key] = std::move(tree);
  }

 private:
  void MakeRoom(size_t codes) {
    codes_ += codes + 1;
    if (codes_ <= kKeptCodesMax) return;
    lists_.clear();
    trees_.clear();
    codes_ = codes + 1;
  }
  mutable std::mutex mutex_;
  std::unordered_map<std::string, List> lists_;
  std::unordered_map<std::string, std::shared_ptr<const fhir::CodeTree>> trees_;
  size_t codes_ = 0;  // of all that were kept since the last clearing
};

std::shared_ptr<Kept> MakeKept() { return std::make_shared<Kept>(); }

/// Stored resources first, then the official ones, then what the platform's own definitions compiled; it notes what was asked for.
class Terminology::Source final : public fhir::CodeSource {
 public:
  explicit Source(const Terminology& all) : all_(all) {}
  fhir::Value FindValueSet(std::string_view canonical) const override {
    const DocumentPtr found = Look("ValueSet", canonical);
    return found == nullptr ? fhir::Value() : found->Root();
  }
  std::shared_ptr<const fhir::CodeTree> FindCodeSystem(std::string_view canonical) const override {
    const DocumentPtr found = Look("CodeSystem", canonical);
    if (found == nullptr) return nullptr;
    return all_.kept_->Tree(std::string(canonical), IdentityOf(found), found->Root());
  }
  std::optional<std::vector<fhir::SystemCode>> Compiled(std::string_view url) const override {
    const fhir::CodeSetId set = all_.definitions_.FindCodeSet(url);
    if (set == fhir::kNoCodeSet) return std::nullopt;
    const auto codes = all_.definitions_.SystemCodes(set);
    return std::vector<fhir::SystemCode>(codes.begin(), codes.end());
  }
  std::vector<Dependency> TakeFrom() { return std::move(from_); }
  static DocumentPtr Find(const Terminology& all, std::string_view type, std::string_view canonical) {
    DocumentPtr found = all.stored_.Find(type, canonical);
    return found != nullptr ? found : Official().Find(type, canonical);
  }

 private:
  DocumentPtr Look(std::string_view type, std::string_view canonical) const {
    DocumentPtr found = Find(all_, type, canonical);
    from_.push_back({std::string(type), std::string(canonical), IdentityOf(found)});
    if (found != nullptr) held_.push_back(found);
    return found;
  }
  const Terminology& all_;
  mutable std::vector<Dependency> from_;
  mutable std::vector<DocumentPtr> held_;
};

template <class Make>
Result<CodeListPtr> Terminology::Get(const std::string& key, const Make& make) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = confirmed_.find(key); known != confirmed_.end()) return known->second;
  }
  CodeListPtr list;
  if (const auto kept = kept_->Find(key)) {
    const bool same = std::all_of(kept->from.begin(), kept->from.end(), [this](const Dependency& each) {
      return IdentityOf(Source::Find(*this, each.type, each.canonical)) == each.identity;
    });
    if (same) list = kept->codes;
  }
  if (list == nullptr) {
    Source source(*this);
    auto made = make(source);
    TRY(stored_.Complete());  // before anything is said to be unknown
    list = TRY(std::move(made));
    if (!list->note().empty()) return list;  // of whatever somebody wrote: not to be kept
    if (list->size() > kListedCodesMax)
      return MakeIssue(ErrorCode::kTooLarge, "too-costly", "",
                       "more than " + std::to_string(kListedCodesMax) + " codes: ask for a narrower set");
    kept_->Keep(key, {list, source.TakeFrom()});
  }
  TRY(stored_.Complete());
  const std::lock_guard lock(mutex_);
  if (confirmed_.size() >= kConfirmedMax) confirmed_.clear();
  return confirmed_[key] = list;
}

Result<CodeListPtr> Terminology::In(std::string_view value_set) const {
  return Get("in " + std::string(value_set), [&](const Source& source) -> Result<CodeListPtr> {
    fhir::ExpansionLimits limits;
    limits.codes_max = kListedCodesMax;
    const fhir::Value root = source.FindValueSet(value_set);
    if (root.present())
      return CodeListPtr(std::make_shared<const CodeList>(TRY(fhir::ExpandValueSet(root, source, limits))));
    if (auto codes = source.Compiled(value_set))
      return CodeListPtr(std::make_shared<const CodeList>(*std::move(codes)));
    return MakeIssue(ErrorCode::kUnsupported, "not-supported", "",
                     "value set " + ShownCanonical(value_set) +
                         " is not known here: store it as a ValueSet with a compose");
  });
}

Result<CodeListPtr> Terminology::Related(std::string_view system, std::string_view code, bool below) const {
  const std::string key =
      std::string(below ? "below " : "above ") + std::string(system) + " " + std::string(code);
  return Get(key, [&](const Source& source) -> Result<CodeListPtr> {
    const auto tree = source.FindCodeSystem(system);
    const std::string shown = "code system " + ShownCanonical(system);
    if (tree == nullptr)
      return MakeIssue(ErrorCode::kUnsupported, "not-supported", "",
                       shown + " is not known here: store it as a CodeSystem with all its codes");
    if (!tree->is_complete())
      return MakeIssue(ErrorCode::kUnsupported, "not-supported", "",
                       shown +
                           " is not whole here (content is not complete), so what stands above or below "
                           "a code is not known");
    const auto place = tree->Find(code);
    if (place == fhir::CodeTree::kNone)
      return CodeListPtr(std::make_shared<const CodeList>(
          std::vector<fhir::SystemCode>{{std::string(fhir::WithoutVersion(system)), std::string(code)}},
          shown + " has no such code: only the code itself is looked for"));
    const auto places = below ? tree->Below(place) : tree->Above(place);
    std::vector<fhir::SystemCode> out;
    for (const auto each : places) out.emplace_back(fhir::WithoutVersion(system), tree->Code(each));
    return CodeListPtr(std::make_shared<const CodeList>(std::move(out)));
  });
}

Result<CodeListPtr> Terminology::Below(std::string_view system, std::string_view code) const {
  return Related(system, code, true);
}
Result<CodeListPtr> Terminology::Above(std::string_view system, std::string_view code) const {
  return Related(system, code, false);
}

std::string ShownCanonical(std::string_view canonical) {
  constexpr size_t kShownMax = 200;
  const bool has_form = canonical.find("://") != std::string_view::npos ||
                        canonical.starts_with("urn:oid:") || canonical.starts_with("ValueSet/");
  // No question mark and no percent sign: what stands behind them could be anybody's.
  const bool fit = has_form && canonical.size() <= kShownMax &&
                   std::all_of(canonical.begin(), canonical.end(), [](char c) {
                     return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            std::string_view("-._:/|#").find(c) != std::string_view::npos;
                   });
  return fit ? std::string(canonical) : "(as asked)";
}

}  // namespace tk::terminology
