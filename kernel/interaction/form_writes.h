// What a form makes of a completed QuestionnaireResponse, written with it: all or nothing.
// Flow:   a planner's change set → AddFormWrites at its basis → the same change set with the form's resources, guarded like any other
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Adds what forms make of the responses in the plan; nothing without forms. Errors: of the form, naming it; then nothing is written. kForbidden where the
/// form would change what is another organization's than the sender's, who writes of that type his own (record_rights.h).
Status AddFormWrites(const Room& room, const view::Position& basis, Plan* plan);

}  // namespace tk::interaction
