// How long names take to be read and compared.
#include <benchmark/benchmark.h>

#include "kernel/person/name.h"

namespace tk::person {
namespace {

void ReadOne(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(ReadName(text));
}
void CompareTwo(benchmark::State& state, std::string_view a, std::string_view b) {
  const Name x = ReadName(a), y = ReadName(b);
  for (auto _ : state) benchmark::DoNotOptimize(Compare(x, y));
}

void BM_ReadChinese(benchmark::State& state) { ReadOne(state, "欧阳晓明"); }
void BM_ReadLatin(benchmark::State& state) { ReadOne(state, "Müller, José"); }
BENCHMARK(BM_ReadChinese);
BENCHMARK(BM_ReadLatin);

void BM_CompareExact(benchmark::State& state) { CompareTwo(state, "张子轩", "张子轩"); }
void BM_CompareSound(benchmark::State& state) { CompareTwo(state, "张子轩", "章紫轩"); }
void BM_CompareDifferent(benchmark::State& state) { CompareTwo(state, "张子轩", "李建国"); }
void BM_CompareLatin(benchmark::State& state) { CompareTwo(state, "Jonh Miller", "John Miller"); }
void BM_CompareWithPinyin(benchmark::State& state) { CompareTwo(state, "张子轩", "ZHANG ZIXUAN"); }
BENCHMARK(BM_CompareExact);
BENCHMARK(BM_CompareSound);
BENCHMARK(BM_CompareDifferent);
BENCHMARK(BM_CompareLatin);
BENCHMARK(BM_CompareWithPinyin);

void BM_SoundKeys(benchmark::State& state) {
  const Name name = ReadName("孙行乐");
  std::array<uint64_t, kSoundKeysMax> keys{};
  for (auto _ : state) benchmark::DoNotOptimize(SoundKeys(name, true, keys));
}
BENCHMARK(BM_SoundKeys);

}  // namespace
}  // namespace tk::person
