// From a link entry to what it means, and from a resource to what others call it: by Type/id, or by a canonical (url, or url|version).
// A canonical without a version means every stored resource that has this url, one with a version those whose version is written the same. If it is
// an address of this server, also the resource that is there. `own_base`: BaseHash of this server's address as the client sees it, 0 if not known.
// Source: FHIR R4 references.html#canonical.
#pragma once

#include "kernel/search/nested.h"
#include "kernel/search/nodes.h"

namespace tk::search {

/// Can it mean anything here? Not an address of another server.
inline bool IsOurs(const Entry24& link, uint64_t own_base) {
  return link.c == kLinkIsRecord || link.c == kLinkIsCanonical || link.c == own_base;
}

/// The resources that `link`, an entry of kLinkSlot, means at `position`, until `each` returns false; then false. Of a canonical also such as are
/// no more what they were: the directory knows.
template <class Each>
bool ForMeant(const Setting& setting, const Look& look, const view::Position& position, uint64_t own_base,
              const Entry24& link, const Each& each) {
  if (!IsOurs(link, own_base)) return true;
  if (link.c != kLinkIsCanonical) {
    const auto version = setting.directory.Current(link.b, position);
    if (version.ordinal != 0) return version.deleted || each(version.ordinal);
    if (link.c == kLinkIsRecord) return true;
    // Not of Type/id, then: of Type/id|version, which names as a canonical does.
  }
  return GatherKey(look, CanonicalKey(setting.hash_key, link.b), [&](const Candidate& candidate) {
    return candidate.ordinal >= position.end_ordinal || each(candidate.ordinal);
  });
}

/// What a nested resource refers to.
struct FoundLinks final : NestedLinks {
  explicit FoundLinks(const HashKey& hash_key) : key(hash_key) {}
  void ToNested(Nested target) override { nested.push_back(std::move(target)); }
  void ToStored(std::string_view name) override {
    stored.push_back({0, KeyedHash(key, name), kLinkIsRecord});
  }
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
                uint64_t own_base, const Each& each) {
  bool more = true;
  const bool has_canonicals = setting.extractor.HasCanonicals(type);
  const auto take = [&](uint64_t name, bool is_name) {
    more = each(name) && (!is_name || !has_canonicals || own_base == 0 ||
                          each(AddressHash(setting.hash_key, own_base, name)));
    return more;
  };
  ForSortValues(look, kSelfSlot + type, ordinal, [&](const Entry24& entry) {
    take(entry.b, true);
    return false;
  });
  if (more && has_canonicals)
    ForSortValues(look, kUrlsSlot + type, ordinal,
                  [&](const Entry24& entry) { return take(entry.b, entry.c == kUrlIsName); });
  return more;
}

}  // namespace tk::search
