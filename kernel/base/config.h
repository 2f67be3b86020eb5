// Settings: flags over environment over file over default. Every setting is declared once, in a table, with its help;
// an unknown one is refused with file and line.
// Flow:   table of SettingSpec → Settings::Load(flags, environment, file) → Text / Number / Flag / Texts
// Names:  "http.threads" is --http-threads in flags when the spec says so, TONGKANG_HTTP_THREADS in the environment, and
//         threads = 4 under [http] in the file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk {

enum class SettingKind : uint8_t { kText, kNumber, kFlag };

struct SettingSpec {
  std::string_view name;  // "http.body_bytes_max"; unit last
  SettingKind kind;
  std::string_view default_value;  // as text
  std::string_view help;
  int64_t number_min = 0;  // of numbers
  int64_t number_max = INT64_MAX;
};

/// Reads an environment variable; nullptr if unset. Injected for tests.
using ReadEnvironment = std::function<const char*(const char*)>;

class Settings {
 public:
  /// `flags`: what was given on the command line, by setting name. `file`: path of a TOML file, "" = none.
  /// Errors: kIncorrect, with "file:line" or the variable's or flag's name, and what is allowed.
  static Result<Settings> Load(std::span<const SettingSpec> specs,
                               const std::map<std::string, std::string>& flags, const std::string& file,
                               const ReadEnvironment& environment);

  /// Unknown names are a defect of ours (CHECK).
  const std::string& Text(std::string_view name) const;
  int64_t Number(std::string_view name) const;
  bool Flag(std::string_view name) const;
  /// "flag", "environment", "file", "default": shown by `serve --show-settings` and in errors.
  std::string_view SourceOf(std::string_view name) const;

 private:
  struct Value {
    std::string text;
    int64_t number = 0;
    bool flag = false;
    std::string_view source = "default";
  };
  static Result<Value> Parse(const SettingSpec& spec, const std::string& text, std::string_view source,
                             const std::string& where);
  const Value& At(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values_;
};

/// "http.threads" → "TONGKANG_HTTP_THREADS".
std::string EnvironmentName(std::string_view setting);

}  // namespace tk
