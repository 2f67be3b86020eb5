// A FHIR Patient as the matcher reads it.
// Flow:   Patient → ReadPatientRecord → linkage::Record → Pack → person_view.h
// Rules:  what an identifier is follows from its system (http://tongkang.dev/fhir/sid/cn-resident-id …), else from its type (codes of CV02.01.101, or
//         of HL7's table 0203), then from its pattern (identifier.h). A source's own number of a patient (another system) says nothing to other
//         sources and is left out. Names of use "old" are former ones; a contact of relationship MTH is the mother. Of what is put under `period` with
//         an end, or under use "old", a number stays: whoever had it is still found by it.
// Errors: none; what cannot be read is left out.
// Cost:   ~3 µs. Pure, thread-safe.
#pragma once

#include "kernel/fhir/value.h"
#include "kernel/person/linkage/intake.h"

namespace tk::person {

linkage::PatientText TextOfPatient(fhir::Value patient);
inline linkage::Record ReadPatientRecord(fhir::Value patient) {
  return linkage::ReadPatient(TextOfPatient(patient));
}
/// Of the code of an area, as text: the division that its first six digits name; 0 if it has not so many.
uint32_t DivisionOfArea(std::string_view area_code);

/// What a number under this system is said to be; kNone: a system of its own.
IdKind KindOfSystem(std::string_view system);
/// What a Patient.identifier is said to be, by its system, else by its type; kNone: a source's own number.
IdKind KindOfIdentifier(fhir::Value identifier);

}  // namespace tk::person
