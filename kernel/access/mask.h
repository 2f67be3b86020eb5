// Masking by field: what a post sees masked, in what leaves for it. Only texts are rewritten; what is stored stays whole.
// Flow:   answer's JSON → AppendMasked → the same with masked values; each resource that lost something says so by meta.security MASKED
//         a masked reader's PUT → Unmask: items that came back as they were given stand for the stored ones → what is kept is whole
// Masked: in Patient, Person and RelatedPerson (wherever they stand: in Bundles, contained) identifiers, telecom, names, addresses, the birth date and
//         what extensions hold of these; their narrative goes. In all other records references' identifiers but an account's (and display, where names are masked)
//         and what looks like a resident's or a telephone number in any string (numbers.h). Types known to the whole city are left as they are.
//         What `without` names is left out, wherever the type stands. Masking a masked text changes nothing. Attachments are not looked into.
// Cost:   a scan of the text when nothing is there to mask; else one parse and one pass, 5 µs a person of a page at -O1 (mask_bench.cpp).
// Source: GB/T 39725-2020 level 4 [M]; customary masks 张*, first 3 and last 4, phone 3****4, address to district [M].
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/fhir/value.h"

namespace tk::access {

/// Characters that stay at both ends; at least kHiddenMin others become stars, or all do.
struct Ends {
  int first = 0, last = 0;
};

/// What one post sees masked. nullopt and false: whole.
struct Masks {
  std::optional<Ends> identifier, phone;
  bool name = false, address = false, birth_date = false;
  // Elements that do not leave at all, and with them the narrative: by the type, their names, sorted. Of types that are no persons.
  std::map<std::string, std::vector<std::string>, std::less<>> without;
  // May be searched by their full value.
  bool exact_identifier = false, exact_phone = false, exact_birth_date = false;
  int64_t exact_per_hour = 300;  // of one account: whoever tries numbers until one is found is slowed by it
  std::string purpose, source;
  std::string rule;  // where it stands: "policies.toml [masks.screener]"
  bool any() const { return identifier || phone || name || address || birth_date || !without.empty(); }
};

/// Is a resource of this type known to the whole city (staff, places, definitions)?
using IsPublicType = bool (*)(std::string_view type);

inline constexpr std::string_view kMaskedSystem = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
inline constexpr std::string_view kMaskedCode = "MASKED";

/// "3801021971030461" with {3, 4} → "380*********0461". By characters of UTF-8.
std::string MaskedEnds(std::string_view text, const Ends& ends);
/// Numbers of residents and telephones in `text` masked, in whatever form they are written (numbers.h): their digits become stars, what parts them
/// and what is dialled before them stays. nullopt if there are none.
std::optional<std::string> MaskedNumbers(std::string_view text, const Masks& masks);

/// Appends `json` (a resource, a Bundle of them) to `out`, masked. False: nothing was masked, and it was appended as it is (minified).
/// Errors: kIncorrect if it is no JSON.
Result<bool> AppendMasked(const Masks& masks, IsPublicType is_public, std::string_view json,
                          std::string* out);

/// `sent` by who sees `stored` ("" = there is none) masked: what equals a masked item of it (members in any order) becomes the stored item, and what
/// masking took away (the narrative) comes back. The label MASKED goes. nullopt: there is nothing to change.
/// Errors: kInvalid at an item that still holds stars where masking puts them: neither given back as it came nor whole; and at an element that he does not
/// see, is stored, and was sent.
Result<std::optional<std::string>> Unmask(const Masks& masks, IsPublicType is_public, std::string_view stored,
                                          fhir::Value sent);

/// Patient, Person, RelatedPerson: masked as persons are.
bool IsMaskedAsPerson(std::string_view type);

/// The elements, by their first name ("telecom"), from which a search would tell what is masked, in resources of `type`.
std::vector<std::string_view> MaskedElements(const Masks& masks, std::string_view type);
/// Does this search parameter's expression look at one of them? `*element`: which; "*": it may look at anything. Takes in doubt for yes.
bool LooksAtMasked(const Masks& masks, std::string_view type, std::string_view expression,
                   std::string_view* element);

}  // namespace tk::access
