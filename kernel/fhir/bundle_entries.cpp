#include "kernel/fhir/bundle_entries.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "kernel/fhir/primitives.h"

namespace tk::fhir {
namespace {

size_t HashOfUrl(std::string_view text) { return std::hash<std::string_view>()(text); }

}  // namespace

bool IsAbsoluteUri(std::string_view uri) {
  const size_t colon = uri.find(':');
  return colon != std::string_view::npos && colon != 0 && uri.find_first_of("/?#") > colon;
}

std::optional<RestAddress> RestAddressOf(const Definitions& definitions, std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return std::nullopt;
  url = url.substr(0, url.find(kHistoryPart));
  const size_t slash = url.rfind('/');
  const size_t start = url.rfind('/', slash - 1);
  if (start == std::string_view::npos) return std::nullopt;
  const RestAddress address{url.substr(0, start + 1), url.substr(start + 1, slash - start - 1),
                            url.substr(slash + 1)};
  TypeInfo id{};
  id.primitive = Primitive::kId;
  if (!definitions.IsResource(definitions.FindType(address.type)) || !IsPrimitiveText(id, address.id))
    return std::nullopt;
  return address;
}

MeantAddress AddressMeant(const Definitions& definitions, std::string_view full_url,
                          std::string_view reference) {
  MeantAddress meant;
  if (const size_t history = reference.find(kHistoryPart); history != std::string_view::npos) {
    meant.version = reference.substr(history + kHistoryPart.size());
    reference = reference.substr(0, history);
  }
  if (IsAbsoluteUri(reference)) {
    meant.url = reference;
  } else if (const auto base = RestAddressOf(definitions, full_url)) {
    meant.url.append(base->root).append(reference);
  } else if (!IsAbsoluteUri(full_url)) {
    meant.url = reference;
  }
  return meant;
}

void BundleEntries::Read() {
  is_read_ = true;
  for (const Value entry : bundle_["entry"]) {
    std::string scratch;
    rows_.push_back({HashOfUrl(entry["fullUrl"].String(scratch)), entries_.size()});
    entries_.push_back(entry);
  }
  const auto key = [](const Row& row) { return std::tuple(row.hash, row.entry); };
  std::sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) { return key(a) < key(b); });
}

std::string BundleEntries::FullUrlOf(Value inside) {
  if (!is_read_) Read();
  if (!inside || inside.document() != bundle_.document()) return "";
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), inside.index(),
                       [](uint32_t index, const Value& entry) { return index < entry.index(); });
  if (next == entries_.begin() || inside.index() >= std::prev(next)->node().end) return "";
  return (*std::prev(next))["fullUrl"].ToString();
}

std::optional<Value> BundleEntries::Find(std::string_view reference, Value from) {
  if (!is_read_) Read();
  const MeantAddress meant = AddressMeant(definitions_, FullUrlOf(from), reference);
  if (meant.url.empty()) return std::nullopt;
  const size_t hash = HashOfUrl(meant.url);
  auto row = std::lower_bound(rows_.begin(), rows_.end(), hash,
                              [](const Row& a, size_t wanted) { return a.hash < wanted; });
  for (; row != rows_.end() && row->hash == hash; ++row) {
    const Value entry = entries_[row->entry];
    const bool is_version =
        meant.version.empty() || entry["resource"]["meta"]["versionId"].ToString() == meant.version;
    if (is_version && entry["fullUrl"].ToString() == meant.url) return entry;
  }
  return std::nullopt;
}

}  // namespace tk::fhir
