// Tables as text: rows of fields separated by commas (tabs, semicolons), as spreadsheets write them.
// Flow:   bytes → ToUtf8 (charset.h) → CsvReader → Next, row by row → FindColumns on the first → the caller's rows
// Source: RFC 4180. Taken besides: LF or CR alone at the end of a line, other separators, rows of nothing (passed over), a quote inside a
//         field that does not begin with one.
// Errors: a broken row is told by row.fault, and reading goes on with the next line; only a quote that nobody closes takes all that follows.
// Cost:   a few ns a byte; a row is held at a time. Memory: that of the longest row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk {

inline constexpr size_t kCsvFieldsMax = 256;
inline constexpr size_t kCsvFieldBytesMax = size_t{1} << 20;

/// A cell that says nothing, though its row is whole: what a spreadsheet has lost of it already.
struct BadCell {
  size_t column = 0;      // from 1
  std::string_view text;  // a literal: what is wrong and how to mend it
};
struct CsvRow {
  std::vector<std::string_view> fields;  // without their quotes; good until the next Next
  uint64_t line = 0;                     // of its first field, from 1
  std::string_view fault;                // a literal; "" if there is none. Then the fields are worth nothing.
  size_t fault_column = 0;               // from 1
  std::vector<BadCell> bad_cells;        // never of CSV (exchange/table_reader.h)
};

class CsvReader {
 public:
  /// `text` must live as long as this. `separator` '\0': of , tab ; and | the one that is most often outside quotes in the first row.
  explicit CsvReader(std::string_view text, char separator = '\0');
  /// False at the end.
  bool Next(CsvRow* row);
  char separator() const { return separator_; }

 private:
  struct Field {
    size_t from, size;
    bool in_scratch;
  };
  bool ReadRow(CsvRow* row);
  bool ReadField(CsvRow* row);
  bool ReadQuoted(CsvRow* row);
  void SkipLine();
  bool AtLineEnd() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  void TakeLineEnd();
  void Fault(CsvRow* row, std::string_view what);

  const std::string_view text_;
  char separator_;
  size_t at_ = 0;
  uint64_t line_ = 1;
  std::vector<Field> fields_;
  std::string scratch_;
};

/// A column that a table may have: `names` as heads may write it, in any language, the first as messages call it.
struct CsvColumn {
  std::span<const std::string_view> names;
  bool required = false;
};
struct CsvColumns {
  std::vector<size_t> at;            // [wanted column]: which field it is; kNone if the table has not got it
  std::vector<std::string> unknown;  // heads that nobody asked for
  size_t heads = 0;                  // how many fields the first row has
  static constexpr size_t kNone = ~size_t{0};
  /// Without blanks around it; "" when the row or the table has not got it.
  std::string_view Of(const CsvRow& row, size_t wanted) const;
};
/// Heads are compared without blanks around them and without case. Errors: kIncorrect when a required one is missing, or one stands twice, with
/// the names that would do.
Result<CsvColumns> FindColumns(const CsvRow& head, std::span<const CsvColumn> wanted);

/// Appends a field, in quotes where it must be: when it holds a separator, a quote or a line end, or blanks at its ends.
void AppendCsvField(std::string_view field, std::string* out);

}  // namespace tk
