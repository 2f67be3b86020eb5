#include <fmt/format.h>
#include <zip.h>

#include <memory>

#include "kernel/exchange/cells.h"
#include "kernel/exchange/report.h"

namespace tk::exchange {
namespace {

constexpr std::string_view kXmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr std::string_view kMain = "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                           kRelations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// Places in cellXfs of kStyles.
enum Style : int { kPlain = 0, kHead = 1, kText = 2, kTitle = 3 };
constexpr std::string_view kStyles =
    R"(<fonts count="3"><font><sz val="11"/><name val="宋体"/></font><font><b/><sz val="11"/><name val="宋体"/></font><font><b/><sz val="16"/><name val="宋体"/></font></fonts>)"
    R"(<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>)"
    R"(<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border><left style="thin"/><right style="thin"/><top style="thin"/><bottom style="thin"/><diagonal/></border></borders>)"
    R"(<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>)"
    R"(<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="1" xfId="0" applyBorder="1"/><xf numFmtId="0" fontId="1" fillId="0" borderId="1" xfId="0" applyFont="1" applyBorder="1"/>)"
    R"(<xf numFmtId="49" fontId="0" fillId="0" borderId="1" xfId="0" applyNumberFormat="1" applyBorder="1"/><xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>)";

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += "&gt;";
        break;
      case '"':
        *out += "&quot;";
        break;
      default:
        // XML has no other control characters.
        if (static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\n') *out += c;
    }
  }
}

class SheetWriter {
 public:
  SheetWriter(const std::vector<double>& widths, int column_style) {
    out_ = fmt::format(R"({}<worksheet xmlns="{}"><cols>)", kXmlHead, kMain);
    for (size_t i = 0; i < widths.size(); ++i)
      out_ += fmt::format(R"(<col min="{}" max="{}" width="{:.1f}" style="{}" customWidth="1"/>)", i + 1,
                          i + 1, widths[i], column_style);
    out_ += "</cols><sheetData>";
  }
  void BeginRow() { out_ += fmt::format("<row r=\"{}\">", ++row_); }
  void EndRow() { out_ += "</row>"; }
  void Skip() { ++row_; }
  void Text(std::string_view text, int style) {
    out_ += fmt::format(R"(<c t="inlineStr" s="{}"><is><t xml:space="preserve">)", style);
    AppendEscaped(text, &out_);
    out_ += "</t></is></c>";
  }
  void Number(std::string_view number) {
    out_ += fmt::format(R"(<c s="{}"><v>{}</v></c>)", static_cast<int>(kPlain), number);
  }
  std::string Finish() && { return std::move(out_) + "</sheetData></worksheet>"; }

 private:
  std::string out_;
  size_t row_ = 0;
};

constexpr double kWidthOfAll = 90, kWidthMin = 8;

std::string SheetOf(const Report& report, const ReportTable& table) {
  std::vector<double> widths;
  double shares = 0;
  for (const ReportColumn& column : table.columns) shares += column.share;
  for (const ReportColumn& column : table.columns)
    widths.push_back(std::max(kWidthMin, kWidthOfAll * column.share / shares));
  SheetWriter sheet(widths, kPlain);
  const auto line = [&sheet](std::string_view text, int style) {
    sheet.BeginRow();
    sheet.Text(text, style);
    sheet.EndRow();
  };
  line(report.title, kTitle);
  for (const std::string& text : report.lines) line(text, kPlain);
  line(table.title, kHead);
  sheet.BeginRow();
  for (const ReportColumn& column : table.columns) sheet.Text(column.head, kHead);
  sheet.EndRow();
  for (const std::vector<std::string>& row : table.rows) {
    sheet.BeginRow();
    for (size_t i = 0; i < row.size(); ++i) {
      const bool is_number = table.columns[i].is_number && ReadNumber(row[i]).has_value();
      if (is_number) {
        sheet.Number(row[i]);
      } else {
        sheet.Text(row[i], kPlain);
      }
    }
    sheet.EndRow();
  }
  sheet.Skip();
  line(report.footer, kPlain);
  return std::move(sheet).Finish();
}

struct Worksheet {
  std::string name, xml;
};

std::string RelationsXml(std::string_view folder,
                         const std::vector<std::pair<std::string, std::string>>& all) {
  std::string xml = std::string(kXmlHead) +
                    R"(<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">)";
  for (size_t i = 0; i < all.size(); ++i)
    xml += fmt::format(R"(<Relationship Id="rId{}" Type="{}/{}" Target="{}{}"/>)", i + 1, kRelations,
                       all[i].first, folder, all[i].second);
  return xml + "</Relationships>";
}

std::vector<std::pair<std::string, std::string>> PartsOf(const std::vector<Worksheet>& sheets) {
  constexpr std::string_view kKind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  std::vector<std::pair<std::string, std::string>> parts, relations;
  std::string types = fmt::format(
      R"({}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="{}.styles+xml"/>)",
      kXmlHead, kKind, kKind);
  std::string book =
      fmt::format(R"({}<workbook xmlns="{}" xmlns:r="{}"><sheets>)", kXmlHead, kMain, kRelations);
  for (size_t i = 0; i < sheets.size(); ++i) {
    const std::string part = fmt::format("worksheets/sheet{}.xml", i + 1);
    types += fmt::format(R"(<Override PartName="/xl/{}" ContentType="{}.worksheet+xml"/>)", part, kKind);
    book += "<sheet name=\"";
    AppendEscaped(sheets[i].name, &book);
    book += fmt::format(R"(" sheetId="{}" r:id="rId{}"/>)", i + 1, i + 1);
    relations.emplace_back("worksheet", part);
    parts.emplace_back("xl/" + part, sheets[i].xml);
  }
  relations.emplace_back("styles", "styles.xml");
  parts.emplace_back("[Content_Types].xml", types + "</Types>");
  parts.emplace_back("_rels/.rels", RelationsXml("xl/", {{"officeDocument", "workbook.xml"}}));
  parts.emplace_back("xl/workbook.xml", book + "</sheets></workbook>");
  parts.emplace_back("xl/_rels/workbook.xml.rels", RelationsXml("", relations));
  parts.emplace_back("xl/styles.xml",
                     fmt::format(R"({}<styleSheet xmlns="{}">{}</styleSheet>)", kXmlHead, kMain, kStyles));
  return parts;
}

struct Discard {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
struct Free {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};

Error NotPacked() { return MakeError(ErrorCode::kInternal, "The spreadsheet could not be packed."); }

Result<std::string> Packed(const std::vector<std::pair<std::string, std::string>>& parts) {
  zip_error_t error;
  zip_error_init(&error);
  const std::unique_ptr<zip_source_t, Free> into(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (into == nullptr) return NotPacked();
  zip_source_keep(into.get());
  std::unique_ptr<zip_t, Discard> zip(zip_open_from_source(into.get(), ZIP_TRUNCATE, &error));
  if (zip == nullptr) {
    zip_source_free(into.get());
    return NotPacked();
  }
  // The same report has the same bytes: the time in the file is no time of ours.
  constexpr time_t kNoTime = 315'532'800 + 86'400;  // 1980-01-02, the day after which zip's times begin
  for (const auto& [name, content] : parts) {
    zip_source_t* const source = zip_source_buffer(zip.get(), content.data(), content.size(), 0);
    if (source == nullptr) return NotPacked();
    const zip_int64_t at = zip_file_add(zip.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (at < 0) {
      zip_source_free(source);
      return NotPacked();
    }
    zip_file_set_mtime(zip.get(), static_cast<zip_uint64_t>(at), kNoTime, 0);
  }
  if (zip_close(zip.get()) != 0) return NotPacked();
  (void)zip.release();
  if (zip_source_open(into.get()) != 0 || zip_source_seek(into.get(), 0, SEEK_END) != 0) return NotPacked();
  std::string bytes(static_cast<size_t>(zip_source_tell(into.get())), '\0');
  zip_source_seek(into.get(), 0, SEEK_SET);
  const zip_int64_t read = zip_source_read(into.get(), bytes.data(), bytes.size());
  zip_source_close(into.get());
  if (read != static_cast<zip_int64_t>(bytes.size())) return NotPacked();
  return bytes;
}

}  // namespace

Result<std::string> XlsxOf(const Report& report) {
  std::vector<Worksheet> sheets;
  for (const ReportTable& table : report.tables) {
    if (table.rows.size() > kReportRowsMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("A table of a report has at most {} rows.", kReportRowsMax));
    sheets.push_back({table.title, SheetOf(report, table)});
  }
  return Packed(PartsOf(sheets));
}

Result<std::string> XlsxTemplate(const std::vector<std::string>& heads,
                                 const std::vector<std::string>& explained) {
  SheetWriter sheet(std::vector<double>(heads.size(), 20), kText);
  sheet.BeginRow();
  for (const std::string& head : heads) sheet.Text(head, kHead);
  sheet.EndRow();
  SheetWriter how({100}, kPlain);
  for (const std::string& line : explained) {
    how.BeginRow();
    how.Text(line, kPlain);
    how.EndRow();
  }
  return Packed(PartsOf({{"填报", std::move(sheet).Finish()}, {"说明", std::move(how).Finish()}}));
}

}  // namespace tk::exchange
