#include "kernel/access/oauth/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/toml_read.h"
#include "kernel/base/file.h"
#include "kernel/base/text.h"

namespace tk::access::oauth {
namespace {

constexpr size_t kKeysMax = 32;

bool IsOver(const SigningKeys::Key& key, int64_t now_s) {
  return key.retired_s != 0 && key.retired_s + kTokenSecondsMax <= now_s;
}

Status Write(const std::string& folder, const SigningKeys& keys) {
  std::string out =
      "# Keys that sign tokens. Change them with `tongkang keys rotate-signing`. Whoever has this file can "
      "make tokens.\n";
  for (const SigningKeys::Key& each : keys.keys) {
    out += fmt::format("\n[[key]]\nalg = \"{}\"\nprivate = ", NameOf(each.key.algorithm()));
    AppendJsonString(each.key.Secret(), &out);
    out += fmt::format("\nmade = {}\nretired = {}\n", each.made_s, each.retired_s);
  }
  return WriteFileDurable(SigningKeysPath(folder), out, 0600);
}

/// The first one of an algorithm signs with it.
std::vector<SigningKeys::Key>::const_iterator FirstOf(const SigningKeys& keys, Algorithm algorithm) {
  return std::find_if(keys.keys.begin(), keys.keys.end(),
                      [&](const SigningKeys::Key& each) { return each.key.algorithm() == algorithm; });
}

/// What the file says; of an algorithm there may be no key, as in files of before there were two.
Result<SigningKeys> ReadKeys(const std::string& folder) {
  const std::string path = SigningKeysPath(folder);
  const std::string text = TRY(ReadFile(path, size_t{1} << 20));
  const toml::table file = TRY(ParseToml(text, path));
  TRY(CheckKeys(file, path, {"key"}));
  const toml::node* const list = file.get("key");
  if (list == nullptr || !list->is_array_of_tables() || list->as_array()->size() > kKeysMax)
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("{} has 1 to {} tables [[key]]; without the file new keys are made at the start", path,
                    kKeysMax));
  SigningKeys keys;
  for (const toml::node& item : *list->as_array()) {
    const toml::table& table = *item.as_table();
    TRY(CheckKeys(table, path, {"alg", "private", "made", "retired"}));
    const auto algorithm = SigningAlgorithmOf(TRY(TextOf(table, "alg", path)));
    if (!algorithm.ok()) return TomlError(path, item, algorithm.error().external);
    auto key = SigningKey::FromSecret(*algorithm, TRY(TextOf(table, "private", path)));
    if (!key.ok()) return TomlError(path, item, key.error().external);
    keys.keys.push_back(
        {std::move(key).value(), TRY(NumberOf(table, "made", path)), TRY(NumberOf(table, "retired", path))});
  }
  return keys;
}

}  // namespace

std::string SigningKeysPath(const std::string& folder) { return folder + "/signing_keys.toml"; }

const SigningKey* SigningKeys::Find(std::string_view kid, int64_t now_s) const {
  const auto at =
      std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.key.kid() == kid; });
  return at == keys.end() || IsOver(*at, now_s) ? nullptr : &at->key;
}

std::string SigningKeys::Jwks(int64_t now_s) const {
  std::string out = "{\"keys\":[";
  for (const Key& each : keys) {
    if (IsOver(each, now_s)) continue;
    if (out.back() != '[') out += ',';
    out += each.key.jwk();
  }
  return out + "]}";
}

Result<Algorithm> SigningAlgorithmOf(std::string_view registered) {
  if (registered.empty()) return kSigningAlgorithms.front();
  const auto algorithm = AlgorithmOf(registered);
  if (algorithm &&
      std::find(kSigningAlgorithms.begin(), kSigningAlgorithms.end(), *algorithm) != kSigningAlgorithms.end())
    return *algorithm;
  return MakeError(ErrorCode::kIncorrect, "tokens are signed with RS256 or ES256");
}

const SigningKey& SigningKeys::current(Algorithm algorithm) const {
  const auto at = FirstOf(*this, algorithm);
  CHECK(at != keys.end());
  return at->key;
}

Status PrepareSigningKeys(const std::string& folder) {
  SigningKeys keys;
  if (FileExists(SigningKeysPath(folder))) keys = TRY(ReadKeys(folder));
  const size_t before = keys.keys.size();
  for (const Algorithm algorithm : kSigningAlgorithms) {
    if (FirstOf(keys, algorithm) == keys.keys.end())
      keys.keys.push_back({TRY(SigningKey::Generate(algorithm)), 0, 0});
  }
  return keys.keys.size() == before ? Status() : Write(folder, keys);
}

Result<SigningKeys> LoadSigningKeys(const std::string& folder) {
  SigningKeys keys = TRY(ReadKeys(folder));
  for (const Algorithm algorithm : kSigningAlgorithms) {
    const auto at = FirstOf(keys, algorithm);
    if (at == keys.keys.end() || at->retired_s != 0)
      return MakeError(
          ErrorCode::kIncorrect,
          fmt::format("{}: the first key of {} signs, so there is one and it is not retired; where there is "
                      "none, one is made at the start and by `tongkang keys rotate-signing`",
                      SigningKeysPath(folder), NameOf(algorithm)));
  }
  return keys;
}

Result<SigningKeys> RotateSigningKeys(const std::string& folder, const Clock& clock) {
  const FileLock lock = TRY(FileLock::Take(folder + "/accounts.lock", 5000));
  const int64_t now_s = clock.NowUs() / kSecondUs;
  SigningKeys keys = TRY(ReadKeys(folder));
  std::erase_if(keys.keys, [&](const SigningKeys::Key& each) { return IsOver(each, now_s); });
  if (keys.keys.size() + kSigningAlgorithms.size() > kKeysMax)
    return MakeError(
        ErrorCode::kConflict,
        fmt::format("{} keys still verify; the oldest go an hour after they signed last", keys.keys.size()));
  for (SigningKeys::Key& each : keys.keys) {
    if (each.retired_s == 0) each.retired_s = now_s;
  }
  std::vector<SigningKeys::Key> made;
  for (const Algorithm algorithm : kSigningAlgorithms)
    made.push_back({TRY(SigningKey::Generate(algorithm)), now_s, 0});
  keys.keys.insert(keys.keys.begin(), made.begin(), made.end());
  TRY(Write(folder, keys));
  return keys;
}

}  // namespace tk::access::oauth
