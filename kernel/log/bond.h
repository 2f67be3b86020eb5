// A log and its store of keys belong together: every entry is sealed with a key of that store and of no other. Where a store of keys is missing,
// empty, older than the log or of another log, nobody may go on: persons would get numbers that the log has given to others, and
// resources that exist would begin a second life.
// Flow:   CheckLogPlace → OpenLog → OpenKeysOf (looks at the log's beginning and end) → Engine.   `tongkang verify`: VerifyKeys (looks at everything).
// What binds them is the sealing itself: the tag of an entry fails under every other key. So no identity has to be kept, and logs
// of every age, back end and life are bound alike. An empty log has nothing sealed: for it `log.place` beside keys.db keeps which back end the
// folder's log is in ("sqlite", "postgresql"), so that a start without --log does not begin an empty log beside the one in PostgreSQL.
#pragma once

#include "kernel/log/content_store.h"
#include "kernel/log/keys.h"
#include "kernel/log/log.h"

namespace tk::log {

/// Before a log is opened: is `options` where the log of `folder` is? Nothing is created. A folder without keys or without persons in them, and
/// a log.db without entries, bind nobody. Errors: kIncorrect, with the ways out.
Status CheckLogPlace(const OpenOptions& options, const std::string& folder);

/// Keeps in `folder` that its log is of this back end (Log::backend()). For a restore; OpenKeysOf does it too.
Status KeepLogPlace(const std::string& folder, std::string_view backend);

/// The store of keys of `log` in `folder`. A log without entries may begin with a new store; one with entries never does.
/// Errors: kCorrupt when keys.db is missing, empty, older than the log or of another one: what is missing, and the ways out;
/// kIncorrect when the keys know persons and the log is an empty one that is not known to be theirs; what
/// OpenKeyStore says otherwise. Nothing is created then.
Result<std::unique_ptr<KeyStore>> OpenKeysOf(const Log& log, const std::string& folder,
                                             Cipher cipher = Cipher::kAes256Gcm);

/// The look of OpenKeysOf, at entries before `end`: opens the first 256 and the last 256, and looks at whose the last 8,192 are. Damaged
/// entries and single damaged keys do not count here. Cost: some 20 ms.
Status CheckKeys(const Log& log, const KeyStore& keys, Ordinal end, const std::string& folder);

/// Looks at everything: keys.db itself; whether every owner in the log has his key or was erased; whether one entry of every owner, type
/// and dictionary is what its type's name and id hash say; whether every entry opens; whether every content opens, and all that entries name are
/// there. Adds lines to report->damage. All are only read.
/// Cost: a scan of the log with an unsealing (some µs) of every entry; a reading of the contents.
Status VerifyKeys(Log* log, KeyStore* keys, ContentStore* contents, VerifyReport* report);

/// Whether every content opens, and all that the entries of the log name are there: of a backup's own. Adds a line to `damage` for each that is not.
/// Cost: as VerifyKeys.
Status VerifyContents(Log* log, KeyStore* keys, ContentStore* contents, std::vector<std::string>* damage);

}  // namespace tk::log
