#include "kernel/rules/position.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/file.h"

namespace tk::rules {

Result<uint64_t> ReadPosition(const std::string& file, uint32_t incarnation, uint64_t head_t) {
  auto text = ReadFile(file, 64);
  if (!text.ok())
    return text.error().code == ErrorCode::kNotFound ? Result<uint64_t>(head_t)
                                                     : Result<uint64_t>(text.TakeError());
  uint64_t saved_incarnation = 0, t = 0;
  const char* end = text->data() + text->size();
  const auto first = std::from_chars(text->data(), end, saved_incarnation);
  if (first.ec != std::errc() || first.ptr == end) return head_t;
  const auto second = std::from_chars(first.ptr + 1, end, t);
  if (second.ec != std::errc() || saved_incarnation != incarnation) return head_t;
  return std::min(t, head_t);
}

Status WritePosition(const std::string& file, uint32_t incarnation, uint64_t t) {
  return WriteFileDurable(file, fmt::format("{} {}", incarnation, t));
}

}  // namespace tk::rules
