#include <cstdio>

#include "kernel/access/audit.h"
#include "server/commands.h"

namespace tk::server {
namespace {

int Verify(const std::string& data, const std::string& folder) {
  if (data.empty() && folder.empty())
    return Fail(MakeError(ErrorCode::kIncorrect, "say where the audit is: --data DIR or --folder DIR"));
  if (folder.empty()) {
    if (const Status there = CheckDataFolder(data); !there.ok()) return Fail(there.error());
  }
  const auto report = access::VerifyAudit(folder.empty() ? data + "/audit" : folder);
  if (!report.ok()) return Fail(report.error());
  for (const std::string& line : report->notes) std::printf("note: %s\n", line.c_str());
  for (const std::string& line : report->damage) std::printf("DAMAGE: %s\n", line.c_str());
  for (const std::string& line : report->heads) std::printf("head of %s\n", line.c_str());
  std::printf("%llu records in %llu files, %zu damaged places\n",
              static_cast<unsigned long long>(report->records),
              static_cast<unsigned long long>(report->files), report->damage.size());
  return report->damage.empty() ? kExitDone : kExitDamage;
}

}  // namespace

void AddAudit(CLI::App* root, Commands* commands) {
  const auto data = std::make_shared<std::string>();
  CLI::App* const audit = root->add_subcommand("audit", "The audit: who looked at what");
  audit->require_subcommand(1);
  CLI::App* const verify = audit->add_subcommand(
      "verify", "Check the chain of all records; keep the printed heads elsewhere to see a cut-off end");
  const auto folder = std::make_shared<std::string>();
  verify->add_option("--data", *data, "Data folder")->envname("TONGKANG_DATA");
  verify->add_option("--folder", *folder, "Folder of audit files that were exported (GET /audit/files/NAME)");
  commands->push_back({verify, [data, folder] { return Verify(*data, *folder); }});
}

}  // namespace tk::server
