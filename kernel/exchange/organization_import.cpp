#include "kernel/exchange/organization_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "kernel/base/text.h"
#include "kernel/exchange/cells.h"
#include "kernel/interaction/permit.h"
#include "kernel/person/identifier.h"

namespace tk::exchange {
namespace {

enum InstitutionColumn : size_t {
  kInstitutionName,
  kCreditCode,
  kId,
  kDepartmentCode,
  kAbove,
  kType,
  kArea,
  kInstitutionStatus,
  kPhone,
  kAddress,
  kInstitutionColumnCount
};
constexpr std::string_view kInstitutionNameNames[] = {"name", "名称", "机构名称"};
constexpr std::string_view kCreditCodeNames[] = {"credit_code", "统一社会信用代码", "信用代码"};
constexpr std::string_view kIdNames[] = {"id"};
constexpr std::string_view kDepartmentCodeNames[] = {"code", "科室代码", "部门代码"};
constexpr std::string_view kAboveNames[] = {"parent", "上级机构", "上级机构代码", "所属机构"};
constexpr std::string_view kTypeNames[] = {"type", "类型", "机构类型"};
constexpr std::string_view kAreaNames[] = {"area", "区划代码", "服务区划"};
constexpr std::string_view kInstitutionStatusNames[] = {"status", "状态"};
constexpr std::string_view kPhoneNames[] = {"phone", "电话"};
constexpr std::string_view kAddressNames[] = {"address", "地址"};
constexpr CsvColumn kInstitutionColumns[kInstitutionColumnCount] = {
    {kInstitutionNameNames, true},
    {kCreditCodeNames, false},
    {kIdNames, false},
    {kDepartmentCodeNames, false},
    {kAboveNames, false},
    {kTypeNames, false},
    {kAreaNames, false},
    {kInstitutionStatusNames, false},
    {kPhoneNames, false},
    {kAddressNames, false},
};

// HL7 CodeSystem organization-type 4.0.1.
constexpr std::string_view kOrganizationTypeSystem =
    "http://terminology.hl7.org/CodeSystem/organization-type";
constexpr std::string_view kOrganizationTypes[] = {"prov", "dept", "team", "govt", "ins", "pay",
                                                   "edu",  "reli", "crs",  "cg",   "bus", "other"};
constexpr int kDeepMax = 32;

struct InstitutionRow {
  uint64_t line = 0;
  std::string name, credit_code, id, code, above, type, phone, address;
  geo::AreaNumber area = 0;
  std::optional<bool> active;
  // Found by the judge:
  std::string above_id;
  enum class State : uint8_t { kOpen, kBeing, kGood, kRefused } state = State::kOpen;
};

class InstitutionReader : RowCells<InstitutionColumn> {
 public:
  InstitutionReader(const CsvRow& row, const CsvColumns& columns, ImportReport* report)
      : RowCells(row, columns, kInstitutionColumns, report) {}

  std::optional<InstitutionRow> Read(const geo::AreaTree& tree) {
    InstitutionRow made;
    made.line = line();
    made.name = Cell(kInstitutionName);
    made.id = Cell(kId);
    made.code = Cell(kDepartmentCode);
    made.above = Cell(kAbove);
    made.type = Cell(kType);
    made.phone = Cell(kPhone);
    made.address = Cell(kAddress);
    if (made.name.empty()) Refuse(kInstitutionName, "The name is missing.");
    if (!made.id.empty() && !interaction::IsId(made.id))
      Refuse(kId, "An id has 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'.");
    ReadCreditCode(&made);
    ReadArea(tree, &made);
    made.active = Active(kInstitutionStatus);
    if (made.id.empty() && made.credit_code.empty() && (made.code.empty() || made.above.empty()))
      Refuse(kCreditCode,
             "Nothing says which institution this is: give its credit code, or of a department its "
             "parent and its code there.");
    return good() ? std::optional(std::move(made)) : std::nullopt;
  }

 private:
  void ReadCreditCode(InstitutionRow* made) {
    if (Cell(kCreditCode).empty()) return;
    const person::Identifier code = person::Classify(Cell(kCreditCode), person::IdKind::kCreditCode);
    if (code.kind == person::IdKind::kCreditCode && code.grade == person::Grade::kChecked)
      made->credit_code = code.value();
    else
      Refuse(kCreditCode, "This is no credit code: it has 18 characters, and its check digit must hold.");
  }
  void ReadArea(const geo::AreaTree& tree, InstitutionRow* made) {
    if (Cell(kArea).empty()) return;
    const auto area = geo::ParseAreaCode(Cell(kArea));
    if (!area.ok()) return Refuse(kArea, area.error().external);
    if (tree.Find(*area) == geo::kNoArea)
      return Refuse(kArea, "This division is not in the tree of areas: import it first.");
    made->area = *area;
  }
};

/// Which Organization each row is, and whether the one above it is there.
class InstitutionJudge {
 public:
  InstitutionJudge(const geo::AreaTree& tree, std::vector<InstitutionRow>* rows, ImportReport* report)
      : tree_(tree), rows_(*rows), report_(*report) {
    for (const geo::InstitutionFact& fact : tree.institutions()) {
      if (!fact.credit_code.empty()) stored_.emplace(fact.credit_code, fact.id);
    }
    for (size_t i = 0; i < rows_.size(); ++i) {
      InstitutionRow& row = rows_[i];
      if (row.id.empty() && !row.credit_code.empty()) row.id = IdOfCredit(row.credit_code);
      if (!row.credit_code.empty()) by_credit_.emplace(row.credit_code, i);
      if (!row.id.empty()) by_id_.emplace(row.id, i);
    }
  }

  std::vector<Planned> Run() {
    std::vector<Planned> planned;
    for (InstitutionRow& row : rows_) Judge(&row, 0);
    std::unordered_map<std::string_view, uint64_t> lines;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const InstitutionRow& row = rows_[i];
      if (row.state != InstitutionRow::State::kGood) continue;
      const auto [first, fresh] = lines.emplace(row.id, row.line);
      if (fresh)
        planned.push_back({row.line, "Organization", row.id, i});
      else
        report_.Refuse(row.line, "credit_code",
                       fmt::format("Line {} is this institution too: keep one of them.", first->second));
    }
    return planned;
  }

 private:
  std::string IdOfCredit(const std::string& credit) const {
    const auto stored = stored_.find(credit);
    return stored != stored_.end() ? stored->second : "org-" + credit;
  }
  void Refuse(InstitutionRow* row, std::string_view column, std::string text) {
    row->state = InstitutionRow::State::kRefused;
    report_.Refuse(row->line, column, std::move(text));
  }

  /// The row that `above` names, by credit code or id; nullptr if none does.
  InstitutionRow* RowOf(const std::string& above) {
    const auto credit = by_credit_.find(above);
    if (credit != by_credit_.end()) return &rows_[credit->second];
    const auto id = by_id_.find(above);
    return id != by_id_.end() ? &rows_[id->second] : nullptr;
  }

  void Judge(InstitutionRow* row, int deep) {
    using State = InstitutionRow::State;
    if (row->state != State::kOpen) return;
    row->state = State::kBeing;
    if (!row->above.empty() && !JudgeAbove(row, deep)) return;
    if (row->id.empty()) row->id = row->above_id + "-" + row->code;
    if (!interaction::IsId(row->id))
      return Refuse(row, "code",
                    "With its parent's id this makes no id: use A-Z, a-z, 0-9, '-' and '.', 64 at most.");
    row->state = State::kGood;
  }

  bool JudgeAbove(InstitutionRow* row, int deep) {
    InstitutionRow* const above = RowOf(row->above);
    if (above != nullptr && above->state == InstitutionRow::State::kOpen && deep < kDeepMax)
      Judge(above, deep + 1);
    if (above != nullptr && above->state == InstitutionRow::State::kGood) {
      row->above_id = above->id;
    } else if (above != nullptr) {
      Refuse(row, "parent",
             above->state == InstitutionRow::State::kRefused
                 ? fmt::format("The row of its parent, line {}, was refused.", above->line)
                 : "It would be part of itself, or stands too deep: mend its parent or those above.");
      return false;
    } else if (const auto stored = stored_.find(row->above); stored != stored_.end()) {
      row->above_id = stored->second;
    } else if (tree_.FindInstitution(row->above) != nullptr) {
      row->above_id = row->above;
    } else {
      Refuse(row, "parent", "There is no such institution, in the table or stored: add its row.");
      return false;
    }
    return CheckNoCircle(row);
  }

  /// Through those that are stored, back to the row itself?
  bool CheckNoCircle(InstitutionRow* row) {
    const geo::InstitutionFact* at = tree_.FindInstitution(row->above_id);
    for (int deep = 0; at != nullptr && !row->id.empty() && deep <= kDeepMax; ++deep) {
      if (at->id == row->id) {
        Refuse(row, "parent",
               "It would be part of itself, by what is stored: mend its parent or those above.");
        return false;
      }
      const auto replaced = by_id_.find(at->id);  // the table says anew what that one is part of
      if (replaced != by_id_.end() && !rows_[replaced->second].above.empty()) break;
      at = at->part_of_id.empty() ? nullptr : tree_.FindInstitution(at->part_of_id);
    }
    return true;
  }

  const geo::AreaTree& tree_;
  std::vector<InstitutionRow>& rows_;
  ImportReport& report_;
  std::unordered_map<std::string, std::string> stored_;  // credit code → id
  std::unordered_map<std::string, size_t> by_credit_, by_id_;
};

std::string TypeText(const std::string& type) {
  const bool known = std::find(std::begin(kOrganizationTypes), std::end(kOrganizationTypes), type) !=
                     std::end(kOrganizationTypes);
  if (known)
    return fmt::format(R"([{{"coding":[{{"system":"{}","code":"{}"}}]}}])", kOrganizationTypeSystem, type);
  return fmt::format(R"([{{"text":{}}}])", JsonText(type));
}

std::string OrganizationText(const InstitutionRow& row, fhir::Value before, std::string_view source) {
  std::vector<std::pair<std::string_view, std::string>> given;
  if (!row.credit_code.empty())
    given.emplace_back("identifier", IdentifiersWith(before, geo::kCreditCodeSystem, row.credit_code));
  if (row.active)
    given.emplace_back("active", *row.active ? "true" : "false");
  else if (!before["active"].present())
    given.emplace_back("active", "true");
  if (!row.type.empty())
    given.emplace_back("type", TypeText(row.type));
  else if (!before["type"].present() && row.credit_code.empty() && !row.above.empty())
    given.emplace_back("type", TypeText("dept"));
  given.emplace_back("name", JsonText(row.name));
  if (!row.phone.empty())
    given.emplace_back("telecom", fmt::format(R"([{{"system":"phone","value":{}}}])", JsonText(row.phone)));
  if (!row.address.empty())
    given.emplace_back("address", fmt::format(R"([{{"text":{}}}])", JsonText(row.address)));
  if (!row.above_id.empty())
    given.emplace_back("partOf", fmt::format(R"({{"reference":"Organization/{}"}})", row.above_id));
  return Remade("Organization", row.id, before, geo::CodeOf(row.area), source, given);
}

}  // namespace

Result<ImportReport> ImportOrganizations(const ImportContext& context, std::string_view csv,
                                         const ImportOptions& options) {
  const geo::AreaTreePtr tree = TRY(SoundTree(context));
  ImportReport report;
  std::vector<InstitutionRow> rows;
  TRY(ReadTable(csv, options, kInstitutionColumns, &report,
                [&](const CsvRow& row, const CsvColumns& columns) {
                  if (auto read = InstitutionReader(row, columns, &report).Read(*tree))
                    rows.push_back(std::move(*read));
                }));
  const std::vector<Planned> planned = InstitutionJudge(*tree, &rows, &report).Run();
  const MakeText make = [&](const Planned& each, fhir::Value before, std::string_view source) {
    return OrganizationText(rows[each.row], before, source);
  };
  TRY(WriteAll(context, planned, make, options, &report));
  return report;
}

}  // namespace tk::exchange
