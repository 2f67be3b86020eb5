#include "kernel/search/custom_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "kernel/base/diagnostics.h"
#include "kernel/base/hash.h"
#include "kernel/fhir/path/path.h"
#include "kernel/search/parameter_check.h"
#include "kernel/search/values.h"

namespace tk::search {
namespace {

/// Do the expressions of what `extended` has and `base` has not compile?
Status CheckExpressions(const fhir::Definitions& extended, const fhir::Definitions& base) {
  for (const fhir::TypeId type : extended.ResourceTypes()) {
    for (const fhir::SearchParameter& parameter : extended.SearchParameters(type)) {
      if (base.FindSearchParameter(type, parameter.code) != nullptr) continue;
      if (!IsOffered(parameter))
        return MakeError(ErrorCode::kUnsupported, "has no expression, or is of a kind that is not offered");
      TRY(fhir::path::Expression::Compile(parameter.expression, extended, type,
                                          fhir::path::kForSearchParameters));
    }
  }
  return {};
}

}  // namespace

CustomParameters::CustomParameters(const fhir::Definitions& base) : type_(base.FindType("SearchParameter")) {
  for (const fhir::TypeId type : base.ResourceTypes()) {
    for (const fhir::SearchParameter& parameter : base.SearchParameters(type))
      official_.emplace_back(parameter.url);
  }
  std::sort(official_.begin(), official_.end());
  official_.erase(std::unique(official_.begin(), official_.end()), official_.end());
}

bool CustomParameters::IsOfficial(std::string_view url) const {
  return std::binary_search(official_.begin(), official_.end(), url);
}

bool CustomParameters::IsWanted(fhir::Value root) const {
  return root.present() && root["status"].ToString() == "active" && !IsOfficial(root["url"].ToString());
}

Status CustomParameters::Check(std::shared_ptr<const fhir::Definitions> base, std::string_view id,
                               const fhir::Document& parameter,
                               std::span<const view::ResourcePtr> beside) const {
  if (!IsWanted(parameter.Root())) return {};
  if (parameter.Text().size() > kCustomBytesMax)
    return MakeIssue(ErrorCode::kTooLarge, "too-long", "SearchParameter",
                     fmt::format("SearchParameter: longer than {} bytes", kCustomBytesMax));
  std::vector<std::string> others;
  std::unordered_set<std::string_view> replaced;
  for (const view::ResourcePtr& other : beside) replaced.insert(other->id);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [other, text] : by_id_) {
      if (other != id && !replaced.contains(other)) others.push_back(text);
    }
  }
  for (const view::ResourcePtr& other : beside) {
    if (other->id != id && IsWanted(other->document.Root())) others.emplace_back(other->document.Text());
  }
  if (others.size() >= kCustomMax)
    return MakeIssue(
        ErrorCode::kTooLarge, "too-costly", "SearchParameter",
        fmt::format("SearchParameter: {} are stored already, the most there may be", kCustomMax));
  return CheckParameter(WithCustom(std::move(base), others), parameter);
}

void CustomParameters::Hear(const view::Change& change) {
  const view::ResourcePtr& named = change.now != nullptr ? change.now : change.before;
  if (named == nullptr || named->type != type_) return;
  const fhir::Value root = change.now == nullptr ? fhir::Value() : change.now->document.Root();
  const bool wanted = IsWanted(root) && change.now->document.Text().size() <= kCustomBytesMax;
  const std::lock_guard lock(mutex_);
  const auto at = by_id_.find(named->id);
  if (!wanted && at == by_id_.end()) return;
  if (!wanted)
    by_id_.erase(at);
  else if (at != by_id_.end() || by_id_.size() < kCustomMax)
    by_id_[named->id] = std::string(change.now->document.Text());
  version_.fetch_add(1, std::memory_order_release);
}

void CustomParameters::Clear() {
  const std::lock_guard lock(mutex_);
  by_id_.clear();
  version_.fetch_add(1, std::memory_order_release);
}

std::vector<std::string> CustomParameters::Texts() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [id, text] : by_id_) out.push_back(text);
  return out;
}

std::string CustomParameters::Print() const {
  std::string out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, text] : by_id_) out += id + "\t" + text + "\n";
  }
  out += fmt::format("crc\t{}\n", Crc32c({reinterpret_cast<const uint8_t*>(out.data()), out.size()}));
  return out;
}

Status CustomParameters::Read(std::string_view file) {
  const size_t end = file.rfind("crc\t");
  if (end == std::string_view::npos ||
      file.substr(end) !=
          fmt::format("crc\t{}\n", Crc32c({reinterpret_cast<const uint8_t*>(file.data()), end})))
    return MakeError(ErrorCode::kCorrupt, "a saved view is damaged and is rebuilt from the log",
                     "its list of stored search parameters");
  const std::lock_guard lock(mutex_);
  by_id_.clear();
  for (file = file.substr(0, end); !file.empty();) {
    const std::string_view line = file.substr(0, file.find('\n'));
    file.remove_prefix(std::min(line.size() + 1, file.size()));
    const size_t tab = std::min(line.find('\t'), line.size());
    by_id_[std::string(line.substr(0, tab))] = std::string(line.substr(std::min(tab + 1, line.size())));
  }
  version_.fetch_add(1, std::memory_order_release);
  return {};
}

std::shared_ptr<const fhir::Definitions> WithCustom(std::shared_ptr<const fhir::Definitions> base,
                                                    const std::vector<std::string>& texts) {
  std::vector<std::string> taken;
  std::shared_ptr<const fhir::Definitions> out = base;
  auto extend =
      [&](const std::vector<std::string>& with) -> Result<std::shared_ptr<const fhir::Definitions>> {
    auto extended = TRY(fhir::Definitions::Extend(base, with));
    TRY(CheckExpressions(*extended, *base));
    return extended;
  };
  if (auto all = extend(texts); texts.empty() || all.ok()) return texts.empty() ? base : *std::move(all);
  // One of them does not fit: which, is found one by one.
  for (const std::string& text : texts) {
    taken.push_back(text);
    auto extended = extend(taken);
    if (extended.ok()) {
      out = *std::move(extended);
      continue;
    }
    taken.pop_back();
    SayError("search-parameter-not-in-use", extended.error());
  }
  return out;
}

}  // namespace tk::search
