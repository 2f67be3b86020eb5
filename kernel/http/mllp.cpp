#include "kernel/http/mllp.h"

#include <fmt/format.h>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "kernel/base/city_time.h"
#include "kernel/base/clock.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/hl7v2/ack.h"

// As in session.cpp: what is awaited is a named constant first (GCC 12).
namespace tk::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr char kBegin = '\x0b', kEnd = '\x1c', kReturn = '\r';
constexpr size_t kMllpReadBytes = 16 * 1024;
constexpr size_t kHeaderBytes = 1024;  // kept of a message, for an answer that the work did not make
constexpr size_t kControlIdMax = 20;   // MSH-10, HL7 v2.5.1 section 2.14.9.10
// Networks that are not passed on between sites: RFC 1918, RFC 4193, RFC 3927, RFC 4291 (loopback, link-local).
constexpr std::string_view kNear =
    "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, ::1, fc00::/7, fe80::/10";

bool IsBlank(char c) { return c == '\r' || c == '\n' || c == ' ' || c == '\t'; }

std::string Framed(std::string_view message) {
  std::string out(1, kBegin);
  out.append(message);
  out.push_back(kEnd);
  out.push_back(kReturn);
  return out;
}

template <class Stream>
class MllpSession final : public SessionBase {
 public:
  MllpSession(Loop* loop, Stream stream)
      : SessionBase(loop), stream_(std::move(stream)), reserve_(&loop->counters->bodies) {
    in_.resize(kMllpReadBytes);
    error_code error;
    const auto endpoint = Socket().remote_endpoint(error);
    if (!error) peer_ = endpoint.address().to_string();
    Socket().set_option(asio::ip::tcp::no_delay(true), error);
    account_ = loop->options.mllp->AccountOf(peer_);
  }

  awaitable<void> Run(bool too_many);
  void CancelIo() override {
    error_code error;
    Socket().cancel(error);
  }
  void EndStream() override {}

 private:
  asio::ip::tcp::socket& Socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>)
      return stream_.next_layer();
    else
      return stream_;
  }
  awaitable<bool> Handshake();
  awaitable<bool> ReadMessage(std::string* message);
  awaitable<bool> Fill();
  awaitable<void> Ask(std::string* message, std::string* answer);
  awaitable<bool> Write(const std::string* bytes);
  awaitable<bool> Refuse(ErrorCode code, std::string_view text);
  static std::string AckOf(std::string_view head, const Error& error) {
    const std::string id = NewUuid().substr(0, kControlIdMax);
    return hl7v2::AcknowledgeBytes(head, error, {id, SystemClock().NowUs(), CityOffsetMin()});
  }

  Stream stream_;
  std::vector<char> in_;
  MllpFrames frames_;
  std::string peer_, account_;
  ByteHold reserve_;  // of the frame that is being read
};

template <class Stream>
awaitable<bool> MllpSession<Stream>::Handshake() {
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    SetPhase(Phase::kHead, loop_->options.head_ms);
    error_code error;
    co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  co_return true;
}

template <class Stream>
awaitable<bool> MllpSession<Stream>::Fill() {
  error_code error;
  const size_t got =
      co_await stream_.async_read_some(asio::buffer(in_), asio::redirect_error(asio::use_awaitable, error));
  frames_.Add({in_.data(), got});
  co_return !error && got != 0;
}

/// False at the end of the connection; what had to be said has been said.
template <class Stream>
awaitable<bool> MllpSession<Stream>::ReadMessage(std::string* message) {
  SetPhase(Phase::kIdle, loop_->options.idle_ms);
  for (;;) {
    const MllpFrames::State state = frames_.Next(message);
    if (state == MllpFrames::State::kWhole) co_return true;
    if (state == MllpFrames::State::kTooLarge) {
      (void)co_await Refuse(ErrorCode::kTooLarge, "The message is larger than one may be (1 MiB).");
      co_return false;
    }
    if (state == MllpFrames::State::kGarbage) {
      (void)co_await Refuse(
          ErrorCode::kIncorrect,
          "Bytes outside of a frame: put <VT> (0x0B) before a message and <FS><CR> (0x1C 0x0D) behind it.");
      co_return false;
    }
    const size_t held = frames_.part().size();
    if (!reserve_.Reach(account_, held)) {
      (void)co_await Refuse(ErrorCode::kBusy, "Too many large messages at once; send it again later.");
      co_return false;
    }
    if (state == MllpFrames::State::kPart && phase_ == Phase::kIdle)
      SetPhase(Phase::kBody, loop_->options.body_ms);
    if (phase_ == Phase::kIdle && loop_->stopping) co_return false;
    const bool filled = co_await Fill();
    if (filled) continue;
    if (timed_out_ && phase_ == Phase::kBody) {
      (void)co_await Refuse(ErrorCode::kIncorrect,
                            "The message took too long, or its end <FS><CR> is missing.");
    }
    co_return false;
  }
}

template <class Stream>
awaitable<void> MllpSession<Stream>::Ask(std::string* message, std::string* ack) {
  auto call = std::make_shared<Call>(loop_->context.get_executor(), &loop_->counters->bodies,
                                     &loop_->counters->answers);
  const std::string head = message->substr(0, kHeaderBytes);
  Request& request = call->request;
  request.method = Method::kPost;
  request.target = std::string(kMllpTarget);
  request.content_type = std::string(kMllpType);
  request.machine = account_;
  request.peer = peer_;
  request.tls = std::is_same_v<Stream, TlsStream>;
  request.body = std::move(*message);
  SetPhase(Phase::kHandling, 0);
  loop_->handler->Handle(call);
  if (!call->done()) {
    const auto begin = [raw = call.get()](auto handler) {
      auto held = std::make_shared<decltype(handler)>(std::move(handler));
      raw->Wait([held] { (*held)(); });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable);
  }
  reserve_.Release();
  const Response& answer = call->response;
  if (answer.content_type.starts_with(kMllpType))
    ack->assign(answer.bytes());
  else
    *ack = AckOf(head, hl7v2::ErrorOfOutcome(answer.status, answer.bytes()));
}

template <class Stream>
awaitable<bool> MllpSession<Stream>::Write(const std::string* bytes) {
  SetPhase(Phase::kWriting, loop_->options.write_ms);
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(*bytes), asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

template <class Stream>
awaitable<bool> MllpSession<Stream>::Refuse(ErrorCode code, std::string_view text) {
  timed_out_ = false;
  const Error error = MakeError(code, std::string(text));
  const std::string answer = Framed(AckOf(frames_.part().substr(0, kHeaderBytes), error));
  const bool written = co_await Write(&answer);
  co_return written;
}

template <class Stream>
awaitable<void> MllpSession<Stream>::Run(bool too_many) {
  if (account_.empty()) {
    loop_->counters->refused.fetch_add(1);
    Say(LogLevel::kWarning, "mllp-unknown-sender", {{"address", std::string_view(peer_)}});
    co_return;
  }
  const bool shaken = co_await Handshake();
  if (!shaken) co_return;
  if (too_many) {
    loop_->counters->refused.fetch_add(1);
    (void)co_await Refuse(ErrorCode::kBusy, "Too many connections; try again later.");
    co_return;
  }
  for (;;) {
    std::string message;
    const bool has_message = co_await ReadMessage(&message);
    if (!has_message) co_return;
    std::string answer;
    co_await Ask(&message, &answer);
    answer = Framed(answer);
    const bool written = co_await Write(&answer);
    if (!written || loop_->stopping) co_return;
  }
}

template <class Stream>
awaitable<void> ServeMllp(Loop* loop, Stream stream, bool too_many) {
  MllpSession<Stream> session(loop, std::move(stream));
  try {
    co_await session.Run(too_many);
  } catch (const std::exception& error) {
    Say(LogLevel::kError, "session-ended-by-exception", {{"what", std::string_view(error.what())}});
  }
}

}  // namespace

MllpFrames::State MllpFrames::Next(std::string* message) {
  size_t blanks = 0;
  while (blanks < in_.size() && IsBlank(in_[blanks])) ++blanks;
  if (blanks != 0 && seen_ == 0) in_.erase(0, blanks);
  if (in_.empty()) return State::kNothing;
  if (in_[0] != kBegin) return State::kGarbage;
  // A lone FS is no end: only the pair is (MLLP release 1, section 2.3).
  const size_t end = in_.find(std::string{kEnd, kReturn}, seen_ == 0 ? 0 : seen_ - 1);
  if (end == std::string::npos) {
    seen_ = in_.size();
    return in_.size() > kFrameBytesMax ? State::kTooLarge : State::kPart;
  }
  if (end > kFrameBytesMax) return State::kTooLarge;
  message->assign(in_, 1, end - 1);
  in_.erase(0, end + 2);
  seen_ = 0;
  return State::kWhole;
}

Result<MllpSenders> MllpSenders::Parse(std::string_view list) {
  MllpSenders out;
  const auto wrong = [](std::string_view item, std::string_view why) {
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("mllp-senders: '{}' {}; write an address or network, =, and the account of the "
                    "system that sends from there, with commas between: 10.1.2.3=his-east",
                    item, why));
  };
  while (!TrimSpace(list).empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = TrimSpace(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) return wrong(item, "names no account");
    Sender sender;
    sender.from = std::string(TrimSpace(item.substr(0, equals)));
    sender.account = std::string(TrimSpace(item.substr(equals + 1)));
    if (sender.account.empty()) return wrong(item, "names no account");
    auto networks = TrustedProxies::Parse(sender.from);
    if (!networks.ok() || networks->empty()) return wrong(item, "begins with no address or network");
    sender.networks = std::move(networks).value();
    out.senders_.push_back(std::move(sender));
  }
  return out;
}

std::string_view MllpSenders::AccountOf(std::string_view address) const {
  for (const Sender& sender : senders_) {
    if (sender.networks.Has(address)) return sender.account;
  }
  return {};
}

Status MllpSenders::CheckWire(bool tls) const {
  if (tls) return {};
  const TrustedProxies near = TRY(TrustedProxies::Parse(kNear));
  for (const Sender& sender : senders_) {
    if (near.Holds(sender.networks)) continue;
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format(
            "mllp-senders: {} is no address of a network of one's own, and what it sends would travel in "
            "the clear: give a certificate (--tls-cert, --tls-key), or let it come through a tunnel.",
            sender.from));
  }
  return {};
}

awaitable<void> ServeMllpPlain(Loop* loop, PlainStream socket, bool too_many) {
  return ServeMllp(loop, std::move(socket), too_many);
}
awaitable<void> ServeMllpTls(Loop* loop, TlsStream stream, bool too_many) {
  return ServeMllp(loop, std::move(stream), too_many);
}

}  // namespace tk::http
