#include "kernel/access/token.h"

#include <fmt/format.h>
#include <sodium.h>

#include <charconv>
#include <vector>

#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::access {
namespace {

constexpr std::string_view kPrefix = "tk1.";
constexpr size_t kTokenBytesMax = 512;
static_assert(crypto_auth_KEYBYTES == std::tuple_size_v<AccessKey>);

std::array<uint8_t, crypto_auth_BYTES> Sign(const AccessKey& key, std::string_view payload) {
  std::array<uint8_t, crypto_auth_BYTES> mac;
  crypto_auth(mac.data(), reinterpret_cast<const unsigned char*>(payload.data()), payload.size(), key.data());
  return mac;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool ToNumber(std::string_view text, int64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

Error BadToken() { return MakeError(ErrorCode::kUnauthenticated, "the token is not valid; sign in again"); }

}  // namespace

std::string NewSessionName() {
  std::array<uint8_t, 8> bytes;
  SystemRandom(bytes);
  return ToHex(bytes);
}

std::string MakeToken(const AccessKey& key, const Claims& claims) {
  const std::string payload = fmt::format("{}\x1f{}\x1f{}\x1f{}\x1f{}", claims.account, claims.generation,
                                          claims.expires_s, claims.session, static_cast<char>(claims.kind));
  const std::string body = std::string(kPrefix) + ToBase64Url(AsBytes(payload));
  return body + "." + ToBase64Url(Sign(key, body));
}

Result<Claims> ReadToken(const AccessKey& key, std::string_view token) {
  if (token.size() > kTokenBytesMax || !token.starts_with(kPrefix)) return BadToken();
  const size_t dot = token.rfind('.');
  if (dot < kPrefix.size()) return BadToken();
  const auto given = FromBase64Url(token.substr(dot + 1));
  const auto expected = Sign(key, token.substr(0, dot));
  if (!given || given->size() != expected.size() ||
      sodium_memcmp(given->data(), expected.data(), expected.size()) != 0) {
    return BadToken();
  }
  const auto payload = FromBase64Url(token.substr(kPrefix.size(), dot - kPrefix.size()));
  if (!payload) return BadToken();
  const std::vector<std::string_view> parts = Split(*payload, '\x1f');
  Claims claims;
  if (parts.size() != 5 || !ToNumber(parts[1], &claims.generation) ||
      !ToNumber(parts[2], &claims.expires_s) || parts[4].size() != 1) {
    return BadToken();
  }
  claims.account = parts[0];
  claims.session = parts[3];
  claims.kind = static_cast<TokenKind>(parts[4][0]);
  return claims;
}

}  // namespace tk::access
