// What an operation is given as Parameters in the body of a POST.
// Source: FHIR R4 parameters.html, operations.html.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Borrows the document.
class BodyParameters {
 public:
  /// Errors: kIncorrect where the body is no Parameters, or has a parameter that is not among `known`, or one twice.
  static Result<BodyParameters> Read(const fhir::Document& document,
                                     std::initializer_list<std::string_view> known);
  /// The parameter; absent if it was not given.
  fhir::Value Find(std::string_view name) const;
  std::string PathOf(std::string_view name) const;
  /// The id of the Patient whom its valueReference names. Errors: kIncorrect where it is missing, or is no reference "Patient/[id]".
  Result<std::string> PatientId(const Call& call, std::string_view name) const;
  Result<bool> Flag(std::string_view name) const;  // valueBoolean; false where it was not given
  /// valueString, of at most so many bytes; "" where it was not given. Errors: kIncorrect, also where nothing but blanks is given.
  Result<std::string> Text(std::string_view name, size_t bytes_max) const;

 private:
  explicit BodyParameters(fhir::Value root) : root_(root) {}
  fhir::Value root_;
};

}  // namespace tk::interaction
