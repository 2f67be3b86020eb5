#include "kernel/log/bond.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "kernel/base/file.h"
#include "kernel/log/codec.h"

namespace tk::log {
namespace {

constexpr Ordinal kOpened = 256, kLookedAt = 8192;
constexpr std::string_view kSqlite = "sqlite", kPostgres = "postgresql";

std::string PlaceFile(const std::string& folder) { return folder + "/log.place"; }

/// "" if nothing readable was kept.
std::string KeptPlace(const std::string& folder) {
  const auto text = ReadFile(PlaceFile(folder));
  if (!text.ok()) return {};
  for (const std::string_view place : {kSqlite, kPostgres}) {
    if (*text == std::string(place) + "\n") return std::string(place);
  }
  return {};
}

/// Persons in `folder`/keys.db; 0 if there is none.
Result<uint64_t> PersonsKnown(const std::string& folder) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(folder + "/keys.db", error);
  if (error || bytes == 0) return uint64_t{0};
  const auto keys = TRY(OpenKeyStore(folder));
  return uint64_t{keys->end()} - 1;
}

Result<bool> HasEntries(const std::string& folder) {
  if (!FileExists(folder + "/log.db")) return false;
  OpenOptions open;
  open.folder = folder;
  open.read_only = true;
  open.read_connections = 1;
  return TRY(OpenLog(open))->head().next_ordinal > 1;
}

Error ElsewhereError(const std::string& folder, std::string_view kept) {
  const std::string_view text = kept == kPostgres
                                    ? "The log of {0} is in PostgreSQL, and no --log was given; a second log "
                                      "would begin beside it. Nothing was "
                                      "changed. Give its address: --log postgresql://… (or TONGKANG_LOG). If "
                                      "it was moved here by hand and not by "
                                      "`tongkang restore`, remove {0}/log.place"
                                    : "The log of {0} is log.db in it, and --log names another place; a "
                                      "second log would begin beside it. Nothing "
                                      "was changed. Leave out --log (and TONGKANG_LOG); or move the log "
                                      "there: `tongkang backup`, then `tongkang "
                                      "restore --log …`. If it was moved by hand, remove {0}/log.place";
  return MakeError(ErrorCode::kIncorrect, fmt::format(fmt::runtime(text), folder));
}

Error NoLogError(const std::string& folder, uint64_t persons, std::string_view what) {
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("{0}/keys.db knows {1} persons, and {2}. Nothing was stored. If the log of "
                               "this folder is in PostgreSQL, give "
                               "its address, the one that it had: --log postgresql://… (or TONGKANG_LOG). If "
                               "the log is lost: `tongkang "
                               "restore`. If nothing was ever stored here, begin in a new folder",
                               folder, persons, what));
}

Error DoNotFit(const std::string& folder, std::string_view what, std::string internal) {
  return MakeError(
      ErrorCode::kCorrupt,
      fmt::format(
          "The keys in {0}/keys.db do not fit the log: {1}. Nothing was changed. Ways out: put back the "
          "keys.db that belongs to this log (the newest one that `tongkang backup --keys-to` wrote: stop the "
          "program, copy it to {0}/keys.db, mode 0600); or, if only an older one is left, restore the "
          "log as it was then (`tongkang restore --until`)",
          folder, what),
      std::move(internal));
}

// Nothing is said of an entry that is damaged, erased, or whose key alone is damaged: that is told where it is read, and by verify.
Status CheckEntry(const StoredEntry& entry, bool open, const KeyStore& keys, const std::string& folder) {
  if (entry.op == Operation::kErase || keys.IsDestroyed(entry.owner)) return {};
  if (entry.owner >= keys.end()) {
    return DoNotFit(
        folder, "they are older than the log, which names persons that they do not know",
        fmt::format("owner {} at ordinal {}, keys end at {}", entry.owner, entry.ordinal, keys.end()));
  }
  if (!open) return {};
  const auto key = keys.Get(entry.owner);
  if (!key.ok() || OpensWith(*key, entry)) return {};
  return DoNotFit(folder, "they are those of another log, or older than this one, and open nothing of it",
                  fmt::format("ordinal {}", entry.ordinal));
}

/// Was this person erased by the running program since these keys were opened?
Result<bool> IsErasedSince(const KeyStore& keys, OwnerNumber owner) {
  for (const KeyStore::Erasure& erasure : TRY(keys.Ledger())) {
    if (erasure.owner == owner) return true;
  }
  return false;
}

/// Whether entries open, and what they name is in the contents. What of a person is not there because he was erased meanwhile is none.
class AttachmentsLook {
 public:
  AttachmentsLook(const Codec& codec, const KeyStore& keys, const ContentStore& contents)
      : codec_(codec), keys_(keys), contents_(contents) {}

  Status Look(const StoredEntry& entry, std::vector<std::string>* damage) {
    const auto hashes = codec_.AttachmentsOf(entry);
    if (!hashes.ok()) {
      if (hashes.error().code == ErrorCode::kUnavailable) return hashes.error();
      if (hashes.error().code == ErrorCode::kGone || TRY(IsErasedSince(keys_, entry.owner))) return {};
      damage->push_back(
          fmt::format("the entry at ordinal {} does not open, or cannot be expanded: it, its key or its "
                      "dictionary is damaged; restore from a backup",
                      entry.ordinal));
      return {};
    }
    for (const std::string& hash : *hashes) {
      if (contents_.Has(entry.owner, hash) || TRY(IsErasedSince(keys_, entry.owner))) continue;
      const std::string place = contents_.PlaceOf(entry.owner, hash);
      if (told_.insert(place).second)
        damage->push_back(fmt::format(
            "contents/{}: missing, and the entry at ordinal {} names it; put it back from a backup", place,
            entry.ordinal));
    }
    return {};
  }

 private:
  const Codec& codec_;
  const KeyStore& keys_;
  const ContentStore& contents_;
  std::unordered_set<std::string> told_;
};

class KeysVerifier {
 public:
  KeysVerifier(const Log& log, const Codec& codec, const KeyStore& keys, const ContentStore& contents,
               VerifyReport* report)
      : log_(log),
        codec_(codec),
        keys_(keys),
        report_(report),
        attachments_(codec, keys, contents),
        seen_(keys.end()) {}

  Status Run() {
    for (const Log::Dictionary& dictionary : TRY(log_.Dictionaries()))
      dictionary_types_.emplace(dictionary.id, dictionary.type);
    Status scanned = log_.Scan(1, log_.head().next_ordinal, [&](StoredEntry&& entry) -> Result<bool> {
      if (entry.op != Operation::kErase) TRY(Look(entry));
      return damage_ < kDamageMax;
    });
    // Damage of the log itself is told by Log::Verify.
    if (!scanned.ok() && scanned.error().code != ErrorCode::kCorrupt) return scanned;
    if (missing_persons_.empty()) return {};
    report_->damage.push_back(
        fmt::format("keys.db: the keys of {} persons are missing (numbers {} to {}), who have {} entries in "
                    "the log and were "
                    "not erased; put back a keys.db that is not older than the log (`tongkang backup "
                    "--keys-to` wrote it)",
                    missing_persons_.size(), missing_persons_.begin()->first,
                    missing_persons_.rbegin()->first, missing_entries_));
    return {};
  }

 private:
  static constexpr size_t kDamageMax = 1000;

  void Damage(std::string line) {
    ++damage_;
    report_->damage.push_back(std::move(line));
  }

  Status Look(const StoredEntry& entry) {
    if (keys_.IsDestroyed(entry.owner)) return {};
    if (entry.owner >= seen_.size() || missing_persons_.contains(entry.owner)) {
      ++missing_entries_;
      missing_persons_.emplace(entry.owner, true);
      return {};
    }
    const bool new_type = types_.insert(entry.type).second;
    const bool new_dictionary = entry.dictionary != 0 && dictionaries_.insert(entry.dictionary).second;
    if (new_dictionary) LookAtDictionary(entry);
    if (seen_[entry.owner] && !new_type && !new_dictionary) return LookInto(entry);
    seen_[entry.owner] = true;
    return Open(entry);
  }

  Status LookInto(const StoredEntry& entry) {
    const size_t before = report_->damage.size();
    TRY(attachments_.Look(entry, &report_->damage));
    damage_ += report_->damage.size() - before;
    return {};
  }

  void LookAtDictionary(const StoredEntry& entry) {
    const auto found = dictionary_types_.find(entry.dictionary);
    if (found == dictionary_types_.end()) {
      Damage(fmt::format("dictionary {} is missing, and entries need it; restore from a backup",
                         entry.dictionary));
    } else if (found->second != entry.type) {
      Damage(fmt::format("dictionary {} names a foreign type; restore from a backup", entry.dictionary));
    }
  }

  Status Open(const StoredEntry& entry) {
    const auto key = keys_.Get(entry.owner);
    if (!key.ok() && key.error().code != ErrorCode::kCorrupt) return key.error();
    if (!key.ok()) {
      if (TRY(IsErasedSince(keys_, entry.owner))) return {};
      // Keys lost out of the middle: damage of keys.db, told by its own look too.
      ++missing_entries_;
      missing_persons_.emplace(entry.owner, true);
      return {};
    }
    if (!OpensWith(*key, entry)) {
      Damage(fmt::format(
          "keys.db: the key of person number {} does not open his entries (ordinal {}): keys.db is "
          "of another log, or was put back too old; put back the one that belongs to this log",
          entry.owner, entry.ordinal));
      return {};
    }
    TRY(LookInto(entry));
    // Attachments that are damaged are told by the contents' own look.
    const auto content = codec_.Unseal(entry, Codec::Lost::kLeftOut);
    if (!content.ok()) return {};
    const std::string name = log_.TypeName(entry.type) + "/" + content->id;
    if (KeyedHash(keys_.hash_key(), name) == entry.id_hash || !damaged_types_.insert(entry.type).second)
      return {};
    Damage(fmt::format(
        "table of types: code {} does not mean what the entry at ordinal {} was written as; restore "
        "from a backup",
        entry.type, entry.ordinal));
    return {};
  }

  const Log& log_;
  const Codec& codec_;
  const KeyStore& keys_;
  VerifyReport* report_;
  AttachmentsLook attachments_;
  std::vector<bool> seen_;
  std::map<OwnerNumber, bool> missing_persons_;
  uint64_t missing_entries_ = 0;
  size_t damage_ = 0;
  std::unordered_set<TypeCode> types_, damaged_types_;
  std::unordered_set<DictionaryId> dictionaries_;
  std::unordered_map<DictionaryId, TypeCode> dictionary_types_;
};

}  // namespace

Status CheckKeys(const Log& log, const KeyStore& keys, Ordinal end, const std::string& folder) {
  const Ordinal head_end = std::min(end, kOpened + 1);
  const Ordinal tail = std::max(head_end, end > kLookedAt ? end - kLookedAt : 1);
  const Ordinal open_from = end > kOpened ? end - kOpened : 1;
  Status misfit;
  const auto each = [&](const StoredEntry& entry) -> Result<bool> {
    const bool open = entry.ordinal < head_end || entry.ordinal >= open_from;
    misfit = CheckEntry(entry, open, keys, folder);
    return misfit.ok();
  };
  for (const auto& [from, to] : {std::pair{Ordinal{1}, head_end}, std::pair{tail, end}}) {
    Status scanned = log.Scan(from, to, each);
    if (!misfit.ok()) return misfit;
    if (!scanned.ok() && scanned.error().code != ErrorCode::kCorrupt) return scanned;
  }
  return {};
}

Status CheckLogPlace(const OpenOptions& options, const std::string& folder) {
  const std::string_view place = options.url.empty() ? kSqlite : kPostgres;
  const std::string kept = KeptPlace(folder);
  if (!kept.empty() && kept != place) {
    const bool bound = kept == kPostgres || TRY(PersonsKnown(folder)) != 0 || TRY(HasEntries(options.folder));
    return bound ? ElsewhereError(folder, kept) : Status();
  }
  if (place != kSqlite || FileExists(options.folder + "/log.db")) return {};
  const uint64_t persons = TRY(PersonsKnown(folder));
  return persons == 0 ? Status() : NoLogError(folder, persons, "there is no log.db");
}

Status KeepLogPlace(const std::string& folder, std::string_view backend) {
  if (KeptPlace(folder) == backend) return {};
  return WriteFileDurable(PlaceFile(folder), std::string(backend) + "\n");
}

Result<std::unique_ptr<KeyStore>> OpenKeysOf(const Log& log, const std::string& folder, Cipher cipher) {
  const Head head = log.head();
  const Ordinal end = head.next_ordinal;
  auto keys = TRY(end > 1 ? OpenExistingKeyStore(folder, cipher) : OpenKeyStore(folder, cipher));
  TRY(CheckKeys(log, *keys, end, folder));
  // Keys of persons are durable before their first entry, so a crash in the very first write leaves an empty log that is theirs all the same:
  // one that is kept as theirs and that somebody has written to (or that a restore has emptied).
  const bool theirs = head.incarnation > 1 || (head.epoch != 0 && KeptPlace(folder) == log.backend());
  if (end == 1 && keys->end() > 1 && !theirs)
    return NoLogError(folder, keys->end() - 1, fmt::format("the log ({}) is empty", log.backend()));
  TRY(KeepLogPlace(folder, log.backend()));
  return keys;
}

Status VerifyKeys(Log* log, KeyStore* keys, ContentStore* contents, VerifyReport* report) {
  TRY(keys->Verify(&report->damage));
  TRY(contents->Verify(&report->damage));
  const auto codec = Codec::Create(log, keys, contents);
  if (!codec.ok() && codec.error().code == ErrorCode::kUnavailable) return codec.error();
  // Without its dictionaries the log cannot be read: Log::Verify tells why.
  if (!codec.ok()) return {};
  return KeysVerifier(*log, **codec, *keys, *contents, report).Run();
}

Status VerifyContents(Log* log, KeyStore* keys, ContentStore* contents, std::vector<std::string>* damage) {
  constexpr size_t kDamageMax = 1000;
  TRY(contents->Verify(damage));
  const auto codec = TRY(Codec::Create(log, keys, contents));
  AttachmentsLook look(*codec, *keys, *contents);
  return log->Scan(1, log->head().next_ordinal, [&](StoredEntry&& entry) -> Result<bool> {
    if (entry.op != Operation::kErase && !keys->IsDestroyed(entry.owner)) TRY(look.Look(entry, damage));
    return damage->size() < kDamageMax;
  });
}

}  // namespace tk::log
