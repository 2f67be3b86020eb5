// What views are fed with: one change is one entry of the log, with its resource and the version before it.
#pragma once

#include <memory>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/value.h"
#include "kernel/log/log.h"

namespace tk::view {

using log::Operation;
using log::Ordinal;
using log::OwnerNumber;

/// A resource together with what the log knows of it. Immutable; shared between threads.
struct Resource {
  fhir::TypeId type =
      fhir::kNoType;       // kNoType: one of the log that this program does not know (Engine::UnknownTypes)
  log::TypeCode code = 0;  // the log's number of it; 0 = not from the log
  uint32_t attachments_lost = 0;  // missing or damaged ones: the document has an empty string in their places
  std::string id;
  uint32_t version = 0;
  OwnerNumber owner = 0;
  Ordinal ordinal = 0;  // 0 = not yet in the log
  Operation op = Operation::kCreate;
  Instant at_us = 0;  // lastUpdated; 0 = not yet in the log
  uint64_t t = 0;
  uint32_t splice = 0;  // see log/codec.h; document text is without versionId and lastUpdated
  bool has_meta = false;
  fhir::Document document;  // empty for a delete
  std::string own_base;  // of a Bundle or Parameters on their way in: this server's address (Owners::NameOf)
};
using ResourcePtr = std::shared_ptr<const Resource>;

/// A delete of what was damaged, by an eraser: nothing but its place is known (Engine::Erase).
inline bool IsBlindDelete(const Resource& resource) {
  return resource.op == Operation::kDelete && resource.id.empty();
}

/// One change: `now` replaces `before`. A create has no `before`; a delete's `now` has an empty document.
/// An erase has `erased_owner` set and neither; a delete of what nobody can open has nothing at all. When views are
/// rebuilt, an entry of an erased person that replaced one of somebody else has `before` alone.
struct Change {
  ResourcePtr now;
  ResourcePtr before;
  OwnerNumber erased_owner = 0;
};

}  // namespace tk::view
