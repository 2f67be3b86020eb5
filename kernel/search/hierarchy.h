// :above and :below of a reference (Procedure?location:below=42): through what resources are part of, however far.
// A type has a hierarchy if a reference parameter of its own says what its resources are part of (Location.partof, Encounter.part-of):
//   `below` finds what refers to the resource named or to one that is part of it, or of such a one; `above` what refers to it or to what it is part of.
//   Circles end where they began. A resource on the way counts only if it is live at the question's position and within the asker's scope, as in chains.
// Of canonicals :below asks for versions and paths below the one given, as of uris; that is no hierarchy of resources (match.cpp).
// Cost:   the way is walked once a question, about 1 µs a resource on it; then a look-up for each of them.
// Source: FHIR R4 search.html 3.1.1.4.14.
#pragma once

#include <memory>
#include <vector>

#include "kernel/search/terms.h"

namespace tk::search {

class Node;
struct Ground;

inline bool IsHierarchyModifier(std::string_view modifier) {
  return modifier == "above" || modifier == "below";
}

/// The types that a reference parameter may lead to and that have a hierarchy.
std::vector<fhir::TypeId> HierarchiesOf(const fhir::Definitions& definitions,
                                        const fhir::SearchParameter& parameter);

/// One value of such a criterion. Errors: kIncorrect.
Result<Term> ReadHierarchyTerm(const TermReader& reader, std::string_view raw);
/// Makes a criterion whose terms were read so what it is: a walk, or (canonicals) what it was. Errors: kIncorrect with what may be asked; kForbidden.
Status TakeHierarchy(const TermReader& reader, Criterion* criterion);

/// `criterion`: its join is a walk.
std::unique_ptr<Node> MakeHierarchy(const Ground& ground, const Criterion& criterion);

}  // namespace tk::search
