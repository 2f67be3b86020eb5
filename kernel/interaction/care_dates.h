// Which resources of a record concern the care given within a range of dates: start and end of $everything.
// "The date range relates to care dates, not record currency dates": FHIR names no elements, but it has one search parameter for the date of
// clinical resources, `date` (clinical-date). Of its seventeen types ten have there when care was given; in the other seven it is when something was
// written down (an allergy's recordedDate, a composition's editing time), which is a date of the record. So:
// - of the ten, and of a platform type that has a parameter `date`, those are in whose date fits: what [type]?date=ge<start>&date=le<end> finds;
// - one of them without a date is in: care that nobody dated is not hidden;
// - all other types are in whatever their dates say, the patient too.
// Source: FHIR R4 patient-operation-everything.html; search.html 3.1.1.4.5; SearchParameter clinical-date 4.0.1.
#pragma once

#include <map>
#include <memory>

#include "kernel/base/clock.h"
#include "kernel/fhir/path/path.h"
#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Of one request on one thread.
class CareDates {
 public:
  /// Ranges are what the digits given stand for: "2014" is the whole year. Open where there is none.
  CareDates(const Room& room, const std::optional<DateRange>& start, const std::optional<DateRange>& end)
      : room_(room), start_(start), end_(end) {}
  /// Errors: those of parsing. Cost: parsing, for a type that has care dates.
  Result<bool> Within(fhir::TypeId type, std::string_view json);

 private:
  /// nullptr: the type has none.
  Result<const fhir::path::Expression*> Of(fhir::TypeId type);
  const Room& room_;
  const std::optional<DateRange> start_, end_;
  std::map<fhir::TypeId, std::unique_ptr<const fhir::path::Expression>> expressions_;
};

}  // namespace tk::interaction
