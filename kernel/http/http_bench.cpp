// What a request costs us outside the kernel's TCP.
#include <benchmark/benchmark.h>

#include "kernel/http/coding.h"
#include "kernel/http/parser.h"

namespace tk::http {
namespace {

constexpr std::string_view kRead =
    "GET /fhir/Patient/1f0c7c0e-7d6e-4c0b-9a3a-3a2b1c0d9e8f HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: "
    "bench\r\n"
    "Accept: application/fhir+json\r\nAuthorization: Bearer "
    "tk1.YWRtaW4fMR8xNzgwMDAwMDAwHzAwMTEyMjMzNDQ1NTY2NzcfYg."
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n\r\n";

void ParseRead(benchmark::State& state) {
  for (auto _ : state) {
    Request request;
    RequestParser parser(&request, 16 * 1024);
    benchmark::DoNotOptimize(parser.Put(kRead));
  }
}
BENCHMARK(ParseRead);

void WriteHead(benchmark::State& state) {
  Response response;
  response.content_type = "application/fhir+json; charset=utf-8";
  response.body = std::string(1000, 'x');
  response.AddHeader("ETag", "W/\"3\"");
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendHead(response, true, "Sun, 06 Nov 1994 08:49:37 GMT", &out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(WriteHead);

void EncodeBundle(benchmark::State& state) {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i)
    text += R"({"resource":{"resourceType":"Observation","id":")" + std::to_string(i * 7919) +
            R"(","status":"final"}},)";
  const Coding coding = state.range(0) == 0 ? Coding::kZstd : Coding::kGzip;
  for (auto _ : state) benchmark::DoNotOptimize(Encode(coding, text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(text.size()));
}
BENCHMARK(EncodeBundle)->Arg(0)->Arg(1);

}  // namespace
}  // namespace tk::http
