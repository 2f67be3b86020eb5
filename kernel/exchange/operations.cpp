#include "kernel/exchange/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kernel/base/text.h"
#include "kernel/exchange/area_import.h"
#include "kernel/exchange/organization_import.h"
#include "kernel/exchange/post_import.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/prefer.h"

namespace tk::exchange {
namespace {

using interaction::Method;
using interaction::Parameter;
using interaction::Request;
using interaction::Response;

constexpr std::string_view kImportAreas = "$import-areas", kImportOrganizations = "$import-organizations",
                           kImportPosts = "$import-posts", kTree = "$tree";
constexpr size_t kDepthMax = 5;
constexpr size_t kNodesMax = 10'000;

constexpr interaction::OperationAddress kServed[] = {
    {kImportAreas, interaction::OperationLevel::kSystem, "", Method::kPost},
    {kImportOrganizations, interaction::OperationLevel::kSystem, "", Method::kPost},
    {kImportPosts, interaction::OperationLevel::kSystem, "", Method::kPost},
    {kTree, interaction::OperationLevel::kType, "Location", Method::kGet},
};

struct ImportWay {
  std::string_view name;
  std::array<std::string_view, 2> types;  // that it writes; "" is none
  Result<ImportReport> (*run)(const ImportContext&, std::string_view, const ImportOptions&);
};
constexpr ImportWay kImportWays[] = {
    {kImportAreas, {"Location"}, ImportAreas},
    {kImportOrganizations, {"Organization"}, ImportOrganizations},
    {kImportPosts, {"PractitionerRole", "Practitioner"}, ImportPosts},
};

/// nullptr: it is no import.
const ImportWay* FindWay(std::string_view name) {
  for (const ImportWay& way : kImportWays) {
    if (way.name == name) return &way;
  }
  return nullptr;
}

bool IsTree(const Request& request) { return request.path.back() == kTree; }

Response NotOffered(std::string_view method) {
  Response response = interaction::Refusal(405, "not-supported",
                                           fmt::format("This operation is offered by {} alone.", method));
  response.headers.emplace_back("Allow", std::string(method));
  return response;
}

Result<bool> ReadFlag(const Parameter& parameter) {
  if (parameter.value != "true" && parameter.value != "false")
    return MakeError(ErrorCode::kIncorrect, fmt::format("{} may be true or false.", parameter.name));
  return parameter.value == "true";
}

/// "text/csv; charset=gb18030" → "gb18030".
std::string CharsetIn(std::string_view content_type) {
  const size_t at = ToLower(content_type).find("charset=");
  if (at == std::string_view::npos) return {};
  std::string_view charset = content_type.substr(at + std::string_view("charset=").size());
  charset = TrimSpace(charset.substr(0, charset.find(';')));
  if (charset.size() >= 2 && charset.front() == '"') charset = charset.substr(1, charset.size() - 2);
  return std::string(charset);
}

Result<ImportOptions> ReadOptions(const Request& request) {
  ImportOptions options;
  options.charset = CharsetIn(request.content_type);
  for (const Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "check") {
      options.check_only = TRY(ReadFlag(parameter));
    } else if (parameter.name == "all-or-nothing") {
      options.all_or_nothing = TRY(ReadFlag(parameter));
    } else if (parameter.name == "charset") {
      options.charset = parameter.value;
    } else if (parameter.name != "_format") {
      return interaction::UnknownParameter(parameter.name, "check, all-or-nothing, charset");
    }
  }
  options.deadline_us = request.deadline_us;
  options.source = "urn:tongkang:import:" + request.request_id;
  return options;
}

std::vector<Issue> IssuesOf(const ImportReport& report) {
  std::vector<Issue> issues;
  for (const RowIssue& issue : report.issues) {
    const std::string where = issue.column.empty() ? fmt::format("Line {}: ", issue.line)
                                                   : fmt::format("Line {}, {}: ", issue.line, issue.column);
    issues.push_back({Severity::kError, "value", {}, where + issue.text});
  }
  if (report.refused > report.issues.size())
    issues.push_back({Severity::kInformation,
                      "too-long",
                      {},
                      fmt::format("{} more rows were refused.", report.refused - report.issues.size())});
  for (const std::string& column : report.unknown_columns)
    issues.push_back({Severity::kWarning,
                      "not-supported",
                      {},
                      fmt::format("The column \"{}\" is not known and was passed over.", column)});
  if (issues.empty()) issues.push_back({Severity::kInformation, "informational", {}, "Every row is good."});
  return issues;
}

class PartWriter {
 public:
  explicit PartWriter(std::string* out) : json_(out) {
    json_.Object().Member("resourceType", "Parameters").Key("parameter").Array();
  }
  void Finish() { json_.End().End(); }
  void Begin(std::string_view name) { json_.Object().Member("name", name).Key("part").Array(); }
  void End() { json_.End().End(); }
  void Number(std::string_view name, uint64_t value) {
    json_.Object().Member("name", name).Key("valueInteger").Int(static_cast<int64_t>(value)).End();
  }
  void Text(std::string_view name, std::string_view type, std::string_view value) {
    json_.Object().Member("name", name).Member(type, value).End();
  }
  void Flag(std::string_view name, bool value) {
    json_.Object().Member("name", name).Key("valueBoolean").Bool(value).End();
  }
  void Reference(std::string_view name, std::string_view target) {
    json_.Object()
        .Member("name", name)
        .Key("valueReference")
        .Object()
        .Member("reference", target)
        .End()
        .End();
  }
  void Resource(std::string_view name, std::string_view resource) {
    json_.Object().Member("name", name).Key("resource").Raw(resource).End();
  }

 private:
  fhir::JsonWriter json_;
};

Response ReportOf(const ImportReport& report) {
  Response response;
  PartWriter parts(&response.body);
  parts.Number("rows", report.rows);
  parts.Number("added", report.added);
  parts.Number("changed", report.changed);
  parts.Number("unchanged", report.unchanged);
  parts.Number("refused", report.refused);
  parts.Flag("kept", report.kept);
  parts.Text("charset", "valueCode", report.charset);
  parts.Resource("outcome", interaction::OutcomeJson(IssuesOf(report)));
  parts.Finish();
  response.audit_t = report.last_t;
  return response;
}

struct TreeAsked {
  std::string code, organization;
  std::optional<geo::MapPoint> point;
  size_t depth = 1;
  bool issues = false;
};

Result<geo::MapPoint> ReadPoint(std::string_view text) {
  const size_t comma = text.find(',');
  double lon = 0, lat = 0;
  const auto read = [&](std::string_view part, double* number) {
    const auto done = std::from_chars(part.data(), part.data() + part.size(), *number);
    return done.ec == std::errc() && done.ptr == part.data() + part.size();
  };
  if (comma == std::string_view::npos || !read(text.substr(0, comma), &lon) ||
      !read(text.substr(comma + 1), &lat))
    return MakeError(ErrorCode::kIncorrect, "point is LONGITUDE,LATITUDE in degrees, such as 121.5,31.2.");
  return geo::MakePoint(lon, lat);
}

Result<TreeAsked> ReadAsked(const Request& request) {
  TreeAsked asked;
  int ways = 0;
  for (const Parameter& parameter : TRY(interaction::ParseParameters(request.query))) {
    if (parameter.name == "code") {
      asked.code = parameter.value;
      ++ways;
    } else if (parameter.name == "organization") {
      asked.organization = parameter.value;
      ++ways;
    } else if (parameter.name == "point") {
      asked.point = TRY(ReadPoint(parameter.value));
      ++ways;
    } else if (parameter.name == "issues") {
      asked.issues = TRY(ReadFlag(parameter));
      ++ways;
    } else if (parameter.name == "depth") {
      asked.depth = parameter.value == "0" ? 0 : TRY(interaction::ParseCount(parameter));
    } else if (parameter.name != "_format") {
      return interaction::UnknownParameter(parameter.name, "code, point, organization, issues, depth");
    }
  }
  if (ways != 1)
    return MakeError(ErrorCode::kIncorrect, "Ask by one of code, point, organization and issues.");
  if (asked.depth > kDepthMax)
    return MakeError(ErrorCode::kIncorrect, fmt::format("depth may be 0 to {}.", kDepthMax));
  return asked;
}

/// An area with those below it to a depth; false when the answer would have too many.
class TreeWriter {
 public:
  TreeWriter(const geo::AreaTree& tree, PartWriter* parts) : tree_(tree), parts_(*parts) {}

  bool Write(std::string_view name, geo::AreaIndex i, size_t depth) {
    if (++nodes_ > kNodesMax) return false;
    const geo::AreaFact fact = tree_.Fact(i);
    parts_.Begin(name);
    parts_.Text("code", "valueCode", geo::CodeOf(fact.area));
    if (!fact.name.empty()) parts_.Text("name", "valueString", fact.name);
    parts_.Text("level", "valueCode", geo::NameOf(geo::LevelOf(fact.area)));
    if (name == "area") parts_.Text("path", "valueString", tree_.Path(i));
    parts_.Reference("location", "Location/" + tree_.LocationId(i));
    parts_.Flag("active", fact.active);
    if (fact.until != 0) parts_.Text("until", "valueDate", DayText(fact.until));
    if (fact.successor != 0) parts_.Text("successor", "valueCode", geo::CodeOf(fact.successor));
    parts_.Number("below", tree_.End(i) - i - 1);
    bool whole = true;
    for (geo::AreaIndex c = i + 1; depth > 0 && whole && c < tree_.End(i); c = tree_.End(c))
      whole = Write("child", c, depth - 1);
    parts_.End();
    return whole;
  }

 private:
  const geo::AreaTree& tree_;
  PartWriter& parts_;
  size_t nodes_ = 0;
};

Error NoSuchArea(std::string_view what) {
  return MakeError(ErrorCode::kNotFound,
                   fmt::format("{}: see Location/$tree?code= of the city for what there is.", what));
}

Result<geo::AreaIndex> FindAsked(const geo::AreaTree& tree, const TreeAsked& asked, PartWriter* parts) {
  if (asked.point) {
    const geo::AreaIndex at = tree.AreaAt(*asked.point);
    if (at == geo::kNoArea) return NoSuchArea("No area's boundary holds this point");
    return at;
  }
  if (!asked.organization.empty()) {
    const geo::InstitutionFact* const found = tree.FindInstitution(asked.organization);
    if (found == nullptr) return MakeError(ErrorCode::kNotFound, "There is no such Organization.");
    const geo::InstitutionFact* const top = tree.TopOf(*found);
    parts->Text("organization-path", "valueString", tree.InstitutionPath(*found));
    const geo::AreaNumber site = tree.SiteOf(top->id);
    if (site != 0) parts->Text("site", "valueCode", geo::CodeOf(site));
    const geo::AreaIndex at = tree.FindNearest(found->area != 0 ? found->area : top->area);
    if (at == geo::kNoArea) return NoSuchArea("The area that it serves is not known");
    return at;
  }
  const geo::AreaNumber area = TRY(geo::ParseAreaCode(asked.code));
  const geo::AreaIndex at = tree.Find(area);
  if (at == geo::kNoArea) return NoSuchArea("There is no area with this code");
  return at;
}

std::string IssuesOfTree(const geo::AreaTree& tree) {
  std::vector<Issue> issues;
  for (const geo::AreaIssue& issue : tree.issues())
    issues.push_back({Severity::kWarning, "business-rule", issue.id, std::string(geo::TextOf(issue.kind))});
  if (issues.empty()) issues.push_back({Severity::kInformation, "informational", {}, "Everything fits."});
  return interaction::OutcomeJson(issues);
}

}  // namespace

std::span<const interaction::OperationAddress> Operations::Served() { return kServed; }

bool Operations::Has(const Request& request) {
  return std::any_of(std::begin(kServed), std::end(kServed), [&](const interaction::OperationAddress& each) {
    if (request.path.empty() || request.path.back() != each.name) return false;
    return each.level == interaction::OperationLevel::kSystem
               ? request.path.size() == 1
               : request.path.size() == 2 && request.path[0] == each.type;
  });
}

Response Operations::Handle(const Request& request) const {
  const bool tree = IsTree(request);
  const bool get = request.method == Method::kGet || request.method == Method::kHead;
  Response response;
  if (tree != get || (!tree && request.method != Method::kPost)) {
    response = NotOffered(tree ? "GET" : "POST");
  } else {
    auto answered = tree ? Tree(request) : Import(request);
    response = answered.ok() ? std::move(answered).value() : interaction::OutcomeOf(answered.error());
  }
  const ImportWay* const way = FindWay(request.path[0]);
  response.audit_type = way != nullptr ? way->types.front() : "Location";
  response.audit_action = tree ? "tree" : "import";
  return response;
}

Result<Response> Operations::Import(const Request& request) const {
  const ImportWay& way = *FindWay(request.path[0]);
  TRY(interaction::CheckMayCall(*request.viewer, request.path[0]));
  for (const std::string_view type : way.types) {
    if (!type.empty()) TRY(interaction::CheckMayWrite(*request.viewer, type));
  }
  if (!IsTableType(request.content_type))
    return interaction::Refusal(415, "not-supported",
                                fmt::format("Send the table as text/csv or as {}.", kXlsxType));
  if (!context_.engine->serving())
    return MakeError(ErrorCode::kUnavailable, "The server is still reading its log: try again in a moment.");
  const ImportOptions options = TRY(ReadOptions(request));
  const ImportReport report = TRY(way.run(context_, request.body, options));
  // So that programs beside the server (account add) know them at once. Not being saved yet is no failure of the import.
  if (report.last_t != 0) (void)context_.engine->SaveViews();
  return ReportOf(report);
}

Result<Response> Operations::Tree(const Request& request) const {
  TRY(interaction::CheckMayRead(*request.viewer, "Location"));
  const TreeAsked asked = TRY(ReadAsked(request));
  if (!asked.organization.empty()) TRY(interaction::CheckMayRead(*request.viewer, "Organization"));
  const geo::AreaTreePtr tree = context_.areas->Tree();
  Response response;
  PartWriter parts(&response.body);
  if (asked.issues) {
    parts.Number("areas", tree->size());
    parts.Number("organizations", tree->institutions().size());
    parts.Number("issues", tree->issue_count());
    parts.Resource("outcome", IssuesOfTree(*tree));
    parts.Finish();
    return response;
  }
  const geo::AreaIndex at = TRY(FindAsked(*tree, asked, &parts));
  if (!TreeWriter(*tree, &parts).Write("area", at, asked.depth))
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("The answer would have more than {} areas: ask with a smaller depth, or for one "
                    "below it.",
                    kNodesMax));
  parts.Finish();
  return response;
}

}  // namespace tk::exchange
