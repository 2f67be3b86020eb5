// Request bytes from anybody: the parser must take the same from one piece as from many, and nothing may crash, hang or grow
// over its limits. First byte: where the input is cut; second: what is done with it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kernel/base/text.h"
#include "kernel/http/coding.h"
#include "kernel/http/parser.h"

namespace {

using tk::http::Request;
using tk::http::RequestParser;
constexpr uint32_t kHeadMax = 4096;
constexpr size_t kBodyMax = 10'000;

struct Outcome {
  int status = 0;
  bool done = false;
  Request request;
};

// As the session does it: what is unread comes again in front of what follows.
Outcome Parse(std::string_view bytes, size_t step) {
  Outcome outcome;
  RequestParser parser(&outcome.request, kHeadMax);
  size_t begin = 0, end = 0;
  bool allowed = false;
  while (end < bytes.size() && !parser.done() && parser.state().status == 0) {
    end = std::min(bytes.size(), end + step);
    for (;;) {
      const size_t used = parser.Put(bytes.substr(begin, end - begin));
      begin += used;
      if (parser.state().status != 0) break;
      if (parser.head_done() && !allowed) {
        allowed = true;
        parser.AllowBody(kBodyMax);
      }
      if (used == 0 || parser.done() || begin == end) break;
    }
  }
  outcome.status = parser.state().status;
  outcome.done = parser.done();
  if (outcome.request.body.size() > kBodyMax) std::abort();
  return outcome;
}

void Need(bool good) {
  if (!good) std::abort();
}

void Request1(std::string_view bytes, size_t step) {
  const Outcome whole = Parse(bytes, bytes.size() + 1);
  const Outcome pieces = Parse(bytes, step);
  if (!whole.done || !pieces.done) return;
  Need(whole.request.target == pieces.request.target && whole.request.body == pieces.request.body);
  Need(whole.request.authorization == pieces.request.authorization &&
       whole.request.host == pieces.request.host);
}

void Text(std::string_view bytes) {
  for (const bool plus : {false, true}) {
    const auto decoded = tk::PercentDecode(bytes, plus);
    if (decoded.ok()) Need(decoded->size() <= bytes.size() && decoded->find('\0') == std::string::npos);
  }
  std::string json;
  tk::AppendJsonString(bytes, &json);
  Need(json.size() >= 2);
  (void)tk::FromBase64Url(bytes);
  (void)tk::http::ChooseCoding(bytes);
}

void Packed(std::string_view bytes) {
  for (const char* coding : {"gzip", "zstd"}) {
    const auto text = tk::http::Decode(coding, bytes, 100'000);
    if (text.ok()) Need(text->size() <= 100'000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[1] % 3) {
    case 0:
      Request1(bytes, size_t{data[0]} + 1);
      break;
    case 1:
      Text(bytes);
      break;
    default:
      Packed(bytes);
  }
  return 0;
}
