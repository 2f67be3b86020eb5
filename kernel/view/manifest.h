// The manifest of a saved view: which run files belong to it and where in the log it stands. Renamed last, so that a kill at any moment
// leaves the former manifest and its files usable.
// File:   "manifest": text, one line an item, the last line a CRC-32C of all before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/view/runs.h"
#include "kernel/view/view.h"

namespace tk::view {

struct Manifest {
  std::string view;  // View::name()
  Mark mark;
  std::vector<std::pair<std::string, uint64_t>>
      numbers;  // whatever else the view wants to keep (names without blanks)
  std::vector<RunFile> files;
};

/// Syncs the folder, writes, syncs, renames, syncs again. The files that it names are synced already. Errors: kUnavailable (disk full).
Status WriteManifest(const std::string& folder, const Manifest& manifest);
/// Errors: kNotFound if there is none; kCorrupt if it is damaged.
Result<Manifest> ReadManifest(const std::string& folder);
/// Does a saved view fit this log and this program? Errors: kConflict, saying what differs: other incarnation, other definitions, other format,
/// or ahead of the log.
Status CheckMark(const Mark& saved, const Mark& log_head);

}  // namespace tk::view
