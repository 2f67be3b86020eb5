// Reading our small TOML files strictly: every key is known, every value has its type, and errors say file and line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "kernel/base/result.h"

namespace tk::access {

/// Errors: kIncorrect, "name:line: what".
Result<toml::table> ParseToml(std::string_view text, const std::string& name);
/// An error at the place of `node`; of a text that has no name it has no place.
Error TomlError(const std::string& name, const toml::node& node, std::string_view what);
/// Refuses keys that are not among `known`.
Status CheckKeys(const toml::table& table, const std::string& name,
                 std::initializer_list<std::string_view> known);
/// "" / false / 0 / empty when the key is missing; kIncorrect when its type is another.
Result<std::string> TextOf(const toml::table& table, std::string_view key, const std::string& name);
Result<int64_t> NumberOf(const toml::table& table, std::string_view key, const std::string& name);
Result<bool> FlagOf(const toml::table& table, std::string_view key, const std::string& name);
Result<std::vector<std::string>> TextsOf(const toml::table& table, std::string_view key,
                                         const std::string& name);

}  // namespace tk::access
