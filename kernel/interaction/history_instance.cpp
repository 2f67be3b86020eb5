// history of one resource: GET [type]/[id]/_history, deleted ones too. Source: FHIR R4 http.html#history.
#include "kernel/interaction/history.h"
#include "kernel/interaction/permit.h"

namespace tk::interaction {

Result<Response> HistoryInstance(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  const HistoryRequest request = TRY(ParseHistory(room, call));
  const Current current = FindCurrent(room, call.viewer(), call.type_name, call.id, request.position);
  if (current.version.ordinal == 0 || !current.in_scope) return NotFound(call);
  std::vector<view::Ordinal> ordinals;
  uint64_t passed = 0, next_offset = 0;
  // Versions are few; those that earlier pages had are passed over.
  for (const auto& version :
       room.directory().Versions(current.id_hash, request.position, current.version.version)) {
    if (version.ordinal < request.since_ordinal) break;
    if (request.has_at && version.ordinal >= request.at_high) continue;
    const bool was_current_before = request.has_at && version.ordinal < request.at_low;
    const bool counts =
        !was_current_before || !version.deleted;  // a delete before _at was no state within it
    if (counts && room.directory().InScope(version.ordinal, call.viewer().scope)) {
      if (request.count != 0 && ordinals.size() == request.count) {
        next_offset = passed;
        break;
      }
      if (passed++ >= request.offset) ordinals.push_back(version.ordinal);
    }
    if (was_current_before) break;  // older ones had been superseded by then
  }
  if (request.count == 0) {
    const auto is_erased = [&](view::Ordinal ordinal) {
      return room.engine().keys().IsDestroyed(room.directory().Get(ordinal).owner);
    };
    std::erase_if(ordinals, is_erased);
    return HistoryPage(room, call, request, {}, 0, ordinals.size());
  }
  const bool all = call.page.empty() && !request.has_at && request.since_ordinal == 1;
  std::optional<uint64_t> total;
  if (all && next_offset == 0) total = ordinals.size();
  return HistoryPage(room, call, request, ordinals, next_offset, total);
}

}  // namespace tk::interaction
