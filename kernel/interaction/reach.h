// What the actions of rules, transitions, time limits and forms may ask and do beyond reading (rules::Reach): find records of a person, move records.
// Of a record that became another person's what was begun of the one before is not found: it says nothing of who he is now (in_question finds it until a clerk has answered).
// The one before keeps it: it is found by his other records, unless a clerk has said that it was that one's all along.
#pragma once

#include "kernel/interaction/interaction.h"
#include "kernel/rules/action.h"

namespace tk::interaction {

/// Keeps a copy of the context, whose engine, index and persons outlive it.
rules::Reach ReachOf(const Context& context);

}  // namespace tk::interaction
