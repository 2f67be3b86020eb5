#include "kernel/http/parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "kernel/base/text.h"

namespace tk::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using beast::http::verb;
constexpr size_t kFieldsMax = 100;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

bool HasFold(std::string_view head) {
  for (size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t')) return true;
  }
  return false;
}

ParseState StateOf(const beast::error_code& error) {
  using E = beast::http::error;
  if (error == E::header_limit) return {431, "the request head is too large"};
  if (error == E::body_limit) return {413, "the body is larger than the server takes"};
  if (error == E::bad_version) return {400, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {400, "the request is not valid HTTP/1.1"};
}

}  // namespace

RequestParser::RequestParser(Request* request, uint32_t head_bytes_max) : request_(request) {
  header_limit(head_bytes_max);
  body_limit(boost::none);  // ours is checked below, once we know who asks
}

size_t RequestParser::Put(std::string_view bytes) {
  if (bytes.empty()) return 0;
  beast::error_code error;
  const bool was_head = !is_header_done();
  const size_t used = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (was_head && is_header_done() && HasFold(bytes.substr(0, used))) {
    // Beast would join the lines; a proxy in front may have read two headers.
    state_ = {400, "a header is folded over several lines"};
  }
  if (error && error != beast::http::error::need_more && state_.status == 0) state_ = StateOf(error);
  return used;
}

void RequestParser::AllowBody(size_t body_bytes_max) {
  body_bytes_max_ = body_bytes_max;
  const auto length = declared_bytes();
  if (length && *length > body_bytes_max) {
    state_ = {413, "the body is larger than the server takes"};
    return;
  }
  if (length) request_->body.reserve(static_cast<size_t>(std::min<uint64_t>(*length, size_t{1} << 20)));
  eager(true);
}

std::optional<uint64_t> RequestParser::declared_bytes() const {
  if (chunked()) return std::nullopt;
  const auto length = content_length();
  return length ? std::optional<uint64_t>(*length) : std::optional<uint64_t>(0);
}

/// The absolute form (GET http://host/path) names the host too, whatever the header says. Source: RFC 9112 section 3.2.2.
void RequestParser::TakeTarget(std::string_view target) {
  const size_t scheme = target.find("://");
  const bool is_absolute =
      scheme != std::string_view::npos && (EqualsIgnoreCase(target.substr(0, scheme), "http") ||
                                           EqualsIgnoreCase(target.substr(0, scheme), "https"));
  if (!is_absolute) {
    request_->target = target;
    return;
  }
  target.remove_prefix(scheme + 3);
  const size_t end = std::min(target.find_first_of("/?"), target.size());
  named_host_ = target.substr(0, end);
  names_no_host_ = named_host_.empty();
  target.remove_prefix(end);
  request_->target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
}

void RequestParser::on_request_impl(verb method, Text, Text target, int version, Code& error) {
  TakeTarget(View(target));
  request_->keep_alive = version >= 11;
  version_ = version;
  switch (method) {
    case verb::get:
      request_->method = Method::kGet;
      break;
    case verb::head:
      request_->method = Method::kHead;
      break;
    case verb::post:
      request_->method = Method::kPost;
      break;
    case verb::put:
      request_->method = Method::kPut;
      break;
    case verb::patch:
      request_->method = Method::kPatch;
      break;
    case verb::delete_:
      request_->method = Method::kDelete;
      break;
    default:
      request_->method_known = false;
  }
  if (version != 10 && version != 11) error = beast::http::error::bad_version;
}

void RequestParser::on_response_impl(int, Text, int, Code& error) { error = beast::http::error::bad_method; }

std::string* RequestParser::PlaceOf(field known, std::string_view name) {
  switch (known) {
    case field::host:
      return &request_->host;
    case field::authorization:
      return &request_->authorization;
    case field::cookie:
      return &request_->cookie;
    case field::content_type:
      return &request_->content_type;
    case field::content_encoding:
      return &request_->content_encoding;
    case field::accept:
      return &request_->accept;
    case field::accept_encoding:
      return &request_->accept_encoding;
    case field::accept_language:
      return &request_->accept_language;
    case field::user_agent:
      return &request_->user_agent;
    case field::if_match:
      return &request_->if_match;
    case field::if_none_match:
      return &request_->if_none_match;
    case field::if_modified_since:
      return &request_->if_modified_since;
    case field::prefer:
      return &request_->prefer;
    case field::unknown:
      break;
    default:
      return nullptr;
  }
  if (EqualsIgnoreCase(name, "If-None-Exist")) return &request_->if_none_exist;
  if (EqualsIgnoreCase(name, "Idempotency-Key")) return &request_->idempotency_key;
  if (EqualsIgnoreCase(name, "X-Request-Id")) return &request_->request_id;
  if (EqualsIgnoreCase(name, "X-Tongkang")) return &request_->csrf;
  if (EqualsIgnoreCase(name, "X-Forwarded-For")) return &request_->forwarded_for;
  if (EqualsIgnoreCase(name, "Last-Event-ID")) return &request_->last_event_id;
  return nullptr;
}

void RequestParser::on_field_impl(field known, Text name, Text value, Code& error) {
  if (++fields_ > kFieldsMax) {
    error = beast::http::error::header_limit;
    return;
  }
  // A trailer comes after whoever asks was looked at, and proxies pass it on unseen: it signs nobody in (RFC 9110 section 6.5.1).
  if (is_header_done()) return;
  if (known == field::transfer_encoding) {
    // One coding, chunked, by name: whatever else says where the body ends, a proxy may read it otherwise (RFC 9112 section 6.1).
    if (has_coding_ || !EqualsIgnoreCase(View(value), "chunked")) {
      state_ = {400, "the only Transfer-Encoding is chunked, given once"};
      error = beast::http::error::bad_transfer_encoding;
      return;
    }
    has_coding_ = true;
  }
  if (known == field::expect) request_->expect_continue = EqualsIgnoreCase(View(value), "100-continue");
  std::string* const place = PlaceOf(known, View(name));
  if (place == nullptr) return;
  const bool may_repeat =
      known == field::cookie || known == field::accept || known == field::accept_encoding ||
      known == field::accept_language || known == field::prefer || known == field::if_match ||
      known == field::if_none_match || known == field::user_agent || place == &request_->forwarded_for;
  if (place->empty()) {
    *place = View(value);
    // There and empty is no condition at all: it must not pass for a header that is not there.
    if (place == &request_->if_none_exist && place->empty()) *place = "?";
    if (place == &request_->if_match && place->empty()) *place = ",";
  } else if (may_repeat) {
    *place += known == field::cookie ? "; " : ", ";
    *place += View(value);
  } else {
    state_ = {
        400,
        "a header that may be there once is there twice"};  // two hosts, two authorizations: whom to believe?
    error = beast::http::error::bad_field;
  }
}

void RequestParser::on_header_impl(Code& error) {
  request_->keep_alive = keep_alive();
  if (!named_host_.empty() && !request_->host.empty()) request_->host = named_host_;
  // HTTP/1.0 knows no 100, and would take it for the answer (RFC 9110 section 10.1.1).
  if (version_ == 10) request_->expect_continue = false;
  if (names_no_host_) {
    state_ = {400, "the request target names no host"};  // RFC 9110 section 4.2.1
    error = beast::http::error::bad_target;
  } else if (version_ == 10 && has_coding_) {
    state_ = {400, "HTTP/1.0 has no Transfer-Encoding"};
    error = beast::http::error::bad_transfer_encoding;
  } else if (version_ == 11 && request_->host.empty()) {
    state_ = {400, "the header Host is missing"};  // RFC 9112 section 3.2
    error = beast::http::error::bad_field;
  }
}
void RequestParser::on_body_init_impl(boost::optional<uint64_t> const&, Code&) {}

size_t RequestParser::on_body_impl(Text body, Code& error) {
  if (request_->body.size() + body.size() > body_bytes_max_) {
    error = beast::http::error::body_limit;
    return 0;
  }
  request_->body.append(body.data(), body.size());
  return body.size();
}

/// Told at once: nobody sends a gigabyte to hear that it is too much.
void RequestParser::on_chunk_header_impl(uint64_t size, Text, Code& error) {
  if (size > body_bytes_max_ || request_->body.size() > body_bytes_max_ - size)
    error = beast::http::error::body_limit;
}
size_t RequestParser::on_chunk_body_impl(uint64_t, Text body, Code& error) {
  return on_body_impl(body, error);
}
void RequestParser::on_finish_impl(Code&) {}

}  // namespace tk::http
