#include "kernel/fhir/bundle_entries.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace tk::fhir {
namespace {

constexpr int kUrlPartsMax = 4;  // Patient/1/_history/2

size_t HashOfUrl(std::string_view text) { return std::hash<std::string_view>()(text); }

bool IsMeantBy(std::string_view url, std::string_view reference) {
  if (url == reference) return true;
  return url.size() > reference.size() && url.ends_with(reference) &&
         url[url.size() - reference.size() - 1] == '/' && reference.find(':') == std::string_view::npos;
}

}  // namespace

void BundleEntries::Read() {
  is_read_ = true;
  for (const Value entry : bundle_["entry"]) {
    const std::string url = entry["fullUrl"].ToString();
    rows_.push_back({HashOfUrl(url), entries_.size()});
    size_t slash = std::string::npos;
    for (int part = 0; part < kUrlPartsMax && slash != 0; ++part) {
      slash = url.rfind('/', slash == std::string::npos ? slash : slash - 1);
      if (slash == std::string::npos) break;
      rows_.push_back({HashOfUrl(std::string_view(url).substr(slash + 1)), entries_.size()});
    }
    entries_.push_back(entry);
  }
  const auto key = [](const Row& row) { return std::tuple(row.hash, row.entry); };
  std::sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) { return key(a) < key(b); });
}

std::optional<Value> BundleEntries::Find(std::string_view reference) {
  if (!is_read_) Read();
  const size_t hash = HashOfUrl(reference);
  auto row = std::lower_bound(rows_.begin(), rows_.end(), hash,
                              [](const Row& a, size_t wanted) { return a.hash < wanted; });
  for (; row != rows_.end() && row->hash == hash; ++row) {
    if (IsMeantBy(entries_[row->entry]["fullUrl"].ToString(), reference)) return entries_[row->entry];
  }
  return std::nullopt;
}

}  // namespace tk::fhir
