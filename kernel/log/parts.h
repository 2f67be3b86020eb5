// Attachments within a resource: base64 of more than 64 KB (photos, scans, documents) lies in the content store, and the log has where it was.
// Flow:   Codec::Seal → TakeParts → the rest and its parts are sealed → Codec::Unseal → PutBack: the text as it came, byte for byte
// Source: DESIGN 4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/log/content_store.h"

namespace tk::log {

/// Of the characters between the quotes. Shorter strings stay where they are.
inline constexpr size_t kPartCharsMin = size_t{64} << 10;

struct Part {
  uint64_t at = 0;     // in the text without any part: just after the opening quote
  uint64_t chars = 0;  // of base64
  std::string hash;    // of the bytes, as the content store names them
};

/// Puts the large base64 strings of a JSON text into the store and appends what is left to `rest`. Only strict base64 with padding is taken, for
/// which decoding and encoding gives the same characters. Errors: those of ContentStore::Put.
Result<std::vector<Part>> TakeParts(std::string_view text, const PersonKey& owner, ContentStore* contents,
                                    std::string* rest);

/// The text that `rest` and `parts` came from. Errors: those of ContentStore::Get, kCorrupt for a content that is missing or of another size.
/// With `lost` these leave an empty string in the text instead, and their hashes there.
Result<std::string> PutBack(std::string_view rest, const std::vector<Part>& parts, OwnerNumber owner,
                            const ContentStore& contents, std::vector<std::string>* lost = nullptr);

/// In a frame: count, then `at`, `chars` and 32 bytes of hash of each.
void AppendParts(const std::vector<Part>& parts, std::string* out);
/// nullopt if there are none at *at; moves it behind them.
std::optional<std::vector<Part>> ReadParts(std::string_view frame, size_t* at);

}  // namespace tk::log
