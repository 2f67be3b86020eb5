// Tokens: signed statements "this is account A until E", checked without a look-up. Bearer tokens for programs, cookies for
// pages; one cannot be used as the other. And tickets: what we give out and must get back unchanged, for one purpose and a time.
// Shape:  tk1.<base64url(account \x1f generation \x1f expires_s \x1f session \x1f kind)>.<base64url(HMAC-SHA512/256)>
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/accounts.h"
#include "kernel/base/clock.h"

namespace tk::access {

enum class TokenKind : char {
  kBearer = 'b',
  kCookie = 'c',
  kDoor = 'o'  // the cookie of the pages under /oauth, which a program's redirect brings along
};

/// What our own tokens begin with; access tokens of programs are JWTs.
inline constexpr std::string_view kOwnTokenPrefix = "tk1.";

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
/// `fields` with an end and a signature, as one text of base64url; none of them may hold U+001F (CHECK). Another purpose's is not good.
std::string SealTicket(const AccessKey& key, std::string_view purpose, const std::vector<std::string>& fields,
                       int64_t expires_s);
/// The fields. kUnauthenticated if it is not ours, of another purpose, or its time is over.
Result<std::vector<std::string>> OpenTicket(const AccessKey& key, std::string_view purpose,
                                            std::string_view ticket, int64_t now_s);
/// A key for one purpose: what it signs or seals is worth nothing for another.
AccessKey DeriveKey(const AccessKey& key, std::string_view purpose);
/// 16 random hex digits.
std::string NewSessionName();

}  // namespace tk::access
