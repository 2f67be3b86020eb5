#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "apps/roster/tables.h"
#include "kernel/interaction/write.h"

namespace tk::roster {
namespace {

using exchange::JsonText;
using exchange::PersonField;
using interaction::Request;
using interaction::Response;

enum Column : size_t {
  kName,
  kNumber,
  kPhone,
  kBirth,
  kGender,
  kUnit,
  kCode,
  kRole,
  kSince,
  kUntil,
  kArea,
  kAddress,
  kColumns
};
constexpr std::string_view kUnitNames[] = {"unit", "部门", "班级", "部门或班级"};
constexpr std::string_view kCodeNames[] = {"code", "工号", "学号", "工号或学号"};
constexpr std::string_view kRoleNames[] = {"role", "人员类别"};
constexpr std::string_view kSinceNames[] = {"since", "首日", "入职日期", "入学日期"};
constexpr std::string_view kUntilNames[] = {"until", "末日", "离职日期", "离校日期"};
constexpr std::string_view kAreaNames[] = {"area", "网格代码", "区划代码"};
constexpr std::string_view kAddressNames[] = {"address", "住址", "现住址"};
constexpr size_t kTextBytesMax = 200, kAddressBytesMax = 500;

struct RoleWord {
  std::string_view word, code;
};
constexpr RoleWord kRoles[] = {{"职工", "staff"}, {"教职工", "staff"}, {"学生", "student"},
                               {"其他", "other"}, {"staff", "staff"},  {"student", "student"},
                               {"other", "other"}};

/// A row: who it is, and what is said of him as a member.
struct Row {
  exchange::Reading who;  // line, person, area, address
  std::string unit, number, role, since, until, id;
  bool says_so = false;  // his own record says that he works here
};

class RowReader : exchange::RowCells<Column> {
 public:
  RowReader(const CsvRow& row, const CsvColumns& columns, exchange::ImportReport* report)
      : RowCells(row, columns, MemberColumns(), report) {}

  std::optional<Row> Read(const std::string& today) {
    Row row;
    row.who.line = line();
    const exchange::PersonTexts texts{Cell(kName), Cell(kNumber), Cell(kPhone), Cell(kBirth), Cell(kGender)};
    if (const auto fault = exchange::ReadPerson(texts, &row.who.person))
      Refuse(static_cast<Column>(fault->field), std::string(fault->text));
    row.unit = Text(kUnit);
    row.number = Text(kCode);
    ReadRole(&row);
    const int32_t since = Day(kSince), until = Day(kUntil);
    row.since = since == 0 ? today : exchange::DayText(since);
    row.until = until == 0 ? "" : exchange::DayText(until);
    if (until != 0 && since != 0 && row.until < row.since)
      Refuse(kUntil, "The last day is before the first one.");
    row.who.area = Cell(kArea);
    if (!row.who.area.empty() && !view::AreaRange(row.who.area).ok())
      Refuse(kArea, "This is no code of a division: 2, 4, 6, 9, 12 or 15 digits.");
    row.who.address = Cell(kAddress);
    if (row.who.address.size() > kAddressBytesMax) Refuse(kAddress, "The address is longer than 500 bytes.");
    if (!good()) return std::nullopt;
    return row;
  }

 private:
  std::string Text(Column column) {
    if (Cell(column).size() > kTextBytesMax) Refuse(column, "The text is longer than 200 bytes.");
    return std::string(Cell(column));
  }
  void ReadRole(Row* row) {
    if (Cell(kRole).empty()) return;
    for (const RoleWord& role : kRoles) {
      if (Cell(kRole) == role.word) row->role = role.code;
    }
    if (row->role.empty()) Refuse(kRole, "Write 职工, 学生 or 其他.");
  }
};

/// The member that is written. A first day that the table does not say stays as it is.
std::string MemberOf(const Row& row, const std::string& organization, const std::string& patient,
                     bool says_since, std::string_view id, fhir::Value before, std::string_view source) {
  const auto text = [](const std::string& value) { return value.empty() ? std::string() : JsonText(value); };
  const std::string kept = before["since"].ToString(), said = before["status"].ToString();
  const bool is_answered = !said.empty() && said != "proposed";
  std::vector<std::pair<std::string_view, std::string>> given = {
      {"subject", fmt::format(R"({{"reference":"Patient/{}"}})", patient)},
      {"organization", fmt::format(R"({{"reference":"{}"}})", organization)},
      {"name", JsonText(row.who.person.name)},
      {"unit", text(row.unit)},
      {"number", text(row.number)},
      {"role", text(row.role)},
      {"status", JsonText(is_answered   ? said
                          : row.says_so ? "agreed"
                                        : "proposed")},
      {"since", JsonText(says_since || kept.empty() ? row.since : kept)},
      {"until", text(row.until)}};
  return exchange::Remade("RosterMember", id, before, {}, source, given);
}

class MembersImport {
 public:
  MembersImport(const app::Context& context, const Request& request, const SentTable& sent)
      : context_(context),
        request_(request),
        sent_(sent),
        exchange_{context.engine, nullptr, context.interactions} {}

  Result<Response> Run() {
    report_.issues_max = kTableRowsMax;
    TRY(Read());
    const Roster roster = TRY(Roster::Load(Finder(context_), sent_.asked.organization, {}));
    TRY(Place(roster));
    TRY(WriteOrganization());
    TRY(WriteMembers());
    Response response = TableAnswer(report_, sent_.options);
    response.audit_owners = app::AuditOwnersOf(context_, asked_);
    return response;
  }

 private:
  Status Read() {
    const std::string today = Today(context_);
    std::unordered_map<std::string, uint64_t> lines;
    TRY(exchange::ReadTable(request_.body, sent_.options, MemberColumns(), &report_,
                            [&](const CsvRow& cells, const CsvColumns& columns) {
                              says_since_ = columns.at[kSince] != CsvColumns::kNone;
                              auto row = RowReader(cells, columns, &report_).Read(today);
                              if (!row) return;
                              row->id = IdOfMember(context_, sent_.asked.organization, row->who.person);
                              const auto [known, fresh] = lines.emplace(row->id, cells.line);
                              if (fresh) return rows_.push_back(std::move(*row));
                              report_.Refuse(cells.line, "",
                                             fmt::format("Line {} is the same person: keep one of them.",
                                                         known->second));
                            }));
    if (report_.rows > kTableRowsMax)
      return MakeError(ErrorCode::kTooLarge,
                       fmt::format("The table has more than {} rows: send it in parts.", kTableRowsMax));
    return {};
  }

  /// Who they are; one whom the roster has already, by whatever name or number, is that member.
  Status Place(const Roster& roster) {
    exchange::Intake intake(exchange_, {"organization", sent_.asked.organization, sent_.options.source},
                            "roster|" + sent_.asked.organization, request_.viewer->area);
    std::vector<exchange::Reading> readings;
    std::vector<std::string> kept;
    for (const Row& row : rows_) {
      readings.push_back(row.who);
      kept.push_back("RosterMember/" + row.id);
    }
    const exchange::Taken taken = TRY(intake.Place(readings, kept, sent_.options.check_only, &patients_));
    for (const exchange::RowIssue& issue : taken.refused)
      report_.Refuse(issue.line, issue.column, issue.text);
    asked_ = patients_;
    std::unordered_map<std::string, uint64_t> lines;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (patients_[i].empty()) continue;
      if (roster.WithId(rows_[i].id) == nullptr) {
        if (const Member* const known = roster.Of(context_, patients_[i])) rows_[i].id = known->id;
      }
      const auto [first, fresh] = lines.emplace(rows_[i].id, rows_[i].who.line);
      if (fresh && TRY(IsWelcome(roster.WithId(rows_[i].id), patients_[i], &rows_[i]))) continue;
      report_.Refuse(rows_[i].who.line, "",
                     fresh ? "This person says that he is not of this organization: ask him; he can agree "
                             "himself."
                           : fmt::format("Line {} is the same person: keep one of them.", first->second));
      patients_[i].clear();
    }
    return {};
  }
  /// Not one who has refused. Of whom nothing is said yet it is asked what his own record says.
  Result<bool> IsWelcome(const Member* member, const std::string& patient, Row* row) const {
    if (member != nullptr && (member->agrees() || member->refuses())) return member->agrees();
    const auto person = TRY(context_.interactions->RecordsOfPerson(patient));
    for (const std::string& record : person.patients) {
      if (!row->says_so) row->says_so = TRY(NamesEmployer(record));
    }
    return true;
  }
  /// Does this Patient name the organization as his employer? Who keeps a roster writes no Patient who is there already.
  Result<bool> NamesEmployer(const std::string& patient) const {
    constexpr std::string_view kRelations = "http://terminology.hl7.org/CodeSystem/v2-0131";
    const view::Engine& engine = *context_.engine;
    const auto current = engine.directory().Current(engine.IdHash("Patient", patient), engine.Head());
    if (current.ordinal == 0 || current.deleted) return false;
    const view::ResourcePtr stored = TRY(engine.Read(current.ordinal));
    for (const fhir::Value contact : stored->document.Root()["contact"]) {
      if (contact["organization"]["reference"].ToString() != sent_.asked.organization) continue;
      for (const fhir::Value role : contact["relationship"]) {
        for (const fhir::Value coding : role["coding"]) {
          if (coding["system"].ToString() == kRelations && coding["code"].ToString() == "E") return true;
        }
      }
    }
    return false;
  }

  Status WriteOrganization() {
    const std::string id(IdIn(sent_.asked.organization));
    const view::Engine& engine = *context_.engine;
    const auto current = engine.directory().Current(engine.IdHash("Organization", id), engine.Head());
    const view::ResourcePtr stored = TRY(engine.Read(current.ordinal));
    const std::string name = stored->document.Root()["name"].ToString();
    const bool is_contact = request_.viewer->organization == sent_.asked.organization;
    const exchange::Planned planned{0, "RosterOrganization", id, 0};
    exchange::ImportReport report;
    const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
      const std::string status = before["status"].ToString();
      std::vector<std::pair<std::string_view, std::string>> given = {
          {"organization", fmt::format(R"({{"reference":"{}"}})", sent_.asked.organization)},
          {"name", JsonText(name.empty() ? id : name)},
          {"status", JsonText(status.empty() ? "active" : status)}};
      if (is_contact) given.emplace_back("contact", JsonText(request_.viewer->account));
      return exchange::Remade(plan.type, plan.id, before, {}, source, given);
    };
    TRY(exchange::WriteAll(exchange_, {&planned, 1}, make, sent_.options, &report));
    if (report.refused == 0) return {};
    return MakeError(ErrorCode::kInvalid, "The organization cannot be kept: " + report.issues.front().text);
  }

  Status WriteMembers() {
    std::vector<exchange::Planned> planned;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (!patients_[i].empty()) planned.push_back({rows_[i].who.line, "RosterMember", rows_[i].id, i});
    }
    const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
      return MemberOf(rows_[plan.row], sent_.asked.organization, patients_[plan.row], says_since_, plan.id,
                      before, source);
    };
    return exchange::WriteAll(exchange_, planned, make, sent_.options, &report_);
  }

  const app::Context& context_;
  const Request& request_;
  const SentTable& sent_;
  const exchange::ImportContext exchange_;
  exchange::ImportReport report_;
  std::vector<Row> rows_;
  std::vector<std::string> patients_, asked_;  // asked_: with those whose row was refused afterwards
  bool says_since_ = false;
};

}  // namespace

std::span<const CsvColumn> MemberColumns() {
  static const CsvColumn kAll[kColumns] = {{exchange::HeadsOf(PersonField::kName), true},
                                           {exchange::HeadsOf(PersonField::kNumber)},
                                           {exchange::HeadsOf(PersonField::kPhone)},
                                           {exchange::HeadsOf(PersonField::kBirth)},
                                           {exchange::HeadsOf(PersonField::kGender)},
                                           {kUnitNames},
                                           {kCodeNames},
                                           {kRoleNames},
                                           {kSinceNames},
                                           {kUntilNames},
                                           {kAreaNames},
                                           {kAddressNames}};
  return kAll;
}

Result<Response> HandleMembers(const app::Context& context, const Request& request) {
  const SentTable sent = TRY(ReadSent(context, request));
  return MembersImport(context, request, sent).Run();
}

}  // namespace tk::roster
