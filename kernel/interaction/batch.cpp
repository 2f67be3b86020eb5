// batch: POST of a Bundle whose entries stand each for itself; and the door of both kinds of Bundle.
// Source: FHIR R4 http.html#transaction.
#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/transaction.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

constexpr size_t kInFlightMax = 256;  // of one batch: it must not fill the writer's queue alone

/// Entries go to the writer many at once; the answers come from other threads.
class Batch {
 public:
  Batch(const RoomPtr& room, const CallPtr& call, fhir::Value entries)
      : room_(room), call_(call), answers_(entries.size()) {
    size_t i = 0;
    for (const fhir::Value entry : entries) Send(i++, entry);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
  }

  /// Whose records the answers name and show.
  std::vector<uint32_t> Owners() const {
    std::vector<uint32_t> owners;
    for (const Response& answer : answers_) {
      owners.insert(owners.end(), answer.audit_owners.begin(), answer.audit_owners.end());
      if (const view::OwnerNumber owner = NamedOwner(*room_, answer); owner != 0) owners.push_back(owner);
    }
    return BundleWriter::DistinctOwners(std::move(owners));
  }
  std::string Body() const {
    std::string body;
    BundleWriter bundle(&body, "batch-response");
    std::string text;
    for (const Response& answer : answers_) {
      text.clear();
      AppendEntryResponse(answer, &text);
      bundle.AddRaw(text);
    }
    bundle.End();
    return body;
  }

 private:
  void Send(size_t i, fhir::Value entry) {
    if (const Status fits = CheckAnswerRoom(*call_, bytes_); !fits.ok()) {
      answers_[i] = OutcomeOf(fits.error());
      return;
    }
    auto request = RequestOf(i, entry);
    if (!request.ok()) {
      answers_[i] = OutcomeOf(request.error());
      return;
    }
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ < kInFlightMax; });
      ++in_flight_;
    }
    HandleRequest(room_, std::move(request).value(), [this, i](Response response) {
      const std::lock_guard lock(mutex_);
      bytes_ += response.body.size();
      answers_[i] = std::move(response);
      --in_flight_;
      changed_.notify_one();
    });
  }

  Result<Request> RequestOf(size_t i, fhir::Value value) const {
    const BundleEntry entry = TRY(ParseEntry(*room_, *call_, i, value));
    // Its record in the audit must be durable before the answer, and a batch has one record for all.
    if (entry.path.size() == 3 &&
        (entry.path[2] == "$erase" || entry.path[2] == "$reveal" || entry.path[2] == "$emergency-access"))
      return MakeError(ErrorCode::kUnsupported,
                       fmt::format("{} is asked for alone, not in a batch.", entry.path[2]));
    return RequestOfEntry(*call_, entry);
  }

  const RoomPtr& room_;
  const CallPtr& call_;
  std::vector<Response> answers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t in_flight_ = 0;
  std::atomic<size_t> bytes_ = 0;  // of the answers
};

}  // namespace

void HandleBundle(const RoomPtr& room, const CallPtr& call, Done done) {
  auto parsed = ParseBody(*call);
  if (!parsed.ok()) return done(OutcomeOf(parsed.error()));
  fhir::Document document = std::move(parsed).value();
  const auto type = CheckBundle(*room, document.Root());
  if (!type.ok()) return done(OutcomeOf(type.error()));
  if (*type == "batch") {
    const Batch batch(room, call, document.Root()["entry"]);
    Response response = JsonResponse(*call, batch.Body(), "batch");
    response.audit_owners = batch.Owners();
    return done(std::move(response));
  }
  auto transaction = ReadTransaction(*room, call, std::move(document));
  if (!transaction.ok()) return done(OutcomeOf(transaction.error()));
  const TransactionPtr read = std::move(transaction).value();
  HandleWrite(
      room, call, [room, read](const view::Position& basis) { return PlanTransaction(room, read, basis); },
      std::move(done));
}

}  // namespace tk::interaction
