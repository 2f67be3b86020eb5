// The rows of an .xlsx: of its first sheet that is not hidden, unpacked piece by piece.
// Rules:  CsvRow::line is the row's number in the sheet. A cell that is not there is "". A formula counts by the value that was saved with it.
// Source: ISO/IEC 29500-1, 18.3.1 (sheetData, row, c, v, is).
#pragma once

#include "kernel/exchange/table_reader.h"
#include "kernel/exchange/xlsx_parts.h"

namespace tk::exchange {

inline constexpr uint64_t kSheetBytesMax = uint64_t{2} << 30;
inline constexpr uint64_t kSheetRowsMax =
    1'048'576;  // a sheet has no more (ISO/IEC 29500-1, 18.3.1.73 by Excel's limits)

class XlsxReader final : public TableReader {
 public:
  static Result<std::unique_ptr<XlsxReader>> Open(std::string_view bytes, int64_t deadline_us);
  ~XlsxReader() override;
  Result<bool> Next(CsvRow* row) override;
  std::string_view charset() const override { return "xlsx"; }

 private:
  class Rows;
  XlsxReader(ZipFile zip, XlsxBook book, int64_t deadline_us);
  ZipFile zip_;
  const XlsxBook book_;
  const int64_t deadline_us_;
  std::unique_ptr<Rows> rows_;
  std::unique_ptr<XmlPart> part_;
};

}  // namespace tk::exchange
