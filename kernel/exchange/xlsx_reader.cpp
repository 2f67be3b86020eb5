#include "kernel/exchange/xlsx_reader.h"

#include <algorithm>
#include <charconv>

#include "kernel/base/clock.h"

namespace tk::exchange {

/// What was unpacked and not asked for yet: cells of rows, their texts one behind the other.
class XlsxReader::Rows final : public XmlHandler {
 public:
  explicit Rows(const XlsxBook& book) : book_(book) {}

  void Begin(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "row") return BeginRow(attributes);
    if (!in_row_) return;
    if (name == "c") {
      BeginCell(attributes);
    } else if (name == "rPh") {
      ++aloud_;
    } else {
      takes_ = in_cell_ && (name == "v" || (name == "t" && aloud_ == 0));
    }
  }
  void End(std::string_view name) override {
    if (name == "row" && in_row_) EndRow();
    if (name == "c" && in_cell_) EndCell();
    if (name == "rPh" && aloud_ > 0) --aloud_;
    if (name == "v" || name == "t") takes_ = false;
  }
  void Text(std::string_view text) override {
    if (!takes_) return;
    // What is more will be refused by its length.
    value_.append(text.substr(0, kCsvFieldBytesMax + 1 - std::min(value_.size(), kCsvFieldBytesMax + 1)));
  }

  std::string_view fault() const { return fault_; }
  /// False: nothing is left of what was unpacked.
  bool Take(CsvRow* row) {
    if (next_ == rows_.size()) {
      LetGo();
      return false;
    }
    const Row& from = rows_[next_++];
    row->fields.clear();
    row->bad_cells.clear();
    row->fault = from.fault;
    row->fault_column = from.fault_column;
    row->line = from.line;
    for (size_t i = from.first_cell; i < from.end_cell; ++i) {
      row->fields.resize(cells_[i].column + 1);
      row->fields.back() = std::string_view(texts_).substr(cells_[i].from, cells_[i].size);
    }
    for (size_t i = from.first_bad; i < from.end_bad; ++i) row->bad_cells.push_back(bads_[i]);
    return true;
  }

 private:
  struct Cell {
    size_t column, from, size;
  };
  struct Row {
    uint64_t line;
    size_t first_cell, end_cell, first_bad, end_bad;
    std::string_view fault;
    size_t fault_column;
  };

  /// Of all rows but the one that has begun.
  void LetGo() {
    const size_t cell = in_row_ ? current_.first_cell : cells_.size(),
                 bad = in_row_ ? current_.first_bad : bads_.size();
    const size_t text = cell < cells_.size() ? cells_[cell].from : texts_.size();
    cells_.erase(cells_.begin(), cells_.begin() + static_cast<ptrdiff_t>(cell));
    bads_.erase(bads_.begin(), bads_.begin() + static_cast<ptrdiff_t>(bad));
    texts_.erase(0, text);
    for (Cell& each : cells_) each.from -= text;
    rows_.clear();
    next_ = current_.first_cell = current_.first_bad = 0;
  }

  void BeginRow(const XmlAttributes& attributes) {
    const std::string_view number = attributes.Of("r");
    uint64_t line = line_ + 1;
    if (!number.empty()) std::from_chars(number.data(), number.data() + number.size(), line);
    if (line <= line_ || line > kSheetRowsMax) fault_ = "its rows are not numbered in order";
    line_ = line;
    in_row_ = true;
    column_ = 0;
    current_ = {line, cells_.size(), cells_.size(), bads_.size(), bads_.size(), {}, 0};
  }
  void EndRow() {
    in_row_ = in_cell_ = false;
    current_.end_cell = cells_.size();
    current_.end_bad = bads_.size();
    const bool is_empty = current_.first_cell == current_.end_cell && current_.first_bad == current_.end_bad;
    if (!is_empty || !current_.fault.empty()) rows_.push_back(current_);
  }

  /// "C5": the third; a cell that does not say where it is follows the one before it.
  void BeginCell(const XmlAttributes& attributes) {
    in_cell_ = true;
    takes_ = false;
    aloud_ = 0;
    value_.clear();
    const std::string_view at = attributes.Of("r");
    size_t column = 0;
    for (const char c : at) {
      if (c < 'A' || c > 'Z' || column > kCsvFieldsMax) break;
      column = column * 26 + static_cast<size_t>(c - 'A' + 1);
    }
    column = column == 0 ? column_ + 1 : column;  // from 1
    if (column <= column_) fault_ = "its cells are not in order";
    column_ = column;
    const std::string_view type = attributes.Of("t");
    kind_ = type == "s"                            ? Kind::kShared
            : type == "b"                          ? Kind::kYesNo
            : type == "e"                          ? Kind::kError
            : type == "d"                          ? Kind::kDay
            : type == "str" || type == "inlineStr" ? Kind::kText
                                                   : Kind::kNumber;
    style_ = 0;
    const std::string_view style = attributes.Of("s");
    std::from_chars(style.data(), style.data() + style.size(), style_);
  }

  void EndCell() {
    in_cell_ = false;
    if (value_.empty()) return;
    std::string_view bad;
    switch (kind_) {
      case Kind::kShared:
        return PutShared();
      case Kind::kYesNo:
        return Put(value_ == "1" || value_ == "true" ? "true" : "false");
      case Kind::kError:
        return PutBad("The cell holds an error of the spreadsheet, such as #N/A: enter its value.");
      case Kind::kDay: {
        constexpr std::string_view kMidnight = "T00:00:00";
        std::string_view day = value_;
        if (day.ends_with(kMidnight)) day.remove_suffix(kMidnight.size());
        return Put(day);
      }
      case Kind::kNumber: {
        const std::string text = NumberText(value_, style_ < book_.is_day.size() && book_.is_day[style_],
                                            book_.days_from_1904, &bad);
        return bad.empty() ? Put(text) : PutBad(bad);
      }
      case Kind::kText:
        return Put(value_);
    }
  }
  void PutShared() {
    size_t i = 0;
    const auto read = std::from_chars(value_.data(), value_.data() + value_.size(), i);
    if (read.ec != std::errc() || !book_.texts.Has(i)) {
      fault_ = "a cell names a text that is not there";
      return;
    }
    Put(book_.texts.At(i));
  }
  void Put(std::string_view text) {
    if (text.empty()) return;
    Row& row = current_;
    if (column_ > kCsvFieldsMax || text.size() > kCsvFieldBytesMax) {
      if (!row.fault.empty()) return;
      row.fault =
          column_ > kCsvFieldsMax ? "The row has more than 256 fields." : "The field is longer than 1 MB.";
      row.fault_column = column_;
      return;
    }
    cells_.push_back({column_ - 1, texts_.size(), text.size()});
    texts_.append(text);
  }
  void PutBad(std::string_view why) {
    if (column_ <= kCsvFieldsMax) bads_.push_back({column_, why});
  }

  enum class Kind : uint8_t { kShared, kText, kNumber, kYesNo, kError, kDay };
  const XlsxBook& book_;
  std::string texts_, value_;
  std::vector<Cell> cells_;
  std::vector<BadCell> bads_;
  std::vector<Row> rows_;
  Row current_{};  // while in_row_
  size_t next_ = 0;
  uint64_t line_ = 0;
  size_t column_ = 0, style_ = 0, aloud_ = 0;
  Kind kind_ = Kind::kNumber;
  bool in_row_ = false, in_cell_ = false, takes_ = false;
  std::string_view fault_;  // of the file; a literal
};

XlsxReader::XlsxReader(ZipFile zip, XlsxBook book, int64_t deadline_us)
    : zip_(std::move(zip)),
      book_(std::move(book)),
      deadline_us_(deadline_us),
      rows_(std::make_unique<Rows>(book_)) {}
XlsxReader::~XlsxReader() = default;

Result<std::unique_ptr<XlsxReader>> XlsxReader::Open(std::string_view bytes, int64_t deadline_us) {
  ZipFile zip = TRY(ZipFile::Open(bytes));
  XlsxBook book = TRY(ReadBook(zip, deadline_us));
  std::unique_ptr<XlsxReader> reader(new XlsxReader(std::move(zip), std::move(book), deadline_us));
  reader->part_ = std::make_unique<XmlPart>(TRY(reader->zip_.OpenPart(reader->book_.sheet, kSheetBytesMax)),
                                            reader->rows_.get());
  return reader;
}

Result<bool> XlsxReader::Next(CsvRow* row) {
  while (!rows_->Take(row)) {
    if (deadline_us_ != 0 && MonotonicUs() > deadline_us_)
      return MakeError(ErrorCode::kTimeout, "The time for one request is over: send the table in parts.");
    const bool more = TRY(part_->Step());
    if (!rows_->fault().empty())
      return MakeError(ErrorCode::kIncorrect, "The file is no sound spreadsheet: " +
                                                  std::string(rows_->fault()) + ". Save it anew.");
    if (!more) return rows_->Take(row);
  }
  return true;
}

}  // namespace tk::exchange
