#include "kernel/base/error.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace tk {
namespace {
constexpr std::array<ErrorTraits, 15> kTraits = {{
    {400, "structure", false, "incorrect"},
    {422, "invalid", false, "invalid"},
    {401, "login", false, "unauthenticated"},
    {403, "forbidden", false, "forbidden"},
    {404, "not-found", false, "not-found"},
    {410, "deleted", false, "gone"},
    {409, "conflict", false, "conflict"},
    {412, "conflict", false, "precondition"},
    {413, "too-long", false, "too-large"},
    {400, "not-supported", false, "unsupported"},
    {429, "throttled", true, "busy"},
    {503, "timeout", true, "timeout"},
    {503, "transient", true, "unavailable"},
    {500, "exception", false, "corrupt"},
    {500, "exception", false, "internal"},
}};
static_assert(kTraits.size() == static_cast<size_t>(ErrorCode::kInternal) + 1);
}  // namespace

const ErrorTraits& TraitsOf(ErrorCode code) { return kTraits.at(static_cast<size_t>(code)); }

std::string Error::ToString() const {
  std::string text = fmt::format("{}: {}", TraitsOf(code).name, external);
  if (!internal.empty()) text += fmt::format(" [{}]", internal);
  for (const Issue& issue : issues) {
    if (!issue.path.empty()) text += fmt::format("; at {}", issue.path);
    if (issue.text != external) text += fmt::format(": {}", issue.text);
  }
  if (line != 0) text += fmt::format(" ({}:{})", file, line);
  return text;
}

void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace tk
