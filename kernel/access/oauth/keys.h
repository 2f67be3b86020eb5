// The keys with which tokens of OAuth and OpenID Connect are signed. One signs; those before it verify until what they signed is over.
// Files:  DIR/signing_keys.toml (0600), [[key]] with the private key (base64url), when it was made and since when it signs no more (0: it signs)
// Flow:   PrepareSigningKeys (fresh folder) → LoadSigningKeys → sign, /oauth/jwks · `tongkang keys rotate-signing` → RotateSigningKeys
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/oauth/jose.h"
#include "kernel/base/clock.h"

namespace tk::access::oauth {

/// No token that is signed with these keys is good for longer.
inline constexpr int64_t kTokenSecondsMax = 3600;

struct SigningKeys {
  struct Key {
    SigningKey key;
    int64_t made_s = 0;
    int64_t retired_s = 0;
  };
  std::vector<Key> keys;  // the first one signs

  const SigningKey& current() const { return keys.front().key; }
  /// nullptr if there is none, or what it signed is over by now.
  const SigningKey* Find(std::string_view kid, int64_t now_s) const;
  /// {"keys":[…]}, the public halves of those that still verify.
  std::string Jwks(int64_t now_s) const;
};

std::string SigningKeysPath(const std::string& folder);
/// Makes the file with one key if it is missing.
Status PrepareSigningKeys(const std::string& folder);
/// Errors: kIncorrect with file and line, kCorrupt.
Result<SigningKeys> LoadSigningKeys(const std::string& folder);
/// A new key signs from now on; those whose tokens are over are removed. Gives the new key's id.
Result<std::string> RotateSigningKeys(const std::string& folder, const Clock& clock);

}  // namespace tk::access::oauth
