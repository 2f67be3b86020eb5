// import: a table into a data folder of which no server runs. Of a running one: POST it to /fhir/$import-areas, $import-organizations or $import-posts.
#include <fmt/format.h>

#include <cstdio>

#include "kernel/base/clock.h"
#include "kernel/exchange/area_import.h"
#include "kernel/exchange/organization_import.h"
#include "kernel/exchange/post_import.h"
#include "server/open.h"

namespace tk::server {
namespace {

constexpr size_t kTableBytesMax = size_t{1} << 30;

struct ImportAsked {
  DataOptions data;
  std::string file, charset;
  bool check = false, all_or_nothing = false;
};

using ImportWay = Result<exchange::ImportReport> (*)(const exchange::ImportContext&, std::string_view,
                                                     const exchange::ImportOptions&);

void PrintReport(const exchange::ImportReport& report) {
  for (const exchange::RowIssue& issue : report.issues)
    fmt::print(stderr, "line {}{}{}: {}\n", issue.line, issue.column.empty() ? "" : ", ", issue.column,
               issue.text);
  for (const std::string& column : report.unknown_columns)
    fmt::print(stderr, "the column \"{}\" is not known and was passed over\n", column);
  fmt::print("{} rows: {} added, {} changed, {} unchanged, {} refused{}\n", report.rows, report.added,
             report.changed, report.unchanged, report.refused, report.kept ? "" : "; nothing was written");
}

/// Exit code kExitFailed when a row was refused, so that scripts notice.
int Import(const ImportAsked& asked, ImportWay way) {
  const auto run = [&]() -> Result<exchange::ImportReport> {
    TRY(CheckDataFolderOrEmpty(asked.data.data));
    TRY(ActAsOwner(asked.data.data));
    const std::string table = TRY(ReadFile(asked.file, kTableBytesMax));
    const SystemClock clock;
    OpenOptions open;
    open.data = asked.data;
    open.clock = &clock;
    const Opened opened = TRY(OpenData(open));
    TRY(WaitUntilReady(*opened.engine));
    TRY(RecordResumedErasures(opened, asked.data.data, &clock));
    exchange::ImportOptions options;
    options.charset = asked.charset;
    options.check_only = asked.check;
    options.all_or_nothing = asked.all_or_nothing;
    options.source = "urn:tongkang:import:operator";
    const int64_t begin_us = MonotonicUs();
    interaction::Context checks;
    checks.engine = opened.engine.get();
    checks.index = opened.index;
    checks.clock = &clock;
    const interaction::Interactions interactions(checks);
    auto report = way({opened.engine.get(), opened.areas, &interactions}, table, options);
    fmt::print(stderr, "{:.1f} s\n", static_cast<double>(MonotonicUs() - begin_us) / 1e6);
    opened.engine->Stop();
    return report;
  };
  const auto report = run();
  if (!report.ok()) return Fail(report.error());
  PrintReport(*report);
  return report->refused == 0 ? kExitDone : kExitFailed;
}

void AddWay(CLI::App* parent, const std::string& name, const std::string& help, ImportWay way,
            Commands* commands) {
  const auto asked = std::make_shared<ImportAsked>();
  CLI::App* const app = parent->add_subcommand(name, help);
  AddDataOptions(app, &asked->data);
  app->add_option("FILE", asked->file, "The table, as CSV")->required();
  app->add_option("--charset", asked->charset, "utf-8 or gb18030; told from the bytes without it");
  app->add_flag("--check", asked->check, "Tell what would be, and write nothing");
  app->add_flag("--all-or-nothing", asked->all_or_nothing, "Keep nothing if a row is refused");
  commands->push_back({app, [asked, way] { return Import(*asked, way); }});
}

}  // namespace

void AddImport(CLI::App* root, Commands* commands) {
  CLI::App* const import = root->add_subcommand(
      "import", "Load a table into a data folder while no server runs there; of a running one POST it");
  import->require_subcommand(1);
  AddWay(import, "areas", "Divisions: code, name and, when there are, parent, status, boundary …",
         exchange::ImportAreas, commands);
  AddWay(import, "organizations",
         "Institutions and departments: name, credit_code and, when there are, parent, code, area, type …",
         exchange::ImportOrganizations, commands);
  AddWay(import, "posts",
         "Posts of staff: number, name, organization and, when there are, department, post, from, until …",
         exchange::ImportPosts, commands);
}

}  // namespace tk::server
