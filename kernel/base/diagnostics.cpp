#include "kernel/base/diagnostics.h"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <spdlog/details/periodic_worker.h>  // after spdlog.h, which it needs

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

#include "kernel/base/clock.h"
#include "kernel/base/text.h"

namespace tk {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;

/// Collects lines, so that a request's line costs no system call.
class BufferedStderr final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void Capture(std::string* out) {
    const std::lock_guard<std::mutex> hold(mutex_);
    flush_();
    captured_ = out;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    buffer_.append(message.payload.data(), message.payload.size());
    buffer_.push_back('\n');
    if (buffer_.size() >= kBufferBytes) flush_();
  }
  void flush_() override {
    if (captured_ != nullptr) {
      *captured_ += buffer_;
    } else {
      for (std::string_view rest = buffer_; !rest.empty();) {
        const ssize_t put = ::write(STDERR_FILENO, rest.data(), rest.size());
        if (put <= 0) break;  // nobody reads: the program must not stop for that
        rest.remove_prefix(static_cast<size_t>(put));
      }
    }
    buffer_.clear();
  }

 private:
  std::string buffer_;
  std::string* captured_ = nullptr;
};

struct Diagnostics {
  std::shared_ptr<BufferedStderr> sink = std::make_shared<BufferedStderr>();
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>("tongkang", sink);
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::unique_ptr<spdlog::details::periodic_worker> flusher;
  std::mutex troubles_mutex;
  std::deque<std::string> troubles;

  Diagnostics() {
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::warn);
    flusher = std::make_unique<spdlog::details::periodic_worker>([this] { logger->flush(); },
                                                                 std::chrono::seconds(1));
  }
};

// Never destroyed: threads may speak until the very end of the process.
Diagnostics& Global() {
  static auto* const diagnostics = new Diagnostics();
  return *diagnostics;
}

constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};
constexpr spdlog::level::level_enum kSpdlogLevels[] = {
    spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err, spdlog::level::off};

void AppendValue(double value, std::string* line) { fmt::format_to(std::back_inserter(*line), "{}", value); }
void AppendValue(int64_t value, std::string* line) { AppendNumber(value, line); }
void AppendValue(uint64_t value, std::string* line) {
  fmt::format_to(std::back_inserter(*line), "{}", value);
}

void AppendField(const LogField& field, std::string* line) {
  *line += ",\"";
  *line += field.name;
  *line += "\":";
  std::visit(
      [line](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          AppendJsonString(value, line);
        } else if constexpr (std::is_same_v<T, bool>) {
          *line += value ? "true" : "false";
        } else {
          AppendValue(value, line);
        }
      },
      field.value);
}

void KeepTrouble(const std::string& line) {
  const std::lock_guard hold(Global().troubles_mutex);
  std::deque<std::string>& troubles = Global().troubles;
  if (troubles.size() == kTroublesKept) troubles.pop_front();
  troubles.push_back(line);
}

}  // namespace

Result<LogLevel> ParseLogLevel(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<LogLevel>(i);
  }
  return MakeError(ErrorCode::kIncorrect, "log level must be debug, info, warning, error or off");
}

void SetLogLevel(LogLevel level) { Global().level.store(level, std::memory_order_relaxed); }
bool LogEnabled(LogLevel level) { return level >= Global().level.load(std::memory_order_relaxed); }

void Say(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  thread_local std::string line;  // a line a request: its memory is used again
  line = "{\"at\":\"";
  AppendInstant(SystemClock().NowUs(), &line);
  line += "\",\"level\":\"";
  line += kNames[static_cast<size_t>(level)];
  line += "\",\"event\":";
  AppendJsonString(event, &line);
  for (const LogField& field : fields) AppendField(field, &line);
  line += '}';
  if (level >= LogLevel::kWarning) KeepTrouble(line);
  Global().logger->log(kSpdlogLevels[static_cast<size_t>(level)],
                       spdlog::string_view_t(line.data(), line.size()));
}

void SayError(std::string_view event, const Error& error) {
  const std::string text = error.ToString();
  Say(LogLevel::kError, event, {{"error", std::string_view(text)}});
}

std::vector<std::string> LastTroubles() {
  const std::lock_guard hold(Global().troubles_mutex);
  return {Global().troubles.begin(), Global().troubles.end()};
}

void FlushDiagnostics() { Global().logger->flush(); }
void CaptureDiagnostics(std::string* out) { Global().sink->Capture(out); }

}  // namespace tk
