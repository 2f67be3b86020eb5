// Where a consumer of the log stands: a file "incarnation t". A position in another life of the log is worth nothing: the consumer begins at the head.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/base/result.h"

namespace tk::rules {

/// `head_t` where nothing is saved, or it is of another incarnation. Errors: the file system's.
Result<uint64_t> ReadPosition(const std::string& file, uint32_t incarnation, uint64_t head_t);
Status WritePosition(const std::string& file, uint32_t incarnation, uint64_t t);

}  // namespace tk::rules
