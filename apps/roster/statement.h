// What is said of one member of one day: by his organization and by himself. Two channels are two statements; each is corrected by its own channel alone, so that
// nobody can take back what another one said.
// Flow:   DayReport → StatementOf → WithStatement (those that stand, one of each channel) → Folded: what the RosterReport says as a whole
// Folds:  an exception if either says one; all reasons; the highest temperature; the most severe colour; the attendance that keeps him away the longest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/roster/tables.h"

namespace tk::roster {

struct Statement {
  std::string channel;               // "organization", "self"
  std::vector<std::string> reasons;  // of an exception, in the order of the type's codes; empty: normal
  std::string temperature;           // as JSON; "" not measured
  std::string health_code, absence;  // codes; "" not said
  std::string reading;               // id of the Observation; "" none
};
Statement StatementOf(const DayReport& one, const Settings& settings, std::string_view channel,
                      const std::string& reading);
/// Those of a RosterReport, with `said` in place of the one of its channel. A report of before there were statements is the one of its own channel.
std::vector<Statement> WithStatement(fhir::Value report, Statement said);
/// What they say together; `channel` and `reading` are those of `last`.
Statement Folded(const std::vector<Statement>& statements, const Statement& last);
/// A JSON array, for RosterReport.statement.
std::string JsonOf(const std::vector<Statement>& statements);
/// A JSON array of codes; "" of none.
std::string ReasonsJson(const std::vector<std::string>& reasons);

}  // namespace tk::roster
