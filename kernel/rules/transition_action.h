// The action "transition" (action.h): records are moved by a transition of the workflow that governs them, with all that it does, in the same change set.
// Form:   {"transition": {"type": "Task", "target": "=basedOn", "code": "finish", "inputs": {"result": "found", "by": "=performer"}, "must": true}}
//         type, target, find: as in an update (targets.h); without them the cause itself. inputs: values or expressions, as the transition's inputs say.
// It is made as the post platform, so the transition names that post. A record that it does not lead out of, or whose guards refuse, stays as it is;
// with "must" the whole list of actions is then not done.
#pragma once

#include "kernel/rules/action.h"

namespace tk::rules {

Result<std::unique_ptr<const Action>> ParseTransition(const ActionScope& scope, fhir::Value json);

}  // namespace tk::rules
