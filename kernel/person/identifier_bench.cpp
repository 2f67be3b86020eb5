// How long numbers take to be told apart.
#include <benchmark/benchmark.h>

#include "kernel/person/identifier.h"

namespace tk::person {
namespace {

void Read(benchmark::State& state, std::string_view text, IdKind claimed) {
  for (auto _ : state) benchmark::DoNotOptimize(Classify(text, claimed));
}

void BM_ResidentId(benchmark::State& state) { Read(state, "380101199003071356", IdKind::kResidentId); }
void BM_ResidentIdOfFifteen(benchmark::State& state) { Read(state, "380101900307135", IdKind::kResidentId); }
void BM_ResidentIdFullWidth(benchmark::State& state) {
  Read(state, "３８０１０１１９９００３０７１３５６", IdKind::kNone);
}
void BM_Mobile(benchmark::State& state) { Read(state, "+86 199 0000 1234", IdKind::kMobile); }
void BM_CreditCode(benchmark::State& state) { Read(state, "91350100M000100Y43", IdKind::kCreditCode); }
void BM_NothingKnown(benchmark::State& state) { Read(state, "ZY-20260101-0007", IdKind::kNone); }
BENCHMARK(BM_ResidentId);
BENCHMARK(BM_ResidentIdOfFifteen);
BENCHMARK(BM_ResidentIdFullWidth);
BENCHMARK(BM_Mobile);
BENCHMARK(BM_CreditCode);
BENCHMARK(BM_NothingKnown);

void BM_CompareSame(benchmark::State& state) {
  const Identifier a = Classify("380101199003071356"), b = a;
  for (auto _ : state) benchmark::DoNotOptimize(Compare(a, b));
}
void BM_CompareSlip(benchmark::State& state) {
  const Identifier a = Classify("380101199003071356"), b = Classify("380101199003701356");
  for (auto _ : state) benchmark::DoNotOptimize(Compare(a, b));
}
BENCHMARK(BM_CompareSame);
BENCHMARK(BM_CompareSlip);

}  // namespace
}  // namespace tk::person

BENCHMARK_MAIN();
