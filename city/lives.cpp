#include "city/lives.h"

#include "kernel/base/text.h"

namespace tk::city {
namespace {

constexpr int64_t kYearDays = 365;
constexpr int kOpens = 8 * 60, kOpenMinutes = 9 * 60;  // visits begin between 8 and 17
constexpr uint32_t kDelayDaysMax = 20;                 // shots and growth visits come so late at most
constexpr int kInBedDays = 3;                          // for a birth
constexpr double kFeverLeast = 37.3, kFeverMost = 39.9;
constexpr double kWeightSpread = 0.11, kLengthSpread = 0.036, kHeadSpread = 0.027;

double Between(double low, double high, SeededRandom* random) { return low + random->Unit() * (high - low); }

/// A median at an age in days, straight between the days of the table.
double MedianAt(const std::vector<uint32_t>& days, const std::vector<double>& medians, int64_t age) {
  if (age <= days.front()) return medians.front();
  for (size_t i = 1; i < days.size(); ++i) {
    if (age > days[i]) continue;
    const double part = static_cast<double>(age - days[i - 1]) / static_cast<double>(days[i] - days[i - 1]);
    return medians[i - 1] + part * (medians[i] - medians[i - 1]);
  }
  return medians.back();
}

}  // namespace

/// One person's: what is told of him, by whom.
class Biography {
 public:
  Biography(const Chronicler& chronicler, const Person& person, const Life& life, Pen* pen)
      : chronicler_(chronicler),
        city_(chronicler.city_),
        tables_(city_.tables().lives),
        window_(chronicler.window_),
        person_(person),
        life_(life),
        pen_(*pen) {}

  void Tell() {
    using Place = Chronicler::Place;
    const std::array home = {Place::kCentre, Place::kClinic, Place::kSecondary, Place::kTertiary};
    Chronic(First(home));
    Illnesses();
    const std::array children = {Place::kCdc, Place::kCentre, Place::kMaternity};
    Shots(First(children));
    const std::array growing = {Place::kCentre, Place::kMaternity, Place::kClinic};
    Grow(First(growing));
    const std::array births = {Place::kMaternity, Place::kSecondary, Place::kTertiary};
    Bear(First(births));
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  Chronicler::Place PlaceOf(size_t record) const {
    return chronicler_.places_[city_.plan().institutions()[pen_.record(record).institution].kind];
  }
  /// The first record in the order of the places; kNone if nobody of them knows him.
  template <size_t Count>
  size_t First(const std::array<Chronicler::Place, Count>& places) const {
    for (const auto place : places) {
      for (size_t i = 0; i < pen_.records(); ++i) {
        if (PlaceOf(i) == place) return i;
      }
    }
    return kNone;
  }
  SeededRandom Stream(Draw draw) const { return StreamOf(city_.plan().seed(), draw, person_.number); }
  static int Minute(SeededRandom* random) { return kOpens + static_cast<int>(random->Below(kOpenMinutes)); }

  double Value(size_t measure, int64_t day) const { return ValueOf(city_, person_, life_, measure, day); }
  void Test(const Meeting& meeting, size_t number, double value, bool vital = false) {
    const Measure& measure = tables_.measures[number];
    const bool ranged = measure.has_range && person_.age >= 18;
    pen_.Measure(meeting, vital,
                 {measure.code, measure.text, measure.unit, value, measure.decimals, ranged,
                  measure.low[person_.male], measure.high[person_.male]});
  }
  void Vital(const Meeting& meeting, std::string_view code, std::string_view text, std::string_view unit,
             double value) {
    pen_.Measure(meeting, true, {code, text, unit, value, 1});
  }
  void Pressure(const Meeting& meeting) {
    pen_.BloodPressure(meeting, static_cast<int>(Value(chronicler_.systolic_, meeting.day) + 0.5),
                       static_cast<int>(Value(chronicler_.diastolic_, meeting.day) + 0.5));
  }

  // ---- chronic disease

  void Chronic(size_t home) {
    if (home == kNone) return;
    SeededRandom random = Stream(Draw::kChronic);
    std::vector<const Ailment*> known;
    uint32_t visits_per_year = 0;
    for (const Ailment& ailment : life_.ailments) {
      if (!ailment.diagnosed) continue;
      known.push_back(&ailment);
      const ConditionKind& kind = tables_.conditions[ailment.condition];
      visits_per_year = std::max(visits_per_year, kind.visits_per_year);
      pen_.Diagnose({home, ailment.diagnosis, Minute(&random), {}, {}}, kind.code, kind.text, ailment.onset,
                    -1);
    }
    Past(home, known, &random);
    if (known.empty()) return Examine(home, &random);
    const int64_t step = kYearDays / std::max(visits_per_year, 1u);
    bool first = true;
    for (int64_t day = window_.from + static_cast<int64_t>(random.Below(static_cast<uint64_t>(step)));
         day < window_.end; day += step - 7 + static_cast<int64_t>(random.Below(15))) {
      FollowUp(home, day, known, first, &random);
      first = false;
    }
  }

  /// Results of the years before: one day a year since the first disease was known.
  void Past(size_t home, const std::vector<const Ailment*>& known, SeededRandom* random) {
    const auto offset = static_cast<int64_t>(random->Below(kYearDays));
    for (int64_t year = tables_.years_of_results; year >= 1; --year) {
      const int64_t day = window_.from - year * kYearDays + offset;
      if (day >= window_.from) continue;
      const Meeting meeting{home, day, Minute(random), {}, {}};
      uint64_t done = 0;
      for (const Ailment* ailment : known) {
        if (ailment->diagnosis > day) continue;
        for (const size_t test : tables_.conditions[ailment->condition].tests) Once(meeting, test, &done);
      }
    }
  }
  /// A test, but not twice.
  void Once(const Meeting& meeting, size_t test, uint64_t* done) {
    if ((*done >> test & 1) != 0) return;
    *done |= uint64_t{1} << test;
    Test(meeting, test, Value(test, meeting.day));
  }

  void FollowUp(size_t home, int64_t day, const std::vector<const Ailment*>& known, bool tests,
                SeededRandom* random) {
    const ConditionKind& leading = tables_.conditions[known.front()->condition];
    const Meeting meeting = pen_.Visit(home, day, Minute(random), leading.departments, leading.text);
    Pressure(meeting);
    Test(meeting, chronicler_.pulse_, Value(chronicler_.pulse_, day), true);
    uint64_t done = 0, given = 0;
    if (tests) {
      Test(meeting, chronicler_.bmi_, Value(chronicler_.bmi_, day), true);
      for (const Ailment* ailment : known) {
        for (const size_t test : tables_.conditions[ailment->condition].tests) Once(meeting, test, &done);
      }
    } else {
      // Fasting glucose is taken at every visit of a diabetic.
      for (const Ailment* ailment : known) {
        const auto& wanted = tables_.conditions[ailment->condition].tests;
        if (!wanted.empty() && wanted.front() == chronicler_.glucose_) Once(meeting, wanted.front(), &done);
      }
    }
    for (const Ailment* ailment : known) {
      if (ailment->treated) Treat(meeting, *ailment, &given);
    }
  }

  /// The same drugs at every visit: which ones is drawn for the person, not for the day. The first is always among them.
  void Treat(const Meeting& meeting, const Ailment& ailment, uint64_t* given) {
    const auto& drugs = tables_.conditions[ailment.condition].drugs;
    SeededRandom random =
        StreamOf(city_.plan().seed(), Draw::kBody,
                 (person_.number * kConditionsMax + ailment.condition) ^ (uint64_t{1} << 60));
    for (size_t i = 0; i < drugs.size(); ++i) {
      const bool chosen = Chance(&random, drugs[i].percent, 100);
      if ((!chosen && i > 0) || (*given >> drugs[i].which & 1) != 0) continue;
      *given |= uint64_t{1} << drugs[i].which;
      const Drug& drug = tables_.drugs[drugs[i].which];
      pen_.Prescribe(meeting, drug, meeting.day + drug.days < window_.end);
    }
  }

  /// The yearly examination of the old who have no known disease.
  void Examine(size_t home, SeededRandom* random) {
    const bool comes = Chance(random, tables_.exam_percent, 100);
    const int64_t day = window_.from + static_cast<int64_t>(random->Below(kYearDays));
    if (static_cast<uint32_t>(person_.age) < tables_.exam_from_age || !comes || day >= window_.end) return;
    const Meeting meeting = pen_.Visit(home, day, Minute(random), {"全科", "内科"}, "老年人健康体检");
    Pressure(meeting);
    Test(meeting, chronicler_.bmi_, Value(chronicler_.bmi_, day), true);
    for (const size_t test : tables_.annual_tests) Test(meeting, test, Value(test, day));
  }

  // ---- what comes and goes

  void Illnesses() {
    std::vector<size_t> care;
    for (size_t i = 0; i < pen_.records(); ++i) {
      if (PlaceOf(i) <= Chronicler::Place::kClinic) care.push_back(i);
    }
    if (care.empty()) return;
    SeededRandom random = Stream(Draw::kVisit);
    const uint64_t days = static_cast<uint64_t>(window_.end - window_.from);
    // Twice the usual number at most, evenly: 0 … 2n.
    const uint64_t usual = uint64_t{tables_.visits_per_100_years.At(person_.age)} * days;
    const uint64_t visits =
        random.Below(2 * usual + 1 + uint64_t{100} * kYearDays) / (uint64_t{100} * kYearDays);
    for (uint64_t i = 0; i < visits; ++i) {
      const int64_t day = window_.from + static_cast<int64_t>(random.Below(days));
      const size_t record = care[random.Below(care.size())];
      Fall(record, day, &random);
    }
  }

  void Fall(size_t record, int64_t day, SeededRandom* random) {
    const size_t step = tables_.visits_per_100_years.StepOf(person_.age);
    const Illness& illness = tables_.illnesses[tables_.illness[step].Pick(random)];
    if (day <= life_.born) return;
    const Meeting meeting = pen_.Visit(record, day, Minute(random), illness.departments, illness.text);
    const int64_t onset = std::max(life_.born, day - static_cast<int64_t>(random->Below(4)));
    const int64_t ends = day + 3 + static_cast<int64_t>(random->Below(10));
    pen_.Diagnose(meeting, illness.code, illness.text, onset, ends < window_.end ? ends : -1);
    const bool fever = Chance(random, illness.fever_percent, 100);
    Vital(meeting, "8310-5", "体温", "Cel",
          fever ? Between(kFeverLeast, kFeverMost, random) : Between(36.1, 37.1, random));
    if (person_.age >= 35) Pressure(meeting);
    for (const Chosen& test : illness.tests) {
      if (Chance(random, test.percent, 100))
        Test(meeting, test.which, Value(test.which, day) * (fever ? tables_.measures[test.which].fever : 1));
    }
    for (const Chosen& drug : illness.drugs) {
      // Tablets of these strengths are for those who have grown.
      if (Chance(random, drug.percent, 100) && person_.age >= 12)
        pen_.Prescribe(meeting, tables_.drugs[drug.which],
                       day + tables_.drugs[drug.which].days < window_.end);
    }
  }

  // ---- children

  void Shots(size_t record) {
    if (record == kNone || person_.age > 14) return;
    SeededRandom random = Stream(Draw::kShots);
    int64_t before = life_.born;
    for (const Vaccine& vaccine : tables_.vaccines) {
      const bool given = Chance(&random, vaccine.percent, 100);
      const auto late = vaccine.days == 0 ? 0 : static_cast<int64_t>(random.Below(kDelayDaysMax));
      const uint64_t lot = random.Below(10'000'000);
      const int minute = Minute(&random);
      const auto year = static_cast<uint32_t>(person_.birth.year);
      if (!given || year < vaccine.born_from || year >= vaccine.born_before) continue;
      // Never before the shot that the table has first.
      const int64_t day = std::max(before, life_.born + vaccine.days + late);
      if (day >= window_.end) return;
      before = day;
      pen_.Vaccinate({record, day, minute, {}, {}}, vaccine, lot);
    }
  }

  void Grow(size_t record) {
    const Growth& growth = tables_.growth;
    if (record == kNone || person_.age > 7) return;
    SeededRandom random = Stream(Draw::kGrowth);
    // A child keeps its place among the others: what is its own is drawn once.
    const double tall = Deviate(random.Next()), heavy = 0.7 * tall + 0.7 * Deviate(random.Next()),
                 head = 0.4 * tall + 0.9 * Deviate(random.Next());
    const auto size = [&](const std::array<std::vector<double>, 2>& medians, double spread, double place,
                          int64_t age) {
      return MedianAt(growth.days, medians[person_.male], age) *
             (1 + spread * (place + 0.15 * Deviate(random.Next())));
    };
    for (const uint32_t due : growth.days) {
      const bool comes = Chance(&random, growth.percent, 100);
      const int64_t age = due + static_cast<int64_t>(random.Below(due < 60 ? 3 : kDelayDaysMax));
      const int64_t day = life_.born + age;
      const int minute = Minute(&random);
      const double weight = size(growth.weight, kWeightSpread, heavy, age),
                   length = size(growth.length, kLengthSpread, tall, age),
                   round = size(growth.head, kHeadSpread, head, age);
      if (!comes || day >= window_.end) continue;
      const Meeting meeting =
          pen_.Visit(record, day, minute, {"儿童保健科", "公共卫生科", "全科"}, "儿童健康检查");
      Vital(meeting, "29463-7", "体重", "kg", weight);
      Vital(meeting, "8302-2", "身长（身高）", "cm", length);
      if (due < growth.head_until_days) Vital(meeting, "9843-4", "头围", "cm", round);
    }
  }

  // ---- pregnancy

  void Bear(size_t record) {
    if (record == kNone || !life_.pregnancy) return;
    const Pregnancy& pregnancy = *life_.pregnancy;
    const std::vector<std::string> ward = {"产科", "妇产科"};
    SeededRandom random = Stream(Draw::kGrowth);
    bool told = false;
    for (const uint32_t week : tables_.pregnancy.visit_weeks) {
      const bool comes = Chance(&random, tables_.pregnancy.percent_seen, 100);
      const int64_t day = pregnancy.last_period + week * 7 + static_cast<int64_t>(random.Below(7));
      const int minute = Minute(&random);
      if (!comes || day >= pregnancy.birth || day >= window_.end) continue;
      const Meeting meeting = pen_.Visit(record, day, minute, ward, "产前检查");
      if (!told) {
        pen_.Diagnose(meeting, "Z34.9", "妊娠", pregnancy.last_period,
                      pregnancy.birth < window_.end ? pregnancy.birth : -1);
        pen_.ExpectedBirth(meeting, pregnancy.last_period + 280);
        told = true;
      }
      Pressure(meeting);
      Vital(meeting, "18185-9", "孕周", "wk", static_cast<double>(day - pregnancy.last_period) / 7.0);
      Test(meeting, chronicler_.hemoglobin_, Value(chronicler_.hemoglobin_, day) * 0.9);
      if (week > 22 && week < 28 && pregnancy.diabetes) {
        Test(meeting, chronicler_.glucose_, Between(5.1, 6.4, &random));
        pen_.Diagnose(meeting, "O24.4", "妊娠期糖尿病", day,
                      pregnancy.birth < window_.end ? pregnancy.birth : -1);
      }
    }
    if (pregnancy.birth < window_.from || pregnancy.birth >= window_.end) return;
    const Meeting birth = pen_.Visit(record, pregnancy.birth, Minute(&random), ward, "分娩", kInBedDays);
    pen_.Diagnose(birth, "O80.9", "单胎顺产", pregnancy.birth, pregnancy.birth);
  }

  const Chronicler& chronicler_;
  const City& city_;
  const LivesTables& tables_;
  const Window window_;
  const Person& person_;
  const Life& life_;
  Pen& pen_;
};

Chronicler::Chronicler(const City& city, Window window) : city_(city), window_(window) {
  for (const InstitutionKind& kind : city.tables().places.institutions) {
    places_.push_back(kind.kind == "tertiary"    ? Place::kTertiary
                      : kind.kind == "secondary" ? Place::kSecondary
                      : kind.kind == "centre"    ? Place::kCentre
                      : kind.kind == "clinic"    ? Place::kClinic
                      : kind.kind == "maternity" ? Place::kMaternity
                      : kind.kind == "cdc"       ? Place::kCdc
                                                 : Place::kOther);
  }
  const LivesTables& lives = city.tables().lives;
  systolic_ = lives.MeasureOf("systolic");
  diastolic_ = lives.MeasureOf("diastolic");
  pulse_ = lives.MeasureOf("pulse");
  bmi_ = lives.MeasureOf("bmi");
  glucose_ = lives.MeasureOf("glucose");
  hemoglobin_ = lives.MeasureOf("hemoglobin");
}

void Chronicler::Write(const People& people, const std::vector<Record>& records, Pages* pages,
                       std::string* truth) const {
  pages->Clear();
  std::vector<const Record*> by_person;
  for (const Record& record : records) by_person.push_back(&record);
  std::sort(by_person.begin(), by_person.end(), [](const Record* a, const Record* b) {
    return std::pair(a->person, a->id) < std::pair(b->person, b->id);
  });
  Pen pen(city_, pages);
  auto next = by_person.begin();
  for (const Person& person : people.persons) {
    const auto first = next;
    while (next != by_person.end() && (*next)->person == person.number) ++next;
    const Life life = LifeOf(city_, people, person, window_);
    AppendLife(city_, person, life, truth);
    pen.Begin({first, next});
    Biography(*this, person, life, &pen).Tell();
  }
}

}  // namespace tk::city
