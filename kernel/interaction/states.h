// Records that a workflow governs (kernel/workflow), as writes other than $transition meet them. The one place: MakeVersion asks for every write, of
// requests, transactions and imports.
// Law:    such a record begins in an initial state; its state, and what goes with it, is changed by $transition, time limits and rules alone; the
//         platform's mark in it (workflow/mark.h) stays as it was, whatever is sent.
// Cost:   for types that no workflow is for, a look-up.
#pragma once

#include "kernel/interaction/room.h"
#include "kernel/workflow/move.h"

namespace tk::interaction {

/// The new version of type/id as it is to be kept. Errors: kInvalid (422) at the element, saying which transitions lead on.
Result<fhir::Document> WithState(const Room& room, fhir::TypeId type, fhir::Document document);
/// kInvalid for a version of a record that a workflow governs: nobody deletes it, whatever he may write; kForbidden of a type of
/// the rules' alone (by_rules.h).
Status CheckNotGoverned(const Room& room, view::Ordinal ordinal);
/// What the platform adds to what is sent is no difference between the two.
Result<fhir::Document> WithoutMark(const fhir::Document& document);

/// The workflow of a record as it stands; nullptr: none governs it. The book must outlive the answer's use.
Result<const workflow::Workflow*> WorkflowOf(const Room& room, const workflow::Book& book,
                                             const view::Resource& record);

}  // namespace tk::interaction
