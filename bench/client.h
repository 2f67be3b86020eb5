// A load client that costs little, because it shares the machine with what it measures: one thread, epoll, one request at a time on each
// of C connections (closed loop), or requests at given times (`rate_max`): then a latency counts from when it was due, so that a stall
// is seen by all who would have waited.
// Cost:   15–20 µs of CPU a small request, measured on a machine that others used too; see client_cpu_seconds of each run.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::bench {

/// Latencies in µs, each kept within 1.6 %: 64 steps for every doubling.
class Histogram {
 public:
  void Add(uint64_t us);
  /// The latency that `part` (0..1) of all stayed under; 0 when there are none.
  uint64_t Quantile(double part) const;
  uint64_t max_us() const { return max_us_; }

 private:
  static constexpr size_t kSteps = 64, kDoublings = 32;
  std::array<uint64_t, kSteps * kDoublings> counts_{};
  uint64_t total_ = 0, max_us_ = 0;
};

struct Answer {
  int status = 0;
  std::string_view head, body;
};

/// What is asked next on a connection. Called from the one thread.
class Work {
 public:
  virtual ~Work() = default;
  /// Writes a whole HTTP request into `out`; false when there is nothing more.
  virtual bool Next(size_t connection, std::string* out) = 0;
  /// How many things the answer finished (entries of a bundle, 1 for a read); kIncorrect tells what was wrong with it.
  virtual Result<uint32_t> Take(size_t connection, const Answer& answer) = 0;
};

struct ClientOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  size_t connections = 8;
  int64_t run_us = 0;     // 0 = until the work ends
  uint64_t rate_max = 0;  // requests a second; 0 = as many as are answered
};

struct Measured {
  uint64_t requests = 0, things = 0, errors = 0, bytes_in = 0, bytes_out = 0;
  int64_t wall_us = 0;
  Histogram latency;
  std::string first_error;
};

/// Errors: kUnavailable when a connection cannot be made or breaks.
Result<Measured> Drive(const ClientOptions& options, Work* work);

}  // namespace tk::bench
