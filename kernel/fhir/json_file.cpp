#include "kernel/fhir/json_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tk::fhir {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Just behind the string that begins at `at`.
size_t EndOfString(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

/// Where the value with this number begins, values counted as they stand, which is how nodes are counted. The text was parsed.
size_t OffsetOf(std::string_view text, uint32_t number) {
  uint32_t seen = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (IsSpace(c) || c == ',' || c == ':' || c == ']' || c == '}') {
      ++at;
      continue;
    }
    size_t end = at + 1;
    if (c == '"') {
      end = EndOfString(text, at);
      size_t behind = end;
      while (behind < text.size() && IsSpace(text[behind])) ++behind;
      if (behind < text.size() && text[behind] == ':') {  // a member's name
        at = behind + 1;
        continue;
      }
    } else if (c != '{' && c != '[') {
      while (end < text.size() && !IsSpace(text[end]) && text[end] != ',' && text[end] != ']' &&
             text[end] != '}')
        ++end;
    }
    if (seen++ == number) return at;
    at = end;
  }
  return text.size();
}

/// The member that `path` begins with, the longest name that fits; what follows it is left in `path`.
Value StepInto(Value object, std::string_view* path) {
  Value found;
  size_t length = 0;
  for (const Value member : object) {
    const std::string_view name = member.name_text();
    if (name.size() < length || !path->starts_with(name)) continue;
    if (path->size() > name.size() && (*path)[name.size()] != '.' && (*path)[name.size()] != '[') continue;
    found = member;
    length = name.size();
  }
  path->remove_prefix(length);
  return found;
}

Value StepAt(Value array, std::string_view* path) {
  size_t i = 0;
  const auto parsed = std::from_chars(path->data() + 1, path->data() + path->size(), i);
  if (parsed.ec != std::errc() || parsed.ptr == path->data() + path->size() || *parsed.ptr != ']') return {};
  path->remove_prefix(static_cast<size_t>(parsed.ptr - path->data()) + 1);
  return array.At(i);
}

}  // namespace

Result<JsonFile> JsonFile::Parse(std::string name, std::string text) {
  auto document = Document::Parse(text);
  if (!document.ok()) {
    Error error = MakeError(document.error().code, fmt::format("{}: {}", name, document.error().external));
    error.issues.push_back({Severity::kError, "structure", {}, error.external});
    return error;
  }
  if (!document->Root().is_object())
    return MakeIssue(ErrorCode::kIncorrect, "structure", {},
                     fmt::format("{}:1:1: must be one JSON object", name));
  return JsonFile(std::move(name), std::move(text),
                  std::make_unique<const Document>(std::move(document).value()));
}

Place JsonFile::At(std::string_view path) const {
  Value at = root();
  while (!path.empty()) {
    if (path[0] == '.') {
      path.remove_prefix(1);
      continue;
    }
    const Value next = path[0] == '[' ? StepAt(at, &path) : StepInto(at, &path);
    if (!next.present()) break;
    at = next;
  }
  const std::string_view before = std::string_view(text_).substr(0, OffsetOf(text_, at.index()));
  const size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto characters =
      std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_begin), before.end(),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return {static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<size_t>(characters) + 1};
}

void JsonFile::Note(std::string_view path, std::string_view text) {
  if (notes_.size() >= kNotesMax) return;
  const Place place = At(path);
  notes_.push_back({Severity::kError, "invalid", std::string(path),
                    fmt::format("{}:{}:{}: {}{}{}", name_, place.line, place.column, path,
                                path.empty() ? "" : ": ", text)});
}

void JsonFile::Note(std::string_view path, const Error& cause) {
  if (cause.issues.empty()) return Note(path, cause.external);
  for (const Issue& issue : cause.issues) {
    const bool joins = !path.empty() && !issue.path.empty() && issue.path[0] != '[';
    Note(fmt::format("{}{}{}", path, joins ? "." : "", issue.path), issue.text);
  }
}

Error JsonFile::Failure() const {
  CHECK(!notes_.empty());
  Error error = MakeError(ErrorCode::kInvalid, {});
  for (const Issue& note : notes_) error.external += (error.external.empty() ? "" : "\n") + note.text;
  error.issues = notes_;
  return error;
}

Error JoinFailures(const std::vector<Error>& failures) {
  CHECK(!failures.empty());
  Error all = MakeError(failures.front().code, {});
  for (const Error& each : failures) {
    all.external += (all.external.empty() ? "" : "\n") + each.external;
    if (each.issues.empty()) all.issues.push_back({Severity::kError, "invalid", {}, each.external});
    for (const Issue& issue : each.issues) all.issues.push_back(issue);
  }
  return all;
}

}  // namespace tk::fhir
