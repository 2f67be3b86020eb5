#include "city/record.h"

#include <fmt/format.h>

#include "city/mishap.h"
#include "kernel/base/text.h"

namespace tk::city {

const std::array<std::string_view, kTraps> kTrapNames = {"id_missing",
                                                         "id_short",
                                                         "id_x_form",
                                                         "id_width",
                                                         "id_typo",
                                                         "id_swap",
                                                         "id_placeholder",
                                                         "id_borrowed",
                                                         "id_duplicate",
                                                         "id_of_mother",
                                                         "id_earlier",
                                                         "id_wrong_field",
                                                         "name_homophone",
                                                         "name_shape",
                                                         "name_traditional",
                                                         "name_alias",
                                                         "name_rare_glyph",
                                                         "name_latin",
                                                         "name_pinyin_inside",
                                                         "name_former",
                                                         "name_nick",
                                                         "name_newborn",
                                                         "name_unknown",
                                                         "name_dot",
                                                         "name_transliteration",
                                                         "name_truncated",
                                                         "name_space",
                                                         "name_split",
                                                         "name_dialect",
                                                         "name_married",
                                                         "birth_lunar",
                                                         "birth_nominal_age",
                                                         "birth_filler",
                                                         "birth_1900",
                                                         "birth_swapped",
                                                         "birth_year_only",
                                                         "birth_typo",
                                                         "birth_missing",
                                                         "sex_wrong",
                                                         "sex_missing",
                                                         "phone_missing",
                                                         "phone_family",
                                                         "phone_shared",
                                                         "phone_placeholder",
                                                         "phone_format",
                                                         "phone_former",
                                                         "phone_landline",
                                                         "address_missing",
                                                         "address_old_division",
                                                         "address_short",
                                                         "address_elsewhere",
                                                         "twin_mixed",
                                                         "document_renewed",
                                                         "document_long"};

namespace {

constexpr uint64_t kRecordsPerPerson = 32;  // at most, two of a source

bool Knows(const Source& source, const Person& person) {
  return static_cast<uint32_t>(person.age) >= source.from_age &&
         static_cast<uint32_t>(person.age) <= source.to_age && (source.sex != 'f' || !person.male);
}

}  // namespace

Result<Recorder> Recorder::Make(const City& city) {
  Recorder recorder(city);
  const Noise& noise = city.tables().noise;
  const Plan& plan = city.plan();
  for (const auto& [name, rate] : noise.per_10000) {
    const auto found = std::find(kTrapNames.begin(), kTrapNames.end(), name);
    if (found == kTrapNames.end())
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("noise.traps_per_10000.{} is no trap that there is", name));
    recorder.per_10000_[static_cast<size_t>(found - kTrapNames.begin())] = rate;
  }
  if (noise.sources.size() * 2 > kRecordsPerPerson)
    return MakeError(ErrorCode::kIncorrect,
                     fmt::format("noise.records has more than {} rows", kRecordsPerPerson / 2));
  for (const Source& source : noise.sources) {
    auto& serving = recorder.serving_.emplace_back(plan.first_grid());
    Level level = Level::kCity;
    bool any = false;
    for (uint32_t i = 0; i < plan.institutions().size(); ++i) {
      const Institution& institution = plan.institutions()[i];
      if (city.tables().places.institutions[institution.kind].kind != source.kind) continue;
      serving[institution.area].push_back(i);
      level = std::max(level,
                       plan.area(institution.area).level);  // the nearest: of the county, if it has its own
      any = true;
    }
    if (!any)
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("noise.records: there is no institution of kind {}", source.kind));
    recorder.levels_.push_back(level);
  }
  return recorder;
}

void Recorder::Write(const People& people, std::vector<Record>* records, Counts* counts) const {
  const auto& sources = city_.tables().noise.sources;
  records->clear();
  for (const Person& person : people.persons) {
    SeededRandom random = StreamOf(city_.plan().seed(), Draw::kSources, person.number);
    for (size_t source = 0; source < sources.size(); ++source) {
      if (!Knows(sources[source], person) || !Chance(&random, sources[source].percent, 100)) continue;
      WriteOne(people, person, source, source * 2, records, counts);
      if (Chance(&random, sources[source].again_percent, 100))
        WriteOne(people, person, source, source * 2 + 1, records, counts);
    }
  }
  // By their ids, which tell nothing: neighbours in the file are not neighbours in the house.
  std::sort(records->begin(), records->end(), [](const Record& a, const Record& b) { return a.id < b.id; });
}

void Recorder::WriteOne(const People& people, const Person& person, size_t source_number, uint64_t number,
                        std::vector<Record>* records, Counts* counts) const {
  const Plan& plan = city_.plan();
  const Source& source = city_.tables().noise.sources[source_number];
  const uint64_t index = person.number * kRecordsPerPerson + number;
  SeededRandom random = StreamOf(plan.seed(), Draw::kRecord, index);
  const Household& household = people.households[person.household];
  const auto& nearest = serving_[source_number][plan.Above(household.grid, levels_[source_number])];
  if (nearest.empty()) return;
  Record record;
  record.institution = nearest[random.Below(nearest.size())];
  record.id = Permute(KeyOf(plan.seed(), Draw::kRecordId, 0), plan.persons() * kRecordsPerPerson, index);
  record.person = record.other_person = person.number;
  record.area = plan.area(household.grid).parent;
  record.sex = person.male ? 'm' : 'f';
  AppendDate(person.birth, &record.birth);
  record.address = city_.AddressText(household);
  // A maternity ward, and whoever looks after infants, knows the certificate of birth, the mother, and which of twins came first.
  const bool of_birth = person.age <= 2 && (source.kind == "maternity" || source.kind == "cdc");
  if (of_birth) {
    record.birth_certificate =
        fmt::format("X{:09}", Permute(KeyOf(plan.seed(), Draw::kRecordId, 1), 1'000'000'000, person.number));
    if (person.twin != kNobody)
      record.birth_order = person.twin > static_cast<int64_t>(person.number) ? 1 : 2;
  }
  if (person.mother != kNobody && person.age < 14) {
    const Person& mother = people.persons[static_cast<size_t>(person.mother) - people.persons.front().number];
    record.mother_name = mother.Name();
    if (mother.mobile != 0) record.mother_phone = std::to_string(mother.mobile);
  }
  Mishap mishap(city_, people, person, {per_10000_, source.noise_percent}, &random, &record, counts);
  mishap.ResidentNumber();
  mishap.Name(of_birth && source.kind == "maternity");
  mishap.Birth();
  mishap.Sex();
  mishap.Phone();
  mishap.Place();
  records->push_back(std::move(record));
}

void AppendTruth(const Record& record, std::string* out) {
  AppendNumber(static_cast<int64_t>(record.id), out);
  out->push_back(',');
  AppendNumber(static_cast<int64_t>(record.person), out);
  out->push_back(',');
  if (record.other_person != record.person) AppendNumber(static_cast<int64_t>(record.other_person), out);
  out->push_back(',');
  bool first = true;
  for (size_t trap = 0; trap < kTraps; ++trap) {
    if (!record.Has(static_cast<Trap>(trap))) continue;
    if (!first) out->push_back(' ');
    first = false;
    out->append(kTrapNames[trap]);
  }
  out->push_back('\n');
}

}  // namespace tk::city
