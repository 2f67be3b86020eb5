// The subcommands of `tongkang`. Each file adds its own to the command line and says what runs when it is chosen.
// Exit codes: 0 done; 1 it failed, the reason is on stderr; 2 the command line is wrong; 3 damage was found (verify, audit verify).
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/base/result.h"

namespace tk::server {

inline constexpr int kExitDone = 0, kExitFailed = 1, kExitUsage = 2, kExitDamage = 3;

struct Command {
  CLI::App* app;
  std::function<int()> run;
};
using Commands = std::vector<Command>;

void AddServe(CLI::App* root, Commands* commands);
void AddAccount(CLI::App* root,
                Commands* commands);  // account add, set-password, reset, reset-factor, set-phone, …
void AddKeys(CLI::App* root, Commands* commands);  // keys rotate-signing
void AddToken(CLI::App* root, Commands* commands);
void AddLog(CLI::App* root, Commands* commands);  // verify, backup, restore, rebuild
void AddErase(CLI::App* root, Commands* commands);
void AddDeduplicate(CLI::App* root, Commands* commands);
void AddImport(CLI::App* root, Commands* commands);  // import areas, organizations
void AddAudit(CLI::App* root, Commands* commands);   // audit verify
void AddPack(CLI::App* root, Commands* commands);    // pack check, test, try

/// Prints an error for people and returns kExitFailed.
int Fail(const Error& error);
/// Runs what returns a Status.
int Finish(const Status& status);

/// The options that name a data folder and its log; shared by serve and the log's subcommands.
struct DataOptions {
  std::string data, log_url;
  std::string packs = {};  // "": DIR/packs
};
void AddDataOptions(CLI::App* app, DataOptions* options);

/// Before anything in a data folder is touched: root becomes the folder's owner for good, so that nothing is left there that the service
/// cannot read. Another user is refused (kForbidden) when the data are not his. Fine if there is no folder yet.
Status ActAsOwner(const std::string& folder);

/// kIncorrect unless `folder` is a data folder: a misspelt one must not become a new house. `serve` and `restore` make one.
Status CheckDataFolder(const std::string& folder);
/// The same, but an empty folder will do: accounts may be added before the first start.
Status CheckDataFolderOrEmpty(const std::string& folder);

}  // namespace tk::server
