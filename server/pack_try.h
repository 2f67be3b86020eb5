// pack try: a rule on the history of a data folder, at the machine, with the program stopped.
// Out:    stdout: a line of JSON for each finding ({"at", "cause", "made" or "failure"}, as kernel/app/try_rule.h), and one at the end with the numbers
//         ({"rule", "judged", "fired", "failed", "unreadable", "entries", "seconds"}); stderr: how far it is, every two seconds
// The audit has who asked for what, before anything is shown.
#pragma once

#include <string>

#include "server/commands.h"

namespace tk::server {

struct TryAsked {
  DataOptions data;
  std::string rule;         // a file, or the id of an installed one
  std::string app;          // whose settings a file is read with; "": its id's first part
  std::string from, until;  // dates or instants; until "": all
  bool counts_only = false;
  int threads = 0;  // 0: one a processor
};
Status TryOnHistory(const TryAsked& asked);

}  // namespace tk::server
