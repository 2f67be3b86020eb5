// Is a database file as it was written? What SQLite itself can tell of its pages, and what only this program knows of its tables.
// Used by the verifying of log.db and of keys.db.
#pragma once

#include <string>
#include <vector>

#include "kernel/log/sqlite/database.h"

namespace tk::log::sqlite {

/// What a sound file looks like.
struct FileForm {
  std::string path;
  const char* create_sql = nullptr;  // the statements that made its tables
  uint64_t application_id = 0, format = 0;
};

/// Adds a line to `damage` for each finding: header, tables other than `create_sql` makes them, SQLite's own check of every page and index.
/// Errors: kUnavailable when the disk does not answer. Cost: reads the whole file in one read transaction; meanwhile a writer's write-ahead file
/// grows without being begun anew.
Status CheckFile(Database* db, const FileForm& form, std::vector<std::string>* damage);

}  // namespace tk::log::sqlite
