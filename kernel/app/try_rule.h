// Rules over HTTP: which an app has, and what one would have made of a period (rules/trial.h). Nothing is written.
// GET  /app/<id>/rules                        → {"rules": [{"id", "version", "title", "source", "on", "where"}]}
// GET  /app/<id>/rules/<rule>/try?from=&until=&_count=    of an installed rule
// POST /app/<id>/rules/try?from=&until=&_count=           of the rule file in the body, under the app's settings
//   from, until: a date or an instant; until: now, if it is left out. _count: findings on a page, 50; 0: how many there are, and none of them
//   → {"rule", "type", "from", "until", "judged", "fired", "failed", "unreadable", "progress", "complete", "rows", "next"}
//   row: {"at", "cause": "Type/id/_history/2", "made": [{"record", "is": "created" | "changed", "resource"}]} or {"at", "cause", "failure"};
//        "searched": true where an action searches for something (`unless`, `find`): that was not asked (rules/trial.h), so this is made at most
// A page ends when it is full, or after two seconds. Numbers are of all pages so far; `next` has what the following one needs, of a POST it is sent the same
// body again. So whoever no longer asks has cancelled it, and nothing is kept between two pages.
// Rights: the operation try-rule and reading the rule's type; findings are of records in the viewer's scope, what would be made leaves as he
//   would see it, without its content where he does not read the type. A rule of one's own is for posts that see all unmasked: a condition could ask for what is masked.
// One trial at a time in a process: kBusy (429) for others.
#pragma once

#include <atomic>

#include "kernel/app/app.h"
#include "kernel/rules/trial.h"

namespace tk::app {

/// What a trial needs of the running program.
struct TrialPlace {
  view::Engine* engine = nullptr;
  const interaction::Interactions* interactions = nullptr;
  const Clock* clock = nullptr;
  std::atomic<bool>* is_trying = nullptr;
};

/// `request.path` from "rules" on.
Result<interaction::Response> AnswerRules(const TrialPlace& place, const App& app,
                                          const interaction::Request& request);

/// One finding as JSON, appended; `leaves` makes of a made resource what may be told of it: "" leaves it out.
using Leaves = std::function<Result<std::string>(const rules::Write& write)>;
Status AppendFinding(const fhir::Definitions& definitions, const rules::Finding& finding,
                     const Leaves& leaves, std::string* out);

}  // namespace tk::app
