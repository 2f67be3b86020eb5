#include "kernel/exchange/area_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "kernel/base/base64.h"
#include "kernel/base/text.h"
#include "kernel/exchange/cells.h"

namespace tk::exchange {
namespace {

using geo::AreaLevel;
using geo::AreaNumber;

enum Column : size_t {
  kCode,
  kName,
  kParent,
  kLevel,
  kStatus,
  kFrom,
  kUntil,
  kSuccessor,
  kLongitude,
  kLatitude,
  kBoundary,
  kColumns
};
constexpr std::string_view kCodeNames[] = {"code",         "代码",   "区划代码", "统计用区划代码",
                                           "行政区划代码", "区划码", "编码"};
constexpr std::string_view kNameNames[] = {"name", "名称", "区划名称", "行政区划名称"};
constexpr std::string_view kParentNames[] = {"parent", "上级代码", "上级区划代码", "父级代码"};
constexpr std::string_view kLevelNames[] = {"level", "级别", "层级"};
constexpr std::string_view kStatusNames[] = {"status", "状态"};
constexpr std::string_view kFromNames[] = {"from", "启用日期", "valid_from"};
constexpr std::string_view kUntilNames[] = {"until", "停用日期", "撤销日期", "valid_until"};
constexpr std::string_view kSuccessorNames[] = {"successor", "继任代码", "并入代码"};
constexpr std::string_view kLongitudeNames[] = {"longitude", "经度", "lon", "lng"};
constexpr std::string_view kLatitudeNames[] = {"latitude", "纬度", "lat"};
constexpr std::string_view kBoundaryNames[] = {"boundary", "边界"};
constexpr CsvColumn kAreaColumns[kColumns] = {
    {kCodeNames, true},       {kNameNames, true},      {kParentNames, false},   {kLevelNames, false},
    {kStatusNames, false},    {kFromNames, false},     {kUntilNames, false},    {kSuccessorNames, false},
    {kLongitudeNames, false}, {kLatitudeNames, false}, {kBoundaryNames, false},
};

constexpr size_t kAreaNameBytesMax = 300;

/// What few rows say.
struct More {
  AreaNumber parent = 0, successor = 0;
  int32_t from = 0, until = 0;
  std::optional<bool> active;
  std::optional<geo::MapPoint> centre;
  geo::ShapePtr shape;
  std::string boundary;  // as it stands in the table
};
struct Row {
  AreaNumber area = 0;
  uint64_t line = 0;
  std::string name;
  std::unique_ptr<More> more;
};

/// One row read: every cell by itself. What is wrong is refused at its column.
class AreaReader : RowCells<Column> {
 public:
  AreaReader(const CsvRow& row, const CsvColumns& columns, ImportReport* report)
      : RowCells(row, columns, kAreaColumns, report) {}

  std::optional<Row> Read() {
    Row made;
    made.line = line();
    made.area = ReadCode(kCode);
    made.name = Cell(kName);
    if (made.area == 0 && good()) Refuse(kCode, "The code is missing.");
    if (made.name.size() > kAreaNameBytesMax) Refuse(kName, "The name is longer than 300 bytes.");
    ReadLevel(made.area);
    if (good() && HasMore()) made.more = ReadMore();
    return good() ? std::optional(std::move(made)) : std::nullopt;
  }

 private:
  AreaNumber ReadCode(Column column) {
    if (Cell(column).empty()) return 0;
    const auto area = geo::ParseAreaCode(Cell(column));
    if (area.ok()) return *area;
    Refuse(column, fmt::format("This is no code of a division ({}). Has a spreadsheet made a number of it?",
                               area.error().external));
    return 0;
  }

  void ReadLevel(AreaNumber area) {
    AreaLevel level{};
    if (Cell(kLevel).empty() || area == 0) return;
    if (!geo::ReadAreaLevel(Cell(kLevel), &level))
      return Refuse(
          kLevel,
          "The level is one of province 省, city 市, county 县, township 乡镇, village 村, grid 网格.");
    if (level != geo::LevelOf(area))
      Refuse(kLevel, fmt::format("By its code this is a {}: mend the code or the level.",
                                 geo::NameOf(geo::LevelOf(area))));
  }

  bool HasMore() const {
    for (size_t column = kParent; column < kColumns; ++column) {
      if (column != kLevel && !Cell(static_cast<Column>(column)).empty()) return true;
    }
    return false;
  }

  std::unique_ptr<More> ReadMore() {
    auto more = std::make_unique<More>();
    more->parent = ReadCode(kParent);
    more->successor = ReadCode(kSuccessor);
    more->from = Day(kFrom);
    more->until = Day(kUntil);
    if (more->from != 0 && more->until != 0 && more->until < more->from)
      Refuse(kUntil, "It ends before it begins.");
    more->active = Active(kStatus);
    if (Cell(kStatus).empty() && more->until != 0) more->active = false;
    ReadPlace(more.get());
    return more;
  }

  void ReadPlace(More* more) {
    if (!Cell(kLongitude).empty() || !Cell(kLatitude).empty()) {
      const auto lon = ReadNumber(Cell(kLongitude)), lat = ReadNumber(Cell(kLatitude));
      const auto point = lon && lat ? geo::MakePoint(*lon, *lat)
                                    : Result<geo::MapPoint>(MakeError(
                                          ErrorCode::kIncorrect, "Both are decimal numbers of degrees."));
      if (!point.ok()) return Refuse(kLongitude, point.error().external);
      more->centre = *point;
    }
    if (Cell(kBoundary).empty()) return;
    auto shape = geo::ReadGeoJson(Cell(kBoundary));
    if (!shape.ok()) return Refuse(kBoundary, shape.error().external);
    more->shape = std::move(shape).value();
    more->boundary = Cell(kBoundary);
  }
};

bool SameShape(const geo::ShapePtr& a, const geo::ShapePtr& b) {
  return a == b || (a != nullptr && b != nullptr && a->rings == b->rings);
}

bool SaysTheSame(const Row& a, const Row& b) {
  if (a.name != b.name || (a.more == nullptr) != (b.more == nullptr)) return false;
  if (a.more == nullptr) return true;
  const More &x = *a.more, &y = *b.more;
  return x.parent == y.parent && x.successor == y.successor && x.from == y.from && x.until == y.until &&
         x.active == y.active && x.centre == y.centre && SameShape(x.shape, y.shape);
}

/// Rows by code against the tree: which are good, what is above each, which say something new.
class Judge {
 public:
  Judge(const geo::AreaTree& tree, std::vector<Row>* rows, ImportReport* report)
      : tree_(tree), rows_(*rows), report_(*report) {
    std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.area < b.area; });
  }

  std::vector<Planned> Run() {
    std::vector<Planned> planned;
    const Row* last = nullptr;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      if (last != nullptr && last->area == row.area) {
        Repeated(*last, row);
        continue;
      }
      last = &row;
      while (!open_.empty() && !geo::IsWithin(row.area, open_.back())) open_.pop_back();
      const AreaNumber above = Above(row.area);
      if (!CheckAbove(row, above) || !CheckName(row)) continue;
      open_.push_back(row.area);
      above_.resize(rows_.size());
      above_[i] = above;
      const geo::AreaIndex known = tree_.Find(row.area);
      if (known != geo::kNoArea && !Differs(row, above, known)) {
        ++report_.unchanged;
        continue;
      }
      planned.push_back(
          {row.line, "Location", known == geo::kNoArea ? geo::AreaId(row.area) : tree_.LocationId(known), i});
    }
    return planned;
  }
  /// Of a planned row.
  AreaNumber AboveOf(size_t row) const { return above_[row]; }
  std::string IdOf(AreaNumber area) const {
    const geo::AreaIndex known = tree_.Find(area);
    return known == geo::kNoArea ? geo::AreaId(area) : tree_.LocationId(known);
  }

 private:
  void Repeated(const Row& first, const Row& again) {
    if (SaysTheSame(first, again)) {
      ++report_.unchanged;
      return;
    }
    report_.Refuse(
        again.line, "code",
        fmt::format("Line {} has this code too, and says something else: keep one of them.", first.line));
  }

  /// The nearest one above by the code: of the good rows before, and of the tree.
  AreaNumber Above(AreaNumber area) const {
    AreaNumber nearest = open_.empty() ? 0 : open_.back();
    for (auto level = static_cast<int>(geo::LevelOf(area)) - 1; level >= 0; --level) {
      const AreaNumber each = geo::AboveIn(area, static_cast<AreaLevel>(level));
      if (each <= nearest) break;
      if (tree_.Find(each) != geo::kNoArea) return each;
    }
    return nearest;
  }

  bool CheckAbove(const Row& row, AreaNumber above) {
    const AreaNumber said = row.more == nullptr ? 0 : row.more->parent;
    if (said != 0 && said != above) {
      report_.Refuse(row.line, "parent",
                     above == 0
                         ? fmt::format("There is no division {} in the table or in the tree, or it was "
                                       "refused: add its row.",
                                       geo::CodeOf(said))
                         : fmt::format("By its code this stands below {}: mend the code or the parent.",
                                       geo::CodeOf(above)));
      return false;
    }
    if (above != 0 || geo::LevelOf(row.area) <= AreaLevel::kCity) return true;
    report_.Refuse(
        row.line, "code",
        fmt::format("There is no division above it, in the table or in the tree, or it was refused: "
                    "add the row of {}.",
                    geo::CodeOf(geo::AboveIn(
                        row.area, static_cast<AreaLevel>(static_cast<int>(geo::LevelOf(row.area)) - 1)))));
    return false;
  }

  bool CheckName(const Row& row) {
    if (!row.name.empty() || tree_.Find(row.area) != geo::kNoArea) return true;
    report_.Refuse(row.line, "name", "The name is missing.");
    return false;
  }

  bool Differs(const Row& row, AreaNumber above, geo::AreaIndex known) const {
    const geo::AreaFact fact = tree_.Fact(known);
    if (!row.name.empty() && row.name != fact.name) return true;
    const std::string above_id = above == 0 ? std::string() : IdOf(above);
    const bool usual = above == 0 || above_id == geo::AreaId(above);
    if (usual ? fact.part_of != above || !fact.part_of_id.empty() : fact.part_of_id != above_id) return true;
    if (row.more == nullptr) return false;
    const More& more = *row.more;
    return (more.successor != 0 && more.successor != fact.successor) ||
           (more.from != 0 && more.from != fact.from) || (more.until != 0 && more.until != fact.until) ||
           (more.active && *more.active != fact.active) ||
           (more.centre && (!fact.has_centre || *more.centre != fact.centre)) ||
           (more.shape != nullptr && !SameShape(more.shape, fact.shape));
  }

  const geo::AreaTree& tree_;
  std::vector<Row>& rows_;
  ImportReport& report_;
  std::vector<AreaNumber> open_, above_;
};

std::string Degrees(int32_t millionths) {
  const int64_t whole = std::abs(int64_t{millionths});
  return fmt::format("{}{}.{:06}", millionths < 0 ? "-" : "", whole / 1'000'000, whole % 1'000'000);
}

std::string DayText(int32_t day) {
  return fmt::format("{:04}-{:02}-{:02}", day / 10000, day / 100 % 100, day % 100);
}

/// Extensions: those given anew first, the others as they were.
std::string ExtensionsOf(const More* more, fhir::Value before) {
  std::vector<std::pair<std::string_view, std::string>> made;
  if (more != nullptr && more->shape != nullptr)
    made.emplace_back(geo::kBoundaryExtension,
                      fmt::format(R"("valueAttachment":{{"contentType":"application/geo+json","data":"{}"}})",
                                  ToBase64(AsBytes(more->boundary))));
  if (more != nullptr && (more->from != 0 || more->until != 0)) {
    std::string period;
    if (more->from != 0) period = fmt::format(R"("start":"{}")", DayText(more->from));
    if (more->until != 0)
      period += fmt::format(R"({}"end":"{}")", period.empty() ? "" : ",", DayText(more->until));
    made.emplace_back(geo::kValidityExtension, fmt::format(R"("valuePeriod":{{{}}})", period));
  }
  if (more != nullptr && more->successor != 0)
    made.emplace_back(
        geo::kSuccessorExtension,
        fmt::format(R"("valueReference":{{"reference":"Location/{}"}})", geo::AreaId(more->successor)));
  std::string json;
  for (const auto& [url, value] : made)
    json += fmt::format(R"({}{{"url":"{}",{}}})", json.empty() ? "" : ",", url, value);
  for (const fhir::Value extension : before["extension"]) {
    const std::string url = extension["url"].ToString();
    if (std::any_of(made.begin(), made.end(), [&url](const auto& each) { return each.first == url; }))
      continue;
    json.append(json.empty() ? "" : ",").append(extension.Json());
  }
  return json.empty() ? json : "[" + json + "]";
}

/// What it was called before stays findable.
std::string AliasesOf(const std::string& name, fhir::Value before) {
  std::string json;
  const std::string former = before["name"].ToString();
  bool known = former.empty() || former == name;
  for (const fhir::Value alias : before["alias"]) {
    json.append(json.empty() ? "" : ",").append(alias.Json());
    known = known || alias.ToString() == former;
  }
  if (!known) json.append(json.empty() ? "" : ",").append(JsonText(former));
  return json.empty() ? json : "[" + json + "]";
}

std::string LocationText(const Row& row, AreaNumber above, const std::string& above_id, const std::string& id,
                         fhir::Value before, std::string_view source) {
  const std::string code = geo::CodeOf(row.area);
  const std::string name = row.name.empty() ? before["name"].ToString() : row.name;
  const More* const more = row.more.get();
  std::vector<std::pair<std::string_view, std::string>> given;
  given.emplace_back("extension", ExtensionsOf(more, before));
  given.emplace_back("identifier", IdentifiersWith(before, view::kAreaSystem, code));
  if (more != nullptr && more->active)
    given.emplace_back("status", *more->active ? R"("active")" : R"("inactive")");
  else if (!before["status"].present())
    given.emplace_back("status", R"("active")");
  given.emplace_back("name", JsonText(name));
  given.emplace_back("alias", AliasesOf(name, before));
  given.emplace_back("mode", R"("instance")");
  given.emplace_back("type", fmt::format(R"([{{"coding":[{{"system":"{}","code":"{}"}}]}}])",
                                         geo::kAreaLevelSystem, geo::NameOf(geo::LevelOf(row.area))));
  given.emplace_back(
      "physicalType",
      R"({"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"jdn","display":"Jurisdiction"}]})");
  if (more != nullptr && more->centre)
    given.emplace_back("position", fmt::format(R"({{"longitude":{},"latitude":{}}})",
                                               Degrees(more->centre->lon), Degrees(more->centre->lat)));
  given.emplace_back("partOf",
                     above == 0 ? std::string() : fmt::format(R"({{"reference":"Location/{}"}})", above_id));
  return Remade("Location", id, before, code, source, given);
}

}  // namespace

Result<ImportReport> ImportAreas(const ImportContext& context, std::string_view csv,
                                 const ImportOptions& options) {
  const geo::AreaTreePtr tree = TRY(SoundTree(context));
  ImportReport report;
  std::vector<Row> rows;
  TRY(ReadTable(csv, options, kAreaColumns, &report, [&](const CsvRow& row, const CsvColumns& columns) {
    if (auto read = AreaReader(row, columns, &report).Read()) rows.push_back(std::move(*read));
  }));
  Judge judge(*tree, &rows, &report);
  const std::vector<Planned> planned = judge.Run();
  const MakeText make = [&](const Planned& each, fhir::Value before, std::string_view source) {
    const Row& row = rows[each.row];
    const AreaNumber above = judge.AboveOf(each.row);
    return LocationText(row, above, judge.IdOf(above), each.id, before, source);
  };
  TRY(WriteAll(context, planned, make, options, &report));
  return report;
}

}  // namespace tk::exchange
