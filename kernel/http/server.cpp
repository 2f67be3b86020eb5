#include "kernel/http/server.h"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <thread>

#include "kernel/base/diagnostics.h"
#include "kernel/base/short_slices.h"
#include "kernel/http/mllp.h"
#include "kernel/http/session.h"
#include "kernel/http/tls.h"
#include "kernel/http/worker_pool.h"

namespace tk::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using WorkGuard = asio::executor_work_guard<asio::io_context::executor_type>;

Result<tcp::endpoint> ParseListen(const std::string& listen) {
  const Error wrong =
      MakeError(ErrorCode::kIncorrect,
                fmt::format("listen '{}': must be ADDRESS:PORT, e.g. 127.0.0.1:8080 or [::]:8080", listen));
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong;
  std::string address = listen.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  uint16_t port = 0;
  const char* const end = listen.data() + listen.size();
  const auto [stop, bad] = std::from_chars(listen.data() + colon + 1, end, port);
  error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  if (bad != std::errc() || stop != end || error) return wrong;
  return tcp::endpoint(parsed, port);
}

class AsioServer final : public Server {
 public:
  AsioServer(const ServerOptions& options, Handler* handler)
      : options_(options), handler_(handler), counters_(options_) {
    for (size_t i = 0; i < std::max<size_t>(1, options.threads); ++i) {
      loops_.push_back(std::make_unique<Loop>(options_, handler_, &counters_));
      guards_.push_back(std::make_unique<WorkGuard>(loops_.back()->context.get_executor()));
    }
    acceptor_ = std::make_unique<tcp::acceptor>(loops_[0]->context);
  }
  ~AsioServer() override { Stop(); }

  Status Bind();
  void Start() override;
  void Stop() override;
  uint16_t port() const override { return port_; }
  Statistics statistics() const override {
    return {counters_.connections.load(), counters_.accepted.load(), counters_.refused.load(),
            counters_.timeouts.load(),    counters_.bodies.taken(),  counters_.answers.taken()};
  }

 private:
  void Accept();
  void Take(Loop* loop, tcp::socket socket);
  void ScheduleSweep(Loop* loop);
  Loop* Next() { return loops_[next_++ % loops_.size()].get(); }

  const ServerOptions options_;
  Handler* const handler_;
  ServerCounters counters_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<WorkGuard>> guards_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::vector<std::thread> threads_;
  uint16_t port_ = 0;
  size_t next_ = 0;
  bool stopped_ = false;
};

Status AsioServer::Bind() {
  if (options_.tls_cert.empty() != options_.tls_key.empty()) {
    return MakeError(ErrorCode::kIncorrect, "TLS needs both a certificate and its key");
  }
  if (!options_.tls_cert.empty())
    tls_ = TRY(LoadTls(options_.tls_cert, options_.tls_key, options_.client_ca));
  const tcp::endpoint endpoint = TRY(ParseListen(options_.listen));
  error_code error;
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    std::string why = error.message();
    if (error == asio::error::address_in_use)
      why = "another program has this port; choose a different --listen";
    if (error == asio::error::access_denied)
      why = "no right to this port; ports under 1024 need root or CAP_NET_BIND_SERVICE";
    return MakeError(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", options_.listen, why));
  }
  port_ = acceptor_->local_endpoint(error).port();
  return {};
}

void AsioServer::Start() {
  Accept();
  for (const auto& loop : loops_) {
    ScheduleSweep(loop.get());
    threads_.emplace_back([context = &loop->context] {
      MarkHttpThread();
      TakeShortSlices();
      context->run();
    });
  }
}

void AsioServer::Accept() {
  Loop* const loop = Next();
  acceptor_->async_accept(loop->context, [this, loop](error_code error, tcp::socket socket) {
    if (!acceptor_->is_open()) return;
    if (error) {
      // Out of file descriptors: waiting lets others close theirs; a tight loop would only burn the processor.
      Say(LogLevel::kWarning, "accept-failed", {{"reason", std::string_view(error.message())}});
      auto pause = std::make_shared<asio::steady_timer>(loops_[0]->context, std::chrono::milliseconds(100));
      pause->async_wait([this, pause](error_code) {
        if (acceptor_->is_open()) Accept();
      });
      return;
    }
    counters_.accepted.fetch_add(1);
    asio::post(loop->context, [this, loop, taken = std::make_shared<tcp::socket>(std::move(socket))] {
      Take(loop, std::move(*taken));
    });
    Accept();
  });
}

void AsioServer::Take(Loop* loop, tcp::socket socket) {
  if (loop->stopping) return;
  const bool too_many = counters_.connections.load() >= options_.connections_max;
  if (options_.mllp != nullptr && tls_ != nullptr) {
    asio::co_spawn(loop->context, ServeMllpTls(loop, TlsStream(std::move(socket), *tls_), too_many),
                   asio::detached);
  } else if (options_.mllp != nullptr) {
    asio::co_spawn(loop->context, ServeMllpPlain(loop, std::move(socket), too_many), asio::detached);
  } else if (tls_ != nullptr) {
    asio::co_spawn(loop->context, ServeTls(loop, TlsStream(std::move(socket), *tls_), too_many),
                   asio::detached);
  } else {
    asio::co_spawn(loop->context, ServePlain(loop, std::move(socket), too_many), asio::detached);
  }
}

void AsioServer::ScheduleSweep(Loop* loop) {
  const int64_t shortest_ms =
      std::min({options_.head_ms, options_.body_ms, options_.idle_ms, options_.write_ms});
  loop->sweep.expires_after(std::chrono::milliseconds(std::clamp<int64_t>(shortest_ms / 4, 5, 250)));
  loop->sweep.async_wait([this, loop](error_code error) {
    if (error) return;
    const int64_t now_us = MonotonicUs();
    for (SessionBase* session : loop->sessions) session->Sweep(now_us);
    ScheduleSweep(loop);
  });
}

void AsioServer::Stop() {
  if (stopped_) return;
  stopped_ = true;
  if (threads_.empty()) return;
  asio::post(loops_[0]->context, [this] {
    error_code error;
    acceptor_->close(error);
  });
  for (const auto& loop : loops_) {
    asio::post(loop->context, [loop = loop.get()] {
      loop->stopping = true;
      for (SessionBase* session : loop->sessions) session->StopSoon();
    });
  }
  const auto wait = [this](int64_t ms) {
    const int64_t until_us = MonotonicUs() + ms * 1000;
    while (counters_.connections.load() != 0 && MonotonicUs() < until_us)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  wait(options_.stop_ms);
  if (options_.end_work && counters_.connections.load() != 0) {
    options_.end_work();
    wait(options_.end_ms);
  }
  if (const uint64_t left = counters_.connections.load(); left != 0) {
    Say(LogLevel::kWarning, "stopped-with-requests-running", {{"connections", left}});
  }
  for (const auto& guard : guards_) guard->reset();
  for (const auto& loop : loops_) loop->context.stop();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Create(const ServerOptions& options, Handler* handler) {
  CHECK(handler != nullptr);
  auto server = std::make_unique<AsioServer>(options, handler);
  TRY(server->Bind());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace tk::http
