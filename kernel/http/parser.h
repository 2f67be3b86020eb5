// Reads one HTTP/1.1 request: Beast's parser with our own storage, so that a request costs few allocations.
// Flow:   Put(bytes) until head_done → limits and sign-on may refuse → AllowBody(max) → Put until done
// Source: RFC 9112 by Boost.Beast 1.81. Content-Length together with Transfer-Encoding, a coding that is not
// chunked, two of a header that may be there once, bare LF, folded headers, no Host: refused.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "kernel/http/message.h"

namespace tk::http {

/// What went wrong in reading, as an HTTP status; 0 = nothing.
struct ParseState {
  int status = 0;
  std::string_view text;
};

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request* request, uint32_t head_bytes_max);

  /// Consumes what it can of `bytes` and returns how much; the unread rest must come again in front of what follows.
  /// Before head_done the whole head must be in `bytes` at once. Check state() afterwards.
  size_t Put(std::string_view bytes);
  bool head_done() const { return is_header_done(); }
  bool done() const { return is_done(); }
  const ParseState& state() const { return state_; }
  /// Call once head_done, before more is put.
  void AllowBody(size_t body_bytes_max);
  /// Declared size of the body; nullopt when it comes in chunks.
  std::optional<uint64_t> declared_bytes() const;

 private:
  using Code = boost::beast::error_code;
  using Text = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb verb, Text method, Text target, int version,
                       Code& error) override;
  void on_response_impl(int status, Text reason, int version, Code& error) override;
  void on_field_impl(boost::beast::http::field field, Text name, Text value, Code& error) override;
  void on_header_impl(Code& error) override;
  void on_body_init_impl(boost::optional<uint64_t> const& length, Code& error) override;
  size_t on_body_impl(Text body, Code& error) override;
  void on_chunk_header_impl(uint64_t size, Text extensions, Code& error) override;
  size_t on_chunk_body_impl(uint64_t remain, Text body, Code& error) override;
  void on_finish_impl(Code& error) override;
  std::string* PlaceOf(boost::beast::http::field field, std::string_view name);
  void TakeTarget(std::string_view target);

  Request* request_;
  size_t body_bytes_max_ = 0;
  size_t fields_ = 0;
  int version_ = 0;
  bool has_coding_ = false;
  std::string named_host_;      // by the request line
  bool names_no_host_ = false;  // the absolute form with nothing where the host belongs
  ParseState state_;
};

}  // namespace tk::http
