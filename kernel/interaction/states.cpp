#include "kernel/interaction/states.h"

#include <fmt/format.h>

#include "kernel/interaction/by_rules.h"
#include "kernel/interaction/write.h"

namespace tk::interaction {
namespace {

using workflow::Workflow;

Error StateMoved(const Room& room, const Workflow& workflow, fhir::Value before, const std::string& name) {
  const std::string state = workflow.StateOf(before);
  std::vector<std::string_view> ways;
  for (const workflow::Transition& transition : workflow.transitions) {
    if (transition.LeavesFrom(state)) ways.push_back(transition.code);
  }
  return MakeIssue(
      ErrorCode::kInvalid, "business-rule", fmt::format("{}.{}", room.TypeName(workflow.type), name),
      fmt::format("The workflow {} governs this record: its state is changed by POST [type]/[id]/$transition "
                  "alone. It is {}; from there lead: {}. Leave the element as it is.",
                  workflow.head.name(), state,
                  ways.empty() ? "none" : fmt::format("{}", fmt::join(ways, ", "))));
}

Result<fhir::Document> WithFormerState(const Room& room, const Workflow& workflow, fhir::Value before,
                                       fhir::Document document) {
  for (const std::string& name : workflow.kept) {
    if (before[name].Json() != document.Root()[name].Json()) return StateMoved(room, workflow, before, name);
  }
  const std::string_view mark = workflow::MarkJson(before);
  if (workflow::MarkJson(document.Root()) == mark) return document;
  return workflow::WithMark(document, mark);
}

Result<fhir::Document> BegunUnder(const Room& room, const Workflow& workflow,
                                  const fhir::Document& document) {
  const std::string code = workflow.StateOf(document.Root());
  const workflow::State* const state = workflow.FindState(code);
  if (state == nullptr || !state->initial) {
    std::vector<std::string_view> initial;
    for (const workflow::State& each : workflow.states) {
      if (each.initial) initial.push_back(each.code);
    }
    return MakeIssue(ErrorCode::kInvalid, "business-rule",
                     fmt::format("{}.{}", room.TypeName(workflow.type), workflow.element),
                     fmt::format("The workflow {} governs this record, and it begins as: {}.",
                                 workflow.head.name(), fmt::join(initial, ", ")));
  }
  for (const auto& [name, json] : state->set) {
    if (document.Root()[name].Json() == json) continue;
    return MakeIssue(ErrorCode::kInvalid, "business-rule",
                     fmt::format("{}.{}", room.TypeName(workflow.type), name),
                     fmt::format("The workflow {} governs this record: while it is {} this is {}.",
                                 workflow.head.name(), code, json));
  }
  return workflow::WithMark(
      document, workflow::PrintMark(workflow::BeginningMark(workflow, *state, room.context.clock->NowUs(),
                                                            room.context.workflows->calendar())));
}

}  // namespace

Result<const Workflow*> WorkflowOf(const Room& room, const workflow::Book& book,
                                   const view::Resource& record) {
  const fhir::Value root = record.document.Root();
  if (!book.Governs(record.type)) return static_cast<const Workflow*>(nullptr);
  return book.Find(*room.definitions, record.type, root, room.context.clock->NowUs());
}

Status CheckNotGoverned(const Room& room, view::Ordinal ordinal) {
  if (room.context.workflows == nullptr) return {};
  const workflow::BookPtr book = room.context.workflows->book();
  const fhir::TypeId type = room.directory().Get(ordinal).type;
  if (!book->Governs(type)) return {};
  TRY(CheckNotOfRules(*room.definitions, type));
  const view::ResourcePtr stored = TRY(room.engine().Read(ordinal));
  const Workflow* const governing = TRY(WorkflowOf(room, *book, *stored));
  if (governing == nullptr) return {};
  const std::string state = governing->StateOf(stored->document.Root());
  std::vector<std::string_view> ways;
  for (const workflow::Transition& transition : governing->transitions) {
    if (transition.LeavesFrom(state)) ways.push_back(transition.code);
  }
  return MakeIssue(
      ErrorCode::kInvalid, "business-rule", std::string(room.TypeName(type)),
      fmt::format("The workflow {} governs this record: who did what with it, and when, stays, so "
                  "nobody deletes it. It comes to an end by POST [type]/[id]/$transition. It is {}; "
                  "from there lead: {}.",
                  governing->head.name(), state,
                  ways.empty() ? "none" : fmt::format("{}", fmt::join(ways, ", "))));
}

Result<fhir::Document> WithoutMark(const fhir::Document& document) {
  return workflow::WithTurns(TRY(workflow::WithMark(document, {})), {});
}

namespace {

/// `before`: what stands now; null: nothing.
Result<fhir::Document> UnderWorkflow(const Room& room, const workflow::Book& book, fhir::TypeId type,
                                     const view::Resource* before, fhir::Document document) {
  if (!book.Governs(type)) return document;
  if (before != nullptr) {
    const Workflow* const governing = TRY(WorkflowOf(room, book, *before));
    if (governing != nullptr)
      return WithFormerState(room, *governing, before->document.Root(), std::move(document));
  }
  if (!workflow::MarkJson(document.Root()).empty()) document = TRY(workflow::WithMark(document, {}));
  const Workflow* const beginning =
      TRY(book.Find(*room.definitions, type, document.Root(), room.context.clock->NowUs()));
  if (beginning == nullptr) return document;
  return BegunUnder(room, *beginning, document);
}

}  // namespace

Result<fhir::Document> WithState(const Room& room, fhir::TypeId type, fhir::Document document) {
  if (room.context.workflows == nullptr) return document;
  const workflow::BookPtr book = room.context.workflows->book();
  if (!book->Concerns(type)) return document;
  // What stands now: if it is not what the write's basis has, its guard hands it back.
  const uint64_t id_hash = room.engine().IdHash(room.TypeName(type), document.Root()["id"].ToString());
  const auto version = room.directory().Current(id_hash, room.engine().Head());
  view::ResourcePtr before;
  if (version.ordinal != 0 && !version.deleted) before = TRY(room.engine().Read(version.ordinal));
  document = TRY(UnderWorkflow(room, *book, type, before.get(), std::move(document)));
  return workflow::UnderSchedules(*book, *room.definitions, room.context.workflows->calendar(), type,
                                  document, before == nullptr ? nullptr : &before->document,
                                  room.context.clock->NowUs());
}

}  // namespace tk::interaction
