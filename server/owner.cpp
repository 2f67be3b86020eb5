// Whose the data folder is. The service runs as a user of its own, an operator types as root: what his commands leave in the folder must
// be the service's.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "kernel/base/file.h"
#include "server/commands.h"

namespace tk::server {
namespace {

std::string NameOf(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  return entry != nullptr ? std::string(entry->pw_name) : fmt::format("user {}", user);
}

/// For good: from here on the process is `user`'s, with his groups and his home.
Status Become(uid_t user, gid_t group, const std::string& folder) {
  const passwd* const entry = ::getpwuid(user);
  const int grouped = entry != nullptr ? ::initgroups(entry->pw_name, group) : ::setgroups(1, &group);
  if (grouped != 0 || ::setresgid(group, group, group) != 0 || ::setresuid(user, user, user) != 0)
    return SystemError("act as the owner of", folder, errno);
  if (entry != nullptr) ::setenv("HOME", entry->pw_dir, 1);
  std::fprintf(stderr, "tongkang: acting as %s, the owner of %s\n", NameOf(user).c_str(), folder.c_str());
  return {};
}

/// Are the data in the folder somebody else's? Where folders are given out by a group, the folder is root's and the files are ours.
bool IsAnothers(const std::string& folder, uid_t us) {
  bool others = false;
  for (const char* name : {"/access.key", "/accounts.toml", "/keys.db", "/log.db"}) {
    struct stat file {};
    if (::stat((folder + name).c_str(), &file) == 0) {
      if (file.st_uid == us) return false;
      others = true;
    } else if (errno == EACCES) {
      return true;
    }
  }
  return others;
}

}  // namespace

Status ActAsOwner(const std::string& folder) {
  struct stat info {};
  const uid_t us = ::geteuid();
  // No folder yet: the command says so, or makes it ours.
  if (::stat(folder.c_str(), &info) != 0 || info.st_uid == us) return {};
  if (us == 0) return Become(info.st_uid, info.st_gid, folder);
  if (!IsAnothers(folder, us)) return {};
  return MakeError(
      ErrorCode::kForbidden,
      fmt::format("{} belongs to {}, and this is {}: files that it would leave there could not be read by "
                  "the program. Run the command as {} or as root, which acts as {} then.",
                  folder, NameOf(info.st_uid), NameOf(us), NameOf(info.st_uid), NameOf(info.st_uid)));
}

}  // namespace tk::server
