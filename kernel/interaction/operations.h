// Which operations are served at which addresses: the router goes by this table, and a test holds it to what metadata tells.
#pragma once

#include <span>

#include "kernel/interaction/room.h"
#include "kernel/terminology/platform.h"

namespace tk::interaction {

struct OperationRoute {
  OperationAddress address;
  Kind kind;
};
/// All that this room answers. One with several methods has a row for each.
std::span<const OperationRoute> OperationRoutes();
/// The rows of "$name" on that level; of a type: its own, and those of every type. Appends nothing: there is none.
void FindOperations(OperationLevel level, std::string_view type, std::string_view name,
                    std::vector<OperationRoute>* out);

const terminology::Platform& PlatformOf(const Context& context);
/// The definition of this type and id that is known without being stored: the platform's own, those of its types; nullptr: none.
std::shared_ptr<const fhir::Document> KnownById(const Context& context, std::string_view type,
                                                std::string_view id);
/// The same by canonical url.
std::shared_ptr<const fhir::Document> KnownByUrl(const Context& context, std::string_view type,
                                                 std::string_view url);
/// The id that it is read by.
std::string IdOfKnown(const fhir::Document& known);
/// Its text with that id in it.
std::string TextOfKnown(const fhir::Document& known);

}  // namespace tk::interaction
