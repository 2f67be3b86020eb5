// What kinds of accounts there are: who signs in how, and what a viewer is.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::access {

/// person and resident sign in at pages; device and program never do: a device has a bearer token, a program a secret or keys of its own.
enum class AccountKind : uint8_t { kPerson, kDevice, kProgram, kResident };
std::string_view NameOf(AccountKind kind);  // "person" …
Result<AccountKind> KindOf(std::string_view name);

}  // namespace tk::access
