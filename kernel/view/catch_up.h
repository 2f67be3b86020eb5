// Feeding views from the log: after a start the tail since their saved state, or all of it when a view is rebuilt.
// Flow:   log.Scan in pieces → directory in order → unseal and Prepare in parallel → Apply in order → Publish
#pragma once

#include <atomic>
#include <functional>

#include "kernel/view/damaged_entries.h"
#include "kernel/view/lost_attachments.h"
#include "kernel/view/writer.h"

namespace tk::view {

struct CatchUpParts {
  Writer::Parts writer;
  const log::Codec* codec;
  const fhir::Definitions* definitions;
  const std::vector<fhir::TypeId>* types;  // by type code
  log::ContentStore* contents;
  LostAttachments* lost;
};

/// The resource of a stored entry, without attachments that are lost: these are noted. Errors: kGone when its person was erased; kCorrupt.
Result<ResourcePtr> ToResource(const CatchUpParts& parts, const log::StoredEntry& entry);

/// Brings the directory (standing before `directory_from`) and each view (before view_from[v]) to `head`. `progress` gets ordinals done.
/// An entry of an erased person is passed to the directory only. An unfinished erasure (fact in the log, key or contents still there) is finished.
/// Errors: those of the log and the views; what was applied stays applied.
/// Memory: what is applied is merged as it grows.
Status CatchUp(const CatchUpParts& parts, Ordinal directory_from, const std::vector<Ordinal>& view_from,
               const log::Head& head, int threads, std::atomic<uint64_t>* progress);

/// Feeds the entries [from, to) of a log that is being written to views that nobody reads yet; the directory already has them. Facts of erasure
/// are passed over: what they demand is their eraser's (rebuild.h). Returns the t of the last entry, 0 if there was none.
Result<uint64_t> FeedAside(const CatchUpParts& parts, const std::vector<View*>& views, Ordinal from,
                           Ordinal to, int threads);

}  // namespace tk::view
