// pack check and pack test: whoever writes a pack sees what is wrong with it, and plays its stories, with nothing but this program.
#include <fmt/format.h>

#include <cstdio>

#include "server/commands.h"
#include "server/pack_case.h"

namespace tk::server {
namespace {

struct PackAsked {
  std::vector<std::string> folders;
  CaseOptions cases;
};

/// The packs of the program with the one in `folder` in place of its like.
Result<std::shared_ptr<const app::PackSet>> With(const std::string& folder, std::string* id) {
  const auto own = TRY(app::PackSet::LoadOne(folder, true));
  *id = std::string(own->packs().front().id);
  return app::PackSet::Join(app::InstalledPacks(), own);
}

Status Check(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    std::string id;
    const auto set = TRY(With(folder, &id));
    const auto definitions = TRY(app::LoadDefinitions(set->packs(), {}));
    TRY(app::LoadPacks(*definitions, set->packs(), {}));
    TRY(app::LoadPlatform(set->packs()));
    fmt::print("{}: good\n", id);
  }
  return {};
}

Status Play(const PackAsked& asked) {
  size_t failed = 0;
  for (const std::string& folder : asked.folders) {
    std::string id;
    const auto set = TRY(With(folder, &id));
    const CaseReport report = TRY(PlayCases(set, id, asked.cases));
    for (const std::string& failure : report.failures) fmt::print("{}\n", failure);
    if (report.played == 0 && asked.cases.only.empty()) {
      fmt::print("{}: has no cases: what a pack does is told by tests/*.case.json\n", id);
      ++failed;
    }
    fmt::print("{}: {} cases, {} failed\n", id, report.played, report.failures.size());
    std::fflush(stdout);
    failed += report.failures.size();
  }
  if (failed == 0) return {};
  return MakeError(ErrorCode::kInvalid, "not everything is as the cases tell");
}

}  // namespace

void AddPack(CLI::App* root, Commands* commands) {
  CLI::App* const pack = root->add_subcommand("pack", "Packs: business systems as data (docs/packs.md)");
  pack->require_subcommand(1);
  const auto asked = std::make_shared<PackAsked>();
  CLI::App* const check = pack->add_subcommand("check", "Say all that is wrong with packs");
  check->add_option("folder", asked->folders, "Folders, each of one pack")->required();
  commands->push_back({check, [asked] { return Finish(Check(asked->folders)); }});
  CLI::App* const test =
      pack->add_subcommand("test", "Play the cases of packs, each on an empty log of its own");
  test->add_option("folder", asked->folders, "Folders, each of one pack")->required();
  test->add_option("--log", asked->cases.log_url,
                   "On PostgreSQL, postgresql://…: each case makes a schema tk_case_… there, which stays; "
                   "without it on SQLite");
  test->add_option("--only", asked->cases.only, "Cases whose name has this text");
  commands->push_back({test, [asked] { return Finish(Play(*asked)); }});
}

}  // namespace tk::server
