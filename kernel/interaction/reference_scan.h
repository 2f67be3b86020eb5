// The references of a resource's text, found without parsing it: $everything asks hundreds of texts where they lead.
// Shape:  minified JSON, as it is stored: a quote within a string is escaped there, so that `"reference":"` is only ever a member.
// Cost:   about one instruction a byte.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tk::interaction {

/// Calls each(text) with the inside of every `"reference":"…"` of minified text. A page of half a megabyte goes through here, so 64 places are
/// looked at together: where there is no `f` with the colon in its place behind it (hardly anything else has both) there is no member.
template <class Each>
void ForReferences(std::string_view json, const Each& each) {
  constexpr std::string_view kMember = R"("reference":")";
  constexpr size_t kLetter = kMember.find('f'), kColon = kMember.find(':');
  using Bytes16 = uint8_t __attribute__((vector_size(16)));
  using Words2 = uint64_t __attribute__((vector_size(16)));
  constexpr size_t kStep = sizeof(Bytes16);
  const auto equal = [&json](size_t at, uint8_t wanted) {
    Bytes16 bytes;
    std::memcpy(&bytes, json.data() + at, sizeof bytes);
    return bytes == wanted;
  };
  const auto both = [&](size_t at) {
    return reinterpret_cast<Words2>(equal(at + kLetter, 'f') & equal(at + kColon, ':'));
  };
  const auto look = [&](size_t at) {
    if (json.compare(at, kMember.size(), kMember) != 0) return;
    const std::string_view rest = json.substr(at + kMember.size());
    each(rest.substr(0, rest.find('"')));
  };
  const auto look_where = [&](size_t at, uint64_t word) {
    constexpr bool kIsLittle = std::endian::native == std::endian::little;
    while (word != 0) {
      const int place = (kIsLittle ? std::countr_zero(word) : std::countl_zero(word)) / 8;
      word &= ~(uint64_t{0xff} << 8 * (kIsLittle ? place : 7 - place));
      look(at + static_cast<size_t>(place));
    }
  };
  size_t at = 0;
  for (; at + kColon + 4 * kStep <= json.size(); at += 4 * kStep) {
    const Words2 found[] = {both(at), both(at + kStep), both(at + 2 * kStep), both(at + 3 * kStep)};
    const Words2 any = (found[0] | found[1]) | (found[2] | found[3]);
    if ((any[0] | any[1]) == 0) continue;
    for (size_t i = 0; i < 4; ++i) {
      look_where(at + i * kStep, found[i][0]);
      look_where(at + i * kStep + kStep / 2, found[i][1]);
    }
  }
  for (; at + kMember.size() <= json.size(); ++at) look(at);
}

}  // namespace tk::interaction
