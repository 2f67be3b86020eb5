#include "city/life.h"

#include "kernel/base/text.h"

namespace tk::city {
namespace {

constexpr int64_t kYear = 365;
constexpr uint64_t kOnsetYearsMax = 15;     // a disease that one has began at most so long ago
constexpr uint64_t kUnknownDaysMax = 1095;  // and was found at most so long after
constexpr uint64_t kTogether = 30;          // of a hundred draws, metabolic diseases share so many
constexpr int64_t kGestation = 280;
constexpr int kPregnancySlots = 5;  // years after the census that are drawn
constexpr double kAdult = 30;       // from where a year adds to a measure
constexpr size_t kMeasuresMax = 64;

int64_t AsOf(const City& city) { return DaysFromCivil(city.tables().census.as_of.year, 1, 1); }

/// The age from which anybody of his sex has it.
uint32_t FirstAge(const Steps& steps) {
  size_t step = 0;
  while (step + 1 < steps.value.size() && steps.value[step] == 0) ++step;
  return steps.from[step];
}

void DrawAilments(const City& city, const Person& person, int64_t today, Life* life) {
  SeededRandom random = StreamOf(city.plan().seed(), Draw::kLife, person.number);
  const uint64_t common = random.Below(10000);
  const auto& kinds = city.tables().lives.conditions;
  for (size_t i = 0; i < kinds.size(); ++i) {
    // Every draw is made for everybody: a new disease in the table does not change the old ones.
    const bool together = Chance(&random, kTogether, 100);
    const uint64_t own = random.Below(10000);
    const bool diagnosed = Chance(&random, kinds[i].diagnosed_per_1000, 1000);
    const bool treated = Chance(&random, kinds[i].treated_per_1000, 1000);
    const bool controlled = Chance(&random, kinds[i].controlled_per_1000, 1000);
    const double since = random.Unit(), unknown = random.Unit();
    const Steps& shares = kinds[i].per_10000[person.male];
    if ((kinds[i].metabolic && together ? common : own) >= shares.At(person.age)) continue;
    const auto years_most = std::min<uint64_t>(
        kOnsetYearsMax, static_cast<uint64_t>(std::max(0, person.age - static_cast<int>(FirstAge(shares)))));
    const auto days_most =
        std::min<int64_t>(static_cast<int64_t>(years_most) * kYear + kYear / 2, today - life->born - 1);
    const auto days = static_cast<int64_t>(since * static_cast<double>(std::max<int64_t>(days_most, 1)));
    Ailment ailment{i, diagnosed, diagnosed && treated, diagnosed && treated && controlled, today - days, 0};
    const auto unknown_most = std::min<int64_t>(static_cast<int64_t>(kUnknownDaysMax), days);
    ailment.diagnosis =
        ailment.onset + (diagnosed ? static_cast<int64_t>(unknown * static_cast<double>(unknown_most)) : 0);
    life->ailments.push_back(ailment);
  }
}

void DrawPregnancy(const City& city, const People& people, const Person& person, Window window, Life* life) {
  const PregnancyTable& table = city.tables().lives.pregnancy;
  const uint32_t rate = table.births_per_10000_years.At(person.age);
  if (person.male || rate == 0) return;
  for (const Person& other : people.persons) {
    if (other.mother == static_cast<int64_t>(person.number) && other.age == 0) return;
  }
  SeededRandom random = StreamOf(city.plan().seed(), Draw::kPregnancy, person.number);
  bool before = false;
  for (int slot = 0; slot < kPregnancySlots; ++slot) {
    const bool conceives = Chance(&random, rate, 10000) && !before;
    const auto offset = static_cast<int64_t>(random.Below(kYear));
    const uint32_t weeks = table.weeks[table.week.Pick(&random)];
    const auto day = static_cast<int64_t>(random.Below(7));
    const bool diabetes = Chance(&random, table.diabetes_per_1000, 1000);
    before = conceives;
    const int64_t last_period = AsOf(city) - kGestation + slot * kYear + offset;
    const int64_t birth = last_period + weeks * 7 + day;
    if (!conceives || birth < window.from || last_period >= window.end) continue;
    life->pregnancy = Pregnancy{last_period, birth, diabetes};
    return;
  }
}

}  // namespace

const Ailment* Life::Has(size_t condition) const {
  const auto found = std::find_if(ailments.begin(), ailments.end(),
                                  [&](const Ailment& ailment) { return ailment.condition == condition; });
  return found == ailments.end() ? nullptr : &*found;
}

Life LifeOf(const City& city, const People& people, const Person& person, Window window) {
  Life life;
  life.born = DaysFromCivil(person.birth.year, person.birth.month, person.birth.day);
  DrawAilments(city, person, AsOf(city), &life);
  DrawPregnancy(city, people, person, window, &life);
  return life;
}

double Deviate(uint64_t key) {
  // Four even draws of 16 bits: their sum has a mean of 131070 and a spread of 37837.
  const uint64_t bits = Mix(key);
  const double sum =
      static_cast<double>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
  return (sum - 131070.0) / 37837.0;
}

double ValueOf(const City& city, const Person& person, const Life& life, size_t number, int64_t day,
               uint32_t again) {
  const Measure& measure = city.tables().lives.measures[number];
  const uint64_t seed = city.plan().seed();
  double value = measure.mean[person.male];
  if (person.age > kAdult) value += measure.per_year * (person.age - kAdult);
  double least = measure.least, most = measure.most;
  for (const Measure::Effect& effect : measure.with) {
    const Ailment* const ailment = life.Has(effect.condition);
    if (ailment == nullptr || day < ailment->onset) continue;
    const bool controlled = ailment->controlled && day > ailment->diagnosis;
    value = (controlled ? effect.controlled : effect.uncontrolled) +
            effect.per_year * static_cast<double>(day - AsOf(city)) / kYear;
    least *= 0.5;
    most *= 1.6;
    break;
  }
  value += measure.sd * Deviate(KeyOf(seed, Draw::kBody, person.number * kMeasuresMax + number));
  value += measure.noise * Deviate(KeyOf(seed ^ (static_cast<uint64_t>(day) << 8) ^ again, Draw::kBody,
                                         person.number * kMeasuresMax + number));
  return std::clamp(value, least, most);
}

const std::string_view kLifeColumns = "person,what,code,since,diagnosed,treated,controlled,until\n";

void AppendDay(int64_t day, std::string* out) { AppendDate(CivilFromDays(day), out); }

void AppendLife(const City& city, const Person& person, const Life& life, std::string* out) {
  for (const Ailment& ailment : life.ailments) {
    const ConditionKind& kind = city.tables().lives.conditions[ailment.condition];
    AppendNumber(static_cast<int64_t>(person.number), out);
    out->append(",").append(kind.kind).append(",").append(kind.code).append(",");
    AppendDay(ailment.onset, out);
    out->push_back(',');
    if (ailment.diagnosed) AppendDay(ailment.diagnosis, out);
    out->append(ailment.treated ? ",1" : ",0").append(ailment.controlled ? ",1,\n" : ",0,\n");
  }
  if (!life.pregnancy) return;
  AppendNumber(static_cast<int64_t>(person.number), out);
  out->append(life.pregnancy->diabetes ? ",pregnancy,O24.4," : ",pregnancy,Z34.9,");
  AppendDay(life.pregnancy->last_period, out);
  out->append(",,,,");
  AppendDay(life.pregnancy->birth, out);
  out->push_back('\n');
}

}  // namespace tk::city
