// Erasure of a person: what belongs to the log room.
// Flow:   the writer appends a kErase entry (the applied change: views drop what they hold) → EraseOwner destroys the key and
//   removes the contents → the ledger in keys.db remembers it for every restore.
// After a crash between the entry and the key, FinishErasures does what is left. After a restore, ErasuresToReplay tells which persons
// the restored log does not know to be erased; the writer appends their entries, so that views hear of them.
// Source: DESIGN 6.
#pragma once

#include "kernel/log/content_store.h"
#include "kernel/log/keys.h"

namespace tk::log {

/// Destroys the owner's key and contents. The kErase entry must be durable already. Idempotent. kIncorrect for owner 0.
Status EraseOwner(KeyStore* keys, ContentStore* contents, OwnerNumber owner, Instant at_us);

/// Finishes every erasure whose entry is in the log from ordinal `from` on. Returns how many keys still existed. At a start, `from` is
/// where the views were saved; after a restore of keys.db, 1. Cost: a scan.
Result<int> FinishErasures(const Log& log, KeyStore* keys, ContentStore* contents, Ordinal from);

/// Owners of the ledger without a kErase entry in the log, in the order of the ledger. Cost: a scan of the log; for use after a restore.
Result<std::vector<OwnerNumber>> ErasuresToReplay(const Log& log, const KeyStore& keys);

}  // namespace tk::log
