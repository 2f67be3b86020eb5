// What the three histories share: parameters, pages at one position, entries.
// Source: FHIR R4 http.html#history.
#pragma once

#include "kernel/interaction/respond.h"

namespace tk::interaction {

struct HistoryRequest {
  view::Position position;
  size_t count = kPageCountDefault;  // 0: the total alone
  uint64_t offset =
      0;  // instance: versions passed; type, system: ordinals >= offset are passed (0 = none yet)
  view::Ordinal since_ordinal = 1;  // _since: entries from here on
  bool has_at = false;              // _at: versions that were current some time in [low, high)
  view::Ordinal at_low = 1, at_high = 0;
  view::Position at_position;  // the state as of the beginning of _at
  Shape shape;
  std::string self;  // the parameters as understood
};

/// Of the query, or of the page being followed. Errors: kIncorrect, kGone.
Result<HistoryRequest> ParseHistory(const Room& room, const Call& call);
/// One page: entries for `ordinals` (newest first); `next_offset` != 0 makes a next link.
Result<Response> HistoryPage(const Room& room, const Call& call, const HistoryRequest& request,
                             const std::vector<view::Ordinal>& ordinals, uint64_t next_offset,
                             std::optional<uint64_t> total);
/// Type (or all types that the viewer may read, with kNoType): goes down the ordinals, a bounded stretch for a page.
Result<Response> HistoryScan(const Room& room, const Call& call, fhir::TypeId type);

}  // namespace tk::interaction
