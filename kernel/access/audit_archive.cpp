#include "kernel/access/audit_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "kernel/access/audit_chain.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"

namespace tk::access {
namespace {

constexpr size_t kLineBytesMax = 64 * 1024;  // a page of 1,000 persons has 11 bytes for each
constexpr auto kIndexingPause = std::chrono::seconds(5);

/// Newest first: by time, and within one time by place.
struct Place {
  Instant at_us = 0;
  int slot = 0;
  uint64_t file = 0, at = 0;
  auto Order() const { return std::tie(at_us, slot, file, at); }
};

std::string WritePlace(const Place& place) {
  return fmt::format("{}-{}-{}-{}", place.at_us, place.slot, place.file, place.at);
}

Result<Place> ReadPlace(std::string_view text) {
  Place place;
  const char *at = text.data(), *const end = text.data() + text.size();
  bool good = true;
  const auto number = [&](auto* value, bool last) {
    const auto read = std::from_chars(at, end, *value);
    good = good && read.ec == std::errc() && (last ? read.ptr == end : read.ptr != end && *read.ptr == '-');
    at = last || !good ? read.ptr : read.ptr + 1;
  };
  number(&place.at_us, false);
  number(&place.slot, false);
  number(&place.file, false);
  number(&place.at, true);
  if (!good)
    return MakeError(ErrorCode::kIncorrect, "this page is none of ours: follow the link as it was given");
  return place;
}

/// An open audit file, read by lines.
class LineReader {
 public:
  static Result<LineReader> Open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return SystemError("open", path, errno);
    return LineReader(fd, path);
  }
  LineReader(LineReader&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) { other.fd_ = -1; }
  LineReader& operator=(LineReader&&) = delete;
  ~LineReader() {
    if (fd_ >= 0) ::close(fd_);
  }

  uint64_t bytes() const {
    struct stat about {};
    return ::fstat(fd_, &about) == 0 ? static_cast<uint64_t>(about.st_size) : 0;
  }
  /// [at, at + count), less at the end of the file.
  Result<std::string> Read(uint64_t at, size_t count) const {
    std::string out(count, '\0');
    size_t done = 0;
    while (done < count) {
      const ssize_t got = ::pread(fd_, out.data() + done, count - done, static_cast<off_t>(at + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("read", path_, errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    out.resize(done);
    return out;
  }
  /// The line that begins at `at`, without its end; "" if it has none.
  Result<std::string> Line(uint64_t at) const {
    for (size_t count = 1024;; count *= 8) {
      std::string text = TRY(Read(at, count));
      const size_t end = text.find('\n');
      if (end != std::string::npos) {
        text.resize(end);
        return text;
      }
      if (text.size() < count || count > kLineBytesMax) return std::string();
    }
  }

 private:
  LineReader(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

bool Fits(const AuditQuestion& question, const AuditLine& line) {
  const auto is = [](const std::string& wanted, std::string_view has) {
    return wanted.empty() || wanted == has;
  };
  if (line.at_us < question.from_us || line.at_us >= question.until_us) return false;
  if (!is(question.account, line.account) || !is(question.action, line.action) ||
      !is(question.type, line.type) || !is(question.id, line.id))
    return false;
  const bool refused = line.status >= 400;
  if (question.outcome != AuditQuestion::Outcome::kAny &&
      refused != (question.outcome == AuditQuestion::Outcome::kRefused))
    return false;
  const bool is_then =
      question.spans.empty() ||
      std::any_of(question.spans.begin(), question.spans.end(), [&line](const OwnedSpan& span) {
        return line.Concerns(span.owner) && line.at_us >= span.from_us && line.at_us < span.until_us;
      });
  if (!is_then) return false;
  return question.owners.empty() || std::any_of(question.owners.begin(), question.owners.end(),
                                                [&line](uint32_t owner) { return line.Concerns(owner); });
}

/// The keys of the narrowest criterion; none: every line is looked at.
std::vector<uint64_t> KeysFor(const AuditQuestion& question) {
  std::vector<uint64_t> keys;
  for (const uint32_t owner : question.owners) keys.push_back(KeyOfOwner(owner));
  if (keys.empty() && !question.id.empty()) keys.push_back(KeyOfRecord(question.id));
  if (keys.empty() && !question.account.empty()) keys.push_back(KeyOfAccount(question.account));
  return keys;
}

/// What is in memory of files that have no side file (yet).
class OpenFiles {
 public:
  using Postings = std::shared_ptr<const AuditPostings>;
  /// Read on from where it was read to.
  Result<Postings> Get(const AuditFile& file, const LineReader& reader) {
    const std::lock_guard hold(mutex_);
    std::shared_ptr<AuditPostings>& kept = kept_[file.path];
    if (kept == nullptr) kept = std::make_shared<AuditPostings>();
    const uint64_t bytes = reader.bytes();
    if (bytes > kept->bytes) {
      const std::string more = TRY(reader.Read(kept->bytes, static_cast<size_t>(bytes - kept->bytes)));
      if (kept.use_count() > 1) kept = std::make_shared<AuditPostings>(*kept);  // somebody reads it
      kept->Add(more);
    }
    return Postings(kept);
  }
  void Forget(const std::string& path) {
    const std::lock_guard hold(mutex_);
    kept_.erase(path);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<AuditPostings>> kept_;
};

/// The records of one slot that fit, newest first; file by file.
class SlotWalk {
 public:
  SlotWalk(std::vector<AuditFile> files, const AuditQuestion& question, std::optional<Place> after,
           OpenFiles* open)
      : files_(std::move(files)), question_(question), after_(after), keys_(KeysFor(question)), open_(open) {}

  /// nullptr: there is nothing older.
  Result<std::unique_ptr<const AuditFound>> Next() {
    for (;;) {
      while (!offsets_.empty()) {
        const uint64_t at = offsets_.back();
        offsets_.pop_back();
        if (++looked_ % 256 == 0 && question_.deadline_us != 0 && MonotonicUs() > question_.deadline_us)
          return MakeError(ErrorCode::kTimeout,
                           "the audit could not be searched in time: name a person, an account or a shorter "
                           "time");
        auto found = TRY(Look(at));
        if (found != nullptr) return found;
      }
      if (files_.empty()) return std::unique_ptr<const AuditFound>();
      file_ = files_.back();
      files_.pop_back();
      TRY(BeginFile());
    }
  }

 private:
  Result<std::unique_ptr<const AuditFound>> Look(uint64_t at) {
    auto found = std::make_unique<AuditFound>();
    found->text = TRY(reader_->Line(at));
    if (!ReadAuditLine(found->text, &found->line) || !Fits(question_, found->line))
      return std::unique_ptr<const AuditFound>();
    found->slot = file_.slot;
    found->file = file_.number;
    found->at = at;
    const Place place{found->line.at_us, found->slot, found->file, found->at};
    if (after_ && place.Order() >= after_->Order()) return std::unique_ptr<const AuditFound>();
    return std::unique_ptr<const AuditFound>(std::move(found));
  }

  bool OutOfTime(Instant first_us, Instant last_us) const {
    const Instant until_us = after_ ? std::min(question_.until_us, after_->at_us + 1) : question_.until_us;
    return last_us < question_.from_us || first_us >= until_us;
  }

  Status BeginFile() {
    reader_.emplace(TRY(LineReader::Open(file_.path)));
    auto side = AuditSideFile::Open(AuditSidePath(file_.path), reader_->bytes());
    if (!side.ok() || keys_.empty()) return ByLines(side.ok() ? &*side : nullptr);
    if (OutOfTime(side->first_us(), side->last_us())) return {};
    for (const uint64_t key : keys_) {
      if (const Status found = side->Find(key, &narrow_); found.ok()) continue;
      narrow_.clear();  // a damaged side file: its audit file says it too
      return ByLines(nullptr);
    }
    Take();
    return {};
  }

  /// Without a side file that helps.
  Status ByLines(const AuditSideFile* side) {
    if (side != nullptr && OutOfTime(side->first_us(), side->last_us())) return {};
    if (keys_.empty()) return EveryLine();
    const OpenFiles::Postings postings = TRY(open_->Get(file_, *reader_));
    if (OutOfTime(postings->first_us, postings->last_us)) return {};
    for (const AuditPostings::Posting& posting : postings->postings) {
      if (std::find(keys_.begin(), keys_.end(), posting.key) != keys_.end()) narrow_.push_back(posting.at);
    }
    Take();
    return {};
  }

  Status EveryLine() {
    const std::string bytes = TRY(ReadFile(file_.path, kAuditFileBytesMax));
    for (size_t at = 0; at < bytes.size();) {
      const size_t end = bytes.find('\n', at);
      if (end == std::string::npos) break;
      offsets_.push_back(at);
      at = end + 1;
    }
    return {};
  }

  void Take() {
    std::sort(narrow_.begin(), narrow_.end());
    narrow_.erase(std::unique(narrow_.begin(), narrow_.end()), narrow_.end());
    offsets_.assign(narrow_.begin(), narrow_.end());
    narrow_.clear();
  }

  std::vector<AuditFile> files_;  // not looked at yet, the newest last
  const AuditQuestion& question_;
  const std::optional<Place> after_;
  const std::vector<uint64_t> keys_;
  OpenFiles* const open_;
  AuditFile file_;
  std::optional<LineReader> reader_;
  std::vector<uint32_t> narrow_;
  std::vector<uint64_t> offsets_;  // of lines to look at, the newest last
  uint64_t looked_ = 0;
};

class FileArchive final : public AuditArchive {
 public:
  FileArchive(std::string folder, bool indexing) : folder_(std::move(folder)) {
    if (indexing) thread_ = std::thread([this] { Run(); });
  }
  ~FileArchive() override {
    {
      const std::lock_guard hold(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<AuditAnswer> Search(const AuditQuestion& question) override {
    std::optional<Place> after;
    if (!question.after.empty()) after = TRY(ReadPlace(question.after));
    std::map<int, std::vector<AuditFile>> slots;
    std::vector<AuditFile> all = TRY(ListAuditFiles(folder_));
    for (AuditFile& file : all) slots[file.slot].push_back(std::move(file));
    std::vector<std::unique_ptr<SlotWalk>> walks;
    std::vector<std::unique_ptr<const AuditFound>> heads;
    for (auto& [slot, files] : slots) {
      walks.push_back(std::make_unique<SlotWalk>(std::move(files), question, after, &open_));
      heads.push_back(TRY(walks.back()->Next()));
    }
    AuditAnswer answer;
    const size_t count = std::clamp<size_t>(question.count, 1, kAuditCountMax);
    for (;;) {
      const size_t newest = NewestOf(heads);
      if (newest == heads.size()) return answer;
      if (answer.found.size() == count) {
        answer.next = WritePlace(PlaceOf(*answer.found.back()));
        return answer;
      }
      answer.found.push_back(std::move(heads[newest]));
      heads[newest] = TRY(walks[newest]->Next());
    }
  }

  Result<bool> IndexOne() override {
    const std::vector<AuditFileState> files = TRY(Files());
    for (const AuditFileState& file : files) {
      if (!file.closed || known_good_.contains(file.name)) continue;
      const std::string path = folder_ + "/" + file.name;
      if (AuditSideFile::Open(AuditSidePath(path), file.bytes).ok()) {
        known_good_.insert(file.name);
        continue;
      }
      AuditPostings postings;
      postings.Add(TRY(ReadFile(path, kAuditFileBytesMax)));
      postings.bytes = file.bytes;  // a torn end belongs to it
      postings.Sort();
      TRY(AuditSideFile::Write(AuditSidePath(path), postings));
      known_good_.insert(file.name);
      open_.Forget(path);
      return true;
    }
    return false;
  }

  Result<std::vector<AuditFileState>> Files() const override {
    std::vector<AuditFileState> out;
    const std::vector<AuditFile> files = TRY(ListAuditFiles(folder_));
    for (size_t i = 0; i < files.size(); ++i) {
      AuditFileState state;
      state.name = AuditFileName(files[i].slot, files[i].number);
      state.slot = files[i].slot;
      state.number = files[i].number;
      state.closed = i + 1 < files.size() && files[i + 1].slot == files[i].slot;
      state.bytes = TRY(LineReader::Open(files[i].path)).bytes();
      out.push_back(std::move(state));
    }
    return out;
  }

  Result<std::string> ReadWhole(std::string_view name) const override {
    const std::vector<AuditFile> files = TRY(ListAuditFiles(folder_));
    for (const AuditFile& file : files) {
      if (AuditFileName(file.slot, file.number) == name) return ReadFile(file.path, kAuditFileBytesMax);
    }
    return MakeError(ErrorCode::kNotFound, "there is no audit file of this name");
  }

 private:
  static Place PlaceOf(const AuditFound& found) {
    return {found.line.at_us, found.slot, found.file, found.at};
  }
  static size_t NewestOf(const std::vector<std::unique_ptr<const AuditFound>>& heads) {
    size_t newest = heads.size();
    for (size_t i = 0; i < heads.size(); ++i) {
      if (heads[i] == nullptr) continue;
      if (newest == heads.size() || PlaceOf(*heads[i]).Order() > PlaceOf(*heads[newest]).Order()) newest = i;
    }
    return newest;
  }

  void Run() {
    bool told = false;
    for (;;) {
      const Result<bool> done = IndexOne();
      if (!done.ok() && !told) SayError("audit-not-indexed", done.error());
      told = !done.ok();
      std::unique_lock hold(mutex_);
      const auto pause = done.ok() && *done ? std::chrono::seconds(0) : kIndexingPause;
      if (wake_.wait_for(hold, pause, [this] { return stop_; })) return;
    }
  }

  const std::string folder_;
  OpenFiles open_;
  std::set<std::string> known_good_;  // the indexing thread's (or the test's) own
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<AuditArchive> AuditArchive::Open(const std::string& folder, bool indexing) {
  return std::make_unique<FileArchive>(folder, indexing);
}

}  // namespace tk::access
