#include "kernel/exchange/area_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

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
    JudgeAll();
    std::vector<Planned> planned;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      if (const size_t first = FirstOf(row.area); first != i) {
        Repeated(rows_[first], row);
        continue;
      }
      if (const auto wrong = wrong_.find(i); wrong != wrong_.end()) {
        report_.Refuse(row.line, wrong->second.column, wrong->second.text);
        continue;
      }
      const geo::AreaIndex known = tree_.Find(row.area);
      if (known != geo::kNoArea && !Differs(row, Above(row.area), known)) {
        ++report_.unchanged;
        continue;
      }
      planned.push_back(
          {row.line, "Location", known == geo::kNoArea ? geo::AreaId(row.area) : tree_.LocationId(known), i});
    }
    return planned;
  }
  /// The nearest one above by the code, of the good rows and of the tree; 0 if there is none. For planned rows: from several threads.
  AreaNumber Above(AreaNumber area) const {
    for (auto level = static_cast<int>(geo::LevelOf(area)) - 1; level >= 0; --level) {
      const AreaNumber each = geo::AboveIn(area, static_cast<AreaLevel>(level));
      if (IsThere(each)) return each;
    }
    return 0;
  }
  std::string IdOf(AreaNumber area) const {
    const geo::AreaIndex known = tree_.Find(area);
    return known == geo::kNoArea ? geo::AreaId(area) : tree_.LocationId(known);
  }

 private:
  struct Wrong {
    std::string_view column;
    std::string text;
  };
  static constexpr size_t kNoRow = ~size_t{0};
  static constexpr int kSuccessorsMax = 16;

  /// The row that counts for this division, the first one; kNoRow if the table has none.
  size_t FirstOf(AreaNumber area) const {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), area,
                                     [](const Row& row, AreaNumber code) { return row.area < code; });
    return at == rows_.end() || at->area != area ? kNoRow : static_cast<size_t>(at - rows_.begin());
  }
  bool InTree(AreaNumber area) const { return tree_.Find(area) != geo::kNoArea; }
  bool IsThere(AreaNumber area) const {
    if (InTree(area)) return true;
    const size_t row = FirstOf(area);
    return row != kNoRow && !wrong_.contains(row);
  }

  /// From the top down; then again what stood on a row that was refused meanwhile, until nothing changes. A row is refused once, and looked at once for
  /// each refused one that it is below of or that it names.
  void JudgeAll() {
    std::unordered_multimap<AreaNumber, size_t> followers;  // by successor
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (i > 0 && rows_[i].area == rows_[i - 1].area) continue;
      if (const More* const more = rows_[i].more.get(); more != nullptr && more->successor != 0)
        followers.emplace(more->successor, i);
      Check(i);
    }
    for (size_t next = 0; next < refused_.size(); ++next) {
      const AreaNumber gone = rows_[refused_[next]].area;
      if (InTree(gone)) continue;  // only the row is refused
      const auto [first, last] = followers.equal_range(gone);
      for (auto at = first; at != last; ++at) Check(at->second);
      for (size_t i = refused_[next] + 1; i < rows_.size() && geo::IsWithin(rows_[i].area, gone); ++i) {
        if (rows_[i].area != rows_[i - 1].area) Check(i);
      }
    }
  }

  void Check(size_t i) {
    if (!wrong_.contains(i) && !(CheckAbove(i) && CheckName(i) && CheckSuccessor(i))) refused_.push_back(i);
  }

  void Repeated(const Row& first, const Row& again) {
    if (SaysTheSame(first, again)) {
      ++report_.unchanged;
      return;
    }
    report_.Refuse(
        again.line, "code",
        fmt::format("Line {} has this code too, and says something else: keep one of them.", first.line));
  }

  bool Refuse(size_t row, std::string_view column, std::string text) {
    wrong_.insert_or_assign(row, Wrong{column, std::move(text)});
    return false;
  }

  /// The one that the code names right above this must be there. A city may be the top; a county may stand below its province, as those of the four
  /// municipalities do in lists that leave out "1101"; a township whose county is written 00 stands below the city (441900003).
  bool CheckAbove(size_t i) {
    const Row& row = rows_[i];
    const AreaNumber above = Above(row.area), said = row.more == nullptr ? 0 : row.more->parent;
    if (said != 0 && said != above) return Refuse(i, "parent", WrongParent(row.area, said, above));
    const AreaLevel level = geo::LevelOf(row.area);
    if (level <= AreaLevel::kCity || (level == AreaLevel::kCounty && above != 0)) return true;
    const AreaNumber next = geo::AboveIn(row.area, static_cast<AreaLevel>(static_cast<int>(level) - 1));
    if (above == next) return true;
    return Refuse(i, "code", NotThere(next, "code"));
  }

  static std::string NotThere(AreaNumber area, std::string_view column) {
    return fmt::format(
        "There is no division {} in the table or in the tree, or it was refused: add its row, or mend the "
        "{}.",
        geo::CodeOf(area), column);
  }

  std::string WrongParent(AreaNumber area, AreaNumber said, AreaNumber above) const {
    if (said == area)
      return "A division is not its own parent: leave the cell empty, the code says what is above it.";
    if (!IsThere(said)) return NotThere(said, "parent");
    return fmt::format("By its code this stands {} {}: mend the code or the parent.",
                       above == 0 ? "not below" : "below", geo::CodeOf(above == 0 ? said : above));
  }

  bool CheckName(size_t i) {
    if (!rows_[i].name.empty() || InTree(rows_[i].area)) return true;
    return Refuse(i, "name", "The name is missing.");
  }

  bool CheckSuccessor(size_t i) {
    const AreaNumber area = rows_[i].area, named = rows_[i].more == nullptr ? 0 : rows_[i].more->successor;
    if (named == 0) return true;
    if (named == area)
      return Refuse(
          i, "successor",
          "A division is not its own successor: name the one that took it over, or leave the cell empty.");
    if (!IsThere(named)) return Refuse(i, "successor", NotThere(named, "successor"));
    AreaNumber at = named;
    for (int steps = 0; at != 0 && steps < kSuccessorsMax; ++steps) {
      at = SuccessorOf(at);
      if (at == area)
        return Refuse(
            i, "successor",
            fmt::format(
                "{} is succeeded by this one itself, by the table and the tree: one of them must not be.",
                geo::CodeOf(named)));
    }
    return true;
  }

  /// As it will be: what the table says anew, else what the tree has.
  AreaNumber SuccessorOf(AreaNumber area) const {
    const size_t row = FirstOf(area);
    if (row != kNoRow && !wrong_.contains(row) && rows_[row].more != nullptr &&
        rows_[row].more->successor != 0)
      return rows_[row].more->successor;
    const geo::AreaIndex known = tree_.Find(area);
    return known == geo::kNoArea ? 0 : tree_.Fact(known).successor;
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
  std::unordered_map<size_t, Wrong> wrong_;  // of first rows
  std::vector<size_t> refused_;              // the same, as they came
};

std::string Degrees(int32_t millionths) {
  const int64_t whole = std::abs(int64_t{millionths});
  return fmt::format("{}{}.{:06}", millionths < 0 ? "-" : "", whole / 1'000'000, whole % 1'000'000);
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
    const AreaNumber above = judge.Above(row.area);
    return LocationText(row, above, judge.IdOf(above), each.id, before, source);
  };
  TRY(WriteAll(context, planned, make, options, &report));
  return report;
}

}  // namespace tk::exchange
