#include "kernel/access/erasure_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/access/audit_chain.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/fhir/value.h"

namespace tk::access {
namespace {

constexpr std::string_view kBegin = "asked-", kEnd = ".json";
constexpr int kErased = 200;  // status of an erasure that went through

uint64_t NumberIn(fhir::Value value) {
  const std::string_view digits = value.Number();
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

std::string ErasureNotes::PathOf(std::string_view mark) const {
  return fmt::format("{}/{}{}{}", folder_, kBegin, mark, kEnd);
}

// A note without its line was not asked for: the line is on disk before anything is done. One that cannot be read stays for another start.
Status ErasureNotes::Load() {
  std::vector<Note> notes;
  const std::vector<std::string> names = TRY(ListFolder(folder_));
  for (const std::string& name : names) {
    if (!name.starts_with(kBegin)) continue;
    if (!name.ends_with(kEnd)) {  // begun beside its place
      TRY(RemoveFile(folder_ + "/" + name));
      continue;
    }
    auto note = Read(name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size()));
    if (note.ok())
      notes.push_back(std::move(note).value());
    else
      SayError("erasure-note-unreadable", note.error());
  }
  if (notes.empty()) return {};
  const std::vector<AuditFile> files = TRY(ListAuditFiles(folder_));
  for (const AuditFile& file : files) {
    const auto is_before = [&file](const Note& note) {
      return note.slot == static_cast<uint64_t>(file.slot) && file.number < note.file;
    };
    if (std::all_of(notes.begin(), notes.end(), is_before)) continue;
    TRY(SyncFile(file.path));  // a line that is believed must last
    const std::string text = TRY(ReadFile(file.path, kAuditFileBytesMax));
    for (Note& note : notes) Look(text, &note);
  }
  const std::lock_guard hold(mutex_);
  for (Note& note : notes) {
    if (note.asked && !note.ended)
      notes_.push_back(std::move(note));
    else
      TRY(RemoveFile(PathOf(note.erasure.mark)));
  }
  return {};
}

Result<ErasureNotes::Note> ErasureNotes::Read(const std::string& mark) const {
  const std::string text = TRY(ReadFile(PathOf(mark)));
  const fhir::Document document = TRY(fhir::Document::Parse(text));
  const fhir::Value root = document.Root();
  Note note;
  note.erasure.mark = mark;
  note.erasure.owner = static_cast<uint32_t>(NumberIn(root["owner"]));
  note.erasure.reason = root["reason"].ToString();
  note.erasure.request_id = root["request"].ToString();
  note.state = State::kOpen;
  note.slot = NumberIn(root["slot"]);
  note.file = NumberIn(root["file"]);
  return note;
}

// Whole lines only: what was on disk ends with a newline.
void ErasureNotes::Look(std::string_view text, Note* note) {
  const std::string mark = fmt::format(R"("erasure":"{}")", note->erasure.mark);
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const size_t begin = text.rfind('\n', at) + 1, end = text.find('\n', at);
    if (end == std::string_view::npos) return;
    const std::string_view line = text.substr(begin, end - begin);
    const auto has = [line](std::string_view part) { return line.find(part) != std::string_view::npos; };
    if (has(R"("action":"erase-asked")"))
      note->asked = true;
    else if (has(R"("action":"erase",)") && !has(R"("status":200,)"))
      note->erasure.answered = true;
    else
      note->ended = true;
  }
}

void ErasureNotes::Mark(AuditRecord* record) {
  const bool asks = record->action == "erase-asked", answers = record->action == "erase";
  if (!asks && !answers && record->erasure.empty()) return;
  const std::lock_guard hold(mutex_);
  if (asks) {
    record->erasure = NewUuid();
    Note note;
    note.erasure.mark = record->erasure;
    note.erasure.owner = record->owner;
    note.erasure.reason = record->reason;
    note.erasure.request_id = record->request_id;
    note.erasure.running = true;
    note.type = record->type;
    note.id = record->id;
    notes_.push_back(std::move(note));
    return;
  }
  const auto marked = [record](const Note& note) { return note.erasure.mark == record->erasure; };
  const auto at = std::find_if(notes_.begin(), notes_.end(), marked);
  Note* const note = answers ? RunningOf(*record) : at == notes_.end() ? nullptr : &*at;
  if (note == nullptr) return;
  record->erasure = note->erasure.mark;
  if (!answers || record->status == kErased) note->state = State::kEnded;
}

// Under mutex_.
ErasureNotes::Note* ErasureNotes::RunningOf(const AuditRecord& record) {
  const auto is_it = [&record](const Note& note) {
    return note.state == State::kRunning && note.erasure.request_id == record.request_id &&
           note.type == record.type && note.id == record.id;
  };
  const auto at = std::find_if(notes_.begin(), notes_.end(), is_it);
  return at == notes_.end() ? nullptr : &*at;
}

void ErasureNotes::Untaken(const AuditRecord& record) {
  if (record.action != "erase") return;
  const std::lock_guard hold(mutex_);
  Note* const note = RunningOf(record);
  if (note == nullptr) return;
  note->state = State::kOpen;
  note->erasure.running = false;
}

std::vector<UnendedErasure> ErasureNotes::Unended() const {
  std::vector<UnendedErasure> unended;
  const std::lock_guard hold(mutex_);
  for (const Note& note : notes_)
    if (note.state != State::kEnded) unended.push_back(note.erasure);
  return unended;
}

Status ErasureNotes::Close(const std::string& mark) {
  const std::lock_guard hold(mutex_);
  TRY(RemoveFile(PathOf(mark)));
  std::erase_if(notes_, [&mark](const Note& note) { return note.erasure.mark == mark; });
  return {};
}

void ErasureNotes::Lined(const AuditRecord& record, uint32_t owner, int slot, uint64_t file_number) {
  if (record.action != "erase-asked") {
    const bool is_end = record.action != "erase" || record.status == kErased;
    (is_end ? ended_ : refused_).push_back(record.erasure);
    return;
  }
  std::string bytes = fmt::format(R"({{"owner":{},"slot":{},"file":{},"reason":)", owner, slot, file_number);
  AppendJsonString(record.reason, &bytes);
  bytes += R"(,"request":)";
  AppendJsonString(record.request_id, &bytes);
  bytes += "}\n";
  new_.emplace_back(record.erasure, std::move(bytes));
  const std::lock_guard hold(mutex_);
  for (Note& note : notes_)
    if (note.erasure.mark == record.erasure) note.erasure.owner = owner;
}

Status ErasureNotes::WriteNew() {
  while (!new_.empty()) {
    TRY(WriteFileDurable(PathOf(new_.back().first), new_.back().second, 0600));
    new_.pop_back();
  }
  return {};
}

// That one is gone need not last: the next start finds its end, and takes it away again.
void ErasureNotes::Synced() {
  if (ended_.empty() && refused_.empty()) return;
  const std::lock_guard hold(mutex_);
  for (Note& note : notes_) {
    if (std::find(refused_.begin(), refused_.end(), note.erasure.mark) == refused_.end()) continue;
    note.erasure.answered = true;
    note.erasure.running = false;
    note.state = State::kOpen;
  }
  refused_.clear();
  for (const std::string& mark : ended_) {
    if (const Status gone = RemoveFile(PathOf(mark)); !gone.ok())
      SayError("erasure-note-stays", gone.error());
    std::erase_if(notes_, [&mark](const Note& note) { return note.erasure.mark == mark; });
  }
  ended_.clear();
}

}  // namespace tk::access
