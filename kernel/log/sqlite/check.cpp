#include "kernel/log/sqlite/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tk::log::sqlite {
namespace {

constexpr size_t kHeaderBytes = 100;  // SQLite's file format, section 1.3
constexpr size_t kWriteVersionAt = 18, kReadVersionAt = 19;

// Names and statements of all tables and indexes, in the order of names, without the spaces that a hand may lay otherwise.
Result<std::vector<std::string>> SchemaOf(Database* db) {
  Statement select = TRY(db->Prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"));
  std::vector<std::string> lines;
  while (TRY(select.Step())) {
    std::string line = fmt::format("{} {} {} {}", select.ColumnBytes(0), select.ColumnBytes(1),
                                   select.ColumnBytes(2), select.ColumnBytes(3));
    std::erase_if(line, [](char c) { return c == ' ' || c == '\n'; });
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Status CheckSchema(Database* db, const FileForm& form, std::vector<std::string>* damage) {
  if (TRY(db->QueryInt("PRAGMA application_id")) != form.application_id ||
      TRY(db->QueryInt("PRAGMA user_version")) != form.format) {
    damage->push_back(
        fmt::format("{}: its header does not say what it is; restore from a backup", form.path));
  }
  Database sound = TRY(Database::Open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  TRY(sound.Exec(form.create_sql));
  if (TRY(SchemaOf(db)) != TRY(SchemaOf(&sound))) {
    damage->push_back(fmt::format("{}: its tables are described wrongly; restore from a backup", form.path));
  }
  return {};
}

// Two bytes that SQLite reads before anything else, and by which a file may be readable and yet not writable.
void CheckHeader(Database* db, const FileForm& form, std::vector<std::string>* damage) {
  std::array<unsigned char, kHeaderBytes> header{};
  // Through SQLite's own handle: closing another one would take SQLite's locks on the file away.
  sqlite3_file* file = nullptr;
  const bool whole =
      sqlite3_file_control(db->raw(), "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
      file != nullptr && file->pMethods != nullptr &&
      file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0) == SQLITE_OK;
  // A file whose bytes are all in the write-ahead file still has nothing to look at.
  if (!whole) return;
  if (header[kWriteVersionAt] != header[kReadVersionAt] || header[kReadVersionAt] < 1 ||
      header[kReadVersionAt] > 2)
    damage->push_back(fmt::format("{}: its header is damaged; restore from a backup", form.path));
}

Status CheckPages(Database* db, const FileForm& form, std::vector<std::string>* damage) {
  Statement check = TRY(db->Prepare("PRAGMA integrity_check(100)"));
  while (TRY(check.Step())) {
    std::string line(check.ColumnBytes(0));
    if (line == "ok") continue;
    // One finding may have several lines.
    std::replace(line.begin(), line.end(), '\n', ' ');
    damage->push_back(fmt::format("{}: {}; restore from a backup", form.path, line));
  }
  return {};
}

}  // namespace

Status CheckFile(Database* db, const FileForm& form, std::vector<std::string>* damage) {
  CheckHeader(db, form, damage);
  for (const auto& check : {CheckSchema, CheckPages}) {
    Status checked = check(db, form, damage);
    if (checked.ok()) continue;
    if (checked.error().code == ErrorCode::kUnavailable) return checked;
    damage->push_back(fmt::format("{} cannot be read through ({}); restore from a backup", form.path,
                                  checked.error().internal));
  }
  return {};
}

}  // namespace tk::log::sqlite
