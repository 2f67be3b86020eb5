#include "kernel/interaction/form_writes.h"

#include <fmt/format.h>

#include "kernel/access/posts.h"
#include "kernel/fhir/validate.h"
#include "kernel/forms/form.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/reach.h"
#include "kernel/interaction/record_rights.h"

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

/// Who answers a form needs no right to what it writes; but what is another organization's it does not change for who sees his own alone.
Status CheckChanges(const access::Viewer* sender, const rules::Write& write) {
  if (sender == nullptr || write.before == nullptr) return {};
  const fhir::Value before = write.before->document.Root();
  return CheckSent(*sender, before["resourceType"].ToString(), before);
}

/// The answer that means this record: "item[0].answer[0].valueReference" below `path`, "" if none does.
std::string PathOfAnswer(fhir::Value response, std::string_view name, const std::string& path) {
  const std::string_view id = name.substr(name.find('/') + 1);
  for (size_t i = 0; i < response["item"].size(); ++i) {
    const fhir::Value item = response["item"].At(i);
    const std::string at = fmt::format("{}.item[{}]", path, i);
    for (size_t j = 0; j < item["answer"].size(); ++j) {
      const fhir::Value answer = item["answer"].At(j);
      const std::string here = fmt::format("{}.answer[{}]", at, j);
      const std::string text = answer["valueString"].ToString();
      if (answer["valueReference"]["reference"].ToString() == name) return here + ".valueReference";
      if (text == name || text == id) return here + ".valueString";
      if (std::string below = PathOfAnswer(answer, name, here); !below.empty()) return below;
    }
    if (std::string below = PathOfAnswer(item, name, at); !below.empty()) return below;
  }
  return {};
}

/// Of `response`: who answers a form means records that he sees, or that stand in what he sends.
auto SeesFor(const Room& room, const view::Position& basis, view::ChangeSet* set,
             const access::Viewer& sender, fhir::Value response) {
  return [&room, basis, set, &sender, response](const std::string& name) -> Status {
    const size_t slash = name.find('/');
    const std::string type = name.substr(0, slash), id = name.substr(slash + 1);
    if (WriterOf(room, set, type, id) != nullptr) return {};
    const Current current = FindCurrent(room, sender, type, id, basis);
    // Of a person who was deleted nothing is told that his records do not.
    if (current.version.ordinal != 0 && current.in_scope && (current.exists() || type == "Patient"))
      return {};
    const std::string path = PathOfAnswer(response, name, std::string(access::kFormAnswer));
    return MakeIssue(ErrorCode::kInvalid, "not-found", path.empty() ? std::string(access::kFormAnswer) : path,
                     fmt::format("There is no such {}.", type));
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
    rules::Reach reach = ReachOf(room.context, &searched);
    if (plan->sender != nullptr)
      reach.sees = SeesFor(room, basis, plan->set.get(), *plan->sender, change.now->document.Root());
    auto writes =
        room.forms->Extract(change, now_us, ReaderWithin(room, basis, plan->set.get()), std::move(reach));
    AddSearchGuards(room, std::move(searched), plan->set.get());
    if (!writes.ok() && !writes.error().issues.empty() && writes.error().issues[0].type == "not-found")
      return writes.TakeError();
    if (!writes.ok())
      return MakeIssue(
          ErrorCode::kInvalid, "business-rule", "QuestionnaireResponse",
          fmt::format("its form cannot make what it is to make of it: {}", writes.error().external));
    for (const rules::Write& write : *writes) TRY(CheckChanges(plan->sender.get(), write));
    for (const rules::Write& write : *writes) TRY(AddOne(room, write, plan->set.get()));
  }
  return {};
}

}  // namespace tk::interaction
