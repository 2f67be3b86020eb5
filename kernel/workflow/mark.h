// What the platform writes into a record that a workflow governs: which workflow, since when it is in its state, what falls due when, and how it
// came there. One extension, changed by transitions and timers alone; its versions are the history of the record's states.
// Form:   {"url": kWorkflowExtension, "extension": [
//           {"url": "workflow", "valueString": "fever.follow-up|1"},        made under this version, and judged by it while it is installed
//           {"url": "state", "valueCode": "accepted"}, {"url": "since", "valueInstant": …},
//           {"url": "due", "valueInstant": …}, …                             one for each time limit of the state, ascending
//           {"url": "passed", "valueInteger": 1},                            so many of them have fired
//           {"url": "late", "valueInteger": 40},                             seconds by which the last one fired late
//           {"url": "transition", "valueCode": "accept"},                    the last one; absent: the record was made in this state. "undo": one was taken
//                                                                            back; "moved": something else than a transition changed the state (a rule)
//           {"url": "from", "valueCode": "requested"}, {"url": "at", "valueInstant": …},
//           {"url": "by", "valueReference": {…}}, {"url": "post", "valueCode": "grid-worker"}, {"url": "reason", "valueString": …},
//           {"url": "undo", "valueInstant": …}]}                             until when it may be taken back
// The times are decided when the state is entered and stand in the record, so that a later calendar moves none of them, and views fold them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/fhir/value.h"

namespace tk::workflow {

inline constexpr std::string_view kWorkflowExtension =
    "http://tongkang.dev/fhir/StructureDefinition/workflow";

struct Mark {
  std::string workflow;  // "id|version"
  std::string state;
  Instant since_us = 0;
  std::vector<Instant> due_us;
  int passed = 0;
  int64_t late_s = 0;
  // Of the last transition:
  std::string transition;  // "" = none yet
  std::string from;
  Instant at_us = 0;
  std::string by;  // a Reference as JSON
  std::string post, reason;
  Instant undo_us = 0;  // 0: it cannot be taken back

  /// The next time limit; nullopt when all have fired.
  std::optional<Instant> next_due() const {
    const auto n = static_cast<size_t>(passed);
    return n < due_us.size() ? std::optional(due_us[n]) : std::nullopt;
  }
};

/// nullopt: it carries none.
std::optional<Mark> ReadMark(fhir::Value resource);
/// When the next time limit of the resource falls due; nullopt: none will. What a view of timers needs of every record.
std::optional<Instant> NextDue(fhir::Value resource);
/// The extension's JSON as it stands; "" if there is none.
std::string_view MarkJson(fhir::Value resource);
std::string PrintMark(const Mark& mark);
/// The resource with this extension in place of the one it has; "" takes it away. Errors: as Document::Parse.
Result<fhir::Document> WithMark(const fhir::Document& resource, std::string_view mark);
/// The resource with this member in place of the one it has; "" takes it away.
Result<fhir::Document> WithMember(const fhir::Document& resource, std::string_view name,
                                  std::string_view json);

}  // namespace tk::workflow
