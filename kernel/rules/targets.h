// What an action is done to: the cause itself, what it refers to, or what a search finds.
// Form:   {"type": "Task", "target": "=basedOn"}                                      FHIRPath on the cause: references, texts "Type/id", resources of the type
//         {"type": "Task", "find": {"patient": "=subject", "where": "status=active"}}   records of the type about that person, by whichever of his records,
//                                                                                      and as the search says; one of the two may be missing
//         neither: the cause
// "where" is a search as in the API, or by '=' an expression that gives one.
// Of a cause that was begun of the one before, at a record that has become another person's since, what is found is his (Reach::meant).
// Found is what is there when the action is performed: what is being written by another at that moment may be missed by rules and time limits; forms and transitions that are
// asked for are judged again when they are written (interaction/reach.h, AddSearchGuards). Rules that find are performed in the
// order of their causes, one behind the other, as those that change what is there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/rules/action.h"

namespace tk::rules {

/// Immutable, thread-safe.
class Targets {
 public:
  /// Of an action's object. Errors: kInvalid with the element path below it.
  static Result<Targets> Parse(const ActionScope& scope, fhir::Value action);
  fhir::TypeId type() const { return type_; }
  /// Their ids, each once. Errors: kInvalid: there is another type among them, or too many; of the search.
  Result<std::vector<std::string>> Find(Performance* performance) const;

 private:
  Result<std::vector<std::string>> Search(Performance* performance) const;

  fhir::TypeId type_ = fhir::kNoType;
  std::unique_ptr<const fhir::path::Expression> target_;  // null: none is said
  bool searches_ = false;
  std::unique_ptr<const fhir::path::Expression> patient_;   // null: anybody's
  std::unique_ptr<const fhir::path::Expression> where_of_;  // null: `where_` as it stands
  std::string where_;
};

}  // namespace tk::rules
