// What apps and the server ask of the interactions beside requests: whom a viewer sees, who is one person, what may leave.
#include "kernel/interaction/fact_feed.h"
#include "kernel/interaction/masked.h"
#include "kernel/interaction/person_find.h"
#include "kernel/interaction/person_links.h"
#include "kernel/interaction/reach.h"
#include "kernel/interaction/same_person.h"

namespace tk::interaction {

view::Scope Interactions::ScopeOf(const std::shared_ptr<const access::Viewer>& viewer) const {
  const auto seen = impl_->room->facts->With(viewer);
  if (seen.ok()) return (*seen)->scope;
  view::Scope nothing;
  nothing.everything = false;
  return nothing;
}

bool Interactions::KnowsFactsOf(uint64_t t, int timeout_ms) const {
  return impl_->room->facts->WaitFor(t, timeout_ms);
}

Result<std::string> Interactions::AsLeaves(const std::shared_ptr<const access::Viewer>& viewer,
                                           std::string json) const {
  const auto seen = TRY(impl_->room->facts->With(viewer));
  return interaction::AsLeaves(*impl_->room, *seen, std::move(json));
}

Result<std::shared_ptr<const access::Viewer>> Interactions::Seen(
    const std::shared_ptr<const access::Viewer>& viewer) const {
  return impl_->room->facts->With(viewer);
}

bool Interactions::BecameAnothers(std::string_view patient_id, Instant since_us) const {
  const Room& room = *impl_->room;
  return room.facts->records().Of(room.engine().IdHash("Patient", patient_id), since_us).anothers_us != 0;
}

Result<std::vector<access::OwnedSpan>> Interactions::SpansOf(const access::Viewer& viewer) const {
  const Room& room = *impl_->room;
  if (viewer.kind != access::AccountKind::kResident) return std::vector<access::OwnedSpan>();
  return room.facts->records().SpansOf(room.engine().IdHash("Patient", viewer.patient), viewer.bound_us);
}

std::shared_ptr<const access::Viewer> Interactions::Himself(
    const std::shared_ptr<const access::Viewer>& viewer) const {
  return impl_->room->facts->Himself(viewer);
}

std::vector<view::OwnerNumber> Interactions::OwnersOfPerson(std::string_view patient_id) const {
  const Context& context = impl_->room->context;
  return interaction::OwnersOfPerson(context, context.engine->IdHash("Patient", patient_id));
}

Result<Interactions::OnePerson> Interactions::RecordsOfPerson(std::string_view patient_id) const {
  const Room& room = *impl_->room;
  RecordsOfOne records = TRY(interaction::RecordsOfPerson(room.context, patient_id));
  OnePerson one{std::move(records.patients), std::nullopt};
  if (room.context.persons != nullptr) one.guard = PersonGuard(room, {}, std::move(records.hashes));
  return one;
}

Result<std::vector<Interactions::Fit>> Interactions::FindPersons(std::span<const Sought> sought) const {
  return interaction::FindPersons(*impl_->room, sought);
}

Result<std::string> Interactions::HomeOf(std::string_view patient_id) const {
  return interaction::HomeOf(impl_->room->context, patient_id);
}

Result<std::string> Interactions::PatientMeant(std::string_view type, std::string_view id,
                                               std::string_view patient) const {
  return interaction::PatientMeant(impl_->room->context, type, id, patient);
}

access::Inquiries* Interactions::inquiries() const { return impl_->room->inquiries.get(); }

}  // namespace tk::interaction
