#include "bench/client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/short_slices.h"

namespace tk::bench {

void Histogram::Add(uint64_t us) {
  max_us_ = std::max(max_us_, us);
  ++total_;
  // Below 64 µs each microsecond has its own place; above, the top six bits after the first say which.
  size_t at = static_cast<size_t>(us);
  if (us >= kSteps) {
    const auto shift = static_cast<size_t>(std::bit_width(us)) - 7;
    at = (shift + 1) * kSteps + static_cast<size_t>((us >> shift) - kSteps);
  }
  ++counts_[std::min(at, counts_.size() - 1)];
}

uint64_t Histogram::Quantile(double part) const {
  const auto wanted = static_cast<uint64_t>(part * static_cast<double>(total_));
  uint64_t seen = 0;
  for (size_t at = 0; at < counts_.size(); ++at) {
    seen += counts_[at];
    if (seen <= wanted || counts_[at] == 0) continue;
    if (at < kSteps) return at;
    const size_t shift = at / kSteps - 1;
    return (static_cast<uint64_t>(at % kSteps) + kSteps) << shift;
  }
  return max_us_;
}

namespace {

constexpr size_t kReadBytes = 256 * 1024;

struct Socket {
  int fd = -1;
  bool busy = false, writing = false;
  int64_t due_us = 0;  // when the request was to be sent
  std::string out;
  size_t sent = 0;
  std::string in;
  size_t head_bytes = 0;  // with the empty line; 0 = not complete yet
  size_t body_bytes = 0;
  int status = 0;
};

Error Broken(const char* what) {
  return MakeError(ErrorCode::kUnavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

class Loop {
 public:
  Loop(const ClientOptions& options, Work* work) : options_(options), work_(work) {}
  ~Loop() {
    for (const Socket& socket : sockets_)
      if (socket.fd >= 0) ::close(socket.fd);
    if (epoll_ >= 0) ::close(epoll_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Status Connect();
  Result<Measured> Run();

 private:
  bool MayStart(int64_t now_us) const { return !ended_ && (options_.run_us == 0 || now_us < until_us_); }
  Status Begin(size_t number, int64_t due_us);
  Status BeginDue(int64_t now_us);
  Status Write(Socket* socket, size_t number);
  Status Read(size_t number);
  Status ReadHead(Socket* socket);
  Status Finish(size_t number);
  Status Listen(Socket* socket, size_t number, bool for_writing);
  int Wait(int64_t now_us, std::span<epoll_event> events);

  const ClientOptions& options_;
  Work* work_;
  int epoll_ = -1;
  std::vector<Socket> sockets_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  std::vector<size_t> idle_;
  Measured measured_;
  int64_t until_us_ = 0, begin_us_ = 0;
  uint64_t begun_ = 0;
  size_t busy_ = 0;
  bool ended_ = false;
};

Status Loop::Connect() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return Broken("epoll");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(options_.port);
  if (::inet_pton(AF_INET, options_.address.c_str(), &to.sin_addr) != 1)
    return MakeError(ErrorCode::kIncorrect, "the address must be an IPv4 address");
  sockets_.resize(options_.connections);
  for (size_t i = 0; i < sockets_.size(); ++i) {
    Socket& socket = sockets_[i];
    socket.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket.fd < 0 || ::connect(socket.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      return Broken("connect");
    const int on = 1;
    ::setsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event) != 0) return Broken("epoll");
  }
  return {};
}

Status Loop::Listen(Socket* socket, size_t number, bool for_writing) {
  if (socket->writing == for_writing) return {};
  socket->writing = for_writing;
  epoll_event event{};
  event.events = for_writing ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = number;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket->fd, &event) != 0) return Broken("epoll");
  return {};
}

Status Loop::Begin(size_t number, int64_t due_us) {
  Socket& socket = sockets_[number];
  socket.out.clear();
  if (!work_->Next(number, &socket.out)) {
    ended_ = true;
    return {};
  }
  ++begun_;
  ++busy_;
  socket.busy = true;
  socket.due_us = due_us;
  socket.sent = 0;
  measured_.bytes_out += socket.out.size();
  return Write(&socket, number);
}

Status Loop::Write(Socket* socket, size_t number) {
  while (socket->sent < socket->out.size()) {
    const ssize_t done = ::send(socket->fd, socket->out.data() + socket->sent,
                                socket->out.size() - socket->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno == EAGAIN) return Listen(socket, number, true);
    if (done < 0) return Broken("send");
    socket->sent += static_cast<size_t>(done);
  }
  return Listen(socket, number, false);
}

Status Loop::ReadHead(Socket* socket) {
  const size_t end = socket->in.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  socket->head_bytes = end + 4;
  socket->body_bytes = 0;
  std::string_view head(socket->in.data(), end);
  if (head.size() < 12) return MakeError(ErrorCode::kIncorrect, "the answer is no HTTP");
  std::from_chars(head.data() + 9, head.data() + 12, socket->status);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    constexpr std::string_view kLength = "content-length:";
    if (line.size() <= kLength.size() || ::strncasecmp(line.data(), kLength.data(), kLength.size()) != 0)
      continue;
    const size_t from = line.find_first_not_of(' ', kLength.size());
    if (from != std::string_view::npos)
      std::from_chars(line.data() + from, line.data() + line.size(), socket->body_bytes);
  }
  return {};
}

Status Loop::Read(size_t number) {
  Socket& socket = sockets_[number];
  const ssize_t got = ::recv(socket.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got < 0) return Broken("recv");
  if (got == 0) return MakeError(ErrorCode::kUnavailable, "the server closed a connection");
  measured_.bytes_in += static_cast<uint64_t>(got);
  socket.in.append(buffer_.data(), static_cast<size_t>(got));
  if (socket.head_bytes == 0) TRY(ReadHead(&socket));
  if (socket.head_bytes == 0 || socket.in.size() < socket.head_bytes + socket.body_bytes) return {};
  return Finish(number);
}

Status Loop::Finish(size_t number) {
  Socket& socket = sockets_[number];
  const int64_t now_us = MonotonicUs();
  measured_.latency.Add(static_cast<uint64_t>(std::max<int64_t>(0, now_us - socket.due_us)));
  const std::string_view all(socket.in);
  auto things = work_->Take(number, {socket.status, all.substr(0, socket.head_bytes),
                                     all.substr(socket.head_bytes, socket.body_bytes)});
  ++measured_.requests;
  if (things.ok()) {
    measured_.things += *things;
  } else {
    ++measured_.errors;
    if (measured_.first_error.empty()) measured_.first_error = things.error().external;
  }
  socket.in.clear();
  socket.head_bytes = 0;
  socket.busy = false;
  --busy_;
  if (options_.rate_max != 0)
    idle_.push_back(number);
  else if (MayStart(now_us))
    return Begin(number, now_us);
  return {};
}

/// Sends what is due; what finds no idle connection stays due.
Status Loop::BeginDue(int64_t now_us) {
  while (!idle_.empty() && MayStart(now_us)) {
    const int64_t due_us = begin_us_ + static_cast<int64_t>(begun_ * 1'000'000 / options_.rate_max);
    if (due_us > now_us) return {};
    const size_t number = idle_.back();
    idle_.pop_back();
    TRY(Begin(number, due_us));
  }
  return {};
}

// Exactly until the next request is due: a millisecond more would send in bursts, and not to wait at all would take a core from the server.
int Loop::Wait(int64_t now_us, std::span<epoll_event> events) {
  constexpr int64_t kWaitMaxUs = 1'000'000;
  // The finer one is not known to valgrind (audit.mjs), and is wanted only between two requests of a rate.
  if (options_.rate_max == 0 || idle_.empty())
    return ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kWaitMaxUs / 1000);
  const int64_t due_us = begin_us_ + static_cast<int64_t>(begun_ * 1'000'000 / options_.rate_max);
  const int64_t wait_us = std::clamp<int64_t>(due_us - now_us, 0, kWaitMaxUs);
  const timespec timeout{wait_us / 1'000'000, wait_us % 1'000'000 * 1000};
  return ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
}

Result<Measured> Loop::Run() {
  constexpr unsigned long kSlackNs = 1;  // the kernel's usual 50 µs is half of what is between two requests
  ::prctl(PR_SET_TIMERSLACK, kSlackNs);
  TakeShortSlices();  // a client elsewhere would have a core of its own: its waiting for one is none of the server's
  begin_us_ = MonotonicUs();
  until_us_ = begin_us_ + options_.run_us;
  for (size_t i = 0; i < sockets_.size(); ++i) {
    if (options_.rate_max != 0)
      idle_.push_back(i);
    else if (!ended_)
      TRY(Begin(i, MonotonicUs()));
  }
  std::array<epoll_event, 256> events;
  for (;;) {
    const int64_t now_us = MonotonicUs();
    if (options_.rate_max != 0) TRY(BeginDue(now_us));
    if (busy_ == 0 && !MayStart(now_us)) break;
    const int count = Wait(now_us, events);
    if (count < 0 && errno != EINTR) return Broken("epoll");
    for (int i = 0; i < count; ++i) {
      const size_t number = events[static_cast<size_t>(i)].data.u64;
      if (sockets_[number].writing) TRY(Write(&sockets_[number], number));
      if ((events[static_cast<size_t>(i)].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) TRY(Read(number));
    }
  }
  measured_.wall_us = MonotonicUs() - begin_us_;
  return std::move(measured_);
}

}  // namespace

Result<Measured> Drive(const ClientOptions& options, Work* work) {
  auto loop = std::make_unique<Loop>(options, work);
  TRY(loop->Connect());
  return loop->Run();
}

}  // namespace tk::bench
