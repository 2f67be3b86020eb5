// From a link entry to what it means, and from a resource to what others call it: by Type/id, or by a canonical (url, or url|version).
// A canonical without a version means every stored resource that has this url, one with a version those whose version is written the same.
// Source: FHIR R4 references.html#canonical.
#pragma once

#include "kernel/search/nested.h"
#include "kernel/search/nodes.h"

namespace tk::search {

/// The resources that `link`, an entry of kLinkSlot, means at `position`, until `each` returns false; then false. Of a canonical also such as are
/// no more what they were: the directory knows.
template <class Each>
bool ForMeant(const Setting& setting, const Look& look, const view::Position& position, const Entry24& link,
              const Each& each) {
  if (link.c != kLinkIsCanonical) {
    const auto version = setting.directory.Current(link.b, position);
    return version.ordinal == 0 || version.deleted || each(version.ordinal);
  }
  return GatherKey(look, CanonicalKey(setting.hash_key, link.b), [&](const Candidate& candidate) {
    return candidate.ordinal >= position.end_ordinal || each(candidate.ordinal);
  });
}

/// What a nested resource refers to.
struct FoundLinks final : NestedLinks {
  explicit FoundLinks(const HashKey& hash_key) : key(hash_key) {}
  void ToNested(Nested target) override { nested.push_back(std::move(target)); }
  void ToStored(std::string_view name) override { stored.push_back({0, KeyedHash(key, name), 0}); }
  void ToCanonical(std::string_view name) override {
    stored.push_back({0, KeyedHash(key, name), kLinkIsCanonical});
  }
  const HashKey& key;
  std::vector<Nested> nested;
  std::vector<Entry24> stored;  // as entries of kLinkSlot
};

/// The hashes of what others may call the resource, until `each` returns false; then false. They go into LinkKey.
template <class Each>
bool ForNamesOf(const Setting& setting, const Look& look, fhir::TypeId type, Ordinal ordinal,
                const Each& each) {
  bool more = true;
  ForSortValues(look, kSelfSlot + type, ordinal, [&](const Entry24& entry) {
    more = each(entry.b);
    return false;
  });
  if (more && setting.extractor.HasCanonicals(type))
    ForSortValues(look, kUrlsSlot + type, ordinal, [&](const Entry24& entry) {
      more = each(entry.b);
      return more;
    });
  return more;
}

}  // namespace tk::search
