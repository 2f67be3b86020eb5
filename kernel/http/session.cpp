#include "kernel/http/session.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <cerrno>

#include "kernel/base/diagnostics.h"

// GCC 12 miscompiles temporaries around co_await (it destroys some twice, or reads flags that it never set): a result is always
// a named constant first, never a condition itself, and what is passed has a name or is trivial. Tests crash at once otherwise.
namespace tk::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kReadBytes = 16 * 1024;
constexpr size_t kGatherBytes = 128 * 1024;   // ready answers are gathered up to this
constexpr size_t kCopyBodyBytes = 16 * 1024;  // larger bodies are written from where they lie
constexpr size_t kWriteStep = 256 * 1024;     // each step has its own time limit
constexpr std::string_view kTooManyBodies = "too many large bodies at once; try again later";
constexpr uint64_t kUnknownBody = uint64_t{8} << 20;  // for its time limit
constexpr int64_t kBodyBytesPerMs = 32;               // slower than 32 KiB/s is too slow
constexpr size_t kDrainBytes = size_t{1} << 20;
constexpr int64_t kDrainMs = 2000;
constexpr int64_t kStreamLookMs = 3'600'000;

std::string_view BodyOf(const Response& response, bool is_head) {
  return is_head || response.status == 304 || response.status == 204 ? std::string_view() : response.bytes();
}

template <class Stream>
class Session final : public SessionBase {
 public:
  Session(Loop* loop, Stream stream)
      : SessionBase(loop),
        stream_(std::move(stream)),
        wake_(loop->context),
        reserve_(&loop->counters->bodies) {
    in_.resize(kReadBytes);
    error_code error;
    const auto endpoint = Socket().remote_endpoint(error);
    if (!error) peer_ = endpoint.address().to_string();
    const auto own = Socket().local_endpoint(error);
    if (!error) {
      local_ = own.address().to_string();
      local_port_ = own.port();
    }
    Socket().set_option(asio::ip::tcp::no_delay(true), error);
  }

  awaitable<void> Run(bool too_many);
  void CancelIo() override {
    error_code error;
    Socket().cancel(error);
  }
  void EndStream() override {
    if (events_ != nullptr) events_->End("the server stops");
  }

 private:
  asio::ip::tcp::socket& Socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>)
      return stream_.next_layer();
    else
      return stream_;
  }
  std::string_view Unread() const { return {in_.data() + in_begin_, in_end_ - in_begin_}; }
  awaitable<bool> Handshake();
  awaitable<bool> Fill();
  awaitable<bool> ReadRequest(Call* call);
  awaitable<bool> ReadHead(RequestParser* parser);
  awaitable<bool> ReadBody(RequestParser* parser, const Request& request, const std::string& payer);
  awaitable<void> Await(Call* call);
  void SendNow(int flags = 0);
  awaitable<bool> Write(std::string_view bytes);
  awaitable<bool> SendStep(std::string_view step);
  awaitable<bool> Flush();
  bool Gather(const Response& response, bool keep_alive, bool is_head);
  awaitable<bool> Answer(const Response& response, bool keep_alive, bool is_head);
  awaitable<bool> StreamEvents(std::shared_ptr<EventSource> events);
  awaitable<void> Drain();
  awaitable<bool> RefuseAndClose(int status, std::string_view text);

  Stream stream_;
  asio::steady_timer wake_;
  std::vector<char> in_;
  size_t in_begin_ = 0, in_end_ = 0;
  std::string out_;
  std::string peer_;
  std::string local_;
  uint16_t local_port_ = 0;
  std::shared_ptr<EventSource> events_;
  ByteHold reserve_;  // of the body that is sent
};

template <class Stream>
awaitable<bool> Session<Stream>::Handshake() {
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    SetPhase(Phase::kHead, loop_->options.head_ms);
    error_code error;
    co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  co_return true;
}

// Reads more bytes behind what is unread; false at the end of the connection or when a time limit broke the read off.
// (Called with the gathered answers sent.)
template <class Stream>
awaitable<bool> Session<Stream>::Fill() {
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_end_ == in_.size()) {
    if (in_begin_ != 0) {
      std::copy(in_.begin() + static_cast<ptrdiff_t>(in_begin_), in_.end(), in_.begin());
      in_end_ -= in_begin_;
      in_begin_ = 0;
    } else {
      in_.resize(in_.size() * 2);  // a head up to its limit; the parser refuses before this grows further
    }
  }
  error_code error;
  const size_t got =
      co_await stream_.async_read_some(asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
                                       asio::redirect_error(asio::use_awaitable, error));
  in_end_ += got;
  co_return !error;
}

template <class Stream>
awaitable<bool> Session<Stream>::ReadHead(RequestParser* parser) {
  for (;;) {
    // Empty lines in front of a request are skipped: RFC 9112 section 2.2.
    while (phase_ == Phase::kIdle && in_begin_ < in_end_ &&
           (in_[in_begin_] == '\r' || in_[in_begin_] == '\n'))
      ++in_begin_;
    if (in_begin_ < in_end_) {
      if (phase_ == Phase::kIdle) SetPhase(Phase::kHead, loop_->options.head_ms);
      in_begin_ += parser->Put(Unread());
      if (parser->state().status != 0) {
        co_await RefuseAndClose(parser->state().status, parser->state().text);
        co_return false;
      }
      if (parser->head_done()) co_return true;
    }
    SendNow();
    if (!out_.empty()) {
      const bool flushed = co_await Flush();
      if (!flushed) co_return false;
    }
    if (phase_ == Phase::kIdle && loop_->stopping) co_return false;
    const bool filled = co_await Fill();
    if (!filled) {
      if (timed_out_ && phase_ == Phase::kHead) {
        (void)co_await RefuseAndClose(408, "the request head took too long");
      }
      co_return false;
    }
  }
}

template <class Stream>
awaitable<bool> Session<Stream>::ReadBody(RequestParser* parser, const Request& request,
                                          const std::string& payer) {
  const uint64_t declared = parser->declared_bytes().value_or(kUnknownBody);
  SetPhase(Phase::kBody, loop_->options.body_ms + static_cast<int64_t>(declared) / kBodyBytesPerMs);
  if (request.expect_continue && Unread().empty() && !parser->done()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  while (!parser->done()) {
    if (!Unread().empty()) {
      const size_t used = parser->Put(Unread());
      in_begin_ += used;
      if (parser->state().status != 0) {
        co_await RefuseAndClose(parser->state().status, parser->state().text);
        co_return false;
      }
      if (!reserve_.Reach(payer, request.body.size())) {
        co_await RefuseAndClose(429, kTooManyBodies);
        co_return false;
      }
      if (used != 0) continue;
      // What stays unread is the line of a chunk, or a trailer: of these the parser wants all, and they are no body that has a limit.
      if (Unread().size() > loop_->options.head_bytes_max) {
        co_await RefuseAndClose(431, "the line of a chunk, or the trailer, is longer than a head may be");
        co_return false;
      }
    }
    const bool flushed = co_await Flush();
    if (!flushed) co_return false;
    const bool filled = co_await Fill();
    if (!filled) {
      if (timed_out_) {
        (void)co_await RefuseAndClose(408, "the request body took too long");
      }
      co_return false;
    }
  }
  co_return true;
}

// False when the connection is at its end (whatever had to be said has been said).
template <class Stream>
awaitable<bool> Session<Stream>::ReadRequest(Call* call) {
  RequestParser parser(&call->request, loop_->options.head_bytes_max);
  SetPhase(Phase::kIdle, loop_->options.idle_ms);
  const bool has_head = co_await ReadHead(&parser);
  if (!has_head) co_return false;
  call->request.peer = peer_;
  call->request.local = local_;
  call->request.local_port = local_port_;
  call->request.tls = std::is_same_v<Stream, TlsStream>;
  if (parser.declared_bytes() == uint64_t{0}) {  // nothing to ask: most requests have no body
    parser.AllowBody(0);
    if (!parser.done()) in_begin_ += parser.Put(Unread());
    co_return true;
  }
  HeadVerdict verdict = loop_->handler->OnHead(call->request);
  parser.AllowBody(verdict.body_bytes_max);
  if (verdict.refused) {
    verdict.refusal.close = true;
    const bool said = co_await Answer(verdict.refusal, false, call->request.method == Method::kHead);
    if (said) {
      co_await Drain();
    }
    co_return false;
  }
  if (parser.state().status != 0) {
    co_await RefuseAndClose(parser.state().status, parser.state().text);
    co_return false;
  }
  // Said early of what would not fit in; held is only what has come, or a head alone would keep others out.
  if (!loop_->counters->bodies.HasRoom(verdict.payer, parser.declared_bytes().value_or(0))) {
    co_await RefuseAndClose(429, kTooManyBodies);
    co_return false;
  }
  const bool has_body = co_await ReadBody(&parser, call->request, verdict.payer);
  co_return has_body;
}

template <class Stream>
awaitable<void> Session<Stream>::Await(Call* call) {
  const auto begin = [call](auto handler) {
    auto held = std::make_shared<decltype(handler)>(std::move(handler));
    call->Wait([held] { (*held)(); });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable);
}

template <class Stream>
awaitable<bool> Session<Stream>::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view step = bytes.substr(0, kWriteStep);
    deadline_us_ = MonotonicUs() + loop_->options.write_ms * 1000;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      error_code error;
      co_await asio::async_write(stream_, asio::buffer(step.data(), step.size()),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
    } else {
      const bool sent = co_await SendStep(step);
      if (!sent) co_return false;
    }
    bytes.remove_prefix(step.size());
  }
  co_return true;
}

// As much as the socket takes at once, then a wait until it takes more: asio would go through the scheduler every 64 KB.
template <class Stream>
awaitable<bool> Session<Stream>::SendStep(std::string_view step) {
  while (!step.empty()) {
    const ssize_t sent =
        ::send(Socket().native_handle(), step.data(), step.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      step.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    const int reason = errno;
    if (reason == EINTR) continue;
    if (reason != EAGAIN && reason != EWOULDBLOCK) co_return false;
    error_code error;
    co_await Socket().async_wait(asio::socket_base::wait_write,
                                 asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
  }
  co_return true;
}

// Sends what is gathered if the socket takes all of it at once, as it nearly always does: no wait, no trip through the scheduler.
// What it does not take, and every error, is Flush's.
template <class Stream>
void Session<Stream>::SendNow(int flags) {
  if constexpr (!std::is_same_v<Stream, TlsStream>) {
    if (out_.empty()) return;
    const ssize_t sent =
        ::send(stream_.native_handle(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL | flags);
    if (sent > 0) out_.erase(0, static_cast<size_t>(sent));
  }
}

// Writes what is gathered; keeps the phase's own deadline for what comes after.
template <class Stream>
awaitable<bool> Session<Stream>::Flush() {
  if (out_.empty()) co_return true;
  const int64_t deadline_us = deadline_us_;
  const bool good = co_await Write(out_);
  out_.clear();
  deadline_us_ = deadline_us;
  co_return good;
}

// A small answer is put to those that leave together; false: it needs Answer.
template <class Stream>
bool Session<Stream>::Gather(const Response& response, bool keep_alive, bool is_head) {
  const std::string_view body = BodyOf(response, is_head);
  if (!keep_alive || body.size() > kCopyBodyBytes || out_.size() + body.size() >= kGatherBytes) return false;
  SetPhase(Phase::kWriting, loop_->options.write_ms);
  AppendHead(response, keep_alive, loop_->Date(), &out_);
  out_ += body;
  return true;
}

template <class Stream>
awaitable<bool> Session<Stream>::Answer(const Response& response, bool keep_alive, bool is_head) {
  const bool gathered = Gather(response, keep_alive, is_head);
  if (gathered) co_return true;
  SetPhase(Phase::kWriting, loop_->options.write_ms);
  AppendHead(response, keep_alive, loop_->Date(), &out_);
  const std::string_view body = BodyOf(response, is_head);
  if (body.size() <= kCopyBodyBytes)
    out_ += body;
  else
    SendNow(MSG_MORE);  // the head leaves with the body that follows
  const bool flushed = co_await Flush();
  if (!flushed) co_return false;
  if (body.size() <= kCopyBodyBytes) co_return true;
  const bool written = co_await Write(body);
  co_return written;
}

template <class Stream>
awaitable<bool> Session<Stream>::RefuseAndClose(int status, std::string_view text) {
  timed_out_ = false;
  const Response refusal = loop_->handler->Refuse(status, text);
  const bool written = co_await Answer(refusal, false, false);
  if (written) {
    co_await Drain();
  }
  co_return false;
}

template <class Stream>
awaitable<bool> Session<Stream>::StreamEvents(std::shared_ptr<EventSource> events) {
  events_ = events;
  const auto executor = loop_->context.get_executor();
  // The source may outlive this session: the timer is reached only while the token lives, and only on this thread.
  const auto token = std::make_shared<asio::steady_timer*>(&wake_);
  const std::weak_ptr<asio::steady_timer*> weak = token;
  auto pending = std::make_shared<bool>(false);
  events->SetWake([executor, weak, pending] {
    asio::post(executor, [weak, pending] {
      if (const auto timer = weak.lock()) {
        *pending = true;
        (*timer)->cancel();
      }
    });
  });
  bool going = true;
  while (going) {
    going = events->Take(&out_);
    const bool flushed = co_await Flush();
    if (!flushed) break;
    SetPhase(Phase::kStreaming, 0);
    if (loop_->stopping) events->End("the server stops");
    if (going && !*pending) {
      error_code error;
      wake_.expires_after(std::chrono::milliseconds(kStreamLookMs));
      co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    *pending = false;
  }
  events->End("closed");
  events_ = nullptr;
  co_return false;
}

// The peer gets time to read the answer: closing with unread bytes would reset the connection under it.
template <class Stream>
awaitable<void> Session<Stream>::Drain() {
  error_code error;
  SetPhase(Phase::kWriting, kDrainMs);
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  }
  Socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  for (size_t drained = 0; !error && drained < kDrainBytes && !timed_out_;) {
    const size_t got = co_await Socket().async_read_some(asio::buffer(in_),
                                                         asio::redirect_error(asio::use_awaitable, error));
    drained += got;
  }
}

template <class Stream>
awaitable<void> Session<Stream>::Run(bool too_many) {
  const bool shaken = co_await Handshake();
  if (!shaken) co_return;
  if (too_many) {
    loop_->counters->refused.fetch_add(1);
    co_await RefuseAndClose(503, "too many connections; try again later");
    co_return;
  }
  for (;;) {
    auto call = std::make_shared<Call>(loop_->context.get_executor(), &loop_->counters->bodies,
                                       &loop_->counters->answers);
    const bool has_request = co_await ReadRequest(call.get());
    if (!has_request) co_return;
    const bool is_head = call->request.method == Method::kHead && call->request.method_known;
    SetPhase(Phase::kHandling, 0);
    const bool wants_more = call->request.keep_alive;
    loop_->handler->Handle(call);
    if (!call->done()) {
      SendNow();  // earlier answers do not wait for this one
      if (!out_.empty()) {
        const bool flushed = co_await Flush();
        if (!flushed) co_return;
      }
      SetPhase(Phase::kHandling, 0);
      co_await Await(call.get());
    }
    reserve_.Release();
    call->unpacked.Release();
    const bool keep_alive =
        wants_more && !call->response.close && !loop_->stopping && call->response.events == nullptr;
    const bool gathered = Gather(call->response, keep_alive, is_head);
    if (!gathered) {
      const bool answered = co_await Answer(call->response, keep_alive, is_head);
      call->answered.Release();  // others may hold the call a little longer
      if (!answered) co_return;
    }
    if (call->response.events != nullptr) {
      auto events = call->response.events;
      call.reset();
      co_await StreamEvents(std::move(events));
      co_return;
    }
    if (!keep_alive) {
      co_await Drain();
      co_return;
    }
  }
}

template <class Stream>
awaitable<void> Serve(Loop* loop, Stream stream, bool too_many) {
  // Owned by this coroutine's frame: it lives exactly as long as it runs.
  Session<Stream> session(loop, std::move(stream));
  try {
    co_await session.Run(too_many);
  } catch (const std::exception& error) {
    Say(LogLevel::kError, "session-ended-by-exception", {{"what", std::string_view(error.what())}});
  }
}

}  // namespace

std::string_view Loop::Date() {
  const int64_t now_s = SystemClock().NowUs() / kSecondUs;
  if (now_s != date_s) {
    date_s = now_s;
    date = HttpDate(now_s * kSecondUs);
  }
  return date;
}

awaitable<void> ServePlain(Loop* loop, PlainStream socket, bool too_many) {
  return Serve(loop, std::move(socket), too_many);
}
awaitable<void> ServeTls(Loop* loop, TlsStream stream, bool too_many) {
  return Serve(loop, std::move(stream), too_many);
}

}  // namespace tk::http
