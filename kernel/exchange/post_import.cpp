#include "kernel/exchange/post_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "kernel/interaction/permit.h"

namespace tk::exchange {
namespace {

enum PostColumn : size_t {
  kStaffNumber,
  kStaffName,
  kPostAt,
  kPostDepartment,
  kPostKind,
  kPractitionerId,
  kPostPhone,
  kPostStatus,
  kPostFrom,
  kPostUntil,
  kPostColumnCount
};
constexpr std::string_view kStaffNumberNames[] = {"number", "工号", "人员编号"};
constexpr std::string_view kStaffNameNames[] = {"name", "姓名"};
constexpr std::string_view kPostAtNames[] = {"organization", "机构", "机构代码", "统一社会信用代码"};
constexpr std::string_view kPostDepartmentNames[] = {"department", "科室代码", "部门代码"};
constexpr std::string_view kPostKindNames[] = {"post", "岗位"};
constexpr std::string_view kPractitionerIdNames[] = {"practitioner"};
constexpr std::string_view kPostPhoneNames[] = {"phone", "电话"};
constexpr std::string_view kPostStatusNames[] = {"status", "状态"};
constexpr std::string_view kPostFromNames[] = {"from", "启用日期"};
constexpr std::string_view kPostUntilNames[] = {"until", "停用日期"};
constexpr CsvColumn kPostColumns[kPostColumnCount] = {
    {kStaffNumberNames, true},     {kStaffNameNames, true},   {kPostAtNames, true},
    {kPostDepartmentNames, false}, {kPostKindNames, false},   {kPractitionerIdNames, false},
    {kPostPhoneNames, false},      {kPostStatusNames, false}, {kPostFromNames, false},
    {kPostUntilNames, false},
};

constexpr std::string_view kPractitionerRoleSystem =
    "http://terminology.hl7.org/CodeSystem/practitioner-role";
constexpr std::string_view kPractitionerRoles[] = {"doctor",     "nurse",   "pharmacist",
                                                   "researcher", "teacher", "ict"};
constexpr size_t kStaffNameBytesMax = 300;

struct PostRow {
  uint64_t line = 0;
  std::string number, name, organization, kind, phone;
  std::string practitioner_id, role_id;
  std::optional<bool> active;
  int32_t from = 0, until = 0;
  auto Said() const {
    return std::tie(name, organization, kind, phone, practitioner_id, active, from, until);
  }
};

/// Institutions by what a table calls them.
class Institutions {
 public:
  explicit Institutions(const geo::AreaTree& tree) : tree_(tree) {
    for (const geo::InstitutionFact& fact : tree.institutions()) {
      if (!fact.credit_code.empty()) by_credit_.emplace(fact.credit_code, fact.id);
    }
  }
  /// The id; "" if there is none.
  std::string IdOf(std::string_view name) const {
    const auto credit = by_credit_.find(name);
    if (credit != by_credit_.end()) return credit->second;
    return tree_.FindInstitution(name) != nullptr ? std::string(name) : std::string();
  }

 private:
  const geo::AreaTree& tree_;
  std::map<std::string, std::string, std::less<>> by_credit_;
};

class PostReader : RowCells<PostColumn> {
 public:
  PostReader(const CsvRow& row, const CsvColumns& columns, ImportReport* report)
      : RowCells(row, columns, kPostColumns, report) {}

  std::optional<PostRow> Read(const Institutions& institutions) {
    PostRow made;
    made.line = line();
    made.number = Cell(kStaffNumber);
    made.name = Cell(kStaffName);
    made.kind = Cell(kPostKind);
    made.phone = Cell(kPostPhone);
    if (made.number.empty()) Refuse(kStaffNumber, "The number is missing: it says who this is.");
    if (made.name.size() > kStaffNameBytesMax) Refuse(kStaffName, "The name is longer than 300 bytes.");
    ReadOrganization(institutions, &made);
    ReadIds(&made);
    made.active = Active(kPostStatus);
    made.from = Day(kPostFrom);
    made.until = Day(kPostUntil);
    if (made.from != 0 && made.until != 0 && made.until < made.from)
      Refuse(kPostUntil, "It ends before it begins.");
    return good() ? std::optional(std::move(made)) : std::nullopt;
  }

 private:
  void ReadOrganization(const Institutions& institutions, PostRow* made) {
    if (Cell(kPostAt).empty())
      return Refuse(kPostAt, "The institution is missing: its credit code or its id.");
    made->organization = institutions.IdOf(Cell(kPostAt));
    if (made->organization.empty())
      return Refuse(kPostAt, "There is no such institution: import it first ($import-organizations).");
    if (Cell(kPostDepartment).empty()) return;
    const std::string department = fmt::format("{}-{}", made->organization, Cell(kPostDepartment));
    if (institutions.IdOf(department).empty())
      return Refuse(kPostDepartment,
                    "The institution has no department with this code: import it first "
                    "($import-organizations), or give the department's id as the institution.");
    made->organization = department;
  }
  void ReadIds(PostRow* made) {
    made->practitioner_id =
        Cell(kPractitionerId).empty() ? "staff-" + made->number : std::string(Cell(kPractitionerId));
    made->role_id = made->organization + "-" + made->number;
    if (!interaction::IsId(made->practitioner_id))
      return Refuse(Cell(kPractitionerId).empty() ? kStaffNumber : kPractitionerId,
                    "This makes no id: use A-Z, a-z, 0-9, '-' and '.', 58 at most.");
    if (!interaction::IsId(made->role_id))
      Refuse(kStaffNumber,
             "With the institution's id this makes no id: use A-Z, a-z, 0-9, '-' and '.', 64 at most for "
             "both.");
  }
};

/// Which rows say something new of whom. A row that repeats another is passed over; one that contradicts it is refused.
std::vector<Planned> PlanPosts(const view::Engine& engine, const std::vector<PostRow>& rows,
                               ImportReport* report) {
  std::vector<Planned> planned;
  std::unordered_map<std::string_view, const PostRow*> persons, posts;
  for (size_t i = 0; i < rows.size(); ++i) {
    const PostRow& row = rows[i];
    const auto [post, new_post] = posts.emplace(row.role_id, &row);
    if (!new_post && post->second->Said() == row.Said()) {
      ++report->unchanged;
      continue;
    }
    const auto [person, new_person] = persons.emplace(row.practitioner_id, &row);
    if (!new_post || person->second->name != row.name || person->second->number != row.number) {
      report->Refuse(
          row.line, new_post ? "name" : "organization",
          fmt::format("Line {} has this {} too, and says something else: keep one of them.",
                      new_post ? person->second->line : post->second->line, new_post ? "person" : "post"));
      continue;
    }
    const auto known =
        engine.directory().Current(engine.IdHash("Practitioner", row.practitioner_id), engine.Head());
    if (row.name.empty() && (known.ordinal == 0 || known.deleted)) {
      report->Refuse(row.line, "name", "The name is missing.");
      continue;
    }
    if (new_person) planned.push_back({row.line, "Practitioner", row.practitioner_id, i});
    planned.push_back({row.line, "PractitionerRole", row.role_id, i});
  }
  return planned;
}

std::string PractitionerText(const PostRow& row, fhir::Value before, std::string_view source) {
  std::vector<std::pair<std::string_view, std::string>> given;
  given.emplace_back("identifier", IdentifiersWith(before, kStaffNumberSystem, row.number));
  if (!before["active"].present()) given.emplace_back("active", "true");
  const bool same = row.name.empty() || before["name"].At(0)["text"].ToString() == row.name;
  if (!same) given.emplace_back("name", fmt::format(R"([{{"text":{}}}])", JsonText(row.name)));
  return Remade("Practitioner", row.practitioner_id, before, {}, source, given);
}

std::string PeriodText(const PostRow& row, fhir::Value before) {
  std::string period;
  const auto add = [&](std::string_view name, int32_t day) {
    std::string text = day != 0 ? DayText(day) : before["period"][name].ToString();
    if (!text.empty()) period += fmt::format(R"({}"{}":"{}")", period.empty() ? "" : ",", name, text);
  };
  add("start", row.from);
  add("end", row.until);
  return period.empty() ? period : "{" + period + "}";
}

std::string PractitionerRoleText(const PostRow& row, fhir::Value before, std::string_view source) {
  std::vector<std::pair<std::string_view, std::string>> given;
  if (row.active)
    given.emplace_back("active", *row.active ? "true" : "false");
  else if (!before["active"].present())
    given.emplace_back("active", "true");
  if (row.from != 0 || row.until != 0) given.emplace_back("period", PeriodText(row, before));
  given.emplace_back("practitioner",
                     fmt::format(R"({{"reference":"Practitioner/{}"}})", row.practitioner_id));
  given.emplace_back("organization", fmt::format(R"({{"reference":"Organization/{}"}})", row.organization));
  const bool coded = std::find(std::begin(kPractitionerRoles), std::end(kPractitionerRoles), row.kind) !=
                     std::end(kPractitionerRoles);
  if (coded)
    given.emplace_back("code", fmt::format(R"([{{"coding":[{{"system":"{}","code":"{}"}}]}}])",
                                           kPractitionerRoleSystem, row.kind));
  else if (!row.kind.empty())
    given.emplace_back("code", fmt::format(R"([{{"text":{}}}])", JsonText(row.kind)));
  if (!row.phone.empty())
    given.emplace_back("telecom", fmt::format(R"([{{"system":"phone","value":{}}}])", JsonText(row.phone)));
  return Remade("PractitionerRole", row.role_id, before, {}, source, given);
}

}  // namespace

Result<ImportReport> ImportPosts(const ImportContext& context, std::string_view csv,
                                 const ImportOptions& options) {
  const geo::AreaTreePtr tree = TRY(SoundTree(context));
  const Institutions institutions(*tree);
  ImportReport report;
  std::vector<PostRow> rows;
  TRY(ReadTable(csv, options, kPostColumns, &report, [&](const CsvRow& row, const CsvColumns& columns) {
    if (auto read = PostReader(row, columns, &report).Read(institutions)) rows.push_back(std::move(*read));
  }));
  const std::vector<Planned> planned = PlanPosts(*context.engine, rows, &report);
  const MakeText make = [&](const Planned& each, fhir::Value before, std::string_view source) {
    return (each.type == "Practitioner" ? PractitionerText : PractitionerRoleText)(rows[each.row], before,
                                                                                   source);
  };
  TRY(WriteAll(context, planned, make, options, &report));
  return report;
}

}  // namespace tk::exchange
