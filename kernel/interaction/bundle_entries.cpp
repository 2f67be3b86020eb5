#include "kernel/interaction/bundle_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "kernel/base/clock.h"
#include "kernel/base/turn.h"
#include "kernel/fhir/primitives.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::interaction {
namespace {

using fhir::Value;

/// Types and members that every entry is asked for. Extended definitions keep the numbers of the official ones.
struct KnownHere {
  fhir::TypeId bundle, entry, request, instant;
  fhir::NameId resource_type, request_member, resource, full_url, method, url, if_match, if_none_match,
      if_none_exist, if_modified_since;
};

const KnownHere& Known() {
  static const KnownHere known = [] {
    const auto r4 = fhir::Definitions::R4();
    const auto name = fhir::Names::Find;
    return KnownHere{r4->FindType("Bundle"),
                     r4->FindType("Bundle.entry"),
                     r4->FindType("Bundle.entry.request"),
                     r4->FindType("instant"),
                     name("resourceType"),
                     name("request"),
                     name("resource"),
                     name("fullUrl"),
                     name("method"),
                     name("url"),
                     name("ifMatch"),
                     name("ifNoneMatch"),
                     name("ifNoneExist"),
                     name("ifModifiedSince")};
  }();
  return known;
}

/// `path` is asked only when something is to be told.
template <class Path>
Status CheckMembers(const fhir::Definitions& definitions, fhir::TypeId type, Value object, const Path& path) {
  if (!object.is_object())
    return MakeIssue(ErrorCode::kInvalid, "structure", path(), "An object is expected here.");
  for (const Value member : object) {
    if (member.name() == Known().resource_type || definitions.FindElement(type, member.name()) != nullptr)
      continue;
    const std::string_view name = member.name_text();
    if (name.size() > 1 && name[0] == '_') continue;
    return MakeIssue(
        ErrorCode::kInvalid, "structure", path(),
        fmt::format("There is a member here that {} does not have: see its definition for the names.",
                    definitions.Type(type).name));
  }
  return {};
}

template <class Path>
Result<std::string> StringMember(Value object, fhir::NameId name, const Path& path) {
  const Value member = object[name];
  if (!member) return std::string();
  if (!member.is_string())
    return MakeIssue(ErrorCode::kInvalid, "structure", fmt::format("{}.{}", path(), fhir::Names::Text(name)),
                     "A string is expected here.");
  return member.ToString();
}

/// One that is there and empty is no condition at all: it must not pass for one that is not there.
template <class Path>
Result<std::string> ConditionMember(Value object, fhir::NameId name, const Path& path) {
  std::string text = TRY(StringMember(object, name, path));
  if (text.empty() && object[name])
    return MakeIssue(ErrorCode::kInvalid, "value", fmt::format("{}.{}", path(), fhir::Names::Text(name)),
                     "This condition is empty: leave it out, or say what is to hold.");
  return text;
}

template <class Path>
Result<std::string> InstantMember(const Room& room, Value object, fhir::NameId name, const Path& path) {
  std::string text = TRY(StringMember(object, name, path));
  if (!object[name] || fhir::IsPrimitiveText(room.definitions->Type(Known().instant), text)) return text;
  return MakeIssue(ErrorCode::kIncorrect, "value", fmt::format("{}.{}", path(), fhir::Names::Text(name)),
                   fmt::format("This is not {}.", fhir::ExpectedForm(fhir::Primitive::kInstant)));
}

std::optional<Method> MethodOf(std::string_view text) {
  if (text == "GET") return Method::kGet;
  if (text == "HEAD") return Method::kHead;
  if (text == "POST") return Method::kPost;
  if (text == "PUT") return Method::kPut;
  if (text == "PATCH") return Method::kPatch;
  if (text == "DELETE") return Method::kDelete;
  return std::nullopt;
}

/// Splits request.url into path and query, relative to the base.
Status ReadUrl(const Room& room, const Call& call, std::string_view url, BundleEntry* out) {
  const auto path = [out] { return out->Path() + ".request.url"; };
  const std::string& base = call.request.base_url;
  if (!base.empty() && url.substr(0, base.size()) == base) url.remove_prefix(base.size());
  if (url.find("://") < url.find('?')) {
    return MakeIssue(ErrorCode::kIncorrect, "value", path(),
                     "The URL leads to another server: give it relative to this one, as in Patient/1.");
  }
  while (!url.empty() && url.front() == '/') url.remove_prefix(1);
  const size_t mark = url.find('?');
  if (mark != std::string_view::npos) out->query = std::string(url.substr(mark + 1));
  std::string_view rest = url.substr(0, mark);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.find('%') == std::string_view::npos) {
      out->path.emplace_back(part);
      continue;
    }
    auto decoded = PercentDecode(part, false);
    if (!decoded.ok()) return MakeIssue(ErrorCode::kIncorrect, "value", path(), decoded.error().external);
    out->path.push_back(std::move(decoded).value());
  }
  if (out->path.empty()) {
    if (out->method == Method::kGet && mark != std::string_view::npos)
      return {};  // a search of several types
    return MakeIssue(ErrorCode::kIncorrect, "value", path(),
                     "The URL names no resource type: only a search of several types, as in "
                     "?_type=Observation,Condition, has none. A bundle within a bundle is not offered.");
  }
  const fhir::TypeId type = room.definitions->FindType(out->path[0]);
  if (room.definitions->IsResource(type) && !room.definitions->Type(type).is_abstract) {
    out->type = type;
    out->type_name = out->path[0];
    if (out->path.size() >= 2 && IsId(out->path[1])) out->id = out->path[1];
  }
  return {};
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// nullopt if it is no base64.
std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r') continue;
    const int digit = Base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return out;
}

/// A search by POST is asked as the same by GET: its parameters stand in the url, or in a Binary as a form.
Status ReadPostedSearch(BundleEntry* out) {
  if (out->path.size() == 3)
    out->path[2] = "*";  // of a compartment, all types
  else
    out->path.pop_back();
  out->method = Method::kGet;
  if (!out->resource) return {};
  const std::string path = out->Path() + ".resource";
  if (out->resource["resourceType"].ToString() != "Binary" ||
      out->resource["contentType"].ToString() != "application/x-www-form-urlencoded")
    return MakeIssue(ErrorCode::kInvalid, "structure", path,
                     "A search by POST has its parameters in the url, or carries a Binary with contentType "
                     "application/x-www-form-urlencoded and the parameters in data.");
  const auto form = DecodeBase64(out->resource["data"].ToString());
  if (!form)
    return MakeIssue(ErrorCode::kInvalid, "value", path + ".data", "The form is given here in base64.");
  if (!out->query.empty() && !form->empty()) out->query += '&';
  out->query += *form;
  return {};
}

}  // namespace

std::string BundleEntry::Path() const { return "Bundle.entry[" + std::to_string(index) + "]"; }

Result<std::string> CheckBundle(const Room& room, Value root) {
  if (!root.is_object() || root["resourceType"].ToString() != "Bundle") {
    return MakeIssue(ErrorCode::kIncorrect, "structure", "Bundle",
                     "A Bundle of type batch or transaction is expected at this address.");
  }
  TRY(CheckMembers(*room.definitions, Known().bundle, root, [] { return std::string("Bundle"); }));
  std::string type = root["type"].ToString();
  if (type != "batch" && type != "transaction") {
    return MakeIssue(
        ErrorCode::kIncorrect, "value", "Bundle.type",
        "The base takes Bundles of type batch and transaction; others are stored with POST Bundle.");
  }
  const Value entries = root["entry"];
  if (entries && !entries.is_array())
    return MakeIssue(ErrorCode::kInvalid, "structure", "Bundle.entry", "An array is expected here.");
  if (entries.size() > kBundleEntriesMax) {
    return MakeIssue(ErrorCode::kTooLarge, "too-long", "Bundle.entry",
                     fmt::format("A Bundle may have {} entries at most: send several.", kBundleEntriesMax));
  }
  return type;
}

Result<BundleEntry> ParseEntry(const Room& room, const Call& call, size_t index, Value entry) {
  BundleEntry out;
  out.index = index;
  const KnownHere& known = Known();
  const auto path = [&out] { return out.Path(); };
  const auto request_path = [&out] { return out.Path() + ".request"; };
  TRY(CheckMembers(*room.definitions, known.entry, entry, path));
  const Value request = entry[known.request_member];
  if (!request)
    return MakeIssue(ErrorCode::kInvalid, "required", request_path(),
                     "Every entry needs a request with method and url.");
  TRY(CheckMembers(*room.definitions, known.request, request, request_path));
  const auto method = MethodOf(TRY(StringMember(request, known.method, request_path)));
  if (!method)
    return MakeIssue(ErrorCode::kInvalid, "code-invalid", request_path() + ".method",
                     "The method is one of GET, HEAD, POST, PUT, PATCH, DELETE.");
  out.head = *method == Method::kHead;
  out.method = out.head ? Method::kGet : *method;
  if (!request[known.url])
    return MakeIssue(ErrorCode::kInvalid, "required", request_path() + ".url",
                     "The request needs a url, as in Patient/1.");
  TRY(ReadUrl(room, call, TRY(StringMember(request, known.url, request_path)), &out));
  out.full_url = TRY(StringMember(entry, known.full_url, path));
  out.if_match = TRY(ConditionMember(request, known.if_match, request_path));
  if (out.method == Method::kPost && !out.if_match.empty())
    return MakeIssue(ErrorCode::kIncorrect, "not-supported", request_path() + ".ifMatch", kIfMatchOfCreate);
  out.if_none_match = TRY(ConditionMember(request, known.if_none_match, request_path));
  out.if_none_exist = TRY(ConditionMember(request, known.if_none_exist, request_path));
  out.if_modified_since = TRY(InstantMember(room, request, known.if_modified_since, request_path));
  out.resource = entry[known.resource];
  if (out.method == Method::kPost && out.path.back() == "_search") TRY(ReadPostedSearch(&out));
  const bool carries =
      out.method == Method::kPost || out.method == Method::kPut || out.method == Method::kPatch;
  if (carries && !out.resource.is_object()) {
    return MakeIssue(ErrorCode::kInvalid, "required", path() + ".resource", "This request needs a resource.");
  }
  return out;
}

Status CheckTransactionEntries(const std::vector<BundleEntry>& entries) {
  std::unordered_set<std::string_view> full_urls;
  for (const BundleEntry& entry : entries) {
    const auto url_path = [&entry] { return entry.Path() + ".request.url"; };
    if (entry.method != Method::kGet && entry.type == fhir::kNoType) {
      return MakeIssue(ErrorCode::kIncorrect, "not-supported", url_path(),
                       "There is no such resource type here: see metadata.");
    }
    if (entry.method == Method::kPost && (entry.path.size() != 1 || !entry.query.empty())) {
      return MakeIssue(ErrorCode::kIncorrect, "not-supported", url_path(),
                       "In a transaction POST creates, and its url is the type alone, as in Observation.");
    }
    const bool changes =
        entry.method == Method::kPut || entry.method == Method::kPatch || entry.method == Method::kDelete;
    const bool by_id = entry.path.size() == 2 && !entry.id.empty() && entry.query.empty();
    const bool by_condition = entry.path.size() == 1 && !entry.query.empty();
    if (changes && !by_id && !by_condition) {
      return MakeIssue(
          ErrorCode::kIncorrect, "value", url_path(),
          "The url is type and id, as in Patient/1, or type and condition, as in Patient?identifier=….");
    }
    if (!entry.full_url.empty() && entry.method != Method::kGet && !full_urls.insert(entry.full_url).second) {
      return MakeIssue(
          ErrorCode::kIncorrect, "duplicate", entry.Path() + ".fullUrl",
          "Another entry has the same fullUrl: every resource of a transaction stands in it once.");
    }
  }
  return {};
}

Result<std::string> PatchOfEntry(const BundleEntry& entry) {
  const std::string path = entry.Path() + ".resource";
  if (entry.resource["resourceType"].ToString() != "Binary" ||
      entry.resource["contentType"].ToString() != kJsonPatch) {
    return MakeIssue(
        ErrorCode::kInvalid, "structure", path,
        "A PATCH carries a Binary with contentType application/json-patch+json and the patch in data.");
  }
  auto patch = DecodeBase64(entry.resource["data"].ToString());
  if (!patch || patch->empty())
    return MakeIssue(ErrorCode::kInvalid, "value", path + ".data", "The patch is given here in base64.");
  return std::move(*patch);
}

Status CheckAnswerRoom(const Call& call, size_t answer_bytes) {
  if (answer_bytes > kAnswerBytesMax) {
    return MakeIssue(
        ErrorCode::kTooLarge, "too-costly", "Bundle.entry",
        fmt::format("The answers of the entries before this one are larger than {} MB: this one was "
                    "not done. Send it in another request.",
                    kAnswerBytesMax >> 20));
  }
  (void)Turn::Look(MonotonicUs(), call.request.deadline_us);
  if (Turn::IsOver(call.request.deadline_us))
    return MakeIssue(
        ErrorCode::kTimeout, "timeout", "Bundle.entry",
        "The time of this request is over: this entry was not done. Send it in another request.");
  return {};
}

Result<Request> RequestOfEntry(const Call& call, const BundleEntry& entry) {
  Request request;
  request.method = entry.method;
  request.path = entry.path;
  request.query = entry.query;
  if (entry.method == Method::kPatch) {
    request.body = TRY(PatchOfEntry(entry));
    request.content_type = kJsonPatch;
  } else if (entry.method == Method::kPost || entry.method == Method::kPut) {
    request.body = std::string(entry.resource.Json());
    request.content_type = kFhirJson;
  }
  request.if_match = entry.if_match;
  request.if_none_match = entry.if_none_match;
  request.if_none_exist = entry.if_none_exist;
  request.if_modified_since = entry.if_modified_since;
  request.prefer = call.request.prefer;
  if (entry.head) request.method = Method::kHead;
  // Within a bundle the writes are answered without their resources unless these were asked for.
  if (call.prefer.returns == Returns::kUnsaid)
    request.prefer = call.prefer.lenient ? "return=minimal, handling=lenient" : "return=minimal";
  if (!call.request.idempotency_key.empty())
    request.idempotency_key = fmt::format("{}#{}", call.request.idempotency_key.substr(0, 240), entry.index);
  request.base_url = call.request.base_url;
  request.request_id = call.request.request_id;
  request.deadline_us = call.request.deadline_us;
  request.viewer = call.request.viewer;
  return request;
}

}  // namespace tk::interaction
