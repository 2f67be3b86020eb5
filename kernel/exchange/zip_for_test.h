// For tests and the fuzzer: zip files and spreadsheets of given parts.
#pragma once

#include <zip.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/error.h"

namespace tk::exchange {

using ZipParts = std::vector<std::pair<std::string, std::string>>;

inline std::string ZipOf(const ZipParts& parts) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const into = zip_source_buffer_create(nullptr, 0, 0, &error);
  CHECK(into != nullptr);
  zip_source_keep(into);
  zip_t* const zip = zip_open_from_source(into, ZIP_TRUNCATE, &error);
  CHECK(zip != nullptr);
  for (const auto& [name, content] : parts) {
    zip_source_t* const source = zip_source_buffer(zip, content.data(), content.size(), 0);
    CHECK(source != nullptr && zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
  }
  CHECK(zip_close(zip) == 0 && zip_source_open(into) == 0);
  zip_source_seek(into, 0, SEEK_END);
  std::string bytes(static_cast<size_t>(zip_source_tell(into)), '\0');
  zip_source_seek(into, 0, SEEK_SET);
  CHECK(zip_source_read(into, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(bytes.size()));
  zip_source_close(into);
  zip_source_free(into);
  return bytes;
}

inline std::string RelationsXml(const std::vector<std::pair<std::string, std::string>>& kinds_and_targets) {
  std::string xml = "<Relationships>";
  int id = 0;
  for (const auto& [kind, target] : kinds_and_targets)
    xml += "<Relationship Id=\"r" + std::to_string(++id) + "\" Type=\"http://example/relationships/" + kind +
           "\" Target=\"" + target + "\"/>";
  return xml + "</Relationships>";
}

/// `rows`: what stands in sheetData; `texts`: the <si> of the shared texts; style 1 shows days, style 2 a format of its own that shows moments, style 3 one
/// that shows no day though it has the letters in quotes. `sheet_part`: the whole part instead.
inline std::string XlsxOf(const std::string& rows, const std::string& texts = {},
                          const std::string& workbook_properties = {}) {
  return ZipOf(
      {{"_rels/.rels", RelationsXml({{"officeDocument", "xl/workbook.xml"}})},
       {"xl/workbook.xml",
        "<workbook>" + workbook_properties +
            "<sheets><sheet name=\"说明\" state=\"hidden\" r:id=\"r2\" xmlns:r=\"urn:r\"/><sheet name=\"表\" "
            "r:id=\"r1\" xmlns:r=\"urn:r\"/></sheets></workbook>"},
       {"xl/_rels/workbook.xml.rels", RelationsXml({{"worksheet", "worksheets/sheet1.xml"},
                                                    {"worksheet", "worksheets/sheet2.xml"},
                                                    {"sharedStrings", "/xl/sharedStrings.xml"},
                                                    {"styles", "styles.xml"}})},
       {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"},
       {"xl/worksheets/sheet2.xml",
        "<worksheet><sheetData><row><c t=\"str\"><v>hidden</v></c></row></sheetData></worksheet>"},
       {"xl/sharedStrings.xml", "<sst>" + texts + "</sst>"},
       {"xl/styles.xml",
        "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy&quot;年&quot;m&quot;月&quot; "
        "hh:mm\"/>"
        "<numFmt numFmtId=\"165\" formatCode=\"[Red]0.0&quot;days&quot;\"/></numFmts>"
        "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"
        "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf "
        "numFmtId=\"165\"/></cellXfs></styleSheet>"}});
}

}  // namespace tk::exchange
