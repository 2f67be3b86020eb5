#include "kernel/log/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>

#include <atomic>
#include <cstring>
#include <limits>

#include "kernel/base/random.h"

namespace tk::log {
namespace {

Error CipherError(std::string_view what) {
  return MakeError(ErrorCode::kInternal, "Encryption failed.", std::string(what));
}
Error TagError() {
  return MakeError(
      ErrorCode::kCorrupt,
      "Sealed bytes do not open: they are damaged or belong to another key; restore from a backup.");
}

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* p) const { Free(p); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freer<EVP_MAC_CTX, EVP_MAC_CTX_free>>;

// Contexts are made once a thread: fetching a cipher costs more than a record.
EVP_CIPHER_CTX* CipherOf(const char* name, bool encrypt) {
  CipherContext context(EVP_CIPHER_CTX_new());
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  const bool ready =
      context != nullptr && cipher != nullptr &&
      EVP_CipherInit_ex2(context.get(), cipher, nullptr, nullptr, encrypt ? 1 : 0, nullptr) == 1;
  EVP_CIPHER_free(cipher);
  CHECK(ready);  // both ciphers are part of OpenSSL's default provider
  return context.release();
}

EVP_CIPHER_CTX* Aes(bool encrypt) {
  thread_local const CipherContext seal(CipherOf("AES-256-GCM", true)), open(CipherOf("AES-256-GCM", false));
  return encrypt ? seal.get() : open.get();
}

EVP_CIPHER_CTX* Sm4() {
  thread_local const CipherContext context(CipherOf("SM4-CTR", true));
  return context.get();
}

EVP_MAC_CTX* HmacSm3() {
  thread_local const MacContext context([] {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* made = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    char digest[] = "SM3";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    CHECK(made != nullptr && EVP_MAC_CTX_set_params(made, params) == 1);
    return made;
  }());
  return context.get();
}

bool Mac(Bytes key, std::initializer_list<Bytes> parts, std::array<uint8_t, 32>* out) {
  EVP_MAC_CTX* context = HmacSm3();
  if (EVP_MAC_init(context, key.data(), key.size(), nullptr) != 1) return false;
  for (Bytes part : parts) {
    if (EVP_MAC_update(context, part.data(), part.size()) != 1) return false;
  }
  size_t size = 0;
  return EVP_MAC_final(context, out->data(), &size, out->size()) == 1 && size == out->size();
}

struct Sm4Keys {
  std::array<uint8_t, 32> enc{}, mac{};
};

bool DeriveSm4(const PersonKey& key, Sm4Keys* out) {
  return Mac(key.secret, {AsBytes("enc")}, &out->enc) && Mac(key.secret, {AsBytes("mac")}, &out->mac);
}

bool Sm4Tag(const Sm4Keys& keys, const uint8_t* nonce, Bytes additional, Bytes cipher_text,
            std::array<uint8_t, 32>* tag) {
  const uint64_t size = additional.size();
  return Mac(keys.mac,
             {Bytes(nonce, kNonceBytes), Bytes(reinterpret_cast<const uint8_t*>(&size), sizeof size),
              additional, cipher_text},
             tag);
}

// CTR is its own inverse. The 16-byte counter block is the nonce and a zero counter.
bool Sm4Ctr(const Sm4Keys& keys, const uint8_t* nonce, Bytes in, uint8_t* out) {
  std::array<uint8_t, 16> counter{};
  std::copy_n(nonce, kNonceBytes, counter.begin());
  EVP_CIPHER_CTX* context = Sm4();
  int size = 0;
  return EVP_CipherInit_ex2(context, nullptr, keys.enc.data(), counter.data(), 1, nullptr) == 1 &&
         EVP_CipherUpdate(context, out, &size, in.data(), static_cast<int>(in.size())) == 1;
}

// Most records are a few hundred bytes, and OpenSSL's calls around them cost more than the cipher. libsodium's AES-256-GCM is the same
// algorithm with less around it; for long texts OpenSSL is faster. Needs the processor's AES instructions.
constexpr size_t kShortMax = 4096;

bool HasShortAes() {
  static const bool has = sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
  return has;
}

bool ShortAesSeal(const PersonKey& key, Bytes additional, Bytes plain, uint8_t* out) {
  uint8_t* cipher_text = out + kNonceBytes;
  return crypto_aead_aes256gcm_encrypt_detached(cipher_text, cipher_text + plain.size(), nullptr,
                                                plain.data(), plain.size(), additional.data(),
                                                additional.size(), nullptr, out, key.secret.data()) == 0;
}

bool ShortAesOpen(const PersonKey& key, Bytes additional, Bytes sealed, uint8_t* out) {
  const Bytes cipher_text = sealed.subspan(kNonceBytes, sealed.size() - kSealBytes);
  return crypto_aead_aes256gcm_decrypt_detached(out, nullptr, cipher_text.data(), cipher_text.size(),
                                                cipher_text.data() + cipher_text.size(), additional.data(),
                                                additional.size(), sealed.data(), key.secret.data()) == 0;
}

bool AesSeal(const PersonKey& key, Bytes additional, Bytes plain, uint8_t* out) {
  if (plain.size() <= kShortMax && HasShortAes()) return ShortAesSeal(key, additional, plain, out);
  EVP_CIPHER_CTX* context = Aes(true);
  int size = 0;
  uint8_t* cipher_text = out + kNonceBytes;
  return EVP_EncryptInit_ex2(context, nullptr, key.secret.data(), out, nullptr) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &size, additional.data(), static_cast<int>(additional.size())) ==
             1 &&
         EVP_EncryptUpdate(context, cipher_text, &size, plain.data(), static_cast<int>(plain.size())) == 1 &&
         EVP_EncryptFinal_ex(context, cipher_text + plain.size(), &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes),
                             cipher_text + plain.size()) == 1;
}

/// Sets key and nonce for opening. The texts of one page are mostly of one person: his key is expanded once.
bool AesBegin(EVP_CIPHER_CTX* context, const PersonKey& key, const uint8_t* nonce) {
  thread_local std::array<uint8_t, 32> expanded{};
  thread_local bool is_expanded = false;
  static_assert(sizeof expanded == sizeof key.secret);
  const bool again = is_expanded && CRYPTO_memcmp(expanded.data(), key.secret.data(), expanded.size()) == 0;
  is_expanded =
      EVP_DecryptInit_ex2(context, nullptr, again ? nullptr : key.secret.data(), nonce, nullptr) == 1;
  if (is_expanded && !again) std::copy(key.secret.begin(), key.secret.end(), expanded.begin());
  return is_expanded;
}

bool AesOpen(const PersonKey& key, Bytes additional, Bytes sealed, uint8_t* out) {
  if (sealed.size() <= kShortMax + kSealBytes && HasShortAes())
    return ShortAesOpen(key, additional, sealed, out);
  EVP_CIPHER_CTX* context = Aes(false);
  const Bytes cipher_text = sealed.subspan(kNonceBytes, sealed.size() - kSealBytes);
  std::array<uint8_t, kTagBytes> tag{};
  std::copy_n(sealed.end() - kTagBytes, kTagBytes, tag.begin());
  int size = 0;
  return AesBegin(context, key, sealed.data()) &&
         EVP_DecryptUpdate(context, nullptr, &size, additional.data(), static_cast<int>(additional.size())) ==
             1 &&
         EVP_DecryptUpdate(context, out, &size, cipher_text.data(), static_cast<int>(cipher_text.size())) ==
             1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagBytes), tag.data()) == 1 &&
         EVP_DecryptFinal_ex(context, out + cipher_text.size(), &size) == 1;
}

bool Sm4Seal(const PersonKey& key, Bytes additional, Bytes plain, uint8_t* out) {
  Sm4Keys keys;
  std::array<uint8_t, 32> tag{};
  const Bytes cipher_text(out + kNonceBytes, plain.size());
  const bool done = DeriveSm4(key, &keys) && Sm4Ctr(keys, out, plain, out + kNonceBytes) &&
                    Sm4Tag(keys, out, additional, cipher_text, &tag);
  std::copy_n(tag.begin(), kTagBytes, out + kNonceBytes + plain.size());
  OPENSSL_cleanse(&keys, sizeof keys);
  return done;
}

bool Sm4Open(const PersonKey& key, Bytes additional, Bytes sealed, uint8_t* out) {
  Sm4Keys keys;
  std::array<uint8_t, 32> tag{};
  const Bytes cipher_text = sealed.subspan(kNonceBytes, sealed.size() - kSealBytes);
  const bool done = DeriveSm4(key, &keys) && Sm4Tag(keys, sealed.data(), additional, cipher_text, &tag) &&
                    CRYPTO_memcmp(tag.data(), cipher_text.data() + cipher_text.size(), kTagBytes) == 0 &&
                    Sm4Ctr(keys, sealed.data(), cipher_text, out);
  OPENSSL_cleanse(&keys, sizeof keys);
  return done;
}

std::atomic<uint64_t> forks{0};

// 96 random bits under a key of one person do not repeat. One system call fills a thread's store for many records; a forked process must
// not use its parent's.
void NewNonce(uint8_t* out) {
  static const bool watched = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); }) == 0;
  CHECK(watched);
  struct Store {
    std::array<uint8_t, 256 * kNonceBytes> bytes;
    size_t used = sizeof bytes;
    uint64_t fork = 0;
  };
  thread_local Store store;
  if (store.used == store.bytes.size() || store.fork != forks.load(std::memory_order_relaxed)) {
    SystemRandom(store.bytes);
    store.used = 0;
    store.fork = forks.load(std::memory_order_relaxed);
  }
  std::memcpy(out, store.bytes.data() + store.used, kNonceBytes);
  store.used += kNonceBytes;
}

}  // namespace

Status SealBytes(const PersonKey& key, Bytes additional, Bytes plain, std::string* out) {
  if (plain.size() > std::numeric_limits<int>::max() / 2)
    return MakeError(ErrorCode::kTooLarge, "The content is too large to be sealed in one piece.");
  const size_t start = out->size();
  out->resize(start + kSealBytes + plain.size());
  auto* at = reinterpret_cast<uint8_t*>(out->data() + start);
  NewNonce(at);
  const bool done =
      key.cipher == Cipher::kSm4 ? Sm4Seal(key, additional, plain, at) : AesSeal(key, additional, plain, at);
  if (!done) return CipherError("seal");
  return {};
}

Status UnsealBytes(const PersonKey& key, Bytes additional, Bytes sealed, std::string* plain) {
  plain->clear();
  if (sealed.size() < kSealBytes || sealed.size() > std::numeric_limits<int>::max() / 2) return TagError();
  plain->resize(sealed.size() - kSealBytes);
  auto* out = reinterpret_cast<uint8_t*>(plain->data());
  const bool done = key.cipher == Cipher::kSm4 ? Sm4Open(key, additional, sealed, out)
                                               : AesOpen(key, additional, sealed, out);
  if (!done) {
    plain->clear();
    return TagError();
  }
  return {};
}

}  // namespace tk::log
