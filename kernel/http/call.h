// One request on its way: what was read, who asks, and the one answer. Shared by the session, the pipeline and whoever answers.
// Flow:   session makes it → Handler::Handle → … → Complete (any thread, exactly once) → session writes the answer
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <atomic>

#include "kernel/http/byte_budget.h"
#include "kernel/http/message.h"

namespace tk::http {

struct Route;

class Call : public std::enable_shared_from_this<Call> {
 public:
  explicit Call(boost::asio::any_io_executor executor, ByteBudget* bodies = nullptr,
                ByteBudget* answers = nullptr)
      : unpacked(bodies), answered(answers), answers_(answers), executor_(std::move(executor)) {}

  Request request;
  Response response;

  // Filled by the pipeline.
  std::shared_ptr<const access::Viewer> viewer;
  const Route* route = nullptr;
  std::vector<std::string> path;  // after the route's prefix, percent-decoded
  std::string request_id;
  int64_t begin_us = 0;                         // MonotonicUs
  std::string_view audit_action, audit_reason;  // literals
  std::string audit_account, audit_type, audit_id;
  std::vector<uint32_t> audit_owners;
  uint32_t audit_owner = 0;
  uint64_t audit_t = 0, audit_damaged = 0, audit_unseen = 0;
  ByteHold unpacked;  // the body, as far as it is more than what was sent
  ByteHold answered;  // the answer, until it is sent

  /// For budgets and turns: the account, or the address of who has not signed in.
  std::string Payer() const { return viewer != nullptr ? viewer->account : "@" + request.peer; }
  /// So much of its answers waits to be read that its payer must read first.
  bool MustReadFirst() const { return answers_ != nullptr && answers_->IsFull(Payer()); }

  /// The answer. Any thread; a second one is a defect (CHECK).
  void Complete(Response answer) {
    CHECK(!completed_.exchange(true));
    response = std::move(answer);
    if (state_.exchange(kDone, std::memory_order_acq_rel) != kWaiting) return;
    boost::asio::dispatch(executor_, std::move(resume_));
  }
  bool done() const { return state_.load(std::memory_order_acquire) == kDone; }
  /// The session's: `resume` runs on its thread once the answer is there.
  void Wait(std::function<void()> resume) {
    resume_ = std::move(resume);
    int expected = kRunning;
    if (!state_.compare_exchange_strong(expected, kWaiting, std::memory_order_acq_rel))
      boost::asio::dispatch(executor_, std::move(resume_));
  }
  /// Runs `work` on the session's thread.
  void Post(std::function<void()> work) const { boost::asio::post(executor_, std::move(work)); }

 private:
  static constexpr int kRunning = 0, kWaiting = 1, kDone = 2;
  ByteBudget* const answers_;
  boost::asio::any_io_executor executor_;
  std::atomic<int> state_{kRunning};
  std::atomic<bool> completed_{false};
  std::function<void()> resume_;
};
using CallPtr = std::shared_ptr<Call>;

/// What the session asks once the head is read.
struct HeadVerdict {
  size_t body_bytes_max = 0;
  std::string payer;  // Call::Payer, of who sends the body
  bool refused = false;
  Response refusal;
};

/// What stands behind the sessions. Thread-safe.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Before a body is read (not asked when there is none): how much of it, or no.
  virtual HeadVerdict OnHead(const Request& request) = 0;
  /// Answers with Call::Complete, now or later.
  virtual void Handle(CallPtr call) = 0;
  /// An answer that the session gives by itself: bad HTTP, too large, too slow, too many.
  virtual Response Refuse(int status, std::string_view text) = 0;
};

}  // namespace tk::http
