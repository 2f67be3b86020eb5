// history of a type: GET [type]/_history. Source: FHIR R4 http.html#history.
#include "kernel/interaction/history.h"
#include "kernel/interaction/permit.h"

namespace tk::interaction {

Result<Response> HistoryType(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), call.type_name));
  return HistoryScan(room, call, call.type);
}

}  // namespace tk::interaction
