// The entries of a batch or transaction, read and checked: what each asks for.
// Source: FHIR R4 bundle.html, http.html#transaction.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

struct BundleEntry {
  size_t index = 0;  // in Bundle.entry
  Method method = Method::kGet;
  bool head = false;                  // a GET whose answer is to have no body
  std::vector<std::string> path;      // of request.url, after the base, decoded
  std::string query;                  // of request.url, still encoded
  fhir::TypeId type = fhir::kNoType;  // of path[0]; kNoType if it is none
  std::string type_name, id;          // id: "" when there is a condition, or none
  std::string full_url;
  fhir::Value resource;
  std::string if_match, if_none_match, if_none_exist, if_modified_since;

  std::string Path() const;  // "Bundle.entry[3]"
  bool conditional() const { return id.empty() && method != Method::kPost && method != Method::kGet; }
};

/// One entry. Errors: kIncorrect / kInvalid with the element path.
Result<BundleEntry> ParseEntry(const Room& room, const Call& call, size_t index, fhir::Value entry);
/// What a transaction may hold, beyond what is said of single entries: shapes of URLs, needed resources, no fullUrl twice.
Status CheckTransactionEntries(const std::vector<BundleEntry>& entries);
inline constexpr size_t kAnswerBytesMax = size_t{64} << 20;
/// May another entry be worked on, now that the answers of those before it have `answer_bytes`?
/// Errors: kTooLarge; kTimeout when the time of the whole request is over. Either way the entry is not done.
Status CheckAnswerRoom(const Call& call, size_t answer_bytes);
/// The request that an entry of a batch (or a GET of a transaction) stands for. Errors: a PATCH whose Binary is unusable.
Result<Request> RequestOfEntry(const Call& call, const BundleEntry& entry);
/// The JSON Patch in a PATCH entry's Binary. Errors: kInvalid.
Result<std::string> PatchOfEntry(const BundleEntry& entry);
/// Bundle itself: resourceType, type, members known, entries within the limit. Returns the type.
Result<std::string> CheckBundle(const Room& room, fhir::Value root);

}  // namespace tk::interaction
