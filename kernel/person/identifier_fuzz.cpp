// Any bytes, under any claim: there is an answer, its normal form is read as itself, and comparing goes both ways alike.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/base/error.h"
#include "kernel/person/identifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tk::person;
  if (size == 0) return 0;
  const auto claimed = static_cast<IdKind>(data[0] % kIdKinds);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Identifier id = Classify(text, claimed);
  CHECK(id.size <= kIdValueMax);
  CHECK(id.grade <= Grade::kBroken || !id.remarks.faults());
  CHECK(id.grade != Grade::kChecked || id.size > 0);
  CHECK((ValueKey(id) == 0) == (id.grade == Grade::kNothing));
  CHECK(id.birth_date == 0 || IsDay(id.birth_date));
  if (id.grade == Grade::kNothing) return 0;
  const Identifier again = Classify(id.value(), id.kind);
  if (id.grade >= Grade::kConverted) CHECK(again.kind == id.kind && again.grade == Grade::kChecked);
  if (id.grade >= Grade::kPattern) CHECK(again.value() == id.value());
  CHECK(Compare(id, id) == (id.grade == Grade::kBroken ? IdAgreement::kSameBroken : IdAgreement::kSame) ||
        id.size == 0);
  const Identifier free = Classify(text.substr(text.size() / 2));
  CHECK(Compare(id, free) == Compare(free, id));
  return 0;
}
