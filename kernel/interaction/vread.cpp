// vread: GET [type]/[id]/_history/[vid]. Source: FHIR R4 http.html#vread.
#include <fmt/format.h>

#include <charconv>

#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"
#include "kernel/interaction/respond.h"

namespace tk::interaction {

Result<Response> VRead(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  const Shape shape = TRY(ReadShape(room, call));
  const view::Position head = room.engine().Head();
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, head);
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  uint32_t wanted = 0;
  const char* end = call.version.data() + call.version.size();
  const auto parsed = std::from_chars(call.version.data(), end, wanted);
  if (parsed.ec != std::errc() || parsed.ptr != end || wanted == 0 || wanted > current.version.version) {
    return Refusal(404, "not-found", fmt::format("This {} has no such version.", call.type_name));
  }
  // Versions are numbered without gaps, so the wanted one is this many back.
  const auto versions =
      room.directory().Versions(current.id_hash, head, current.version.version - wanted + 1);
  if (versions.empty() || versions.back().version != wanted) {
    return Refusal(404, "not-found", fmt::format("This {} has no such version.", call.type_name));
  }
  const auto& version = versions.back();
  if (!room.directory().InScope(version.ordinal, call.viewer().scope)) return NotFound(call);
  if (version.deleted) return Gone(version.version);
  Response response = TRY(StoredResource(room, call, version.ordinal, shape));
  const auto alone = [] { return true; };  // under this address there never is another
  if (response.status == 200 &&
      NotModified(call.request, version.version, response.last_modified_us, alone)) {
    response.status = 304;
    response.body.clear();
  }
  response.audit_action = "vread";
  return response;
}

}  // namespace tk::interaction
