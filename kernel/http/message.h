// A request as read and a response as it will be written. Plain values; nothing here knows sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/interaction/interaction.h"

namespace tk::http {

using interaction::Method;

/// Only the headers that mean something to us are kept; everything else is skipped while parsing.
struct Request {
  bool method_known = true;
  Method method = Method::kGet;
  std::string target;  // as received: path and query, percent-encoded
  std::string host, authorization, cookie, content_type, content_encoding, accept, accept_encoding;
  std::string if_match, if_none_match, if_none_exist, if_modified_since, prefer, idempotency_key;
  std::string accept_language, user_agent;
  std::string request_id, csrf, last_event_id, forwarded_for;
  bool expect_continue = false;
  bool keep_alive = true;
  std::string body;
  std::string peer;   // address without port; the client's where a trusted proxy told it
  std::string local;  // the address that the connection came to, without port
  uint16_t local_port = 0;
  bool tls = false;
  std::string machine;  // the account for which a listener vouches (mllp.h); never read from what was sent

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const {
    const size_t at = target.find('?');
    return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
  }
  void Clear() { *this = Request{}; }
};

/// A stream of server-sent events. Thread-safe.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// Appends what waits to `out`; false when the stream has ended and the connection shall close after `out`.
  virtual bool Take(std::string* out) = 0;
  /// `wake` is called from any thread when there is something to take. Set once, before the first Take.
  virtual void SetWake(std::function<void()> wake) = 0;
  /// Ends it: `reason` goes into the last event.
  virtual void End(std::string_view reason) = 0;
};

struct Response {
  int status = 200;
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of body, for pages that many get
  std::string content_type;
  std::string content_encoding;  // set if body is already encoded
  std::string headers;           // further lines, each ended by CRLF; see AddHeader
  bool close = false;
  std::shared_ptr<EventSource> events;  // the head is written, then events until it ends

  std::string_view bytes() const {
    return shared_body != nullptr ? std::string_view(*shared_body) : std::string_view(body);
  }
  /// Control characters of `value` are dropped: a value can never begin a header of its own.
  void AddHeader(std::string_view name, std::string_view value);
};

/// Appends the status line and headers. `date` is an IMF-fixdate. HEAD gets the same head as GET.
void AppendHead(const Response& response, bool keep_alive, std::string_view date, std::string* out);
std::string_view ReasonOf(int status);
/// "Sun, 06 Nov 1994 08:49:37 GMT". Source: RFC 9110 section 5.6.7.
std::string HttpDate(Instant us);

}  // namespace tk::http
