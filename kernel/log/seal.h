// Authenticated encryption of byte strings under a person's key. Used for entries, contents and for wrapping keys.
// Sealed: 12-byte random nonce · ciphertext · 16-byte tag.
// AES-256-GCM: NIST SP 800-38D. SM4: SM4-CTR, then HMAC-SM3 over nonce, size of additional data, additional data and ciphertext,
//   cut to 16 bytes; the two keys are HMAC-SM3(secret, "enc") and HMAC-SM3(secret, "mac").
#pragma once

#include <string>

#include "kernel/log/keys.h"

namespace tk::log {

inline constexpr size_t kNonceBytes = 12;
inline constexpr size_t kTagBytes = 16;
inline constexpr size_t kSealBytes = kNonceBytes + kTagBytes;

/// Appends the sealed form to *out. Thread-safe. Cost: under 1 µs a KB with AES.
Status SealBytes(const PersonKey& key, Bytes additional, Bytes plain, std::string* out);
/// Replaces *plain. kCorrupt if the tag fails; then *plain is empty. Thread-safe.
Status UnsealBytes(const PersonKey& key, Bytes additional, Bytes sealed, std::string* plain);

}  // namespace tk::log
