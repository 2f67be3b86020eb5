// What naming contacts and drawing the chain have in common: live records, and who they are one person with.
// Records: TracingCase (a case and his interview), Exposure (who was exposed to whom; belongs to the contact), ContactWatch (a contact who is observed). The first
//          and the last are made by forms and rules alone; an Exposure by the operation contacts-name (naming.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernel/app/asking.h"

namespace tk::contacts {

inline constexpr std::string_view kPatient = "Patient/";
inline constexpr size_t kFoundMax = 20'000;

std::string Today(const app::Context& context);
/// The id in "Type/id"; "" where it is of another type, or no id.
std::string IdOf(std::string_view type, const std::string& reference);

/// A live record and where it lies; `document` null: there is none.
struct Live {
  view::ResourcePtr record;
  view::Ordinal ordinal = 0;
  explicit operator bool() const { return record != nullptr; }
  fhir::Value root() const { return record->document.Root(); }
};
/// Errors: of what must be read; one that was erased meanwhile is not there.
Result<Live> LiveRecord(const app::Context& context, std::string_view type, const std::string& id);
/// All that `where` (a search) finds, about the person of `patient` ("Patient/1"; "": anybody), by whichever of his records: also by one that became another's
/// since, and without what that other has there. Errors: kTooLarge beyond kFoundMax; about one person kInvalid beyond 1,000.
Result<std::vector<Live>> Find(const app::Context& context, std::string_view type, const std::string& patient,
                               const std::string& where);

/// Ids of all Patients who are one person with this one, his first; him alone where there is no person index; empty: he is not there.
Result<std::vector<std::string>> PersonOf(const app::Context& context, const std::string& patient);
/// "Patient/a,Patient/b", for a search.
std::string Joined(std::span<const std::string> patients);

/// May this scope see the live record?
bool InScope(const app::Context& context, const view::Scope& scope, const Live& live);

using app::JsonAnswer;

}  // namespace tk::contacts
