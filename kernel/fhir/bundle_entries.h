// Which entry of a Bundle a reference means, as profiles are checked: found by a table, however many entries and references there are.
// Source: FHIR R4 bundle.html#references.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kernel/fhir/value.h"

namespace tk::fhir {

class BundleEntries {
 public:
  explicit BundleEntries(Value bundle) : bundle_(bundle) {}

  Value bundle() const { return bundle_; }
  /// The first entry whose fullUrl is `reference`, or ends with it behind a slash ("Patient/1", at most four parts); nullopt: none. Cost: at the
  /// first call a walk over the entries, 16 bytes for each part of their urls.
  std::optional<Value> Find(std::string_view reference);
  /// How many entries were read for that.
  size_t entries_read() const { return entries_.size(); }

 private:
  struct Row {
    size_t hash;  // of an url or an end of it
    size_t entry;
  };
  void Read();

  Value bundle_;
  bool is_read_ = false;
  std::vector<Value> entries_;
  std::vector<Row> rows_;  // by hash, then in the order of entries
};

}  // namespace tk::fhir
