#include "kernel/access/toml_read.h"

#include <fmt/format.h>

#include <algorithm>

namespace tk::access {

Result<toml::table> ParseToml(std::string_view text, const std::string& name) {
  toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("{}:{}: {}", name, static_cast<uint32_t>(error.source().begin.line),
                                 error.description()));
  }
  return std::move(parsed).table();
}

Error TomlError(const std::string& name, const toml::node& node, std::string_view what) {
  if (name.empty()) return MakeError(ErrorCode::kIncorrect, std::string(what));
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("{}:{}: {}", name, static_cast<uint32_t>(node.source().begin.line), what));
}

Status CheckKeys(const toml::table& table, const std::string& name,
                 std::initializer_list<std::string_view> known) {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    return TomlError(name, node,
                     fmt::format("unknown key '{}'; known are: {}", key.str(), fmt::join(known, ", ")));
  }
  return {};
}

Result<std::string> TextOf(const toml::table& table, std::string_view key, const std::string& name) {
  const toml::node* const node = table.get(key);
  if (node == nullptr) return std::string();
  if (const auto* text = node->as_string()) return text->get();
  return TomlError(name, *node, fmt::format("'{}' must be a text", key));
}

Result<int64_t> NumberOf(const toml::table& table, std::string_view key, const std::string& name) {
  const toml::node* const node = table.get(key);
  if (node == nullptr) return int64_t{0};
  if (const auto* number = node->as_integer()) return number->get();
  return TomlError(name, *node, fmt::format("'{}' must be a whole number", key));
}

Result<bool> FlagOf(const toml::table& table, std::string_view key, const std::string& name) {
  const toml::node* const node = table.get(key);
  if (node == nullptr) return false;
  if (const auto* flag = node->as_boolean()) return flag->get();
  return TomlError(name, *node, fmt::format("'{}' must be true or false", key));
}

Result<std::vector<std::string>> TextsOf(const toml::table& table, std::string_view key,
                                         const std::string& name) {
  std::vector<std::string> out;
  const toml::node* const node = table.get(key);
  if (node == nullptr) return out;
  const toml::array* const list = node->as_array();
  if (list == nullptr) return TomlError(name, *node, fmt::format("'{}' must be a list of texts", key));
  for (const toml::node& item : *list) {
    const auto* const text = item.as_string();
    if (text == nullptr) return TomlError(name, item, fmt::format("'{}' must be a list of texts", key));
    out.push_back(text->get());
  }
  return out;
}

}  // namespace tk::access
