// Tokens: signed statements "this is account A until E", checked without a look-up. Bearer tokens for programs, cookies for
// pages; one cannot be used as the other.
// Shape:  tk1.<base64url(account \x1f generation \x1f expires_s \x1f session \x1f kind)>.<base64url(HMAC-SHA512/256)>
#pragma once

#include <string>
#include <string_view>

#include "kernel/access/accounts.h"
#include "kernel/base/clock.h"

namespace tk::access {

enum class TokenKind : char { kBearer = 'b', kCookie = 'c' };

struct Claims {
  std::string account;
  int64_t generation = 0;
  int64_t expires_s = 0;  // seconds since 1970
  std::string session;    // 16 hex digits; names the sign-on in audit and sign-out
  TokenKind kind = TokenKind::kBearer;
};

std::string MakeToken(const AccessKey& key, const Claims& claims);
/// Checks signature and shape only; expiry, generation and account are the caller's. kUnauthenticated otherwise.
Result<Claims> ReadToken(const AccessKey& key, std::string_view token);
/// 16 random hex digits.
std::string NewSessionName();

}  // namespace tk::access
