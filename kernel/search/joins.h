// Criteria on other resources: chains (subject:Patient.name=…) and _has (_has:Observation:patient:code=…), in each other too.
// A join is a node like others. It can be gathered: the joined resources for which the inner criterion holds, and from each the searched ones, by
//   the reference's key (chain) or by its link entries (_has); or asked of one candidate: from it to the joined ones, of which the inner criterion
//   is asked. Which is done is chosen by what each would cost (answer.cpp).
// A joined resource counts only if it is live at the question's position and within the asker's scope: who may not see a patient learns nothing of
//   him by a chain. What is contained in the searched resource, or stands in it, is joined too (nested.h): that is the searched one's, and is seen
//   by whoever sees that; a chain may go on from it to others within and to stored ones, which must be visible. A reference with a version means the resource, a canonical what has its url (links.h); an absolute or logical one leads nowhere.
// Cost:   gathering: 2 µs a joined resource and 0.15 µs an entry of a searched one; asking: about 2 µs, 1 when it was asked of the same before;
//   of those that have a resource of the type within 8 µs each, for their texts are read.
#pragma once

#include "kernel/search/nodes.h"

namespace tk::search {

/// Errors: those of MakeNodes for the criterion at the end of the chain.
Result<std::unique_ptr<Node>> MakeJoin(const Ground& ground, const Criterion& criterion);

}  // namespace tk::search
