// A plain blocking client for this room's tests: says exactly the bytes it is told to say.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "kernel/base/text.h"

namespace tk::http::testing {

struct Reply {
  int status = 0;                              // 0 = the connection closed instead
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { Close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return;  // the server may close early: what it said is read afterwards
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  bool More() {
    char block[65536];
    const ssize_t got = ::recv(fd_, block, sizeof block, 0);
    if (got <= 0) return false;
    unread_.append(block, static_cast<size_t>(got));
    return true;
  }
  /// Everything up to and with `mark`; "" when the connection ends before.
  std::string ReadUntil(std::string_view mark) {
    size_t at;
    while ((at = unread_.find(mark)) == std::string::npos) {
      if (!More()) return "";
    }
    std::string out = unread_.substr(0, at + mark.size());
    unread_.erase(0, at + mark.size());
    return out;
  }
  Reply Read(bool head_only = false) {
    Reply reply;
    const std::string head = ReadUntil("\r\n\r\n");
    if (head.empty()) return reply;
    reply.status = std::atoi(head.c_str() + 9);
    for (size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const size_t end = head.find("\r\n", at);
      const std::string line = head.substr(at, end - at);
      const size_t colon = line.find(':');
      if (colon != std::string::npos)
        reply.headers[ToLower(line.substr(0, colon))] = std::string(TrimSpace(line.substr(colon + 1)));
      at = end + 2;
    }
    if (head_only || !reply.headers.contains("content-length")) return reply;
    const size_t size = std::strtoul(reply.headers["content-length"].c_str(), nullptr, 10);
    while (unread_.size() < size && More()) {
    }
    reply.body = unread_.substr(0, size);
    unread_.erase(0, size);
    return reply;
  }
  bool Closed() { return unread_.empty() && !More(); }
  /// One request with extra header lines, each ended by CRLF.
  Reply Ask(std::string_view method, std::string_view target, std::string_view headers = {},
            std::string_view body = {}) {
    std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" +
                       std::string(headers);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text += "\r\n";
    text += body;
    Send(text);
    return Read(method == "HEAD");
  }

 private:
  int fd_;
  std::string unread_;
};

}  // namespace tk::http::testing
