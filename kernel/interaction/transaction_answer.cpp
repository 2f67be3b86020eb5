// What a transaction answers, the first time and when its Idempotency-Key comes again.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/interaction/alerts.h"
#include "kernel/interaction/conditional.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/references.h"
#include "kernel/interaction/transaction.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

/// Done at once: GETs are answered on the thread that asks. `answered` = bytes of the answer before it.
Response AnswerGet(const RoomPtr& room, const Transaction& transaction, const BundleEntry& entry,
                   size_t answered) {
  if (const Status fits = CheckAnswerRoom(*transaction.call, answered); !fits.ok())
    return OutcomeOf(fits.error());
  auto request = RequestOfEntry(*transaction.call, entry);
  if (!request.ok()) return OutcomeOf(request.error());
  Response answer;
  HandleRequest(room, std::move(request).value(),
                [&answer](Response response) { answer = std::move(response); });
  return answer;
}

/// Is what a GET asks for written by another entry? Then it is not what the state before the writes says.
bool IsWritten(const BundleEntry& get, const std::vector<EntryResult>& results) {
  if (get.id.empty()) return false;
  return std::any_of(results.begin(), results.end(), [&get](const EntryResult& result) {
    return (result.status == 200 || result.status == 201) && result.id == get.id &&
           result.type == get.type_name;
  });
}
bool IsDeleted(const BundleEntry& get, const std::vector<EntryResult>& results) {
  // A read of a former version and a history go on.
  if (get.id.empty() || get.path.size() != 2) return false;
  return std::any_of(results.begin(), results.end(), [&get](const EntryResult& result) {
    return result.status == 204 && result.version != 0 && result.id == get.id && result.type == get.type_name;
  });
}

/// The refusal of the whole for the sake of one entry.
Response RefusalFor(const BundleEntry& entry, const Response& answer) {
  std::string type = "processing", text = "This entry fails.";
  if (const auto outcome = fhir::Document::Parse(answer.body); outcome.ok()) {
    const fhir::Value issue = outcome->Root()["issue"].At(0);
    if (issue["code"].is_string()) type = issue["code"].ToString();
    if (issue["diagnostics"].is_string()) text = issue["diagnostics"].ToString();
  }
  return Refusal(answer.status, type, std::move(text), entry.Path() + ".request.url");
}

/// Writes the entries of one answer: hundreds of the same shape, so they are put together by hand. Type and id need no escapes.
class AnswerEntries {
 public:
  AnswerEntries(const Call& call, Instant at_us) : call_(call), at_us_(at_us), at_(FormatInstant(at_us)) {
    fhir::AppendJsonString(call.request.base_url, &base_);
    base_ = base_.substr(1, base_.size() - 2);
  }

  void Append(const EntryResult& result, std::string* out) const {
    out->push_back('{');
    const bool named = result.version != 0 && result.status != 204;
    if (named) {
      out->append(R"("fullUrl":")");
      AppendUrl(result, out);
      out->append("\",");
    }
    AppendBody(result, out);
    out->append(R"("response":{"status":")").append(StatusText(result.status)).push_back('"');
    if (result.version != 0) {
      const std::string version = std::to_string(result.version);
      if (named) {
        out->append(R"(,"location":")");
        AppendUrl(result, out);
        out->append("/_history/").append(version).push_back('"');
      }
      out->append(R"(,"etag":"W/\")").append(version).append(R"(\"","lastModified":")");
      out->append(result.at_us != 0 ? FormatInstant(result.at_us) : at_).push_back('"');
    }
    AppendOutcome(result, out);
    out->append("}}");
  }

 private:
  void AppendUrl(const EntryResult& result, std::string* out) const {
    out->append(base_).append("/").append(result.type).append("/").append(result.id);
  }
  void AppendBody(const EntryResult& result, std::string* out) const {
    if (call_.prefer.returns != Returns::kRepresentation || (result.now == nullptr && result.body.empty()))
      return;
    out->append(R"("resource":)");
    if (result.now != nullptr) {
      AppendVersioned(*result.now, at_us_, out);
    } else {
      out->append(result.body);
    }
    out->push_back(',');
  }
  void AppendOutcome(const EntryResult& result, std::string* out) const {
    if (!result.alerts.empty()) {
      out->append(R"(,"outcome":)").append(result.alerts);
      return;
    }
    if (call_.prefer.returns != Returns::kOutcome) return;
    out->append(R"(,"outcome":)")
        .append(InformationJson(result.status == 201   ? "Created."
                                : result.status == 204 ? "Deleted, or nothing to delete."
                                                       : "Updated, or found."));
  }

  const Call& call_;
  const Instant at_us_;
  const std::string at_;
  std::string base_;  // as it stands in JSON
};

/// What one transaction wrote, in its order.
Result<Texts> WrittenBy(const Room& room, view::Ordinal first, const view::Position& basis) {
  Texts all;
  uint64_t t = 0;
  for (view::Ordinal ordinal = first; ordinal < basis.end_ordinal && all.ordinals.size() < kBundleEntriesMax;
       ++ordinal) {
    auto text = TRY(room.engine().OpenText(ordinal));
    if (t == 0) t = text->header.t;
    if (text->header.t != t) break;
    all.Add(ordinal, std::move(text));
  }
  return all;
}

constexpr size_t kNoPlace = ~size_t{0};

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

/// What the platform itself wrote beside (person_links.h, alerts.h) stands behind what the entries became.
Result<bool> AreMadeByMachine(const Texts& written, size_t from) {
  for (size_t i = from; i < written.size(); ++i) {
    if (written.body(i).empty()) return false;
    const fhir::Document document = TRY(fhir::Document::Parse(written.body(i)));
    if (!IsMadeByMachine(document.Root()) && !IsMadeByAlertRule(document.Root())) return false;
  }
  return true;
}

/// The alerts among it.
Result<RaisedAlerts> AlertsAmong(const Room& room, const Texts& written, size_t from) {
  RaisedAlerts raised;
  for (size_t i = from; i < written.size(); ++i) {
    const view::ResourcePtr resource = TRY(room.engine().Read(written.ordinals[i]));
    const fhir::Value root = resource->document.Root();
    if (IsAlert(root)) raised.push_back({resource, root["encounter"]["reference"].ToString()});
  }
  return raised;
}

/// The text of the version before `header`; "" if there is none.
Result<std::string> TextBefore(const Room& room, const Header& header, const view::Position& basis) {
  const uint64_t id_hash = room.engine().IdHash(room.TypeName(header.type), header.id);
  const auto current = room.directory().Current(id_hash, basis);
  if (current.version < header.version) return std::string();
  // Versions are numbered without gaps, so the wanted one is this many back.
  const auto versions = room.directory().Versions(id_hash, basis, current.version - header.version + 2);
  std::string text;
  if (versions.empty() || versions.back().version + 1 != header.version || versions.back().deleted)
    return text;
  TRY(room.engine().ReadText(versions.back().ordinal, &text));
  return text;
}

/// Are the versions at `places` of `written` (by entry; kNoPlace: none) what this transaction makes of its entries? Its links are made anew from
/// what the entries became; what a conditional reference found then is not asked again, only its type.
Result<bool> AreMadeOf(const Room& room, const Transaction& transaction,
                       const std::vector<EntryResult>& results, const Texts& written,
                       const std::vector<size_t>& places, const view::Position& basis) {
  LinkTargets targets;
  for (size_t i = 0; i < results.size(); ++i) {
    const BundleEntry& entry = transaction.entries[i];
    const bool is_target = entry.method != Method::kGet && entry.method != Method::kDelete;
    if (is_target && !entry.full_url.empty() && !results[i].id.empty())
      targets.emplace(entry.full_url, fmt::format("{}/{}", entry.type_name, results[i].id));
  }
  LinkRewriter rewriter(*room.definitions, targets,
                        [&room](fhir::TypeId type, std::string_view) -> Result<std::string> {
                          return std::string(room.TypeName(type)).append(kSomeId);
                        });
  for (size_t i = 0; i < results.size(); ++i) {
    const BundleEntry& entry = transaction.entries[i];
    if (places[i] == kNoPlace || entry.method == Method::kDelete) continue;
    fhir::Document patched;
    fhir::Value source = entry.resource;
    if (entry.method == Method::kPatch) {
      auto again = PatchedBy(entry, TRY(TextBefore(room, written.header(places[i]), basis)));
      if (!again.ok()) return false;  // no patch, or one of something else
      patched = std::move(again).value();
      source = patched.Root();
    }
    const auto sent = rewriter.Rewrite(source, entry.type, entry.full_url, results[i].id, entry.Path());
    if (!sent.ok()) return false;  // a link to an entry that this transaction does not have
    const fhir::Document kept = TRY(fhir::Document::Parse(written.body(places[i])));
    if (!TRY(IsMadeOf(transaction.call->viewer(), kept, *sent))) return false;
  }
  return true;
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
  if (!response.alerts.empty()) entry.outcome = response.alerts;
  BundleWriter::AppendEntry(entry, out);
}

std::optional<Response> RefusalByGets(const RoomPtr& room, const Transaction& transaction,
                                      const std::vector<EntryResult>& results) {
  size_t answered = 0;
  for (const BundleEntry& entry : transaction.entries) {
    if (entry.method != Method::kGet || IsWritten(entry, results)) continue;
    if (IsDeleted(entry, results))
      return Refusal(410, "deleted", "Another entry of this transaction deletes what this one reads.",
                     entry.Path() + ".request.url");
    const Response answer = AnswerGet(room, transaction, entry, answered);
    if (answer.status >= 400) return RefusalFor(entry, answer);
    answered += answer.body.size();
  }
  return std::nullopt;
}

Response TransactionAnswer(const RoomPtr& room, const Transaction& transaction,
                           const std::vector<EntryResult>& results, Instant at_us) {
  std::string body;
  BundleWriter bundle(&body, "transaction-response");
  const AnswerEntries entries(*transaction.call, at_us);
  const bool tells = transaction.call->request.tells_owners;
  for (size_t i = 0; i < transaction.entries.size(); ++i) {
    std::string* const out = bundle.NextEntry();
    if (transaction.entries[i].method == Method::kGet) {
      const Response answer = AnswerGet(room, transaction, transaction.entries[i], out->size());
      AppendEntryResponse(answer, out);
      for (const uint32_t owner : answer.audit_owners) bundle.Shows(owner);
      bundle.Shows(NamedOwner(*room, answer));
    } else {
      entries.Append(results[i], out);
      if (tells && results[i].status < 300) bundle.Shows(OwnerOf(*room, results[i].type, results[i].id));
    }
  }
  bundle.End();
  return Showing(*room, *transaction.call, &bundle,
                 JsonResponse(*transaction.call, std::move(body), "transaction"));
}

Result<std::optional<Response>> RepeatedTransaction(const RoomPtr& room, const Transaction& transaction,
                                                    const view::Position& basis) {
  const Call& call = *transaction.call;
  const view::Ordinal first = call.key == 0 ? 0 : TRY(room->index().FindKey(call.key, basis));
  if (first == 0) return std::optional<Response>();
  const Texts written = TRY(WrittenBy(*room, first, basis));
  std::vector<EntryResult> results(transaction.entries.size());
  std::vector<size_t> places(transaction.entries.size(), kNoPlace);
  size_t next = 0;
  for (const size_t i : transaction.order) {
    const BundleEntry& entry = transaction.entries[i];
    EntryResult& result = results[i];
    result.type = entry.type_name;
    result.status = entry.method == Method::kDelete ? 204 : 200;
    if (entry.method == Method::kGet || next == written.size()) continue;
    const Header& header = written.header(next);
    if (!TRY(IsFrom(*room, transaction, entry, header, basis, &result))) continue;
    places[i] = next;
    result.id = header.id;
    result.version = header.version;
    result.at_us = header.at_us;
    if (entry.method != Method::kDelete)
      result.status = IsMade(*room, header, written.ordinals[next]) ? 201 : 200;
    result.body = written.body(next);
    ++next;
  }
  if (!TRY(AreMadeByMachine(written, next)) ||
      !TRY(AreMadeOf(*room, transaction, results, written, places, basis)))
    return KeyOfAnother();
  results = WithAlerts(*transaction.call, std::move(results), TRY(AlertsAmong(*room, written, next)));
  return std::optional<Response>(TransactionAnswer(room, transaction, results, 0));
}

}  // namespace tk::interaction
