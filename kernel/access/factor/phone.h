// The mobile number of an account: read, sealed for accounts.toml, and found without being opened.
#pragma once

#include <string>
#include <string_view>

#include "kernel/access/accounts.h"

namespace tk::access {

/// The normal form, 11 digits. Errors: kIncorrect, what a number looks like; never the number.
Result<std::string> ReadMobile(std::string_view text);
/// A keyed digest of a normal form: equal numbers are known by it, and nobody without access.key can test a guess.
std::string PhoneMark(const AccessKey& key, std::string_view mobile);
std::string SealPhone(const AccessKey& key, std::string_view account, std::string_view mobile);
/// Errors: kCorrupt.
Result<std::string> OpenPhone(const AccessKey& key, std::string_view account, std::string_view sealed);
/// Puts it into the account, or takes it out if `text` is empty (the second factor by SMS goes with it). Errors: kIncorrect.
Status SetPhone(const AccessKey& key, std::string_view text, Account* account);

}  // namespace tk::access
