// history of everything that the viewer may read: GET _history. Source: FHIR R4 http.html#history.
#include "kernel/interaction/history.h"
#include "kernel/interaction/permit.h"

namespace tk::interaction {

Result<Response> HistorySystem(const Room& room, const Call& call) {
  TRY(CheckMayCall(call.viewer(), "history-system"));
  return HistoryScan(room, call, fhir::kNoType);
}

}  // namespace tk::interaction
