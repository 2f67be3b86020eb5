// The few strokes with which the city's resources are written as text.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

#include "kernel/base/text.h"

namespace tk::city {

template <class... Values>
void Add(std::string* out, fmt::format_string<Values...> pattern, Values&&... values) {
  fmt::format_to(std::back_insert_iterator<std::string>(*out), pattern, std::forward<Values>(values)...);
}

/// "key":"text", with a comma before.
inline void AddText(std::string* out, std::string_view key, std::string_view text) {
  out->append(",\"").append(key).append("\":");
  AppendJsonString(text, out);
}

/// The area of a record, as a tag.
inline void AddMeta(std::string* out, std::string_view area) {
  out->append(R"(,"meta":{"tag":[{"system":"http://tongkang.dev/fhir/sid/area","code":")")
      .append(area)
      .append("\"}]}");
}

}  // namespace tk::city
