// What the program says about itself: JSON lines on stderr, one event a line, and never personal data.
// Flow:   Say(level, "event", {{"field", value} …}) → buffer in memory → written at 64 KB, every second, or at once from warnings up
// A line: {"at":"2026-11-21T20:14:07.123456Z","level":"info","event":"ready","t":42}
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel/base/result.h"

namespace tk {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError, kOff };
/// "debug", "info", "warning", "error", "off". Errors: kIncorrect, naming these.
Result<LogLevel> ParseLogLevel(std::string_view name);

struct LogField {
  std::string_view name;  // always a literal
  std::variant<std::string_view, int64_t, uint64_t, double, bool> value;
};

/// The level below which nothing is written. Thread-safe.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);

/// Thread-safe. About 1 µs, no system call below warnings; nothing at all when the level is off.
void Say(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);
/// The same for an Error of ours.
void SayError(std::string_view event, const Error& error);
/// Lines of warnings and errors, the last kTroublesKept of this process, oldest first: for whoever runs the program and does not read its files.
inline constexpr size_t kTroublesKept = 200;
std::vector<std::string> LastTroubles();
/// Writes out what is buffered; at the end of the program.
void FlushDiagnostics();

/// For tests: lines go to `out` instead of stderr until called with nullptr.
void CaptureDiagnostics(std::string* out);

}  // namespace tk
