// What a transaction answers, the first time and when its Idempotency-Key comes again.
#include <fmt/format.h>

#include "kernel/interaction/conditional.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/transaction.h"

namespace tk::interaction {
namespace {

/// Done at once: GETs are answered on the thread that asks.
Response AnswerGet(const RoomPtr& room, const Transaction& transaction, const BundleEntry& entry) {
  auto request = RequestOfEntry(*transaction.call, entry);
  if (!request.ok()) return OutcomeOf(request.error());
  Response answer;
  HandleRequest(room, std::move(request).value(),
                [&answer](Response response) { answer = std::move(response); });
  return answer;
}

void AppendWritten(const Transaction& transaction, const EntryResult& result, Instant at_us,
                   std::string* out) {
  const Call& call = *transaction.call;
  BundleWriter::Entry entry;
  entry.status = StatusText(result.status);
  if (result.version != 0) {
    entry.etag = ETag(result.version);
    entry.last_modified = FormatInstant(result.at_us != 0 ? result.at_us : at_us);
    if (result.status != 204) {
      entry.full_url = FullUrl(call, result.type, result.id);
      entry.location =
          fmt::format("{}/{}/{}/_history/{}", call.request.base_url, result.type, result.id, result.version);
    }
  }
  std::string resource, outcome;
  if (call.prefer.returns == Returns::kRepresentation) {
    if (result.now != nullptr) AppendVersioned(*result.now, at_us, &resource);
    entry.resource = result.now != nullptr ? resource : result.body;
  } else if (call.prefer.returns == Returns::kOutcome) {
    outcome = InformationJson(result.status == 201   ? "Created."
                              : result.status == 204 ? "Deleted, or nothing to delete."
                                                     : "Updated, or found.");
    entry.outcome = outcome;
  }
  BundleWriter::AppendEntry(entry, out);
}

/// What one transaction wrote, in its order.
Result<Texts> WrittenBy(const Room& room, view::Ordinal first, const view::Position& basis) {
  Texts all;
  uint64_t t = 0;
  for (view::Ordinal ordinal = first; ordinal < basis.end_ordinal && all.ordinals.size() < kBundleEntriesMax;
       ++ordinal) {
    std::string body;
    auto header = room.engine().ReadText(ordinal, &body);
    if (!header.ok()) return header.TakeError();
    if (t == 0) t = header->t;
    if (header->t != t) break;
    all.ordinals.push_back(ordinal);
    all.headers.push_back(std::move(header).value());
    all.bodies.push_back(std::move(body));
  }
  return all;
}

/// Does the version `header` come from `entry`? A conditional create made it only if its condition now finds it.
Result<bool> IsFrom(const Room& room, const Transaction& transaction, const BundleEntry& entry,
                    const Header& header, const view::Position& basis, EntryResult* existing) {
  const bool is_delete = header.op == view::Operation::kDelete;
  if (entry.type != header.type || is_delete != (entry.method == Method::kDelete)) {
    if (entry.method != Method::kPost || entry.if_none_exist.empty()) return false;
  }
  if (entry.method == Method::kPost && !entry.if_none_exist.empty()) {
    const Match match =
        TRY(ResolveCondition(room, *transaction.call, entry.type, entry.if_none_exist, basis));
    if (match.count != 1 || (entry.type == header.type && match.id == header.id))
      return entry.type == header.type;
    existing->id = match.id;
    existing->version = match.version;
    return false;
  }
  return entry.id.empty() || entry.id == header.id;
}

}  // namespace

void AppendEntryResponse(const Response& response, std::string* out) {
  BundleWriter::Entry entry;
  entry.status = StatusText(response.status);
  entry.location = response.location;
  entry.etag = response.etag;
  if (response.last_modified_us != 0) entry.last_modified = FormatInstant(response.last_modified_us);
  const bool is_outcome =
      std::string_view(response.body).substr(0, 34) == R"({"resourceType":"OperationOutcome")";
  (is_outcome ? entry.outcome : entry.resource) = response.body;
  BundleWriter::AppendEntry(entry, out);
}

Response TransactionAnswer(const RoomPtr& room, const Transaction& transaction,
                           const std::vector<EntryResult>& results, Instant at_us) {
  std::string body;
  BundleWriter bundle(&body, "transaction-response");
  std::string text;
  for (size_t i = 0; i < transaction.entries.size(); ++i) {
    text.clear();
    if (transaction.entries[i].method == Method::kGet) {
      AppendEntryResponse(AnswerGet(room, transaction, transaction.entries[i]), &text);
    } else {
      AppendWritten(transaction, results[i], at_us, &text);
    }
    bundle.AddRaw(text);
  }
  bundle.End();
  return JsonResponse(*transaction.call, std::move(body), "transaction");
}

Result<std::optional<Response>> RepeatedTransaction(const RoomPtr& room, const Transaction& transaction,
                                                    const view::Position& basis) {
  const Call& call = *transaction.call;
  const view::Ordinal first = call.key == 0 ? 0 : TRY(room->index().FindKey(call.key, basis));
  if (first == 0) return std::optional<Response>();
  const Texts written = TRY(WrittenBy(*room, first, basis));
  std::vector<EntryResult> results(transaction.entries.size());
  size_t next = 0;
  for (const size_t i : transaction.order) {
    const BundleEntry& entry = transaction.entries[i];
    EntryResult& result = results[i];
    result.type = entry.type_name;
    result.status = entry.method == Method::kDelete ? 204 : 200;
    if (entry.method == Method::kGet || next == written.headers.size()) continue;
    const Header& header = written.headers[next];
    if (!TRY(IsFrom(*room, transaction, entry, header, basis, &result))) continue;
    result.id = header.id;
    result.version = header.version;
    result.at_us = header.at_us;
    if (entry.method != Method::kDelete) result.status = header.op == view::Operation::kCreate ? 201 : 200;
    result.body = written.bodies[next];
    ++next;
  }
  if (next != written.headers.size()) {
    return MakeError(
        ErrorCode::kConflict,
        "This Idempotency-Key was used for another request: make a new key for every new request.");
  }
  return std::optional<Response>(TransactionAnswer(room, transaction, results, 0));
}

}  // namespace tk::interaction
