// Errors as values: what went wrong, for whom to read, and where in the input.
// Flow:   any room → Result<T> → pipeline → OperationOutcome (http) or a line on stderr (command line)
// Source: categories after the HTTP statuses that FHIR R4 "http.html" asks for; issue types: FHIR R4 ValueSet issue-type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tk {

enum class ErrorCode : uint8_t {
  kIncorrect,        // the request is malformed: bad JSON, bad parameter
  kInvalid,          // well-formed but breaks a rule of its definition (validation)
  kUnauthenticated,  // nobody is signed in
  kForbidden,        // signed in, but may not
  kNotFound,         // there is no such thing
  kGone,             // it was there and was deleted, or a page position expired
  kConflict,         // somebody else changed it meanwhile, or a condition names several
  kPrecondition,     // If-Match / If-None-Exist does not hold
  kTooLarge,         // over a stated limit
  kUnsupported,      // understood, and not offered (media type, parameter, method)
  kBusy,             // a bounded queue is full: try again later
  kTimeout,          // the work took longer than its limit
  kUnavailable,      // not ready, shutting down, disk full, database away
  kCorrupt,          // stored data failed its checksum
  kInternal,         // a defect of ours
};

enum class Severity : uint8_t { kFatal, kError, kWarning, kInformation };

/// One finding in an input. `type` is a code of FHIR's issue-type (e.g. "structure", "required", "value").
/// `path` is the element path, e.g. "Patient.name[0].given[1]"; empty when the whole input is meant.
/// `text` never contains a value taken from a person's data.
struct Issue {
  Severity severity = Severity::kError;
  std::string_view type = "invalid";  // always a string literal
  std::string path;
  std::string text;
};

/// What a code means outside: HTTP status, FHIR issue type, may the same request be sent again later.
struct ErrorTraits {
  int http_status;
  std::string_view issue_type;
  bool retryable;
  std::string_view name;
};
const ErrorTraits& TraitsOf(ErrorCode code);

/// `external` may be shown to the caller; `internal` goes to the log only. Neither holds personal data.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string external;
  std::string internal;
  std::vector<Issue> issues;
  const char* file = "";
  int line = 0;

  std::string ToString() const;  // for logs: code, both texts, place
};

/// Makes an Error that remembers the place it was made. `std::source_location` fails on Clang 14, hence the builtins.
inline Error MakeError(ErrorCode code, std::string external, std::string internal = {},
                       const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return Error{code, std::move(external), std::move(internal), {}, file, line};
}
/// Same with one issue at an element path.
inline Error MakeIssue(ErrorCode code, std::string_view type, std::string path, std::string text,
                       const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  Error e{code, text, {}, {}, file, line};
  e.issues.push_back(Issue{Severity::kError, type, std::move(path), std::move(text)});
  return e;
}

/// Ends the process on a broken invariant of ours; never on input. On in release.
[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);
#define CHECK(condition)                                 \
  do {                                                   \
    if (!(condition)) [[unlikely]]                       \
      ::tk::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

}  // namespace tk
