// Owners of OpenSSL's objects; for what speaks to OpenSSL itself.
#pragma once

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>

namespace tk::crypto {

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using BigNumber = std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;
using EcGroup = std::unique_ptr<EC_GROUP, FreeBy<EC_GROUP_free>>;
using EcPoint = std::unique_ptr<EC_POINT, FreeBy<EC_POINT_free>>;

}  // namespace tk::crypto
