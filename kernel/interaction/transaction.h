// A transaction on its way: read once, planned at every attempt.
#pragma once

#include "kernel/interaction/bundle_entries.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {

/// Immutable after ReadTransaction.
struct Transaction {
  CallPtr call;
  fhir::Document document;
  std::vector<BundleEntry> entries;
  std::vector<size_t> order;         // indices of entries: DELETE, POST, PUT and PATCH, GET
  std::vector<std::string> new_ids;  // of each entry that may create; the same at every attempt
};
using TransactionPtr = std::shared_ptr<const Transaction>;

Result<TransactionPtr> ReadTransaction(const Room& room, const CallPtr& call, fhir::Document document);
Result<Plan> PlanTransaction(const RoomPtr& room, const TransactionPtr& transaction,
                             const view::Position& basis);

/// What became of one entry; with what its answer is written from.
struct EntryResult {
  int status = 0;
  std::string type, id;
  uint32_t version = 0;
  Instant at_us = 0;      // 0 = that of the commit
  std::string body;       // resource, when it is asked for
  view::ResourcePtr now;  // the written version: `body` is made from it
  std::string alerts;     // OperationOutcome of the alerts of a visit (alerts.h); "" for none
};
/// All or nothing counts reads too: the refusal of the whole by the first GET that would fail (what other entries write counts as there, what they delete as
/// gone), asked before anything is written. nullopt: all GETs can be answered. Cost: that of the GETs.
/// Source: FHIR R4 http.html#transaction-response.
std::optional<Response> RefusalByGets(const RoomPtr& room, const Transaction& transaction,
                                      const std::vector<EntryResult>& results);
/// The response Bundle, in the order of the entries; GETs are done now. `results[i]` belongs to entries[i].
Response TransactionAnswer(const RoomPtr& room, const Transaction& transaction,
                           const std::vector<EntryResult>& results, Instant at_us);
/// The answer of an earlier transaction with the same Idempotency-Key; nullopt if there was none.
Result<std::optional<Response>> RepeatedTransaction(const RoomPtr& room, const Transaction& transaction,
                                                    const view::Position& basis);

/// What the patch of a PATCH entry makes of a version. Errors: of the entry, and of the patch (fhir/patch.h).
Result<fhir::Document> PatchedBy(const BundleEntry& entry, std::string_view before);

/// One entry's answer from the answer of the request that it stands for.
void AppendEntryResponse(const Response& response, std::string* out);

}  // namespace tk::interaction
