// Search in a patient's compartment: GET Patient/[id]/[type]?…, Patient/[id]/*?…, and both by POST with _search behind them.
// Flow:   router → SearchCompartment: may he be seen? → one type: SearchType, several: SearchSeveral, both narrowed to him
// Source: FHIR R4 http.html#vsearch, compartmentdefinition-patient.html.
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/search_type.h"

namespace tk::interaction {

Result<Response> SearchCompartment(const Room& room, const Call& call) {
  TRY(CheckMayRead(call.viewer(), "Patient"));
  if (call.page.empty()) {  // who may follow a page has seen the first
    const Current patient =
        FindCurrent(room, call.viewer(), "Patient", call.compartment, room.engine().Head());
    if (patient.version.ordinal == 0 || !patient.in_scope)
      return Refusal(404, "not-found", "There is no such Patient.");
    if (patient.version.deleted) return Gone(patient.version.version);
  }
  return call.type_name.empty() ? SearchSeveral(room, call) : SearchType(room, call);
}

}  // namespace tk::interaction
