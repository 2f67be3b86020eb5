#include "kernel/exchange/table_reader.h"

#include "kernel/base/charset.h"
#include "kernel/exchange/xlsx_reader.h"

namespace tk::exchange {
namespace {

constexpr std::string_view kZipBegins = "PK\x03\x04", kOldOfficeBegins = "\xD0\xCF\x11\xE0";

class CsvTable final : public TableReader {
 public:
  explicit CsvTable(Utf8Text text) : text_(std::move(text)), reader_(Whole(text_)) {}
  Result<bool> Next(CsvRow* row) override { return reader_.Next(row); }
  std::string_view charset() const override { return text_.charset; }

 private:
  /// It moved, and a short text moves with the string that owns it.
  static std::string_view Whole(const Utf8Text& text) { return text.owned.empty() ? text.text : text.owned; }
  const Utf8Text text_;
  CsvReader reader_;
};

}  // namespace

bool IsTableType(std::string_view content_type) {
  return content_type.starts_with("text/csv") || content_type.starts_with(kXlsxType);
}

Result<std::unique_ptr<TableReader>> TableReader::Open(std::string_view bytes, const TableOptions& options) {
  if (bytes.starts_with(kZipBegins))
    return std::unique_ptr<TableReader>(TRY(XlsxReader::Open(bytes, options.deadline_us)));
  if (bytes.starts_with(kOldOfficeBegins))
    return MakeError(ErrorCode::kUnsupported,
                     "The file is an old .xls, or one with a password: save it as .xlsx without a password.");
  return std::unique_ptr<TableReader>(std::make_unique<CsvTable>(TRY(ToUtf8(bytes, options.charset))));
}

}  // namespace tk::exchange
