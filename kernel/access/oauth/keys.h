// The keys with which tokens of OAuth and OpenID Connect are signed. Of each algorithm one signs; those before it verify until what they signed is over.
// Files:  DIR/signing_keys.toml (0600), [[key]] with alg (without it ES256), the private key (base64url), when it was made and since when it signs no
//         more (0: it signs)
// Flow:   PrepareSigningKeys (at each start) → LoadSigningKeys → sign, /oauth/jwks · `tongkang keys rotate-signing` → RotateSigningKeys
// Source: OpenID Connect Discovery 1.0 section 3 and RFC 9068 section 2.1: RS256 must be among the algorithms; ES256 is what we had before.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/oauth/jose.h"
#include "kernel/base/clock.h"

namespace tk::access::oauth {

/// No token that is signed with these keys is good for longer.
inline constexpr int64_t kTokenSecondsMax = 3600;

/// With which we sign; the first is for programs that were registered before there was a choice.
inline constexpr std::array kSigningAlgorithms = {Algorithm::kEs256, Algorithm::kRs256};
/// What a program is given that says nothing. Source: OpenID Connect Registration 1.0 section 2, id_token_signed_response_alg.
inline constexpr std::string_view kSigningDefault = "RS256";
/// Of what a program's account says; "" is an account of before. Errors: kIncorrect.
Result<Algorithm> SigningAlgorithmOf(std::string_view registered);

struct SigningKeys {
  struct Key {
    SigningKey key;
    int64_t made_s = 0;
    int64_t retired_s = 0;
  };
  std::vector<Key> keys;  // the first one of an algorithm signs with it

  /// Of one of kSigningAlgorithms.
  const SigningKey& current(Algorithm algorithm) const;
  /// nullptr if there is none, or what it signed is over by now.
  const SigningKey* Find(std::string_view kid, int64_t now_s) const;
  /// {"keys":[…]}, the public halves of those that still verify.
  std::string Jwks(int64_t now_s) const;
};

std::string SigningKeysPath(const std::string& folder);
/// Makes the file if it is missing, and a key for each algorithm that has none.
Status PrepareSigningKeys(const std::string& folder);
/// Errors: kIncorrect with file and line, kCorrupt.
Result<SigningKeys> LoadSigningKeys(const std::string& folder);
/// New keys sign from now on, one of each algorithm; those whose tokens are over are removed. Gives the keys that are there then.
Result<SigningKeys> RotateSigningKeys(const std::string& folder, const Clock& clock);

}  // namespace tk::access::oauth
