// Spreadsheets from anybody. First byte: 'z' the rest is the file as it is sent; 's' the rest is what stands in a sheet, 't' shared texts, so that the
// fuzzer need not find a zip file first. Rows must come in order, their cells within limits, whatever else.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kernel/exchange/table_reader.h"
#include "kernel/exchange/zip_for_test.h"

namespace {

void ReadAll(const std::string& bytes) {
  auto reader = tk::exchange::TableReader::Open(bytes, {});
  if (!reader.ok()) return;
  const bool is_sheet = (*reader)->charset() == "xlsx";
  tk::CsvRow row;
  uint64_t line = 0;
  for (;;) {
    const auto more = (*reader)->Next(&row);
    if (!more.ok() || !*more) return;
    if (is_sheet && row.line <= line) std::abort();
    line = row.line;
    if (row.fields.size() > tk::kCsvFieldsMax) std::abort();
    size_t sum = 0;
    for (const std::string_view field : row.fields) {
      if (field.size() > tk::kCsvFieldBytesMax) std::abort();
      for (const char c : field) sum += static_cast<unsigned char>(c);
    }
    if (sum == SIZE_MAX) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'z') ReadAll(rest);
  if (data[0] == 's') ReadAll(tk::exchange::XlsxOf(rest));
  if (data[0] == 't') ReadAll(tk::exchange::XlsxOf("<row><c t=\"s\"><v>0</v></c></row>", rest));
  return 0;
}
