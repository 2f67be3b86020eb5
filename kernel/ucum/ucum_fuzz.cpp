// Any bytes: the parser answers; what it takes has a name, and what has a meaning converts into its canonical unit and back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/ucum/ucum.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tk::ucum;
  const std::string_view code(reinterpret_cast<const char*>(data), size);
  (void)Validate(code, CodeCase::kInsensitive);
  (void)Rational::Parse(code);
  const auto unit = Unit::Parse(code);
  if (!unit.ok()) {
    CHECK(!DisplayName(code).ok());
    return 0;
  }
  CHECK(DisplayName(code).ok());
  if (!unit->why_not().empty()) return 0;
  CHECK(Comparable(*unit, *unit));
  const Quantity three{Rational(3), *unit};
  const auto base = Canonical(three);
  if (!base.ok()) return 0;
  CHECK(base->unit.canonical_code() == unit->canonical_code());
  if (unit->special()) return 0;
  const auto back = Convert(base->value, base->unit, *unit);
  CHECK(!back.ok() || Compare(*back, Rational(3)) == 0);
  const auto square = Multiply(three, three);
  const auto ratio = Divide(three, three);
  CHECK(!ratio.ok() || ratio->unit.canonical_code() == "1");
  if (square.ok() && square->unit.why_not().empty()) (void)Divide(*square, three);
  return 0;
}
