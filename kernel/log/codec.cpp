#include "kernel/log/codec.h"

#include <fmt/format.h>
#define ZSTD_STATIC_LINKING_ONLY  // the parameters of a dictionary
#include <zstd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstring>
#include <map>
#include <mutex>

#include "kernel/base/short_work.h"
#include "kernel/log/parts.h"
#include "kernel/log/row.h"
#include "kernel/log/seal.h"
#include "kernel/log/training.h"

namespace tk::log {
namespace {

constexpr int kLevel = 3;
constexpr uint8_t kCompressed = 1, kHasMeta = 2, kHasParts = 4;
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);
constexpr size_t kTypesMax = 4096, kDictionariesMax = 16384;
constexpr size_t kFrameBytesMax = size_t{256} << 20;
// A first dictionary as soon as it pays, a better one when there is more to learn from.
constexpr size_t kSamplesFirst = 300, kSamplesSecond = 3000;

template <class T, size_t (*Free)(T*)>
struct ZstdFreer {
  void operator()(T* p) const { Free(p); }
};
template <class T, size_t (*Free)(T*)>
using Zstd = std::unique_ptr<T, ZstdFreer<T, Free>>;

Error Damaged(std::string_view what) {
  return MakeError(ErrorCode::kCorrupt, "A stored resource is damaged; run verify and restore from a backup.",
                   std::string(what));
}

struct LoadedDictionary {
  DictionaryId id = 0;
  Zstd<ZSTD_CDict, ZSTD_freeCDict> compress;
  Zstd<ZSTD_DDict, ZSTD_freeDDict> expand;
};

std::array<char, 19> AdditionalData(const NewEntry& entry) {
  std::array<char, 19> out;
  size_t at = 0;
  const auto put = [&](auto value) {
    std::memcpy(out.data() + at, &value, sizeof value);
    at += sizeof value;
  };
  put(entry.type);
  put(entry.id_hash);
  put(entry.version);
  put(static_cast<uint8_t>(entry.op));
  put(entry.owner);
  return out;
}

// What a dictionary is searched by. Its hash table is what a text's every position is looked up in, so it is kept to 32 KB, which stays in the
// processor's cache: level 3's own two tables take 96 to 400 KB. One table of 6 bytes gives the same sizes on records (city and Synthea, type by
// type: between 3 % less and 3 % more, together none) in two thirds of the time; shorter matches than 6 bytes cost more to write than they save.
ZSTD_CDict* MakeCompressDictionary(std::string_view bytes) {
  ZSTD_compressionParameters search = ZSTD_getCParams(kLevel, ZSTD_CONTENTSIZE_UNKNOWN, bytes.size());
  search.strategy = ZSTD_fast;
  search.hashLog = search.chainLog = 13;
  search.searchLog = 1;
  search.minMatch = 6;
  search.targetLength = 0;
  return ZSTD_createCDict_advanced(bytes.data(), bytes.size(), ZSTD_dlm_byCopy, ZSTD_dct_auto, search,
                                   ZSTD_defaultCMem);
}

ZSTD_CCtx* Compressor() {
  thread_local const Zstd<ZSTD_CCtx, ZSTD_freeCCtx> context([] {
    ZSTD_CCtx* made = ZSTD_createCCtx();
    CHECK(made != nullptr);
    ZSTD_CCtx_setParameter(made, ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(made, ZSTD_c_dictIDFlag, 0);    // the entry names its dictionary
    ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, 0);  // the tag protects the bytes
    return made;
  }());
  return context.get();
}

ZSTD_DCtx* Expander() {
  thread_local const Zstd<ZSTD_DCtx, ZSTD_freeDCtx> context(ZSTD_createDCtx());
  CHECK(context != nullptr);
  return context.get();
}

// The frame, in the memory of *body or *packed; compressed only where that makes it smaller.
std::string_view PackFrame(const Content& content, const std::vector<Part>& parts, std::string_view text,
                           const LoadedDictionary* dictionary, std::string* body, std::string* packed) {
  constexpr size_t kSpare = kZstdMagic.size() - 1;
  const auto flags =
      static_cast<uint8_t>((content.has_meta ? kHasMeta : 0) | (parts.empty() ? 0 : kHasParts));
  body->assign(1, static_cast<char>(flags));
  PutVarint(body, content.splice);
  PutVarint(body, content.id.size());
  body->append(content.id);
  if (!parts.empty()) AppendParts(parts, body);
  body->append(text);
  ZSTD_CCtx* context = Compressor();
  packed->resize(ZSTD_compressBound(body->size()));
  ZSTD_CCtx_refCDict(context, dictionary != nullptr ? dictionary->compress.get() : nullptr);
  const size_t size =
      ZSTD_compress2(context, packed->data(), packed->size(), body->data() + 1, body->size() - 1);
  if (ZSTD_isError(size) != 0 || size - kSpare >= body->size()) return *body;
  // The format byte takes the place of the last magic byte; what is before it is not kept.
  (*packed)[kSpare] = static_cast<char>(flags | kCompressed);
  return std::string_view(*packed).substr(kSpare, size - kSpare);
}

Status ExpandFrame(const LoadedDictionary* dictionary, std::string* plain, std::string* body) {
  // The magic bytes take the place of the format byte.
  plain->replace(0, 1, kZstdMagic);
  const unsigned long long size = ZSTD_getFrameContentSize(plain->data(), plain->size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kFrameBytesMax)
    return Damaged("frame size");
  body->resize(size);
  const size_t got =
      dictionary != nullptr
          ? ZSTD_decompress_usingDDict(Expander(), body->data(), body->size(), plain->data(), plain->size(),
                                       dictionary->expand.get())
          : ZSTD_decompressDCtx(Expander(), body->data(), body->size(), plain->data(), plain->size());
  if (ZSTD_isError(got) != 0 || got != size) return Damaged("frame");
  return {};
}

class CodecImpl final : public Codec {
 public:
  CodecImpl(Log* log, KeyStore* keys, ContentStore* contents) : log_(log), keys_(keys), contents_(contents) {}
  Status Load() const;
  Status Seal(const Content& content, const PersonKey& key, NewEntry* entry) const override;
  Result<Content> Unseal(const NewEntry& entry, Lost lost) const override;
  Result<std::vector<std::string>> AttachmentsOf(const NewEntry& entry) const override;
  void Observe(TypeCode type, OwnerNumber owner, std::string_view text) override;
  Result<int> TrainDue(const std::function<Status(const std::function<Status()>&)>& log_write) override;

 private:
  struct Opened;
  Result<Opened> Open(const NewEntry& entry) const;
  struct Training {
    Trainer trainer;
    int trained = 0;  // dictionaries made from it
  };
  // How far a type's training is, readable without the lock: full means nothing is sought now.
  enum class Wanted : uint8_t { kSamples, kFull };

  Result<const LoadedDictionary*> DictionaryOf(DictionaryId id) const;
  bool IsDue(const Training& training) const;

  Log* log_;
  KeyStore* keys_;
  ContentStore* contents_;  // may be null
  mutable std::mutex load_mutex_;
  mutable std::vector<std::unique_ptr<LoadedDictionary>> owned_;
  mutable std::array<std::atomic<const LoadedDictionary*>, kTypesMax> newest_{};
  mutable std::array<std::atomic<const LoadedDictionary*>, kDictionariesMax> by_id_{};
  mutable std::array<std::atomic<uint8_t>, kTypesMax> count_{};  // dictionaries a type has
  std::array<std::atomic<Wanted>, kTypesMax> wanted_{};
  std::mutex training_mutex_;
  std::map<TypeCode, Training> training_;
};

Status CodecImpl::Load() const {
  const std::lock_guard lock(load_mutex_);
  for (const Log::Dictionary& stored : TRY(log_->Dictionaries())) {
    if (stored.id >= kDictionariesMax || stored.type >= kTypesMax)
      return MakeError(ErrorCode::kTooLarge, "The log has too many dictionaries.");
    if (by_id_[stored.id].load(std::memory_order_relaxed) != nullptr) continue;
    auto loaded = std::make_unique<LoadedDictionary>();
    loaded->id = stored.id;
    loaded->compress.reset(MakeCompressDictionary(stored.bytes));
    loaded->expand.reset(ZSTD_createDDict(stored.bytes.data(), stored.bytes.size()));
    if (loaded->compress == nullptr || loaded->expand == nullptr) return Damaged("dictionary");
    by_id_[stored.id].store(loaded.get(), std::memory_order_release);
    newest_[stored.type].store(loaded.get(), std::memory_order_release);
    count_[stored.type].fetch_add(1, std::memory_order_relaxed);
    owned_.push_back(std::move(loaded));
  }
  return {};
}

Result<const LoadedDictionary*> CodecImpl::DictionaryOf(DictionaryId id) const {
  if (id == 0) return static_cast<const LoadedDictionary*>(nullptr);
  if (id >= kDictionariesMax) return Damaged("dictionary number");
  const LoadedDictionary* found = by_id_[id].load(std::memory_order_acquire);
  if (found == nullptr) {
    TRY(Load());  // another process of the same log may have trained it
    found = by_id_[id].load(std::memory_order_acquire);
  }
  if (found == nullptr) return Damaged("the dictionary is missing");
  return found;
}

Status CodecImpl::Seal(const Content& content, const PersonKey& key, NewEntry* entry) const {
  thread_local std::string body, packed;
  const LoadedDictionary* dictionary =
      entry->type < kTypesMax ? newest_[entry->type].load(std::memory_order_acquire) : nullptr;
  std::string rest;
  std::vector<Part> parts;
  if (contents_ != nullptr && content.text.size() > kPartCharsMin)
    parts = TRY(TakeParts(content.text, key, contents_, &rest));
  const std::string_view plain =
      PackFrame(content, parts, parts.empty() ? content.text : rest, dictionary, &body, &packed);
  entry->owner = key.owner;
  const bool compressed = (static_cast<uint8_t>(plain[0]) & kCompressed) != 0;
  entry->dictionary = compressed && dictionary != nullptr ? dictionary->id : 0;
  const auto additional = AdditionalData(*entry);
  entry->sealed.clear();
  return SealBytes(key, AsBytes({additional.data(), additional.size()}), AsBytes(plain), &entry->sealed);
}

/// A frame taken apart; `parts` and `rest` of what Expand gave last on this thread.
struct CodecImpl::Opened {
  Content content;  // without text
  std::vector<Part> parts;
  std::string_view rest;
};

Result<CodecImpl::Opened> CodecImpl::Open(const NewEntry& entry) const {
  thread_local std::string plain, expanded;
  const PersonKey key = TRY(keys_->Get(entry.owner));
  const auto additional = AdditionalData(entry);
  TRY(UnsealBytes(key, AsBytes({additional.data(), additional.size()}), AsBytes(entry.sealed), &plain));
  if (plain.empty()) return Damaged("empty frame");
  const auto flags = static_cast<uint8_t>(plain[0]);
  std::string_view body = std::string_view(plain).substr(1);
  if ((flags & kCompressed) != 0) {
    const LoadedDictionary* dictionary = TRY(DictionaryOf(entry.dictionary));
    TRY(ExpandFrame(dictionary, &plain, &expanded));
    body = expanded;
  }
  uint64_t splice = 0, id_size = 0;
  size_t at = 0;
  if (!GetVarint(body, &at, &splice) || !GetVarint(body, &at, &id_size) || id_size > body.size() - at)
    return Damaged("frame head");
  Opened opened;
  opened.content.id = body.substr(at, id_size);
  opened.content.splice = static_cast<uint32_t>(splice);
  opened.content.has_meta = (flags & kHasMeta) != 0;
  at += id_size;
  if ((flags & kHasParts) != 0) {
    auto parts = ReadParts(body, &at);
    if (!parts) return Damaged("parts");
    opened.parts = std::move(*parts);
  }
  opened.rest = body.substr(at);
  return opened;
}

Result<Content> CodecImpl::Unseal(const NewEntry& entry, Lost lost) const {
  Opened opened = TRY(Open(entry));
  Content content = std::move(opened.content);
  if (opened.parts.empty()) {
    content.text = opened.rest;
  } else {
    if (contents_ == nullptr) return Damaged("parts");
    if (ShortWork::Refuses(kPartCharsMin + 1)) return MakeError(ErrorCode::kBusy, "this is no short work");
    content.text = TRY(PutBack(opened.rest, opened.parts, entry.owner, *contents_,
                               lost == Lost::kLeftOut ? &content.lost : nullptr));
  }
  // What is left out lies mostly before the splice: where the members of meta go is not known then, and not asked for.
  if (content.splice > content.text.size() && content.lost.empty()) return Damaged("splice");
  return content;
}

Result<std::vector<std::string>> CodecImpl::AttachmentsOf(const NewEntry& entry) const {
  std::vector<std::string> hashes;
  for (Part& part : TRY(Open(entry)).parts) hashes.push_back(std::move(part.hash));
  return hashes;
}

// The first dictionary needs samples of enough persons to keep coded values at all, unless the type has no persons (owner 0).
bool CodecImpl::IsDue(const Training& training) const {
  const Trainer& trainer = training.trainer;
  if (training.trained == 0)
    return trainer.varied() && (trainer.samples() >= kSamplesFirst || trainer.full());
  return training.trained == 1 && (trainer.samples() >= kSamplesSecond || trainer.full());
}

void CodecImpl::Observe(TypeCode type, OwnerNumber owner, std::string_view text) {
  if (type >= kTypesMax || text.empty() || wanted_[type].load(std::memory_order_relaxed) == Wanted::kFull)
    return;
  const std::lock_guard lock(training_mutex_);
  Training& training = training_[type];
  if (count_[type].load(std::memory_order_relaxed) >= 2) {
    wanted_[type].store(Wanted::kFull, std::memory_order_relaxed);
    training_.erase(type);
    return;
  }
  training.trained = count_[type].load(std::memory_order_relaxed);
  training.trainer.Add(owner, text);
  if (IsDue(training))
    wanted_[type].store(Wanted::kFull, std::memory_order_relaxed);  // until TrainDue has run
}

Result<int> CodecImpl::TrainDue(const std::function<Status(const std::function<Status()>&)>& log_write) {
  std::vector<TypeCode> due;
  {
    const std::lock_guard lock(training_mutex_);
    for (const auto& [type, training] : training_) {
      if (IsDue(training)) due.push_back(type);
    }
  }
  int trained = 0;
  for (const TypeCode type : due) {
    Trainer trainer;
    {
      // Taken out while it learns, so that workers who offer samples of other types do not wait. (Nothing is sought of this type meanwhile.)
      const std::lock_guard lock(training_mutex_);
      trainer = std::move(training_.at(type).trainer);
    }
    const auto bytes = trainer.Train();
    if (bytes.ok()) {
      TRY(log_write([&]() -> Status {
        const auto id = log_->AddDictionary(type, *bytes);
        return id.ok() ? Status() : Status(id.error());
      }));
      TRY(Load());
      ++trained;
    }
    const std::lock_guard lock(training_mutex_);
    training_.erase(type);
    // Samples that gave no dictionary, and those of the last one, are not needed any more.
    if (!bytes.ok() || count_[type].load(std::memory_order_relaxed) >= 2) continue;
    training_[type] = Training{std::move(trainer), 1};
    wanted_[type].store(Wanted::kSamples, std::memory_order_relaxed);
  }
  return trained;
}

// Past the JSON value that begins at `at`.
size_t SkipValue(std::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
      }
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      --depth;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return at;
}

}  // namespace

Status Splice(Content* content) {
  const std::string_view text = content->text;
  uint32_t after_type = 0, after_id = 0;
  for (size_t at = 1; at < text.size() && text[at] == '"';) {
    const size_t colon = text.find("\":", at + 1);  // names of members have no escapes
    if (text[0] != '{' || colon == std::string_view::npos) break;
    const std::string_view name = text.substr(at + 1, colon - at - 1);
    const size_t value = colon + 2;
    if (name == "meta" && value < text.size() && text[value] == '{') {
      content->splice = static_cast<uint32_t>(value + 1);
      content->has_meta = true;
      return {};
    }
    const size_t end = SkipValue(text, value);
    if (name == "resourceType") after_type = static_cast<uint32_t>(end);
    if (name == "id") after_id = static_cast<uint32_t>(end);
    at = end + 1;
  }
  if (after_type == 0)
    return MakeError(ErrorCode::kIncorrect, "A resource is a JSON object with a member resourceType.");
  content->splice = after_id != 0 ? after_id : after_type;
  content->has_meta = false;
  return {};
}

void AppendResource(const Content& content, uint32_t version, Instant at_us, std::string* out) {
  const std::string_view text = content.text;
  CHECK(content.splice <= text.size());
  out->reserve(out->size() + text.size() + 96);
  out->append(text.substr(0, content.splice));
  const bool more = content.has_meta && content.splice < text.size() && text[content.splice] != '}';
  if (!content.has_meta) out->append(R"(,"meta":{)");
  std::array<char, 10> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), version).ptr;
  out->append(R"("versionId":")")
      .append(digits.data(), end)
      .append(R"(","lastUpdated":")")
      .append(FormatInstant(at_us))
      .push_back('"');
  if (!content.has_meta || more) out->push_back(content.has_meta ? ',' : '}');
  out->append(text.substr(content.splice));
}

bool OpensWith(const PersonKey& key, const NewEntry& entry) {
  const std::array<char, 19> additional = AdditionalData(entry);
  std::string plain;
  return UnsealBytes(key, AsBytes({additional.data(), additional.size()}), AsBytes(entry.sealed), &plain)
      .ok();
}

Result<std::unique_ptr<Codec>> Codec::Create(Log* log, KeyStore* keys, ContentStore* contents) {
  auto codec = std::make_unique<CodecImpl>(log, keys, contents);
  TRY(codec->Load());
  return std::unique_ptr<Codec>(std::move(codec));
}

}  // namespace tk::log
