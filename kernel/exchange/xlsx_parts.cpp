#include "kernel/exchange/xlsx_parts.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "kernel/base/clock.h"
#include "kernel/base/text.h"

namespace tk::exchange {
namespace {

constexpr uint64_t kSmallPartMax = uint64_t{16} << 20, kTextsPartMax = uint64_t{1} << 30;

Error NoWorkbook(std::string_view what) {
  return MakeError(
      ErrorCode::kIncorrect,
      fmt::format("The file is no spreadsheet as .xlsx has it: {}. Save it as .xlsx, or as CSV.", what));
}

/// "xl/worksheets/sheet1.xml" of "worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml" or "../xl/…" in the folder "xl/".
std::string PartName(std::string_view folder, std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  while (target.starts_with("../")) {
    target.remove_prefix(3);
    const size_t cut = folder.empty() ? std::string_view::npos : folder.rfind('/', folder.size() - 2);
    folder = cut == std::string_view::npos ? std::string_view() : folder.substr(0, cut + 1);
  }
  return std::string(folder).append(target);
}

std::string FolderOf(std::string_view part) { return std::string(part.substr(0, part.rfind('/') + 1)); }

/// "xl/_rels/workbook.xml.rels" of "xl/workbook.xml".
std::string RelationsOf(std::string_view part) {
  const std::string folder = FolderOf(part);
  return folder + "_rels/" + std::string(part.substr(folder.size())) + ".rels";
}

struct Relation {
  std::string kind, target;  // kind: the last piece of its type, "worksheet"
};

class RelationsHandler final : public XmlHandler {
 public:
  void Begin(std::string_view name, const XmlAttributes& attributes) override {
    if (name != "Relationship" || attributes.Of("TargetMode") == "External") return;
    const std::string_view type = attributes.Of("Type");
    all.emplace(attributes.Of("Id"), Relation{std::string(type.substr(type.rfind('/') + 1)),
                                              std::string(attributes.Of("Target"))});
  }
  void End(std::string_view) override {}
  void Text(std::string_view) override {}
  std::map<std::string, Relation> all;

  std::string TargetOf(std::string_view kind) const {
    for (const auto& [id, relation] : all) {
      if (relation.kind == kind) return relation.target;
    }
    return {};
  }
};

class WorkbookHandler final : public XmlHandler {
 public:
  void Begin(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "workbookPr") {
      const std::string_view from_1904 = attributes.Of("date1904");
      days_from_1904 = from_1904 == "1" || from_1904 == "true";
    }
    if (name != "sheet" || !first.empty()) return;
    const std::string_view state = attributes.Of("state");
    if (state.empty() || state == "visible") first = attributes.Of("id");
  }
  void End(std::string_view) override {}
  void Text(std::string_view) override {}
  std::string first;  // id of its relation
  bool days_from_1904 = false;
};

class StylesHandler final : public XmlHandler {
 public:
  void Begin(std::string_view name, const XmlAttributes& attributes) override {
    const auto number = [&](std::string_view attribute) {
      const std::string_view text = attributes.Of(attribute);
      uint32_t value = 0;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return value;
    };
    if (name == "numFmt") {
      if (formats_.size() < kFormatsMax) formats_[number("numFmtId")] = ShowsDay(attributes.Of("formatCode"));
    } else if (name == "cellXfs") {
      in_cells_ = true;
    } else if (name == "xf" && in_cells_ && is_day.size() < kFormatsMax) {
      is_day.push_back(IsDay(number("numFmtId")));
    }
  }
  void End(std::string_view name) override { in_cells_ = in_cells_ && name != "cellXfs"; }
  void Text(std::string_view) override {}
  std::vector<bool> is_day;

 private:
  static constexpr size_t kFormatsMax = 65'536;
  /// Of the numbers that need no format of the file's own, those of days and times; 27 to 36 and 50 to 58 are those of Chinese and other languages.
  bool IsDay(uint32_t format) const {
    if (const auto own = formats_.find(format); own != formats_.end()) return own->second;
    return (format >= 14 && format <= 22) || (format >= 27 && format <= 36) ||
           (format >= 45 && format <= 47) || (format >= 50 && format <= 58);
  }
  std::map<uint32_t, bool> formats_;
  bool in_cells_ = false;
};

/// <si><t>text</t></si>, or of several runs <si><r><t>te</t></r><r><t>xt</t></r></si>; how it is read aloud (rPh) is no part of it.
class TextsHandler final : public XmlHandler {
 public:
  explicit TextsHandler(SharedTexts* texts) : texts_(*texts) {}
  void Begin(std::string_view name, const XmlAttributes&) override {
    if (name == "rPh") ++aloud_;
    in_text_ = name == "t" && aloud_ == 0;
  }
  void End(std::string_view name) override {
    if (name == "rPh" && aloud_ > 0) --aloud_;
    if (name == "t") in_text_ = false;
    if (name == "si" && !full()) texts_.EndText();
  }
  void Text(std::string_view text) override {
    if (in_text_ && !full()) texts_.Append(text);
  }
  bool full() const { return texts_.size() >= kSharedTextsMax || texts_.bytes() >= kSharedTextBytesMax; }

 private:
  SharedTexts& texts_;
  size_t aloud_ = 0;
  bool in_text_ = false;
};

Status ReadSmall(const ZipFile& zip, const std::string& name, XmlHandler* handler) {
  return XmlPart(TRY(zip.OpenPart(name, kSmallPartMax)), handler).ReadAll();
}

Status ReadTexts(const ZipFile& zip, const std::string& name, int64_t deadline_us, SharedTexts* texts) {
  TextsHandler handler(texts);
  XmlPart part(TRY(zip.OpenPart(name, kTextsPartMax)), &handler);
  while (TRY(part.Step())) {
    if (handler.full())
      return MakeError(ErrorCode::kTooLarge,
                       "The spreadsheet holds too much text: send it in parts, or as CSV.");
    if (deadline_us != 0 && MonotonicUs() > deadline_us)
      return MakeError(ErrorCode::kTimeout, "The time for one request is over: send the table in parts.");
  }
  return {};
}

}  // namespace

bool ShowsDay(std::string_view code) {
  for (size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '"' || c == '[') {
      const size_t end = code.find(c == '"' ? '"' : ']', i + 1);
      if (end == std::string_view::npos) return false;
      const std::string inside = ToLower(code.substr(i + 1, end - i - 1));
      if (c == '[' && (inside == "h" || inside == "hh" || inside == "m" || inside == "mm" || inside == "s"))
        return true;
      i = end;
    } else if (c == '\\' || c == '_' || c == '*') {
      ++i;  // the next character is meant as it stands, or fills
    } else if (std::string_view("ymdhsYMDHS").find(c) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

Result<XlsxBook> ReadBook(const ZipFile& zip, int64_t deadline_us) {
  RelationsHandler top;
  if (!zip.Has("_rels/.rels")) return NoWorkbook("it does not say what it holds");
  TRY(ReadSmall(zip, "_rels/.rels", &top));
  const std::string book_name = PartName({}, top.TargetOf("officeDocument"));
  if (book_name.empty() || !zip.Has(book_name)) return NoWorkbook("it has no workbook");
  WorkbookHandler workbook;
  TRY(ReadSmall(zip, book_name, &workbook));
  RelationsHandler relations;
  if (zip.Has(RelationsOf(book_name))) TRY(ReadSmall(zip, RelationsOf(book_name), &relations));
  const std::string folder = FolderOf(book_name);
  XlsxBook book;
  book.days_from_1904 = workbook.days_from_1904;
  const auto sheet = relations.all.find(workbook.first);
  if (sheet == relations.all.end() || sheet->second.kind != "worksheet")
    return NoWorkbook("it has no sheet of cells that is not hidden");
  book.sheet = PartName(folder, sheet->second.target);
  if (const std::string styles = relations.TargetOf("styles"); !styles.empty()) {
    StylesHandler handler;
    TRY(ReadSmall(zip, PartName(folder, styles), &handler));
    book.is_day = std::move(handler.is_day);
  }
  if (const std::string texts = relations.TargetOf("sharedStrings"); !texts.empty())
    TRY(ReadTexts(zip, PartName(folder, texts), deadline_us, &book.texts));
  return book;
}

namespace {

constexpr int64_t kSecondsOfDay = 86'400;

std::string DayNumberText(double serial, bool days_from_1904, std::string_view* why) {
  constexpr int64_t kSerialEnd = 2'958'466;  // the day after 9999-12-31
  const bool is_day = serial >= 0 && serial < static_cast<double>(kSerialEnd);
  const double whole = is_day ? std::floor(serial) : 0;
  const int64_t seconds = std::llround((is_day ? serial - whole : 0) * static_cast<double>(kSecondsOfDay));
  const int64_t day = static_cast<int64_t>(whole) + seconds / kSecondsOfDay, second = seconds % kSecondsOfDay;
  if (!is_day || day >= kSerialEnd) {
    *why = "The cell holds no day: write it as 2024-06-30.";
    return {};
  }
  const std::string time = fmt::format("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
  if (day == 0 && !days_from_1904) return time;
  // The count takes 1900 for a leap year: number 60 is a day that never was, and those before it are one off.
  constexpr int64_t kDayThatNeverWas = 60;
  const int64_t first = days_from_1904           ? DaysFromCivil(1904, 1, 1)
                        : day < kDayThatNeverWas ? DaysFromCivil(1899, 12, 31)
                                                 : DaysFromCivil(1899, 12, 30);
  const CivilDate date = CivilFromDays(first + day);
  const std::string text = fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
  return second == 0 ? text : text + "T" + time;
}

}  // namespace

std::string NumberText(std::string_view number, bool is_day, bool days_from_1904, std::string_view* why) {
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size() || !std::isfinite(value)) {
    *why = "The cell holds no number that can be read: enter it again.";
    return {};
  }
  if (is_day) return DayNumberText(value, days_from_1904, why);
  constexpr double kExactBelow = 1e15;
  if (std::fabs(value) >= kExactBelow) {
    *why =
        "The cell holds a number of more than 15 digits, of which a spreadsheet keeps no more: format the "
        "column as text, "
        "and enter the number again.";
    return {};
  }
  if (value == std::floor(value)) return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

}  // namespace tk::exchange
