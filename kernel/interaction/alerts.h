// Alerts at the point of care: who registers and is listed is told of in the same exchange, and whoever is listed while he is there as well.
// Flow:   a planner's change set with Encounters, WatchEntries or Linkages → RaiseAlerts: the records of each person (person index, and the Linkages of the
//         set itself) × his entries that hold now (rules/watch_view.h) × his visits → for each pair that has none yet: what the alert rules make of it
//         (a Flag, and a receipt to be signed) goes into the same change set → the answer tells (TellAlerts)
// Rules:  alerts/*.json of a pack, in the form of rules/rule.h, on Encounter, that create and change nothing: `where` and templates see %entry and %list (the WatchEntry and its
//         WatchList) beside %rule, %now and the constants. What of the list a clinician is told is what the template takes from it: policy as data.
// Once:   ids of what is made are keyed hashes of (rule, entry, visit, n), so that a pair has its alert once, whatever was repeated, and whether it has
//         one is a look at the directory.
// Never missed: a set with a visit is planned anew when an entry about any record of that person, or a decision about these records, came since its basis;
//         one with an entry or a Linkage when a visit came too. So of two at the same time the later one sees the earlier one.
// What an answer tells: `Link: <[base]/Flag/id>; rel="http://tongkang.dev/rel/alert"`; with Prefer: return=OperationOutcome the alert as an issue; in a
//         transaction or batch that issue in entry.response.outcome. To those alone who may read Flags. Source: FHIR R4 http.html#ops,
//         bundle-definitions.html#Bundle.entry.response.outcome; RFC 8288.
// Later:  entries that begin later, rules that are loaded anew, decisions that were made while no server ran: RaiseDueAlerts (due_alerts.h), by a thread of the program.
// Cost:   without listed persons about 2 µs an Encounter, and nothing for other types.
#pragma once

#include <string>
#include <vector>

#include "kernel/interaction/transaction.h"

namespace tk::interaction {

/// Of an alert's Flag: level, instruction and whatever else the clinician is told.
inline constexpr std::string_view kAlertUrl = "http://tongkang.dev/fhir/StructureDefinition/alert";
inline constexpr std::string_view kAlertRelation = "http://tongkang.dev/rel/alert";

/// Adds what is due, with guards. Errors: kUnavailable while the watch-list, or the index for the visits of somebody who is listed now, is being built.
Status RaiseAlerts(const Room& room, const view::Position& basis, view::ChangeSet* set, RaisedAlerts* raised);

/// The same for the visits of these persons (records, keyed hashes) that go on, with the entries that hold now; `set` may be empty before, and after.
Status RaiseAlertsOf(const Room& room, const view::Position& basis, std::vector<uint64_t> records,
                     view::ChangeSet* set);
/// Interactions::RaiseDueAlerts.
Result<Instant> RaiseDueAlerts(const Room& room, Instant since_us);

/// A card for a clinician, of an alert's Flag.
struct AlertCard {
  std::string level;  // "info", "warning", "critical"
  std::string text, instruction, source, reason, link;
};
AlertCard CardOf(fhir::Value flag);
/// Is it the Flag of an alert?
bool IsAlert(fhir::Value resource);
/// Did an alert rule make it? By its id, which nobody guesses.
bool IsMadeByAlertRule(fhir::Value resource);

/// The alerts that came with the version `ordinal` of a visit, for answers that are given again.
Result<RaisedAlerts> RaisedWith(const Room& room, view::Ordinal ordinal, std::string_view visit);
/// OperationOutcome of those about this visit ("Encounter/1"); "" if there are none, or the viewer may not read Flags.
std::string AlertsJson(const Call& call, const RaisedAlerts& raised, std::string_view visit);
/// What became of a transaction's entries, with the alerts of those that are visits.
std::vector<EntryResult> WithAlerts(const Call& call, std::vector<EntryResult> results,
                                    const RaisedAlerts& raised);
/// Puts them into the answer to a write of that visit.
void TellAlerts(const Call& call, const RaisedAlerts& raised, std::string_view visit, Response* response);

}  // namespace tk::interaction
