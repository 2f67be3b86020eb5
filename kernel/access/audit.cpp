#include "kernel/access/audit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "kernel/access/audit_chain.h"
#include "kernel/access/erasure_notes.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/text.h"
#include "kernel/view/engine.h"

namespace tk::access {
namespace {

constexpr int kSlotsMax = 64;
// Few, so that under load the thread has a little to do often: what it does at once holds up a request on the same core. When little happens it
// waits longer, as waking costs more than what it then does.
constexpr size_t kGatherRecords = 64;
constexpr int kGatherMs = 25;

struct Queued {
  AuditRecord record;
  Instant at_us = 0;
  std::function<void(Status)> durable;
};

Status CopyOf(const Status& status) {
  if (status.ok()) return {};
  return Error(status.error());
}

class FileAudit final : public AuditLog {
 public:
  FileAudit(const AuditOptions& options, int slot, FileLock lock)
      : options_(options), slot_(slot), lock_(std::move(lock)), notes_(options.folder) {}

  Status Start() {
    TRY(notes_.Load());
    TRY(Continue());
    thread_ = std::thread([this] { Run(); });
    return {};
  }

  ~FileAudit() override {
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (fd_ >= 0) ::close(fd_);
  }

  Status Append(AuditRecord record, std::function<void(Status)> durable) override {
    const bool at_once = durable != nullptr;
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      if (!healthy() || queue_.size() >= options_.queue_max || stop_) {
        notes_.Untaken(record);
        return MakeError(ErrorCode::kUnavailable,
                         "the audit cannot be written; nothing is served without it");
      }
      notes_.Mark(&record);
      queue_.push_back({std::move(record), options_.clock->NowUs(), std::move(durable)});
      ++appended_;
      if (at_once) urgent_ = true;
      if (!at_once && queue_.size() != 1 && queue_.size() != gather_records_) return {};
    }
    wake_.notify_one();
    return {};
  }

  std::vector<UnendedErasure> UnendedErasures() const override { return notes_.Unended(); }
  Status CloseErasure(const std::string& mark) override { return notes_.Close(mark); }
  bool healthy() const override { return healthy_.load(std::memory_order_relaxed); }

  Status Flush() override {
    std::unique_lock<std::mutex> hold(mutex_);
    const uint64_t target = appended_;
    urgent_ = true;
    wake_.notify_one();
    synced_wake_.wait(hold, [&] { return synced_ >= target || stop_ || !healthy(); });
    if (synced_ >= target) return {};
    return MakeError(ErrorCode::kUnavailable, "the audit cannot be written");
  }

  Statistics statistics() const override {
    const std::lock_guard<std::mutex> hold(mutex_);
    return {appended_, queue_.size(), syncs_, sync_us_total_};
  }

 private:
  Status Continue();
  /// What a new file tells of the one before.
  struct BeforeFile {
    uint64_t torn_bytes = 0, damaged = 0;
  };
  static BeforeFile TellOf(const std::string& path, const AuditScan& scan);
  Status BeginFile(const BeforeFile& before);
  void AppendLine(const Queued& queued);
  Status WriteLines();
  Status Sync();
  Status Rotate();
  void Run();
  bool TakeBatch(std::vector<Queued>* batch);
  void WriteBatch(std::vector<Queued>* batch);
  void Answer(const Status& status);

  const AuditOptions options_;
  const size_t gather_records_ = std::clamp<size_t>(options_.queue_max / 2, 1, kGatherRecords);
  const int slot_;
  FileLock lock_;
  ErasureNotes notes_;

  // The thread's own.
  int fd_ = -1;
  uint64_t file_number_ = 0;
  size_t file_bytes_ = 0;  // good bytes of the file
  uint64_t record_ = 0;    // number of the last record
  std::string chain_ = kFirstChain;
  std::string line_, name_, lines_;
  std::vector<std::function<void(Status)>> waiting_;
  uint64_t written_ = 0;  // records written so far by this process
  bool unsynced_ = false;
  bool cut_back_ = true;      // false: part of a line stands at the end of the file
  int64_t synced_at_us_ = 0;  // MonotonicUs

  std::atomic<bool> healthy_{true};
  mutable std::mutex mutex_;
  std::condition_variable wake_, synced_wake_;
  std::vector<Queued> queue_;
  bool urgent_ = false, stop_ = false;
  uint64_t appended_ = 0, synced_ = 0, syncs_ = 0, sync_us_total_ = 0;
  std::thread thread_;
};

// Goes on where the last file of the slot ends; after a torn end or damage in a new file, which tells of it. The chain goes on from the last
// line that has one, so that damage stays where it is and can be told from what came after.
Status FileAudit::Continue() {
  std::vector<AuditFile> files = TRY(ListAuditFiles(options_.folder));
  std::erase_if(files, [this](const AuditFile& file) { return file.slot != slot_; });
  if (files.empty()) return BeginFile({});
  file_number_ = files.back().number;
  BeforeFile before;
  for (size_t i = files.size(); i-- > 0;) {
    const std::string bytes = TRY(ReadFile(files[i].path, kAuditFileBytesMax));
    const AuditScan scan = ScanAudit(bytes, "");
    if (i + 1 == files.size()) before = TellOf(files[i].path, scan);
    if (scan.lines == 0) continue;  // nothing of it is an audit's
    record_ = scan.last_record;
    chain_ = scan.chain;
    file_bytes_ = bytes.size();
    break;
  }
  fd_ = ::open(files.back().path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) return SystemError("open", files.back().path, errno);
  if (before.torn_bytes == 0 && before.damaged == 0 && file_bytes_ < options_.rotate_bytes) return {};
  // What the process before wrote and did not sync: on disk before a file tells how it ends.
  if (::fdatasync(fd_) != 0) return SystemError("sync", files.back().path, errno);
  return BeginFile(before);
}

FileAudit::BeforeFile FileAudit::TellOf(const std::string& path, const AuditScan& scan) {
  if (scan.torn_bytes != 0) Say(LogLevel::kWarning, "audit-end-torn", {{"bytes", uint64_t{scan.torn_bytes}}});
  if (scan.wrong_count != 0) {
    Say(LogLevel::kError, "audit-damaged",
        {{"file", std::string_view(path)},
         {"line", scan.wrong.front().line},
         {"places", scan.wrong_count},
         {"what", std::string_view(scan.wrong.front().what)}});
  }
  return {scan.torn_bytes, scan.wrong_count};
}

Status FileAudit::BeginFile(const BeforeFile& before) {
  const std::string path = options_.folder + "/" + AuditFileName(slot_, file_number_ + 1);
  std::string line =
      fmt::format(R"({{"file":{},"slot":{},"at":"{}","records_before":{},"torn_bytes":{})", file_number_ + 1,
                  slot_, FormatInstant(options_.clock->NowUs()), record_, before.torn_bytes);
  if (before.damaged != 0) line += fmt::format(R"(,"damaged_before":{})", before.damaged);
  std::string chain = chain_;
  CloseLine(&line, &chain);
  // Whole or absent, and its name durable: a file without header cannot be.
  TRY(WriteFileDurable(path, line, 0600));
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path, errno);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  ++file_number_;
  file_bytes_ = line.size();
  chain_ = std::move(chain);
  return {};
}

void FileAudit::AppendLine(const Queued& queued) {
  const AuditRecord& record = queued.record;
  const Viewer* const viewer = record.viewer.get();
  std::string& line = line_;
  const auto text = [&line](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    line += key;
    AppendJsonString(value, &line);
  };
  const auto number = [&line](std::string_view key, uint64_t value) {
    line += key;
    AppendNumber(static_cast<int64_t>(value), &line);
  };
  line.clear();
  number("{\"n\":", ++record_);
  line += ",\"at\":\"";
  AppendInstant(queued.at_us, &line);
  line += '"';
  text(",\"account\":", viewer != nullptr ? viewer->account : record.account);
  text(",\"post\":", viewer != nullptr && viewer->post != nullptr ? std::string_view(viewer->post->name)
                                                                  : std::string_view());
  text(",\"action\":", record.action);
  text(",\"type\":", record.type);
  uint32_t owner = record.owner;
  if (!record.id.empty()) {
    name_.assign(record.type).append(1, '/').append(record.id);
    const uint64_t id_hash = KeyedHash(options_.id_key, name_);
    line += ",\"id\":\"";
    AppendHex(id_hash, &line);
    line += '"';
    if (owner == 0 && options_.owner_of) owner = options_.owner_of(id_hash);
  }
  if (owner != 0) number(",\"owner\":", owner);
  if (!record.owners.empty() && (record.owners.size() > 1 || record.owners.front() != owner)) {
    char before = '[';
    line += ",\"owners\":";
    for (const uint32_t each : record.owners) {
      line += before;
      AppendNumber(int64_t{each}, &line);
      before = ',';
    }
    line += ']';
  }
  number(",\"status\":", static_cast<uint64_t>(record.status));
  if (record.t != 0) number(",\"t\":", record.t);
  if (record.records != 0) number(",\"records\":", record.records);
  if (record.damaged != 0) number(",\"damaged\":", record.damaged);
  if (record.unseen != 0) number(",\"unseen\":", record.unseen);
  text(",\"reason\":", record.reason);
  text(",\"request\":", record.request_id);
  text(",\"session\":", viewer != nullptr ? viewer->session : "");
  text(",\"scope\":", viewer == nullptr ? "" : viewer->area.empty() ? "city" : viewer->area);
  text(",\"erasure\":", record.erasure);
  if (!record.erasure.empty()) notes_.Lined(record, owner, slot_, file_number_);
  CloseLine(&line, &chain_);
  lines_ += line;
}

// Writes `lines_`, the notes of the erasures that they ask for first; on failure cuts the file back to its last good line, so that a retry does not tear it.
Status FileAudit::WriteLines() {
  TRY(notes_.WriteNew());
  const std::string path = options_.folder + "/" + AuditFileName(slot_, file_number_);
  // A line after half a line would be damage that nobody did.
  if (!cut_back_ && ::ftruncate(fd_, static_cast<off_t>(file_bytes_)) != 0)
    return SystemError("cut back", path, errno);
  cut_back_ = true;
  size_t done = 0;
  while (done < lines_.size()) {
    const ssize_t put = ::write(fd_, lines_.data() + done, lines_.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int reason = errno;
      cut_back_ = ::ftruncate(fd_, static_cast<off_t>(file_bytes_)) == 0;
      if (!cut_back_) Say(LogLevel::kError, "audit-not-cut-back", {{"errno", int64_t{errno}}});
      return SystemError("write", path, reason);
    }
    done += static_cast<size_t>(put);
  }
  file_bytes_ += lines_.size();
  lines_.clear();
  unsynced_ = true;
  return {};
}

Status FileAudit::Sync() {
  const int64_t begin_us = MonotonicUs();
  if (unsynced_ && ::fdatasync(fd_) != 0) return SystemError("sync", options_.folder, errno);
  unsynced_ = false;
  notes_.Synced();
  synced_at_us_ = MonotonicUs();
  const std::lock_guard<std::mutex> hold(mutex_);
  ++syncs_;
  sync_us_total_ += static_cast<uint64_t>(synced_at_us_ - begin_us);
  synced_ = written_;
  synced_wake_.notify_all();
  return {};
}

// The file is whole on disk before one after it is: lines lost from its end would be damage.
Status FileAudit::Rotate() {
  TRY(Sync());
  return BeginFile({});
}

void FileAudit::Answer(const Status& status) {
  for (const auto& durable : waiting_) durable(CopyOf(status));
  waiting_.clear();
}

// Waits for work; true when the batch must be synced at once. Nothing new and something unsynced: wakes at its time.
bool FileAudit::TakeBatch(std::vector<Queued>* batch) {
  std::unique_lock<std::mutex> hold(mutex_);
  const auto has_work = [this] { return !queue_.empty() || stop_ || urgent_; };
  if (unsynced_) {
    const int64_t left_us = synced_at_us_ + int64_t{options_.sync_ms} * 1000 - MonotonicUs();
    if (left_us > 0) wake_.wait_for(hold, std::chrono::microseconds(left_us), has_work);
  } else {
    wake_.wait(hold, has_work);
  }
  // A little gathering: under load, a write a record would cost more than the records.
  const auto enough = [this] { return stop_ || urgent_ || queue_.size() >= gather_records_; };
  if (!queue_.empty()) wake_.wait_for(hold, std::chrono::milliseconds(kGatherMs), enough);
  batch->swap(queue_);
  const bool at_once = urgent_ || stop_;
  urgent_ = false;
  return at_once;
}

void FileAudit::WriteBatch(std::vector<Queued>* batch) {
  for (Queued& queued : *batch) {
    AppendLine(queued);
    if (queued.durable) waiting_.push_back(std::move(queued.durable));
  }
  written_ += batch->size();
  batch->clear();
}

void FileAudit::Run() {
  std::vector<Queued> batch;
  for (;;) {
    const bool at_once = TakeBatch(&batch);
    WriteBatch(&batch);
    Status status = lines_.empty() ? Status() : WriteLines();
    const bool due = MonotonicUs() - synced_at_us_ >= int64_t{options_.sync_ms} * 1000;
    if (status.ok() && (at_once || due || !waiting_.empty())) {
      status = Sync();
      Answer(status);
    }
    if (status.ok() && file_bytes_ >= options_.rotate_bytes) status = Rotate();
    const bool was_healthy = healthy_.exchange(status.ok());
    if (!status.ok()) {
      if (was_healthy) SayError("audit-not-written", status.error());
      Answer(status);
      synced_wake_.notify_all();
    } else if (!was_healthy) {
      Say(LogLevel::kWarning, "audit-written-again", {});
    }
    std::unique_lock<std::mutex> hold(mutex_);
    if (stop_ && queue_.empty() && (lines_.empty() || !status.ok())) return;
    // The lines that could not be written are kept and tried again in a second; meanwhile nothing new is taken in.
    if (!status.ok()) {
      wake_.wait_for(hold, std::chrono::seconds(1), [this] { return stop_; });
      urgent_ = true;
    }
  }
}

}  // namespace

bool NeedsDurableRecord(std::string_view action) {
  return action == "reveal" || action == "emergency" || action == "export" || action == "print" ||
         action == "erase" || action == "erase-asked" || action == "emergency-asked" || action == "$export" ||
         action == "$erase";
}

AuditOptions AuditOf(const view::Engine& engine, const std::string& folder, const Clock* clock) {
  AuditOptions options;
  options.folder = folder + "/audit";
  options.clock = clock;
  options.id_key = engine.hash_key();
  options.owner_of = [&engine](uint64_t id_hash) {
    const view::Directory::Version version = engine.directory().Current(id_hash, engine.Head());
    if (version.ordinal == 0) return 0u;
    return engine.directory().OwnerNow(engine.directory().Get(version.ordinal).owner);
  };
  return options;
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const AuditOptions& options) {
  CHECK(options.clock != nullptr);
  TRY(MakeFolder(options.folder));
  for (int slot = 0; slot < kSlotsMax; ++slot) {
    auto lock = FileLock::Take(fmt::format("{}/slot-{}.lock", options.folder, slot), 0);
    if (!lock.ok()) continue;
    auto audit = std::make_unique<FileAudit>(options, slot, std::move(lock).value());
    TRY(audit->Start());
    return std::unique_ptr<AuditLog>(std::move(audit));
  }
  return MakeError(ErrorCode::kUnavailable,
                   fmt::format("all {} slots of the audit in {} are taken", kSlotsMax, options.folder));
}

}  // namespace tk::access
