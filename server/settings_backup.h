// What lies in a data folder beside log, contents and keys, and cannot be made anew: accounts, posts, sign-outs, platform types, the audit.
#pragma once

#include <string>

#include "kernel/base/result.h"

namespace tk::server {

/// Copies them into the folder of a backup while the program runs; of a file of the audit, whole records only.
Status BackupSettings(const std::string& data, const std::string& to);
/// Copies back what the data folder has not.
Status RestoreSettings(const std::string& from, const std::string& data);

}  // namespace tk::server
