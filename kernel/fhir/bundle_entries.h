// What a reference within a Bundle means: its address, by the rules of fullUrl, and the entry that has it, found by a table, however many
// entries and references there are. A relative reference takes the root of the fullUrl of the entry that it stands in.
// Source: FHIR R4 bundle.html#references.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/value.h"

namespace tk::fhir {

inline constexpr std::string_view kHistoryPart = "/_history/";

/// "scheme:" before the first slash, question mark or hash sign.
bool IsAbsoluteUri(std::string_view uri);

/// "http://x/fhir/Patient/1" → root "http://x/fhir/", type and id; parts of `url`. nullopt: it is no RESTful address.
struct RestAddress {
  std::string_view root, type, id;
};
std::optional<RestAddress> RestAddressOf(const Definitions& definitions, std::string_view url);

/// `url` is empty if the reference is relative and the entry's fullUrl is absolute, but has no root (a uuid): then it means no entry.
/// Where the entry has no fullUrl, which is told elsewhere, equal texts meet.
struct MeantAddress {
  std::string url, version;
};
MeantAddress AddressMeant(const Definitions& definitions, std::string_view full_url,
                          std::string_view reference);

class BundleEntries {
 public:
  BundleEntries(const Definitions& definitions, Value bundle) : definitions_(definitions), bundle_(bundle) {}

  Value bundle() const { return bundle_; }
  /// The first entry that is meant by a reference that stands at `from`, anywhere in an entry; nullopt: none. Cost: at the first call a walk over
  /// the entries, 16 bytes for each.
  std::optional<Value> Find(std::string_view reference, Value from);
  /// Of the entry that holds the value; "": none does, or it has none.
  std::string FullUrlOf(Value inside);
  /// How many entries were read for that.
  size_t entries_read() const { return entries_.size(); }

 private:
  struct Row {
    size_t hash;  // of a fullUrl
    size_t entry;
  };
  void Read();

  const Definitions& definitions_;
  Value bundle_;
  bool is_read_ = false;
  std::vector<Value> entries_;
  std::vector<Row> rows_;  // by hash, then in the order of entries
};

}  // namespace tk::fhir
