// What a masked post gets and may not find out: the exit that every answer takes, what may be searched, and what may be written back.
// Flow:   answer → Masked → out          query → CheckMayAsk          PUT → WithTruth → CountTold → what is kept
// Also:   special diseases leave for those to whom the person is open (special.h), whatever the masks.
// Cost:   for posts without masks one scan of the answer; else access/mask.h's.
// Source: access/data/policies.toml.
#pragma once

#include "kernel/access/mask.h"
#include "kernel/interaction/room.h"
#include "kernel/search/query.h"

namespace tk::interaction {

/// nullptr: this viewer sees all as it is stored.
inline const access::Masks* MasksOf(const access::Viewer& viewer) { return viewer.masks.get(); }

/// The answer as it may leave for this viewer.
void MaskAnswer(const Room& room, const Call& call, Response* response);
/// A resource, or what holds several, as it may leave for this viewer (with what facts open to him). Errors: kInternal: what cannot be masked does not
/// leave.
Result<std::string> AsLeaves(const Room& room, const access::Viewer& viewer, std::string json);
/// `done` for an answer of which nothing may be seen that is masked; `done` itself when nothing is, or the answer has nothing stored.
Done WithMasks(const RoomPtr& room, const CallPtr& call, Done done);

/// May this viewer ask so? Masked elements are neither searched nor sorted by, in chains and _has neither; but by their full value where his
/// policy says so: then one value in one criterion, alone, so that it cannot be halved until it is found. Nor are texts in which numbers of persons may
/// stand asked for digits, or sorted by. Errors: kForbidden, naming what may be asked.
/// `narrowed`: something besides the query bounds who may match (a compartment).
/// kBusy: the account has asked for so many whole values within an hour that it may be trying numbers.
Status CheckMayAsk(const Room& room, const access::Viewer& viewer, const search::Query& query,
                   bool narrowed = false);

/// A patch tests and copies what it cannot see. Errors: kForbidden where a part of `text` is masked to the viewer.
Status CheckSeesAll(const Room& room, const access::Viewer& viewer, std::string_view text);

/// Has the record elements that do not leave for this viewer at all (`without` of policies.toml)?
Result<bool> LacksParts(const access::Viewer& viewer, std::string_view text);

/// A document as it is to be kept: what a masked reader sends back masked is what is stored (`ordinal`; 0 = nothing is there).
/// Errors: kInvalid with the element that holds stars and is not what he was given; kForbidden where he does not see all of what is stored, and it would be
/// another person's.
Result<fhir::Document> WithTruth(const Room& room, const Call& call, view::Ordinal ordinal,
                                 fhir::Document document);
/// What a write of a masked post tells of a person that was not in the record before (`stored`; "": nothing) counts as a search by it does: each identifier, or where none is new a
/// new name, birth date, telephone or address once. Whether the machine joins the record would tell which was right. WithTruth asks it; a patch asks by itself. Errors: kBusy.
Status CountTold(const Room& room, const Call& call, std::string_view stored, fhir::Value sent);

/// `text` as this viewer would have got it: for comparing it with what he sends again.
std::string AsSeen(const access::Viewer& viewer, std::string_view text);

}  // namespace tk::interaction
