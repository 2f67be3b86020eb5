#include "kernel/access/factor/seal.h"

#include <fmt/format.h>

#include "kernel/access/token.h"
#include "kernel/base/crypto/crypto.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"

namespace tk::access {

std::string SealFor(const AccessKey& key, std::string_view purpose, std::string_view account,
                    std::string_view text) {
  crypto::AeadNonce nonce;
  SystemRandom(nonce);
  const std::string sealed = crypto::Seal(crypto::Suite::kInternational, DeriveKey(key, purpose), nonce,
                                          AsBytes(account), AsBytes(text));
  return ToBase64Url(AsBytes(std::string(AsText(nonce)) + sealed));
}

Result<std::string> OpenFor(const AccessKey& key, std::string_view purpose, std::string_view account,
                            std::string_view sealed, std::string_view what) {
  const auto bytes = FromBase64Url(sealed);
  crypto::AeadNonce nonce;
  if (!bytes || bytes->size() <= nonce.size())
    return MakeError(ErrorCode::kCorrupt, fmt::format("{} of this account cannot be read: reset it", what));
  std::copy_n(bytes->begin(), nonce.size(), nonce.begin());
  auto opened = crypto::Open(crypto::Suite::kInternational, DeriveKey(key, purpose), nonce, AsBytes(account),
                             AsBytes(std::string_view(*bytes).substr(nonce.size())));
  if (opened.ok()) return opened;
  return MakeError(ErrorCode::kCorrupt,
                   fmt::format("{} of this account was sealed with another access.key: reset it", what));
}

}  // namespace tk::access
