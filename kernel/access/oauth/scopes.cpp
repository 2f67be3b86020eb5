#include "kernel/access/oauth/scopes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace tk::access::oauth {
namespace {

constexpr std::string_view kLetters = "cruds";
constexpr std::array<std::pair<std::string_view, Level>, 3> kLevels = {
    {{"patient/", Level::kPatient}, {"user/", Level::kUser}, {"system/", Level::kSystem}}};
using Flag = bool Scopes::*;
constexpr std::array<std::pair<std::string_view, Flag>, 7> kNamed = {
    {{"openid", &Scopes::openid},
     {"profile", &Scopes::profile},
     {"fhirUser", &Scopes::fhir_user},
     {"launch", &Scopes::launch},
     {"launch/patient", &Scopes::launch_patient},
     {"online_access", &Scopes::online},
     {"offline_access", &Scopes::offline}}};

bool IsTypeName(std::string_view name) {
  return name == "*" || (!name.empty() && name.size() <= 64 && name[0] >= 'A' && name[0] <= 'Z' &&
                         std::all_of(name.begin(), name.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                         }));
}

std::optional<ResourceScope> ReadResource(std::string_view text) {
  for (const auto& [prefix, level] : kLevels) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    const size_t dot = text.rfind('.');
    if (dot == std::string_view::npos || !IsTypeName(text.substr(0, dot))) return std::nullopt;
    ResourceScope scope{level, std::string(text.substr(0, dot)), 0, false};
    const std::string_view what = text.substr(dot + 1);
    scope.v1 = what == "read" || what == "write" || what == "*";
    if (what == "read") {
      scope.letters = kReads;
    } else if (what == "write") {
      scope.letters = kWrites;
    } else if (what == "*") {
      scope.letters = kReads | kWrites;
    } else {
      size_t next = 0;  // the letters stand in their order, each once
      for (const char c : what) {
        const size_t at = kLetters.find(c, next);
        if (at == std::string_view::npos) return std::nullopt;
        scope.letters |= static_cast<uint8_t>(1u << at);
        next = at + 1;
      }
    }
    return scope.letters == 0 ? std::nullopt : std::optional(std::move(scope));
  }
  return std::nullopt;
}

std::string PrintScope(const ResourceScope& scope) {
  std::string what;
  if (scope.v1) {
    what = scope.letters == kReads ? "read" : scope.letters == kWrites ? "write" : "";
    if (scope.letters == (kReads | kWrites)) what = "*";
  }
  for (size_t i = 0; what.empty() && i < kLetters.size(); ++i) {
    for (size_t at = i; at < kLetters.size(); ++at) {
      if ((scope.letters & (1u << at)) != 0) what += kLetters[at];
    }
  }
  return fmt::format("{}{}.{}", kLevels.at(static_cast<size_t>(scope.level)).first, scope.type, what);
}

/// The same right twice is said once.
void Add(ResourceScope scope, std::vector<ResourceScope>* list) {
  for (ResourceScope& known : *list) {
    if (known.level != scope.level || known.type != scope.type) continue;
    known.v1 = known.v1 && scope.v1;
    known.letters |= scope.letters;
    return;
  }
  list->push_back(std::move(scope));
}

}  // namespace

bool Scopes::Allows(std::string_view type, uint8_t letters) const {
  return std::any_of(resources.begin(), resources.end(), [&](const ResourceScope& scope) {
    return (scope.letters & letters) != 0 && (scope.type == "*" || scope.type == type);
  });
}

bool Scopes::Has(Level level) const {
  return std::any_of(resources.begin(), resources.end(),
                     [level](const ResourceScope& scope) { return scope.level == level; });
}

std::string Scopes::ToText() const {
  std::string out;
  const auto add = [&out](std::string_view word) { out.append(out.empty() ? "" : " ").append(word); };
  for (const auto& [name, flag] : kNamed) {
    if (this->*flag) add(name);
  }
  for (const ResourceScope& scope : resources) add(PrintScope(scope));
  return out;
}

Result<Scopes> ParseScopes(std::string_view text) {
  if (text.size() > kScopeBytesMax)
    return MakeError(ErrorCode::kIncorrect, fmt::format("scope has more than {} bytes", kScopeBytesMax));
  Scopes scopes;
  size_t count = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    // RFC 6749 section 3.3: printable ASCII without quotes and backslashes.
    const bool good = std::all_of(word.begin(), word.end(),
                                  [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
    if (!good || ++count > kScopesMax)
      return MakeError(
          ErrorCode::kIncorrect,
          fmt::format("scope is at most {} names of printable ASCII, one space between two", kScopesMax));
    const auto named =
        std::find_if(kNamed.begin(), kNamed.end(), [&](const auto& each) { return each.first == word; });
    if (named != kNamed.end()) {
      scopes.*(named->second) = true;
    } else if (auto resource = ReadResource(word)) {
      Add(std::move(*resource), &scopes.resources);
    }
  }
  return scopes;
}

Scopes Intersect(const Scopes& asked, const Scopes& allowed) {
  Scopes out;
  for (const auto& [name, flag] : kNamed) out.*flag = asked.*flag && allowed.*flag;
  for (const ResourceScope& want : asked.resources) {
    for (const ResourceScope& may : allowed.resources) {
      const auto letters = static_cast<uint8_t>(want.letters & may.letters);
      if (letters == 0 || want.level != may.level) continue;
      if (want.type != may.type && want.type != "*" && may.type != "*") continue;
      Add({want.level, want.type == "*" ? may.type : want.type, letters, want.v1}, &out.resources);
    }
  }
  return out;
}

}  // namespace tk::access::oauth
