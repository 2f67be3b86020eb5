// The headers and common parameters of a request: Prefer, Accept and _format, ETags, HTTP dates, the query string.
// Source: FHIR R4 http.html#ops, #mime-type; RFC 7240 (Prefer); RFC 9110 (conditional requests, dates).
#pragma once

#include "kernel/base/text.h"
#include "kernel/interaction/room.h"

namespace tk::interaction {

Preferences ParsePrefer(std::string_view header);
/// Whether a media type's parameters ("; fhirVersion=3.0") ask for another version of FHIR than R4 (4.0). Source: FHIR R4 http.html#version-parameter.
bool AsksOtherVersion(std::string_view parameters);
/// Do the parameters of a body's media type say that it is no UTF-8? JSON is nothing else. Source: RFC 8259 section 8.1.
bool NamesOtherCharset(std::string_view parameters);
/// Is JSON among what the caller takes? `format` (the _format parameter) goes before the Accept header.
bool AcceptsJson(std::string_view accept, std::string_view format);
/// The version number of `W/"3"`, `"3"` or `3`; nullopt if it is none.
std::optional<uint32_t> ParseETag(std::string_view etag);
std::string ETag(uint32_t version);
/// Does an If-None-Match list name this version (or "*")?
bool NamesVersion(std::string_view if_none_match, uint32_t version);
/// "Sat, 29 Oct 1994 19:43:31 GMT"; nullopt if it is no such date.
std::optional<Instant> ParseHttpDate(std::string_view text);
/// 304: the caller's copy is still right. If-None-Match goes before If-Modified-Since and an entry's ifModifiedSince. `alone` is asked where the header
/// names the very second of `at_us`: is this version the only one that was written in it? Else the caller's may be another (RFC 9110 section 8.8.2.2).
bool NotModified(const Request& request, uint32_t version, Instant at_us, const std::function<bool()>& alone);
/// Said to a create that comes with one.
inline constexpr const char* kIfMatchOfCreate =
    "If-Match names a version, and what POST creates has none yet: to replace a version PUT [type]/[id] with "
    "If-Match; to create only what is not there POST with If-None-Exist.";
/// Errors: kPrecondition (412) when If-Match names another version; kIncorrect when it is no ETag.
Status CheckIfMatch(std::string_view if_match, uint32_t version);

/// One parameter of a query string, decoded.
struct Parameter {
  std::string name, value;
};
/// Errors: kIncorrect for broken percent encoding, kTooLarge over kQueryLengthMax.
Result<std::vector<Parameter>> ParseParameters(std::string_view query);
/// A positive whole number of a parameter such as _count. Errors: kIncorrect naming the parameter.
Result<size_t> ParseCount(const Parameter& parameter);
/// kIncorrect naming a parameter that this interaction does not know and what it knows.
Error UnknownParameter(std::string_view name, std::string_view known);

}  // namespace tk::interaction
