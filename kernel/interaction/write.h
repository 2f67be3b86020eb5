// The write path, shared: body → valid resource with its id → change set with guards → answer by Prefer.
// Flow:   planner at basis t0: parse, CheckValid, resolve → Plan → Prepare → Submit; stale → the lane plans again
#pragma once

#include "kernel/interaction/conditional.h"
#include "kernel/interaction/conformance.h"
#include "kernel/interaction/permit.h"
#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Parses the request's body. Errors: kIncorrect (empty, broken JSON), kTooLarge.
Result<fhir::Document> ParseBody(const Call& call);
/// `resource` with its id set to `id`: right after resourceType when it has none.
Result<fhir::Document> WithId(fhir::Document document, std::string_view id);
/// May a resource with this url be kept under `id`? The url of an official definition, or of a platform type's, is kept under the official id only, so
/// that it is there once and nothing else takes its place. Code systems aside, whose official urls do not tell their ids; and search parameters that
/// FHIR does not define, which others have named so. Errors: kInvalid at the url.
Status CheckOfficialUrl(const fhir::Definitions& definitions, std::string_view type, fhir::Value resource,
                        std::string_view id);
/// What a new version is judged by, where that is not what is stored alone.
struct JudgedBy {
  std::shared_ptr<Conformance::State> conformance = nullptr;  // nullptr: what is stored
  bool parameters_later =
      false;                   // a SearchParameter is checked by the caller, beside others that come with it
  bool by_transition = false;  // it changes the state of what a workflow governs, as that lets it (states.h)
};
/// A new version of type/id from a document that carries its id: validated; references by the server's own address ("http://host/fhir/Patient/1")
/// made relative, as which they are kept; with the tag of what lets its writer in (own_hand.h). `version` counts from 1. `posted`: by a create; what a PUT makes is an update, also the first.
Result<view::ResourcePtr> MakeVersion(const Room& room, const Call& call, fhir::TypeId type,
                                      fhir::Document document, uint32_t version, bool posted,
                                      JudgedBy judged = {});
/// The body of a create, with its new id. Parsed once when it begins with resourceType and has no id.
Result<fhir::Document> BodyWithNewId(const Call& call);

/// Of an active SearchParameter: planned anew when another came since its check (Index::CheckParameter), which both would pass. Else nothing.
void GuardParameter(const Room& room, const view::ResourcePtr& now, view::ChangeSet* set);
/// One change for a plan: reads the version before (if `current` exists) and puts the guards.
/// `by_platform`: it is the platform's own doing, which may change what others may not (CheckNotOurs). Else a Patient keeps the links of its merges
/// (merge_links.h), so that what is written is the set's last change and not always `now`.
Status AddWrite(const Room& room, const Current& current, view::ResourcePtr now, view::ChangeSet* set,
                bool by_platform = false);
Status AddDelete(const Room& room, fhir::TypeId type, std::string_view id, const Current& current,
                 view::ChangeSet* set);

/// The plan of one resource written: 201 or 200 with ETag, Location, body by Prefer.
Plan WrittenPlan(const CallPtr& call, std::unique_ptr<view::ChangeSet> set, bool created);
Plan DeletedPlan(const CallPtr& call, std::unique_ptr<view::ChangeSet> set);
/// Answers that write nothing.
Plan ReadyPlan(Response response);

/// In place of the id of a reference of which only the type is known.
inline constexpr std::string_view kSomeId = "/?";
/// Was `kept` made of `sent`, whose links are those that were kept? Everything is compared but id, meta.versionId and meta.lastUpdated; a
/// reference that ends in kSomeId stands for any of its type, and one by an address is the same as the relative one that it ends in: the
/// request may have come by another name of the server than the first.
bool IsMadeOf(fhir::Value kept, fhir::Value sent);
/// The same of what this viewer may have sent as he sees it.
Result<bool> IsMadeOf(const access::Viewer& viewer, const fhir::Document& kept, const fhir::Document& sent);
/// 409: an Idempotency-Key that came before, with something else.
Error KeyOfAnother();

/// The first answer again, if this Idempotency-Key was used before. Errors: KeyOfAnother.
Result<std::optional<Response>> RepeatedAnswer(const Room& room, const Call& call,
                                               const view::Position& basis);

}  // namespace tk::interaction
