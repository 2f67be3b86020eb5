// What the actions of rules, transitions, time limits and forms may ask and do beyond reading (rules::Reach): find records of a person, move records.
// Of a record that became another person's what was written of the one before is not found: it says nothing of who he is now.
#pragma once

#include "kernel/interaction/interaction.h"
#include "kernel/rules/action.h"

namespace tk::interaction {

/// Keeps a copy of the context, whose engine, index and persons outlive it.
rules::Reach ReachOf(const Context& context);

}  // namespace tk::interaction
