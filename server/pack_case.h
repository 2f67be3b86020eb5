// Business stories of packs, as data: tests/*.case.json, played on a house of their own (log, views, rules) with a clock that stands still until the
// story moves it.
// Form:   {"cases": [{"name": "…",
//            "now": "2026-11-23T08:00:00+08:00",              the clock at the beginning; else that
//            "given": [{resource}, …],                        stored as they are before the story, in one transaction
//            "with": [{"value": 37.3, "flags": 1}, …],        the case is played once for each; "${value}" in it stands for the value, as JSON where it is
//                                                             the whole text; null leaves the member out
//            "steps": [step, …]}]}
// Steps:  {"as": "screener@380102", "do": "POST Observation", "body": {…}, "status": 201, "where": "FHIRPath on the answer", "let": {"id": "id"}}
//            as: post, or post@area; without it admin. do: method and target, below /fhir, or /app/… in full. body: JSON, or a text with "type".
//            status: one or a list; without it 200 or 201. let: names for later steps, "${id}"
//            has, hasNot: lists of texts that the answer must, or must not, have in it (of print forms: as=text)
//         {"after": "2 hours"} or {"at": "2026-11-23T10:00:00+08:00"}            the clock moves; what is due happens
//         {"find": "Task?status=requested", "count": 1, "where": "FHIRPath on each", "let": {…}}     what is there, as admin sees it; without count at
//                                                                                least one; let is of the first
// After each step everything that rules and timers make of it has happened before the next.
// Errors: name file, case, step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/app/pack_set.h"

namespace tk::server {

struct CaseOptions {
  std::string log_url;  // "": SQLite
  std::string only;     // part of the names of the cases to be played; "" = all
};
struct CaseReport {
  size_t played = 0;
  std::vector<std::string> failures;  // "FILE: case "…" (row 2), step 3: what was expected and what came"
};
/// Plays every case of the pack `pack` of the set; the others are there too, as in the program. Errors: the packs do not load.
Result<CaseReport> PlayCases(std::shared_ptr<const app::PackSet> set, std::string_view pack,
                             const CaseOptions& options);

}  // namespace tk::server
