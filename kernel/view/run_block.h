// How a block of at most 128 sorted entries becomes bytes in a run file, and entries again.
// An entry is taken apart into columns by its family's layout (the key, the time, the ordinal …). The key column is kept as the steps between distinct
//   keys and a bit an entry that says where a new key begins. Every other column is kept the way that is shortest in this block:
//     plain    least value, common factor, remainders packed in as few bits as most need, the few wider ones apart
//     grouped  the first of each key plain; the others as zigzag steps from the one before (ordinals and times of one person lie near each other)
//     choice   a table of at most 16 values and a small number an entry (presence words, constants)
//   and, where the layout names a relation (high = low + a second), as the difference from it if that is shorter.
// Bytes:  u8 entries - 1 · u8 keys - 1 · [bits of new keys] · sequence of key steps · for each column: u8 mode, sequence(s)
//         sequence: u8 width · u8 bytes of base << 4 | factor · base · packed bits · [u8 exceptions, u8 width, u8 places…, packed high parts]
// Cost:   about 10 ns an entry in, 2–3 ns out. Damaged bytes give an error, never a read outside of [at, end + kBlockSlack).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/view/entry.h"

namespace tk::view {

inline constexpr size_t kBlockEntries = 128;
/// Readable bytes after the end of a block: whole words are read.
inline constexpr size_t kBlockSlack = 16;

/// Which columns an entry has.
enum class RunLayout : uint32_t {
  kWords = 0,     // each word a column, but the last cut at bit 40 (an ordinal below)
  kKeyTime = 1,   // Entry16: key 54 bits · time 34 bits · ordinal 40 bits
  kValueRow = 2,  // Entry24: a · b · c, c perhaps near b
  kSecond = 3,    // Entry24: a with seconds in its low 45 bits · b perhaps those in µs · c cut at bit 40
};

/// Appends the block to `out`. `count` in 1..128, entries sorted.
template <class Entry>
void EncodeBlock(RunLayout layout, const Entry* entries, size_t count, std::vector<uint8_t>* out);

/// Reads back `count` entries whose first is `first` (it is kept beside the block). False: the bytes are damaged, `out` holds anything.
template <class Entry>
[[nodiscard]] bool DecodeBlock(RunLayout layout, const Entry& first, size_t count, const uint8_t* at,
                               const uint8_t* end, Entry* out);

}  // namespace tk::view
