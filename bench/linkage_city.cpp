#include "bench/linkage_city.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "kernel/person/linkage/intake.h"

namespace tk::bench {
namespace {

using namespace person::linkage;
using simdjson::dom::element;

std::string TextAt(const element& value, std::string_view key) {
  std::string_view text;
  return value[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

template <class Each>
void ForEach(const element& value, std::string_view key, Each each) {
  simdjson::dom::array items;
  if (value[key].get(items) != simdjson::SUCCESS) return;
  for (const element item : items) each(item);
}

person::IdKind KindOfSystem(std::string_view system) {
  if (system.ends_with("/cn-resident-id")) return person::IdKind::kResidentId;
  if (system.ends_with("/cn-birth-certificate")) return person::IdKind::kBirth;
  if (system.ends_with("/cn-health-card")) return person::IdKind::kHealthCard;
  return person::IdKind::kNone;
}

void ReadNames(const element& patient, PatientText* text) {
  ForEach(patient, "name", [&](const element& name) {
    PatientText::NameText value{TextAt(name, "text"), TextAt(name, "family"), "",
                                TextAt(name, "use") != "old"};
    ForEach(name, "given", [&](const element& given) {
      std::string_view part;
      if (given.get(part) == simdjson::SUCCESS) value.given.append(part);
    });
    text->names.push_back(std::move(value));
  });
}

void ReadContacts(const element& patient, PatientText* text) {
  ForEach(patient, "contact", [&](const element& contact) {
    element name;
    if (contact["name"].get(name) == simdjson::SUCCESS) text->mother_name = TextAt(name, "text");
    ForEach(contact, "telecom",
            [&](const element& item) { text->mother_phones.push_back(TextAt(item, "value")); });
  });
}

/// The division is that of the area that the source put the record under.
uint32_t DivisionOf(const element& patient) {
  uint32_t division = 0;
  element meta;
  if (patient["meta"].get(meta) != simdjson::SUCCESS) return 0;
  ForEach(meta, "tag", [&](const element& tag) {
    const std::string code = TextAt(tag, "code");
    if (code.size() >= 6) std::from_chars(code.data(), code.data() + 6, division);
  });
  return division;
}

/// Lines of a file of any size, one at a time.
template <class Each>
Status EachLine(const std::string& path, Each each) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return MakeError(ErrorCode::kNotFound, path + " is not there");
  std::string line;
  std::vector<char> block(size_t{1} << 20);
  Status status;
  for (size_t n; status.ok() && (n = std::fread(block.data(), 1, block.size(), file)) > 0;) {
    std::string_view rest(block.data(), n);
    for (size_t end; status.ok() && (end = rest.find('\n')) != std::string_view::npos;
         rest.remove_prefix(end + 1)) {
      line.append(rest.substr(0, end));
      status = each(line);
      line.clear();
    }
    line.append(rest);
  }
  std::fclose(file);
  return status;
}

struct Truth {
  uint64_t person, traps;
};

Result<Truth> ReadTruth(std::string_view line, uint64_t* record, CitySet* set) {
  std::string_view cells[4];
  for (auto& cell : cells) {
    cell = line.substr(0, line.find(','));
    line.remove_prefix(std::min(line.size(), cell.size() + 1));
  }
  Truth truth{0, 0};
  const auto number = [](std::string_view text, uint64_t* out) {
    return std::from_chars(text.data(), text.data() + text.size(), *out).ec == std::errc();
  };
  if (!number(cells[0], record) || !number(cells[1], &truth.person))
    return MakeError(ErrorCode::kIncorrect, "truth.csv: a line does not begin with record,person");
  for (std::string_view traps = cells[3]; !traps.empty();) {
    const std::string_view name = traps.substr(0, traps.find(' '));
    traps.remove_prefix(std::min(traps.size(), name.size() + 1));
    size_t at = static_cast<size_t>(std::find(set->trap_names.begin(), set->trap_names.end(), name) -
                                    set->trap_names.begin());
    if (at == set->trap_names.size()) set->trap_names.emplace_back(name);
    truth.traps |= uint64_t{1} << (at % 64);
  }
  return truth;
}

}  // namespace

Result<Record> ReadPatientJson(std::string_view line) {
  static thread_local simdjson::dom::parser parser;
  element patient;
  if (parser.parse(line.data(), line.size()).get(patient) != simdjson::SUCCESS)
    return MakeError(ErrorCode::kIncorrect, "a line is not JSON");
  PatientText text;
  ReadNames(patient, &text);
  ForEach(patient, "identifier", [&](const element& id) {
    const std::string system = TextAt(id, "system");
    // A source's own number of a patient says nothing to another source.
    if (KindOfSystem(system) != person::IdKind::kNone)
      text.ids.push_back({TextAt(id, "value"), KindOfSystem(system), 0});
  });
  ForEach(patient, "telecom", [&](const element& item) {
    (TextAt(item, "system") == "email" ? text.emails : text.phones).push_back(TextAt(item, "value"));
  });
  text.birth = TextAt(patient, "birthDate");
  const std::string gender = TextAt(patient, "gender");
  text.sex = gender == "male" ? Sex::kMale : gender == "female" ? Sex::kFemale : Sex::kUnknown;
  const uint32_t division = DivisionOf(patient);
  ForEach(patient, "address", [&](const element& item) {
    text.addresses.push_back({TextAt(item, "text"), division});
  });
  int64_t order = 0;
  if (patient["multipleBirthInteger"].get(order) == simdjson::SUCCESS)
    text.birth_order = static_cast<uint8_t>(order & 15);
  ReadContacts(patient, &text);
  return ReadPatient(text);
}

Status ReadCity(const std::string& folder, CitySet* set) {
  std::vector<std::pair<uint64_t, Truth>> truths;
  bool head = true;
  TRY(EachLine(folder + "/truth/truth.csv", [&](std::string_view line) -> Status {
    if (head) {
      head = false;
      return {};
    }
    uint64_t record = 0;
    const Truth truth = TRY(ReadTruth(line, &record, set));
    truths.emplace_back(record, truth);
    return {};
  }));
  const auto by_record = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(truths.begin(), truths.end(), by_record);
  std::string packed;
  return EachLine(folder + "/Patient.ndjson", [&](std::string_view line) -> Status {
    constexpr std::string_view kId = "\"id\":\"r";
    const size_t at = line.find(kId);
    std::pair<uint64_t, Truth> wanted{0, {0, 0}};
    if (at != std::string_view::npos)
      std::from_chars(line.data() + at + kId.size(), line.data() + line.size(), wanted.first);
    const auto truth = std::lower_bound(truths.begin(), truths.end(), wanted, by_record);
    if (truth == truths.end() || truth->first != wanted.first)
      return MakeError(ErrorCode::kIncorrect, "Patient.ndjson: a record that truth.csv does not have");
    Pack(TRY(ReadPatientJson(line)), &packed);
    set->records.Add(packed);
    set->person.push_back(truth->second.person);
    set->traps.push_back(truth->second.traps);
    return {};
  });
}

Status ReadPatients(const std::string& file, EntryStore* records) {
  std::string packed;
  return EachLine(file, [&](std::string_view line) -> Status {
    if (line.empty()) return {};
    Pack(TRY(ReadPatientJson(line)), &packed);
    records->Add(packed);
    return {};
  });
}

}  // namespace tk::bench
