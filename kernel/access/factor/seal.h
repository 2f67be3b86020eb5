// What stands in accounts.toml and nobody may read there: AES-256-GCM under a key derived from access.key for one purpose, bound to the account's name.
#pragma once

#include <string>
#include <string_view>

#include "kernel/access/accounts.h"

namespace tk::access {

std::string SealFor(const AccessKey& key, std::string_view purpose, std::string_view account,
                    std::string_view text);
/// Errors: kCorrupt, saying `what` cannot be read and must be reset.
Result<std::string> OpenFor(const AccessKey& key, std::string_view purpose, std::string_view account,
                            std::string_view sealed, std::string_view what);

}  // namespace tk::access
