#include "kernel/access/token.h"

#include <fmt/format.h>
#include <sodium.h>

#include <charconv>
#include <vector>

#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::access {
namespace {

constexpr size_t kTokenBytesMax = 512;
constexpr size_t kTicketBytesMax = 16 * 1024;
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

Error BadTicket() {
  return MakeError(ErrorCode::kUnauthenticated, "this page or token is no longer good; begin again");
}

Error BadToken() { return MakeError(ErrorCode::kUnauthenticated, "the token is not valid; sign in again"); }

}  // namespace

AccessKey DeriveKey(const AccessKey& key, std::string_view purpose) {
  AccessKey out;
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(purpose.data()),
                     purpose.size(), key.data(), key.size());
  return out;
}

std::string SealTicket(const AccessKey& key, std::string_view purpose, const std::vector<std::string>& fields,
                       int64_t expires_s) {
  std::string payload = std::to_string(expires_s);
  for (const std::string& field : fields) {
    CHECK(field.find('\x1f') == std::string::npos);
    payload += '\x1f';
    payload += field;
  }
  const auto mac = Sign(DeriveKey(key, purpose), payload);
  return ToBase64Url(AsBytes(std::string(AsText(mac)) + payload));
}

Result<std::vector<std::string>> OpenTicket(const AccessKey& key, std::string_view purpose,
                                            std::string_view ticket, int64_t now_s) {
  const auto bytes = ticket.size() <= kTicketBytesMax ? FromBase64Url(ticket) : std::nullopt;
  if (!bytes || bytes->size() < crypto_auth_BYTES) return BadTicket();
  const std::string_view payload = std::string_view(*bytes).substr(crypto_auth_BYTES);
  const auto mac = Sign(DeriveKey(key, purpose), payload);
  if (sodium_memcmp(bytes->data(), mac.data(), mac.size()) != 0) return BadTicket();
  const std::vector<std::string_view> parts = Split(payload, '\x1f');
  int64_t expires_s = 0;
  if (!ToNumber(parts[0], &expires_s) || expires_s <= now_s) return BadTicket();
  return std::vector<std::string>(parts.begin() + 1, parts.end());
}

std::string NewSessionName() {
  std::array<uint8_t, 8> bytes;
  SystemRandom(bytes);
  return ToHex(bytes);
}

std::string MakeToken(const AccessKey& key, const Claims& claims) {
  const std::string payload = fmt::format("{}\x1f{}\x1f{}\x1f{}\x1f{}", claims.account, claims.generation,
                                          claims.expires_s, claims.session, static_cast<char>(claims.kind));
  const std::string body = std::string(kOwnTokenPrefix) + ToBase64Url(AsBytes(payload));
  return body + "." + ToBase64Url(Sign(key, body));
}

Result<Claims> ReadToken(const AccessKey& key, std::string_view token) {
  if (token.size() > kTokenBytesMax || !token.starts_with(kOwnTokenPrefix)) return BadToken();
  const size_t dot = token.rfind('.');
  if (dot < kOwnTokenPrefix.size()) return BadToken();
  const auto given = FromBase64Url(token.substr(dot + 1));
  const auto expected = Sign(key, token.substr(0, dot));
  if (!given || given->size() != expected.size() ||
      sodium_memcmp(given->data(), expected.data(), expected.size()) != 0) {
    return BadToken();
  }
  const auto payload = FromBase64Url(token.substr(kOwnTokenPrefix.size(), dot - kOwnTokenPrefix.size()));
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
