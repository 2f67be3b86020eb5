// Was a record somebody else's before? A machine does not join such a one: what holds for a person (accounts of residents, consents, relations) would follow whoever writes
// another name and number into a record that is there. A person decides.
// Law:    asked of every version of the record, also from before it was deleted and made anew; of one about which a person decided (an active decision that
//         names it) of those from that on: he has seen who it was.
// Another: what a machine takes for a contradiction; two valid numbers that differ; or, where the number is not the same, another family or given name or another
//         birth date; a birth date that comes to be the one of the same valid number beside the same name is none. Asked of what the record says now, and of whom it would be joined with: whose values stand beside those that it had says nothing of who it was. So a first number, a number of 15 digits that becomes one of 18, a slip that is mended, a former name beside the same number are none.
// Inside the room only.
#pragma once

#include <span>
#include <string_view>

#include "kernel/interaction/room.h"
#include "kernel/person/people.h"

namespace tk::interaction {

/// The law: two versions of a record, packed, compared. Under the person view's readers' lock.
bool IsAnother(const person::linkage::Index& index, const person::linkage::Rules& rules, std::string_view one,
               std::string_view other, person::linkage::MatchScratch* scratch);

/// In which version a Linkage (id hash) said first what it says now: one that an unmerge put back, to the letter, says nothing new about what was written since; what
/// a person says tells when ("at"), so that it is never the same. 0: it is not there, or cannot be read. Cost: a look-up; of a Linkage of several
/// versions some 20 µs for each.
view::Ordinal SaidAt(const view::Engine& engine, uint64_t linkage);

/// Of the newest active decision of a person that names the record (id hash): he has seen who it was until then. 0: there is none.
view::Ordinal VouchedAt(const Room& room, uint64_t record);

/// Of how many versions of all records together; where there are more, the answer is yes.
inline constexpr size_t kFormerVersionsMax = 500;

/// Which of the stored versions are former ones: all, of records that are being written; those before the last, of others.
enum class Stored : uint8_t { kAreFormer, kAreCurrent };
/// Was any of these records (id hashes; those that are not there are passed over) somebody else than one of `packed` says, before? Takes the person view's readers' lock.
/// Cost: reads every version, some 20 µs each; with kAreCurrent nothing of a record of one version. Errors: of reading.
Result<bool> WasSomebodyElse(const Room& room, std::span<const uint64_t> records,
                             std::span<const std::string_view> packed, Stored stored);

}  // namespace tk::interaction
