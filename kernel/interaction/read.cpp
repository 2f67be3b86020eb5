// read: GET and HEAD [type]/[id]. The definitions of the platform and of its types are answered without being stored: under the last part of their urls,
// which metadata names. They have no version and cannot be written; one that is stored under this id goes before it.
// Source: FHIR R4 http.html#read, #cread.
#include "kernel/interaction/operations.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {

namespace {

/// Was nothing else written under this id in the same second? One read, where there is a version before. False where that cannot be said.
bool IsAloneInSecond(const Room& room, const Call& call, const Current& current, Instant at_us) {
  view::Position before = room.engine().Head();
  before.end_ordinal = current.version.ordinal;
  const auto earlier = room.directory().Current(room.engine().IdHash(call.type_name, call.id), before);
  if (earlier.ordinal == 0) return true;
  const auto entry = room.engine().log().Read(earlier.ordinal);
  return entry.ok() && entry->at_us / kSecondUs < at_us / kSecondUs;
}

}  // namespace

Result<Response> Read(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  const Shape shape = TRY(ReadShape(room, call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (!current.exists() || !current.in_scope) {
    if (const auto known = KnownById(room.context, call.type_name, call.id)) {
      std::string cut;
      const std::string text = TextOfKnown(*known);
      return JsonResponse(call, std::string(TRY(Shaped(room, call.viewer(), shape, text, &cut))), "read");
    }
    if (!current.exists() && current.version.ordinal != 0 && current.in_scope)
      return Gone(current.version.version);
    return NotFound(call);
  }
  Response response;
  if (NamesVersion(call.request.if_none_match, current.version.version)) {
    response.status = 304;  // known without reading the text
    response.etag = ETag(current.version.version);
    return response;
  }
  response = TRY(StoredResource(room, call, current.version.ordinal, shape));
  if (response.status == 200 &&
      NotModified(call.request, current.version.version, response.last_modified_us,
                  [&] { return IsAloneInSecond(room, call, current, response.last_modified_us); })) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

}  // namespace tk::interaction
