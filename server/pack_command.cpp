// pack check, pack test and pack try: whoever writes a pack sees what is wrong with it, plays its stories, and tries its rules on history, with nothing
// but this program.
#include <fmt/format.h>

#include <cstdio>

#include "kernel/access/policies.h"
#include "server/commands.h"
#include "server/pack_case.h"
#include "server/pack_try.h"

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
    const std::vector<app::App> apps = TRY(app::LoadPacks(*definitions, set->packs(), {}));
    TRY(app::LoadPlatform(set->packs()));
    access::Posts posts = TRY(access::Posts::BuiltIn());
    access::Policies policies = *access::Policies::BuiltIn();
    for (const access::PackPost& post : app::PostsOf(apps)) {
      TRY(posts.Add(post));
      TRY(policies.Add(post));
    }
    const std::vector<std::string> names = posts.Names();
    app::WorkflowOptions governed;
    governed.posts = names;
    TRY(app::LoadWorkflows(*definitions, set->packs(), governed));
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

void AddTry(CLI::App* pack, Commands* commands) {
  const auto asked = std::make_shared<TryAsked>();
  CLI::App* const trial = pack->add_subcommand(
      "try",
      "Tell what a rule would have made in a period; nothing is written. While the program runs: "
      "/app/ID/rules/RULE/try");
  trial->add_option("rule", asked->rule, "A rule's file, or the id of an installed one")->required();
  AddDataOptions(trial, &asked->data);
  trial->add_option("--from", asked->from, "A date or an instant")->required();
  trial->add_option("--until", asked->until, "The same; without it until the end");
  trial->add_option("--app", asked->app, "Whose settings a file is read with; without it by the rule's id");
  trial->add_flag("--counts", asked->counts_only, "The numbers alone");
  trial->add_option("--threads", asked->threads, "Without it one a processor")->check(CLI::Range(1, 64));
  commands->push_back({trial, [asked] { return Finish(TryOnHistory(*asked)); }});
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
  AddTry(pack, commands);
}

}  // namespace tk::server
