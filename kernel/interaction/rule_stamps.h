// Who made a record, because of what and how deep in a cascade (rules/head.h) is the platform's word: nobody sends it. A rule may lean on it, as in
//   extension.where(url = 'http://tongkang.dev/fhir/StructureDefinition/rule').value.startsWith('fever.episode|')
// Law:    what is sent in place of the stamps is put right: they stay as they stand in the record, and one that is new has none. Rules, forms, transitions,
//         time limits and schedules write their own, and not through here.
// Cost:   a look at the text; a look-up and a read where it has a stamp.
#pragma once

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// The document, which carries its id, as it is to be kept.
Result<fhir::Document> WithOwnStamps(const Room& room, fhir::TypeId type, fhir::Document document);

}  // namespace tk::interaction
