// From a resource's text to an entry's sealed bytes and back: frame, compress with the type's dictionary, encrypt with the
// person's key. Workers seal and unseal in parallel; the writer never does.
// Frame:  format byte (bit 0: compressed, bit 1: has meta, bit 2: has parts) · body, compressed or not: varint splice · varint id length · id ·
//   parts (parts.h) · minified text without them. A compressed body lacks zstd's 4 magic bytes. `splice` is where "versionId" and
//   "lastUpdated" are inserted when the text is read: both are known only when the writer has ordered the entry, and the
//   text is never serialised again.
// Sealed: 12-byte nonce · ciphertext · 16-byte tag; additional data = type code, id hash, version, operation, owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/log/content_store.h"
#include "kernel/log/keys.h"
#include "kernel/log/log.h"

namespace tk::log {

/// A resource as stored: minified JSON without versionId and lastUpdated.
struct Content {
  std::string id;
  std::string text;  // "" for a delete
  /// has_meta: `splice` is just after the '{' of meta, and `"versionId":"3","lastUpdated":"…",` goes there (meta has other members).
  /// otherwise: `splice` is just after the last byte of some member, and `,"meta":{"versionId":"3","lastUpdated":"…"}` goes there.
  uint32_t splice = 0;
  bool has_meta = false;
  /// Hashes of attachments that are missing or damaged, where that was asked for (Codec::Lost): `text` has an empty string in their places.
  std::vector<std::string> lost = {};
};

/// Finds where meta's two members go and sets splice and has_meta. `content->text` is a minified JSON object.
/// Errors: kIncorrect if it is no object with a member resourceType. Cost: one pass over the top-level members.
Status Splice(Content* content);

/// Appends the resource as it is read back: text with "versionId" and "lastUpdated" in its meta. About the cost of a copy.
void AppendResource(const Content& content, uint32_t version, Instant at_us, std::string* out);

/// Is the entry sealed with this key? Neither expands nor keeps what was sealed.
bool OpensWith(const PersonKey& key, const NewEntry& entry);

/// Trained dictionaries and their compression contexts. Thread-safe. Cost: zstd with dictionary 2–4 µs a KB in, 0.6 µs out.
class Codec {
 public:
  /// Reads the log's dictionaries. `log`, `keys` and `contents` outlive it. Without `contents` nothing is put there, and what was cannot be read.
  static Result<std::unique_ptr<Codec>> Create(Log* log, KeyStore* keys, ContentStore* contents = nullptr);
  virtual ~Codec() = default;
  /// Fills entry->sealed and entry->dictionary; everything else in `entry` is set by the caller beforehand. Attachments over 64 KB are in the
  /// content store, synced, when this returns. Errors: kUnavailable for a full disk.
  virtual Status Seal(const Content& content, const PersonKey& key, NewEntry* entry) const = 0;
  /// What becomes of an attachment that is missing or damaged: an error, or an empty string in its place (Content::lost), for those who need the
  /// rest: views, and erasures.
  enum class Lost : uint8_t { kFails, kLeftOut };
  /// Errors: kGone when the person was erased; kCorrupt when the tag fails, or an attachment is missing or damaged.
  virtual Result<Content> Unseal(const NewEntry& entry, Lost lost = Lost::kFails) const = 0;
  /// The hashes of the attachments that the entry names; none is opened. Errors: as Unseal's.
  virtual Result<std::vector<std::string>> AttachmentsOf(const NewEntry& entry) const = 0;
  /// Offers a text as a training sample. Samples are blanked (training.h): only member names, and coded values seen with at
  /// least 20 different owners, reach a dictionary. Cheap when the type has its dictionary already.
  virtual void Observe(TypeCode type, OwnerNumber owner, std::string_view text) = 0;
  /// Trains dictionaries that have enough samples and adds them to the log. Called by a background thread, never by the writer's.
  /// Returns how many were trained. `log_write` runs the given function on the writer's thread (Log's writing calls come from one thread).
  virtual Result<int> TrainDue(const std::function<Status(const std::function<Status()>&)>& log_write) = 0;
};

}  // namespace tk::log
