#include "kernel/log/erasure.h"

#include <unordered_set>

namespace tk::log {

Status EraseOwner(KeyStore* keys, ContentStore* contents, OwnerNumber owner, Instant at_us) {
  // The key first: from here on nothing of the person can be opened, whatever happens to the files.
  TRY(keys->Destroy(owner, at_us));
  return contents->RemoveOwner(owner);
}

Result<int> FinishErasures(const Log& log, KeyStore* keys, ContentStore* contents, Ordinal from) {
  int finished = 0;
  TRY(log.Scan(from, log.head().next_ordinal, [&](StoredEntry&& entry) -> Result<bool> {
    if (entry.op != Operation::kErase || entry.owner == 0) return true;
    const bool had_key = !keys->IsDestroyed(entry.owner);
    Status erased = EraseOwner(keys, contents, entry.owner, entry.at_us);
    // A store of keys that never knew the person has nothing to destroy.
    if (!erased.ok() && erased.error().code != ErrorCode::kNotFound) return erased.TakeError();
    finished += had_key && erased.ok() ? 1 : 0;
    return true;
  }));
  return finished;
}

Result<std::vector<OwnerNumber>> ErasuresToReplay(const Log& log, const KeyStore& keys) {
  const std::vector<KeyStore::Erasure> ledger = TRY(keys.Ledger());
  std::vector<OwnerNumber> missing;
  if (ledger.empty()) return missing;
  std::unordered_set<OwnerNumber> known;
  TRY(log.Scan(1, log.head().next_ordinal, [&](StoredEntry&& entry) -> Result<bool> {
    if (entry.op == Operation::kErase) known.insert(entry.owner);
    return true;
  }));
  for (const KeyStore::Erasure& erasure : ledger) {
    if (!known.contains(erasure.owner)) missing.push_back(erasure.owner);
  }
  return missing;
}

}  // namespace tk::log
