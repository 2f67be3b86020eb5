// Patient.link as $merge writes it: in the source replaced-by the target, with what Patient.active was; in the target replaces the source. Both are marked by
// the extension kPersonLinkUrl: so they are told from what the source system itself says of its records, and can be taken back exactly whatever has become of
// the other Patient and of the Linkage.
// Law:    nobody but $merge makes them, nothing but $unmerge or a decision "not the same" takes them back: a source system that sends its Patient again
//         does not know of them, and they stay (WithMergeLinks).
#pragma once

#include <set>
#include <string>

#include "kernel/interaction/permit.h"

namespace tk::interaction {

/// What joined source and target before they were merged: nothing; a decision about the two; decisions about others, so that the merge made its own.
enum class WasOne : uint8_t { kNot, kDirect, kByOthers };

/// Patches that put them in. `patient` as it is; names are "Patient/1".
std::string ReplacedBySteps(fhir::Value source, std::string_view target, WasOne was_one);
/// As the link of the source to the target says.
WasOne WasOneBefore(fhir::Value source, std::string_view target);
std::string ReplacesSteps(fhir::Value target, std::string_view source);
/// The patch that takes back those to any of `others`, with active as it was; "" if there is none.
std::string TakeBackSteps(fhir::Value patient, const std::set<std::string>& others);
/// The same of unmarked links to `other`, as $merge wrote them before it marked them; `was`: what Patient.active was ("true", "false", "absent"), of a source.
std::string TakeBackUnmarkedSteps(fhir::Value patient, std::string_view type, std::string_view other,
                                  const std::string& was);
/// Has it an unmarked one of that type to `other`?
bool HasUnmarkedLink(fhir::Value patient, std::string_view type, std::string_view other);
/// Has it one of that type ("replaced-by", "replaces"; "": any) to `other` ("": anybody)?
bool HasMergeLink(fhir::Value patient, std::string_view type, std::string_view other);

/// kForbidden for a marked link that `before` (null: there is none) does not have: whoever writes it would merge without $merge.
Status CheckNoNewMergeLinks(const Room& room, const view::Resource* before, const view::Resource& now);
/// "Patient/1": whom the index merged it into; "": nobody.
std::string MergedInto(fhir::Value patient);

/// `now` with the links that `before` has, and not active while it is replaced; `now` itself where nothing is to be kept.
Result<view::ResourcePtr> WithMergeLinks(const Room& room, const view::Resource& before,
                                         view::ResourcePtr now);

}  // namespace tk::interaction
