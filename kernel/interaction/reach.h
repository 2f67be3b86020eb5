// What the actions of rules, transitions, time limits and forms may ask and do beyond reading (rules::Reach): find records of a person, move records.
// Of a record that became another person's what was begun of the one before is not found: it says nothing of who he is now (in_question finds it until a clerk has answered).
// The one before keeps it: it is found by his other records, unless a clerk has said that it was that one's all along.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/interaction/room.h"
#include "kernel/rules/action.h"

namespace tk::interaction {

/// Whom the live record "type/id" means by this Patient ("Patient/1"), who stands in it: him, or, where that Patient became another person's after the record was begun and
/// nobody has said that it was one person all along, the Patient of his who lies in the lowest area, of those that stayed his. Errors: kInvalid: there is none left; the review
/// `identity-changed` asks a clerk whose it is. Cost: a look-up in memory, but for one that left him.
Result<std::string> PatientMeant(const Context& context, std::string_view type, std::string_view id,
                                 std::string_view patient);

/// What searches of actions found, and so what holds only until something is written that they could find: for who writes what came of them. One thread's.
struct ActionSearches {
  view::Position basis;  // at which they look
  std::vector<std::shared_ptr<const search::Query>> queries;
  std::vector<uint64_t> persons;  // records (id hashes) that were one person's
};
/// Keeps a copy of the context, whose engine, index and persons outlive it. `searched`, if given, is told of each search, and outlives it.
rules::Reach ReachOf(const Context& context, ActionSearches* searched = nullptr);
/// Guards of a set that was made by these searches at its basis: it is stale when one of them might find something else by then. So of two forms that come at once and open a
/// case unless there is one, one opens it.
void AddSearchGuards(const Room& room, ActionSearches searched, view::ChangeSet* set);

}  // namespace tk::interaction
