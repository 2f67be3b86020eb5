#include "kernel/interaction/form_writes.h"

#include <fmt/format.h>

#include "kernel/fhir/validate.h"
#include "kernel/forms/form.h"
#include "kernel/interaction/reach.h"

namespace tk::interaction {
namespace {

/// The change that writes this resource in the set; nullptr if none does.
view::Change* WriterOf(const Room& room, view::ChangeSet* set, std::string_view type, std::string_view id) {
  for (view::Change& change : set->changes) {
    if (change.now != nullptr && change.now->id == id && room.TypeName(change.now->type) == type)
      return &change;
  }
  return nullptr;
}

/// As it stands at the basis, or as the set itself leaves it.
auto ReaderWithin(const Room& room, const view::Position& basis, view::ChangeSet* set) {
  return [&room, set, stored = rules::ReaderAt(&room.engine(), basis)](
             std::string_view type, std::string_view id) -> Result<view::ResourcePtr> {
    const view::Change* const change = WriterOf(room, set, type, id);
    if (change == nullptr) return stored(type, id);
    return change->now->op == view::Operation::kDelete ? view::ResourcePtr() : change->now;
  };
}

Status AddOne(const Room& room, const rules::Write& write, view::ChangeSet* set) {
  const fhir::Value root = write.now.Root();
  TRY(fhir::CheckValid(*room.definitions, root));
  const std::string type = root["resourceType"].ToString(), id = root["id"].ToString();
  // Written by the set already: it is one version, with both.
  if (view::Change* const change = WriterOf(room, set, type, id); change != nullptr) {
    change->now =
        TRY(view::MakeResource(*room.definitions, write.now, change->now->version, change->now->op));
    return {};
  }
  const uint32_t version = write.before == nullptr ? 0 : write.before->version;
  view::Change change;
  change.before = write.before;
  change.now =
      TRY(view::MakeResource(*room.definitions, write.now, version + 1,
                             write.before == nullptr ? view::Operation::kCreate : view::Operation::kUpdate));
  set->guards.push_back({room.engine().IdHash(type, id), version, {}, 0});
  set->changes.push_back(std::move(change));
  return {};
}

}  // namespace

Status AddFormWrites(const Room& room, const view::Position& basis, Plan* plan) {
  if (room.forms == nullptr || plan->set == nullptr) return {};
  const fhir::TypeId response = room.definitions->FindType("QuestionnaireResponse");
  const Instant now_us = room.context.clock->NowUs();
  for (size_t i = 0, given = plan->set->changes.size(); i < given; ++i) {
    const view::Change change = plan->set->changes[i];
    if (change.now == nullptr || change.now->type != response) continue;
    ActionSearches searched{basis, {}, {}};
    auto writes = room.forms->Extract(change, now_us, ReaderWithin(room, basis, plan->set.get()),
                                      ReachOf(room.context, &searched));
    AddSearchGuards(room, std::move(searched), plan->set.get());
    if (!writes.ok())
      return MakeIssue(
          ErrorCode::kInvalid, "business-rule", "QuestionnaireResponse",
          fmt::format("its form cannot make what it is to make of it: {}", writes.error().external));
    for (const rules::Write& write : *writes) TRY(AddOne(room, write, plan->set.get()));
  }
  return {};
}

}  // namespace tk::interaction
