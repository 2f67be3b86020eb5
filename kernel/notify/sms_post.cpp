#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "kernel/base/diagnostics.h"
#include "kernel/base/text.h"
#include "kernel/notify/sms.h"

namespace tk::notify {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using SmsRequest = beast::http::request<beast::http::string_body>;
using ErrorCodeOf = boost::system::error_code;

constexpr size_t kAnswerBytesMax = 64 * 1024;

struct Address {
  bool secure = true;
  std::string host, port, target;
};

Result<Address> ReadAddress(const std::string& url) {
  const auto wrong = [] {
    return MakeError(ErrorCode::kIncorrect,
                     "sms: the provider's address is https://host[:port]/path, or http:// to this machine");
  };
  Address address;
  std::string_view rest = url;
  address.secure = rest.starts_with("https://");
  if (!address.secure && !rest.starts_with("http://")) return wrong();
  rest.remove_prefix(address.secure ? 8 : 7);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  address.target = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  const size_t colon = authority.rfind(':');
  address.host = authority.substr(0, colon);
  address.port = colon == std::string_view::npos ? std::string(address.secure ? "443" : "80")
                                                 : std::string(authority.substr(colon + 1));
  const bool here = address.host == "127.0.0.1" || address.host == "localhost";
  const auto plain = [](char c) { return c > 0x20 && c < 0x7f && c != '@' && c != '#'; };
  if (address.host.empty() || address.port.empty() || (!address.secure && !here) ||
      address.port.find_first_not_of("0123456789") != std::string::npos ||
      !std::all_of(url.begin(), url.end(), plain))
    return wrong();
  return address;
}

std::string Filled(std::string_view text, std::string_view place, std::string_view value) {
  std::string out;
  for (;;) {
    const size_t at = text.find(place);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += value;
    text.remove_prefix(at + place.size());
  }
}

/// As it stands between quotes in JSON, or in a form.
std::string Escaped(std::string_view text, bool json) {
  std::string out;
  if (json) {
    AppendJsonString(text, &out);
    return out.substr(1, out.size() - 2);
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool same = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out += same ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

template <typename Stream>
asio::awaitable<int> Exchange(Stream& stream, const SmsRequest& request, ErrorCodeOf& error) {
  const auto token = [&error] { return asio::redirect_error(asio::use_awaitable, error); };
  co_await beast::http::async_write(stream, request, token());
  if (error) co_return 0;
  beast::flat_buffer buffer(kAnswerBytesMax);
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kAnswerBytesMax);
  co_await beast::http::async_read_header(stream, buffer, parser, token());
  co_return error ? 0 : static_cast<int>(parser.get().result_int());
}

/// The status of the answer; 0: there was none, and `error` says why.
asio::awaitable<int> PostOnce(const Address& address, const SmsRequest& request, asio::ssl::context& tls,
                              ErrorCodeOf& error) {
  const auto token = [&error] { return asio::redirect_error(asio::use_awaitable, error); };
  const auto executor = co_await asio::this_coro::executor;
  Tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(address.host, address.port, token());
  if (error) co_return 0;
  if (!address.secure) {
    Tcp::socket socket(executor);
    co_await asio::async_connect(socket, found, token());
    if (error) co_return 0;
    co_return co_await Exchange(socket, request, error);
  }
  asio::ssl::stream<Tcp::socket> stream(executor, tls);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(address.host));
  if (SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str()) != 1) {
    error = asio::error::invalid_argument;
    co_return 0;
  }
  co_await asio::async_connect(stream.lowest_layer(), found, token());
  if (error) co_return 0;
  co_await stream.async_handshake(asio::ssl::stream_base::client, token());
  if (error) co_return 0;
  co_return co_await Exchange(stream, request, error);
}

class SmsPost final : public SmsService {
 public:
  SmsPost(SmsProvider provider, Address address)
      : provider_(std::move(provider)),
        address_(std::move(address)),
        json_(provider_.media_type.starts_with("application/json")),
        tls_(asio::ssl::context::tls_client) {
    ErrorCodeOf ignored;  // without the system's certificates every handshake fails, and that is told
    tls_.set_default_verify_paths(ignored);
    thread_ = std::thread([this] { Run(); });
  }
  ~SmsPost() override {
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void Send(std::string mobile, std::string text) override {
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      if (queue_.size() >= provider_.queue_max) {
        dropped_.fetch_add(1);
        return;
      }
      queue_.push_back({std::move(mobile), std::move(text)});
    }
    wake_.notify_one();
  }
  SmsCounts counts() const override { return {sent_.load(), failed_.load(), dropped_.load()}; }

 private:
  struct Waiting {
    std::string mobile, text;
  };

  void Run() {
    for (;;) {
      std::unique_lock<std::mutex> hold(mutex_);
      wake_.wait(hold, [this] { return stop_ || !queue_.empty(); });
      if (stop_) return;
      const Waiting next = std::move(queue_.front());
      queue_.pop_front();
      hold.unlock();
      Deliver(next);
    }
  }

  void Deliver(const Waiting& waiting) {
    std::string reason;
    bool sent = Try(waiting, &reason);
    if (!sent && !reason.empty() && !PauseOrStop()) sent = Try(waiting, &reason);
    (sent ? sent_ : failed_).fetch_add(1);
    if (!sent) Say(LogLevel::kWarning, "sms-not-sent", {{"reason", std::string_view(reason)}});
  }

  bool PauseOrStop() {
    std::unique_lock<std::mutex> hold(mutex_);
    return wake_.wait_for(hold, std::chrono::milliseconds(provider_.again_ms), [this] { return stop_; });
  }

  bool Try(const Waiting& waiting, std::string* reason) {
    SmsRequest request{beast::http::verb::post, address_.target, 11};
    request.set(beast::http::field::host, address_.host);
    request.set(beast::http::field::content_type, provider_.media_type);
    request.set(beast::http::field::connection, "close");
    if (!provider_.authorization.empty())
      request.set(beast::http::field::authorization, provider_.authorization);
    // The text first: what it holds must not be taken for a place.
    const size_t at = provider_.body.find("{text}");
    request.body() = Filled(provider_.body.substr(0, at), "{number}", Escaped(waiting.mobile, json_)) +
                     Escaped(waiting.text, json_) +
                     Filled(provider_.body.substr(at + 6), "{number}", Escaped(waiting.mobile, json_));
    request.prepare_payload();
    asio::io_context io;
    ErrorCodeOf error = asio::error::timed_out;
    int status = 0;
    bool done = false;
    asio::co_spawn(io, PostOnce(address_, request, tls_, error),
                   [&](std::exception_ptr thrown, int answered) {
                     status = answered;
                     done = thrown == nullptr;
                   });
    io.run_for(std::chrono::milliseconds(provider_.time_ms));
    if (done && status >= 200 && status < 300) return true;
    *reason = !done         ? std::string("no answer within the time limit")
              : status != 0 ? fmt::format("the provider answered {}", status)
                            : error.message();
    return false;
  }

  const SmsProvider provider_;
  const Address address_;
  const bool json_;
  asio::ssl::context tls_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> queue_;
  bool stop_ = false;
  std::atomic<uint64_t> sent_{0}, failed_{0}, dropped_{0};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<SmsService>> MakeSmsPost(const SmsProvider& provider) {
  Address address = TRY(ReadAddress(provider.url));
  const auto wrong = [](std::string_view text) {
    return MakeError(ErrorCode::kIncorrect, std::string(text));
  };
  if (!provider.media_type.starts_with("application/json") &&
      !provider.media_type.starts_with("application/x-www-form-urlencoded"))
    return wrong("sms: the media type is application/json or application/x-www-form-urlencoded");
  if (provider.body.find("{number}") == std::string::npos ||
      provider.body.find("{text}") == std::string::npos)
    return wrong("sms: the template of the body has {number} and {text}");
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::all_of(provider.authorization.begin(), provider.authorization.end(), printable))
    return wrong("sms: the authorization is printable ASCII");
  return std::unique_ptr<SmsService>(std::make_unique<SmsPost>(provider, std::move(address)));
}

}  // namespace tk::notify
