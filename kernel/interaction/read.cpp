// read: GET and HEAD [type]/[id]. Source: FHIR R4 http.html#read, #cread.
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {

Result<Response> Read(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  const Shape shape = TRY(ReadShape(room, call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, room.engine().Head());
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  if (current.version.deleted) return Gone(current.version.version);
  Response response;
  if (!call.request.if_none_match.empty() && NotModified(call.request, current.version.version, 0)) {
    response.status = 304;  // known without reading the text
    response.etag = ETag(current.version.version);
    return response;
  }
  response = TRY(StoredResource(room, call, current.version.ordinal, shape));
  if (response.status == 200 &&
      NotModified(call.request, current.version.version, response.last_modified_us)) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

}  // namespace tk::interaction
