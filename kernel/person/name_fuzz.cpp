// Any bytes as two names, parted by a line break: there is an answer, it is the same both ways, and a name agrees with itself.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/base/error.h"
#include "kernel/person/name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tk::person;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = text.substr(0, text.find('\n'));
  const std::string_view second = text.substr(std::min(text.size(), first.size() + 1));
  const Name a = ReadName(first), b = ReadName(second), both = ReadName(first, second);
  for (const Name* name : {&a, &b, &both}) {
    CHECK(name->n <= kNameMax && name->surname <= name->n);
    const NameComparison self = Compare(*name, *name);
    CHECK(name->missing() ? self.whole == NameAgreement::kNothing : self.whole <= NameAgreement::kIncomplete);
    std::array<uint64_t, kSoundKeysMax> keys{};
    CHECK(SoundKeys(*name, true, keys) <= kSoundKeysMax);
    CHECK((NameKey(*name) == 0) == name->missing());
    (void)PinyinOf(*name);
    (void)InitialsOf(*name);
  }
  const NameComparison there = Compare(a, b), back = Compare(b, a);
  CHECK(there.whole == back.whole && there.surname == back.surname && there.given == back.given);
  return 0;
}
