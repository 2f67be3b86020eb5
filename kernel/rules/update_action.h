// The action "update" (action.h): elements of what is there are set, added to or taken away.
#pragma once

#include "kernel/rules/action.h"

namespace tk::rules {

Result<std::unique_ptr<const Action>> ParseUpdate(const ActionScope& scope, fhir::Value json);

/// Sets elements of a resource, as an update's "set" has them; for actions that change more than that.
class Setter {
 public:
  /// `set`: {"path": template}. Errors: kInvalid with the path.
  static Result<Setter> Compile(const ActionScope& scope, fhir::TypeId type, fhir::Value set);
  /// `target` with what the templates come to on the performance's cause, %target being `target`. Not stamped.
  Result<fhir::Document> Apply(const Performance& performance, fhir::Value target) const;

  Setter(Setter&&) noexcept;
  Setter& operator=(Setter&&) noexcept;
  ~Setter();

 private:
  struct One;
  explicit Setter(std::vector<One> all);
  std::vector<One> all_;
};

}  // namespace tk::rules
