// Writes a Bundle by appending: resources go in as the texts they are stored as, nothing is serialised again.
// Source: FHIR R4 bundle.html.
#pragma once

#include <optional>
#include <vector>

#include "kernel/fhir/value.h"
#include "kernel/interaction/interaction.h"

namespace tk::interaction {

class BundleWriter {
 public:
  BundleWriter(std::string* out, std::string_view type);
  void Total(uint64_t total);
  void Link(std::string_view relation, std::string_view url);

  struct Entry {
    std::string full_url;
    std::string_view resource;     // JSON; "" = none
    std::string_view search_mode;  // "match", "include", "outcome"; "" = none
    std::string_view method, url;  // request; "" = none
    std::string status;            // response; "" = none
    std::string location, etag, last_modified;
    std::string_view outcome;  // JSON; "" = none
  };
  /// Memory at once for entries of so many resources that have so many bytes together.
  void Reserve(size_t resources, size_t bytes);
  void Add(const Entry& entry);
  /// As Add of fullUrl `base_url`/`type`/`id`, resource and search mode: an answer has hundreds of these.
  void AddFound(std::string_view base_url, std::string_view type, std::string_view id, std::string_view json,
                std::string_view search_mode);
  /// Adds the entry's JSON that AppendEntry made earlier.
  void AddRaw(std::string_view json) { NextEntry()->append(json); }
  /// Where the caller writes the next entry's JSON.
  std::string* NextEntry();
  void End();

  /// An entry shows a record of this person (0: nobody's).
  void Shows(view::OwnerNumber owner) {
    if (owner != 0 && (shown_.empty() || shown_.back() != owner)) shown_.push_back(owner);
  }
  /// Of all entries, for the audit; ascending, each once.
  std::vector<uint32_t> TakeShown() { return DistinctOwners(std::move(shown_)); }
  static std::vector<uint32_t> DistinctOwners(std::vector<uint32_t> owners);

  static void AppendEntry(const Entry& entry, std::string* out);

 private:
  std::string* out_;
  bool links_open_ = false, entries_open_ = false;
  std::vector<uint32_t> shown_;
  void CloseLinks();
};

/// "200 OK", "201 Created" … as Bundle.entry.response.status carries it.
std::string StatusText(int status);

}  // namespace tk::interaction
