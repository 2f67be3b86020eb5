// Any bytes: each row is whole or told to be broken, reading ends, lines only rise; what was read, written and read again is the same.
#include <cstddef>
#include <cstdint>

#include "kernel/base/charset.h"
#include "kernel/base/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tk;
  const auto text = ToUtf8({reinterpret_cast<const char*>(data), size});
  if (!text.ok()) return 0;
  CHECK(FirstBadUtf8(text->text) == text->text.size());
  CsvReader reader(text->text);
  CsvRow row;
  std::uint64_t line = 0;
  std::string written;
  while (reader.Next(&row)) {
    CHECK(row.line > line);
    line = row.line;
    CHECK(row.fields.size() <= kCsvFieldsMax);
    if (!row.fault.empty()) continue;
    CHECK(!row.fields.empty());
    written.clear();
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      if (i != 0) written.push_back(',');
      AppendCsvField(row.fields[i], &written);
    }
    CsvReader again(written, ',');
    CsvRow copy;
    CHECK(again.Next(&copy) && copy.fault.empty() && copy.fields == row.fields);
    CHECK(!again.Next(&copy));
  }
  return 0;
}
