#include "kernel/access/oauth/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/access/toml_read.h"
#include "kernel/base/file.h"
#include "kernel/base/text.h"

namespace tk::access::oauth {
namespace {

constexpr size_t kKeysMax = 16;

bool IsOver(const SigningKeys::Key& key, int64_t now_s) {
  return key.retired_s != 0 && key.retired_s + kTokenSecondsMax <= now_s;
}

Status Write(const std::string& folder, const SigningKeys& keys) {
  std::string out =
      "# Keys that sign tokens. Change them with `tongkang keys rotate-signing`. Whoever has this file can "
      "make tokens.\n";
  for (const SigningKeys::Key& each : keys.keys) {
    out += "\n[[key]]\nprivate = ";
    AppendJsonString(each.key.Secret(), &out);
    out += fmt::format("\nmade = {}\nretired = {}\n", each.made_s, each.retired_s);
  }
  return WriteFileDurable(SigningKeysPath(folder), out, 0600);
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

Status PrepareSigningKeys(const std::string& folder) {
  if (FileExists(SigningKeysPath(folder))) return {};
  SigningKeys keys;
  keys.keys.push_back({TRY(SigningKey::Generate()), 0, 0});
  return Write(folder, keys);
}

Result<SigningKeys> LoadSigningKeys(const std::string& folder) {
  const std::string path = SigningKeysPath(folder);
  const std::string text = TRY(ReadFile(path, size_t{1} << 20));
  const toml::table file = TRY(ParseToml(text, path));
  TRY(CheckKeys(file, path, {"key"}));
  const toml::node* const list = file.get("key");
  if (list == nullptr || !list->is_array_of_tables() || list->as_array()->size() > kKeysMax)
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("{} has 1 to {} tables [[key]]; without the file a new key is made at the start", path,
                    kKeysMax));
  SigningKeys keys;
  for (const toml::node& item : *list->as_array()) {
    const toml::table& table = *item.as_table();
    TRY(CheckKeys(table, path, {"private", "made", "retired"}));
    auto key = SigningKey::FromSecret(TRY(TextOf(table, "private", path)));
    if (!key.ok()) return TomlError(path, item, key.error().external);
    keys.keys.push_back(
        {std::move(key).value(), TRY(NumberOf(table, "made", path)), TRY(NumberOf(table, "retired", path))});
  }
  if (keys.keys.front().retired_s != 0)
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("{}: the first key signs, so it is not retired", path));
  return keys;
}

Result<std::string> RotateSigningKeys(const std::string& folder, const Clock& clock) {
  const FileLock lock = TRY(FileLock::Take(folder + "/accounts.lock", 5000));
  const int64_t now_s = clock.NowUs() / kSecondUs;
  SigningKeys keys = TRY(LoadSigningKeys(folder));
  std::erase_if(keys.keys, [&](const SigningKeys::Key& each) { return IsOver(each, now_s); });
  if (keys.keys.size() >= kKeysMax)
    return MakeError(
        ErrorCode::kConflict,
        fmt::format("{} keys still verify; the oldest goes an hour after it signed last", kKeysMax));
  keys.keys.front().retired_s = now_s;
  keys.keys.insert(keys.keys.begin(), {TRY(SigningKey::Generate()), now_s, 0});
  TRY(Write(folder, keys));
  return keys.current().kid();
}

}  // namespace tk::access::oauth
