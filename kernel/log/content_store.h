// Large contents (photos, documents, images over 64 KB): content-addressed, kept per owner, sealed with the owner's key, synced
// before the log entry that names them. The log holds hash and size.
#pragma once

#include "kernel/log/keys.h"

namespace tk::log {

struct ContentRef {
  std::string hash;
  uint64_t size;
};  // hash: hex BLAKE2b-256 of the plain bytes, keyed per log

/// Thread-safe.
class ContentStore {
 public:
  virtual ~ContentStore() = default;
  /// Stores (once per owner and content) and syncs file and folder. Errors: kUnavailable (disk full), nothing half-kept.
  virtual Result<ContentRef> Put(const PersonKey& owner, std::string_view bytes) = 0;
  /// Errors: kNotFound; kCorrupt when tag or hash fails, or the disk does not give the file; kGone when the owner was erased; kUnavailable for
  /// what passes by itself.
  virtual Result<std::string> Get(OwnerNumber owner, std::string_view hash) const = 0;
  /// Is there a file of it? It is not opened.
  virtual bool Has(OwnerNumber owner, std::string_view hash) const = 0;
  /// Where it lies, below the folder of contents. No personal data: a number and a keyed hash.
  virtual std::string PlaceOf(OwnerNumber owner, std::string_view hash) const = 0;
  /// Removes all contents of an erased owner.
  virtual Status RemoveOwner(OwnerNumber owner) = 0;
  virtual Status Backup(const std::string& folder) const = 0;
  /// Opens every content there is; adds a line for each that is damaged. Cost: reads them all.
  virtual Status Verify(std::vector<std::string>* damage) const = 0;
};

/// Brings back what a Backup holds and `folder` lacks; before the folder is opened. The contents of persons erased since come back too
/// (nobody can open them): FinishErasures removes them.
Status RestoreContents(const std::string& backup_folder, const std::string& folder);

/// `reading`: beside the program that writes it; nothing is made or cleared away.
Result<std::unique_ptr<ContentStore>> OpenContentFolder(const std::string& folder, KeyStore* keys,
                                                        bool reading = false);

}  // namespace tk::log
