// The saved tree of areas as bytes.
// Layout: one text line "tongkang-areas INCARNATION T END DEFINITIONS FORMAT", then varints and length-prefixed texts, then a CRC-32C of all
//         before it (4 bytes, little-endian).
#pragma once

#include <string>

#include "kernel/geo/area_tree.h"
#include "kernel/view/view.h"

namespace tk::geo {

struct AreaFile {
  view::Mark mark;
  AllFacts facts;
  size_t bytes = 0;
};
std::string PrintAreaFile(const view::Mark& mark, const AllFacts& facts);
/// Errors: kNotFound if there is none; kCorrupt if it is damaged.
Result<AreaFile> ReadAreaFile(const std::string& path);

}  // namespace tk::geo
