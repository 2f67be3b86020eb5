#include "kernel/base/config.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace tk {
namespace {

using Flat = std::map<std::string, std::pair<std::string, uint32_t>>;  // name → text, line

Result<std::string> ScalarText(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("{}: must be a text, a whole number, true or false", where));
}

Status Flatten(const toml::table& table, const std::string& prefix, const std::string& file, Flat* out) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      TRY(Flatten(*inner, name, file, out));
      continue;
    }
    const uint32_t line = static_cast<uint32_t>(node.source().begin.line);
    (*out)[name] = {TRY(ScalarText(node, fmt::format("{}:{}: {}", file, line, name))), line};
  }
  return {};
}

Result<Flat> ReadToml(const std::string& file) {
  std::error_code none;
  if (std::filesystem::is_directory(file, none))
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("{} is a folder: name the file with the settings, {}/tongkang.toml perhaps", file, file));
  toml::parse_result parsed = toml::parse_file(file);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("{}:{}: {}", file, static_cast<uint32_t>(error.source().begin.line),
                                 error.description()));
  }
  Flat flat;
  TRY(Flatten(parsed.table(), "", file, &flat));
  return flat;
}

const SettingSpec* Find(std::span<const SettingSpec> specs, std::string_view name) {
  for (const SettingSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::string KnownNames(std::span<const SettingSpec> specs) {
  std::string names;
  for (const SettingSpec& spec : specs) {
    if (!names.empty()) names += ", ";
    names += spec.name;
  }
  return names;
}

}  // namespace

std::string EnvironmentName(std::string_view setting) {
  std::string name = "TONGKANG_";
  for (char c : setting)
    name += c == '.' || c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

Result<Settings::Value> Settings::Parse(const SettingSpec& spec, const std::string& text,
                                        std::string_view source, const std::string& where) {
  Value value;
  value.text = text;
  value.source = source;
  if (spec.kind == SettingKind::kNumber) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value.number);
    if (error != std::errc() || stop != end || value.number < spec.number_min ||
        value.number > spec.number_max) {
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("{}: {} must be a whole number from {} to {}", where, spec.name,
                                   spec.number_min, spec.number_max));
    }
  } else if (spec.kind == SettingKind::kFlag) {
    value.flag = text == "true" || text == "1" || text == "yes" || text == "on";
    if (!value.flag && text != "false" && text != "0" && text != "no" && text != "off") {
      return MakeError(ErrorCode::kIncorrect, fmt::format("{}: {} must be true or false", where, spec.name));
    }
  }
  return value;
}

Result<Settings> Settings::Load(std::span<const SettingSpec> specs,
                                const std::map<std::string, std::string>& flags, const std::string& file,
                                const ReadEnvironment& environment) {
  Flat from_file;
  if (!file.empty()) from_file = TRY(ReadToml(file));
  for (const auto& [name, value] : from_file) {
    if (Find(specs, name) == nullptr) {
      return MakeError(ErrorCode::kIncorrect, fmt::format("{}:{}: unknown setting '{}'; known are: {}", file,
                                                          value.second, name, KnownNames(specs)));
    }
  }
  for (const auto& [name, value] : flags) CHECK(Find(specs, name) != nullptr);
  Settings out;
  for (const SettingSpec& spec : specs) {
    const std::string name(spec.name);
    const std::string variable = EnvironmentName(spec.name);
    const char* const from_environment = environment ? environment(variable.c_str()) : nullptr;
    if (const auto flag = flags.find(name); flag != flags.end()) {
      out.values_[name] = TRY(Parse(spec, flag->second, "flag", "command line"));
    } else if (from_environment != nullptr) {
      out.values_[name] = TRY(Parse(spec, from_environment, "environment", variable));
    } else if (const auto entry = from_file.find(name); entry != from_file.end()) {
      out.values_[name] =
          TRY(Parse(spec, entry->second.first, "file", fmt::format("{}:{}", file, entry->second.second)));
    } else {
      out.values_[name] = TRY(Parse(spec, std::string(spec.default_value), "default", "default"));
    }
  }
  return out;
}

const Settings::Value& Settings::At(std::string_view name) const {
  const auto at = values_.find(name);
  CHECK(at != values_.end());
  return at->second;
}
const std::string& Settings::Text(std::string_view name) const { return At(name).text; }
int64_t Settings::Number(std::string_view name) const { return At(name).number; }
bool Settings::Flag(std::string_view name) const { return At(name).flag; }
std::string_view Settings::SourceOf(std::string_view name) const { return At(name).source; }

}  // namespace tk
