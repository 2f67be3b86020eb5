// Any bytes as a query string: it is understood or refused, and what was understood, said again, is understood the same way.
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "kernel/search/query.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tk;
  static const auto r4 = fhir::Definitions::R4();
  if (size < 1) return 0;
  static constexpr std::string_view kTypes[] = {"Patient", "Observation",       "Encounter",
                                                "Task",    "MedicationRequest", "ValueSet"};
  const fhir::TypeId type = r4->FindType(kTypes[data[0] % std::size(kTypes)]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  search::ParseOptions options;
  options.lenient = (data[0] & 0x80) != 0;
  options.length_max = 1 << 20;
  static const fhir::MemoryCanonicals
      none;  // the official value sets and code systems are there all the same
  static const auto kept = terminology::MakeKept();
  options.terminology = [] { return std::make_shared<const terminology::Terminology>(*r4, none, kept); };
  const auto query = search::ParseQuery(*r4, type, text, options);
  if (!query.ok()) {
    CHECK(!query.error().external.empty());
    return 0;
  }
  const auto again = search::ParseQuery(*r4, type, query->self, options);
  CHECK(again.ok());
  CHECK(again->self == query->self);
  CHECK(again->criteria.size() == query->criteria.size());
  for (size_t i = 0; i < query->criteria.size(); ++i) {
    const auto &x = query->criteria[i], &y = again->criteria[i];
    CHECK(x.parameter == y.parameter && x.modifier == y.modifier && x.terms.size() == y.terms.size());
    CHECK((x.codes == nullptr) == (y.codes == nullptr));
    CHECK(x.codes == nullptr || x.codes->codes() == y.codes->codes());
    for (size_t k = 0; k < x.terms.size(); ++k)
      CHECK(x.terms[k].text == y.terms[k].text && x.terms[k].code == y.terms[k].code &&
            x.terms[k].low_us == y.terms[k].low_us);
  }
  return 0;
}
