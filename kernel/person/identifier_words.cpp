// What identifiers and remarks are called. The keys are stable: pages and configuration may have words of their own for them.
#include <array>

#include "kernel/person/identifier.h"

namespace tk::person {
namespace {

constexpr std::array<std::string_view, kIdKinds> kKindNames = {
    "none",         "unknown",     "resident-id",   "residence-permit",  "foreign-permit", "hongkong-macao",
    "taiwan",       "passport",    "officer",       "birth-certificate", "hongkong-id",    "taiwan-id",
    "household",    "health-card", "record-number", "health-record",     "mobile",         "landline",
    "phone-abroad", "credit-code", "organization",  "institution-code",  "division",
};

constexpr std::array<std::string_view, 6> kGradeNames = {"nothing", "broken",    "claimed",
                                                         "pattern", "converted", "checked"};

constexpr std::array<RemarkText, kRemarks> kTexts = {{
    {"identifier.empty", "没有填写号码", "请填写号码；没有的，不要用别的数字代替", "There is no number",
     "Enter it; if there is none, leave the field empty and put nothing in its place"},
    {"identifier.too-long", "内容太长", "请只填一个号码", "The text is too long", "Enter one number only"},
    {"identifier.character", "含有该证件号码不应有的字符", "请只保留字母和数字，并核对证件",
     "It has characters that such a number never has",
     "Keep letters and digits only, and look at the document"},
    {"identifier.length", "位数不对",
     "请核对位数：身份证号18位（旧证15位），统一社会信用代码18位，健康档案编号17位",
     "It has not as many characters as it must",
     "Count them: resident ids have 18 (older ones 15), credit codes 18, health record numbers 17"},
    {"identifier.check-digit", "校验码不符，至少有一位抄错", "请对照证件逐位重新录入，或用读卡器读取",
     "The check digit does not fit: at least one character is wrong",
     "Type it anew from the document, or read the card"},
    {"identifier.birth-date", "号码中的出生日期不存在", "请核对第7至14位",
     "The birth date in the number is no day", "Look at characters 7 to 14"},
    {"identifier.birth-in-future", "号码中的出生日期在今天之后", "请核对第7至14位和电脑日期",
     "The birth date in the number lies in the future",
     "Look at characters 7 to 14, and at the date of this computer"},
    {"identifier.division", "行政区划代码不存在", "请核对前6位", "There is no such division",
     "Look at the first six digits"},
    {"identifier.placeholder", "这是随手填的数字，不是真实号码", "请填真实号码；没有的，请留空",
     "This only fills the field", "Enter the real number, or leave the field empty"},
    {"identifier.hot-value", "许多人用着同一个号码，不能用来认人", "请填本人的号码；确系本人的，请人工核实",
     "Many persons have this number, so it identifies nobody",
     "Enter the person's own; if it is, let somebody verify it"},
    {"identifier.filler-birth-date", "出生日期1900-01-01是系统默认值", "请填真实号码；没有的，请留空",
     "The birth date 1900-01-01 is a default of some system",
     "Enter the real number, or leave the field empty"},
    {"identifier.masked", "号码被星号遮盖", "请向来源系统要完整号码", "Part of the number is hidden",
     "Ask the source for the whole number"},
    {"identifier.service-number", "这是服务热线，不是个人电话", "请填能找到本人或家人的电话",
     "This is a line of a service, nobody's phone",
     "Enter a phone by which the person or the family is reached"},
    {"identifier.not-of-kind", "不符合该证件号码的格式", "请核对证件种类和号码",
     "It has not the form of such a number", "Look at the kind of the document and at the number"},
    {"identifier.other-kind", "号码属于另一种证件", "已按号码的格式归类；请更正证件种类",
     "The number is of another kind of document", "It was taken as that kind; correct the field"},
    {"identifier.ambiguous", "两种证件都可能是这个号码", "请核对证件种类",
     "Two kinds of documents may have this number", "Look at the kind of the document"},
    {"identifier.converted", "由15位旧号码升为18位", "请按现用证件更新", "Brought from 15 digits to 18",
     "Enter the number of the present card"},
    {"identifier.folded", "全角字符已改为半角", "无需处理", "Full-width characters were changed",
     "Nothing needs to be done"},
    {"identifier.check-sign", "校验码X的写法已统一", "无需处理", "Another sign was written for X",
     "Nothing needs to be done"},
    {"identifier.look-alike", "把形似数字的字母改成了数字", "请核对号码",
     "Letters that look like digits were changed", "Look at the number"},
    {"identifier.prefix", "已去掉国家代码或拨号前缀", "无需处理", "A country code or prefix was taken off",
     "Nothing needs to be done"},
    {"identifier.issue-digits", "已去掉换证次数", "无需处理", "The count of issues was taken off",
     "Nothing needs to be done"},
    {"identifier.extension", "分机号另存", "无需处理", "The extension is kept apart",
     "Nothing needs to be done"},
    {"identifier.area-code-missing", "固定电话没有区号", "请补上区号", "The landline has no area code",
     "Add it"},
    {"identifier.several", "一栏里有几个号码，只取了第一个", "请分开填写",
     "Several numbers stood in one field; the first was taken", "Enter them apart"},
    {"identifier.division-not-listed", "区划代码不在所载入的区划表里", "请核对前6位，或补充历年区划表",
     "The division is not in the list that was loaded",
     "Look at the first six digits, or load withdrawn divisions too"},
    {"identifier.new-year-birth", "出生日期是1月1日，可能是不知道日子时填的", "请向本人核对",
     "The birth date is January 1st, which often stands for an unknown day", "Ask the person"},
    {"identifier.household", "户口簿号码是全家共用的", "请另填本人证件",
     "The number names a household, not a person", "Add a document of the person"},
}};

}  // namespace

const RemarkText& TextOf(Remark remark) { return kTexts[static_cast<size_t>(remark)]; }
std::string_view NameOf(IdKind kind) { return kKindNames[static_cast<size_t>(kind)]; }
std::string_view NameOf(Grade grade) { return kGradeNames[static_cast<size_t>(grade)]; }

IdKind KindNamed(std::string_view name) {
  for (size_t i = 0; i < kIdKinds; ++i) {
    if (kKindNames[i] == name) return static_cast<IdKind>(i);
  }
  return IdKind::kNone;
}

IdKind KindOfDocumentType(std::string_view code) {
  struct Row {
    std::string_view code;
    IdKind kind;
  };
  static constexpr Row kRows[] = {
      {"01", IdKind::kResidentId}, {"02", IdKind::kHousehold},  {"03", IdKind::kPassport},
      {"04", IdKind::kOfficer},    {"05", IdKind::kResidentId}, {"06", IdKind::kHongKongMacao},
      {"07", IdKind::kTaiwan},
  };
  for (const Row& row : kRows) {
    if (row.code == code) return row.kind;
  }
  return IdKind::kNone;
}

}  // namespace tk::person
