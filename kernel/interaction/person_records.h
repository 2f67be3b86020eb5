// The records of a person as a viewer may see them.
#pragma once

#include <vector>

#include "kernel/interaction/permit.h"
#include "kernel/person/person_view.h"

namespace tk::interaction {

/// kUnsupported where this server has no person index.
Result<const person::PersonView*> PersonsOf(const Room& room);

/// Who may call the operation, and may learn by comparing: not who sees persons masked. Errors: kForbidden.
Status CheckMayCompare(const Call& call, std::string_view operation);

struct PersonRecord {
  uint64_t id_hash = 0;
  view::Ordinal ordinal = 0;  // of its version at `position`
};
/// Those of `rows` that the viewer may see, in their order; a record out of his scope is as if it were not.
std::vector<PersonRecord> VisibleRecords(const Room& room, const access::Viewer& viewer,
                                         const person::People& people, const std::vector<person::Row>& rows,
                                         const view::Position& position);
/// The record that this one goes on as by merges, itself if it was not merged; 0: that one is not there, or the viewer may not see it. Cost: reads each on the way.
Result<view::Ordinal> GoesOnAs(const Room& room, const access::Viewer& viewer, view::Ordinal record,
                               const view::Position& position);

}  // namespace tk::interaction
