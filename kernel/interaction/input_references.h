// Of a transition that somebody asks for: do its inputs that are References lead to what the workflow wants (workflow.h, Input)?
// Flow:   $transition → the order as it was sent → MayMove → CheckReferences → Move
// A record that never was and one that he does not see are answered alike.
#pragma once

#include "kernel/interaction/body_parameters.h"
#include "kernel/interaction/room.h"
#include "kernel/workflow/move.h"

namespace tk::interaction {

/// `record`: that the order moves, as it stands at `basis`. Errors: kIncorrect: no reference to a record here, or of another type; kInvalid: it is not there
/// for him, is about another person, or what the workflow asks of it does not hold. Cost: a look-up and a search for each that asks for them.
Status CheckReferences(const Room& room, const access::Viewer& viewer, const view::Position& basis,
                       const view::ResourcePtr& record, const workflow::Order& order);

}  // namespace tk::interaction
