#include "bench/linkage_city.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <unordered_map>

#include "kernel/base/clock.h"
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

void CountClusters(const Clusters& clusters, const CitySet& set, uint64_t true_pairs, CityResult* result) {
  std::unordered_map<uint64_t, uint64_t> cells, groups;
  for (size_t i = 0; i < set.person.size(); ++i) {
    ++groups[clusters.group[i]];
    ++cells[uint64_t{clusters.group[i]} << 32 | (set.person[i] & 0xFFFFFFFF)];
  }
  uint64_t right = 0, found = 0;
  for (const auto& [cell, n] : cells) right += n * (n - 1) / 2;
  for (const auto& [group, n] : groups) found += n * (n - 1) / 2;
  Accuracy& a = result->clusters;
  a.right = right;
  a.wrong = found - right;
  a.missed = true_pairs - right;
  a.precision = found == 0 ? 0 : static_cast<double>(right) / static_cast<double>(found);
  a.recall = true_pairs == 0 ? 0 : static_cast<double>(right) / static_cast<double>(true_pairs);
  a.f1 = found + true_pairs == 0 ? 0
                                 : 2.0 * static_cast<double>(right) / static_cast<double>(found + true_pairs);
}

/// Calls each(trap name) for the traps of a pair; "none" if there is none.
template <class Each>
void EachTrap(const CitySet& set, size_t a, size_t b, Each each) {
  const uint64_t traps = set.traps[a] | set.traps[b];
  if (traps == 0) each("none");
  for (size_t t = 0; t < set.trap_names.size(); ++t) {
    if ((traps >> t & 1) != 0) each(set.trap_names[t]);
  }
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

Result<CitySet> ReadCity(const std::string& folder) {
  CitySet set;
  std::unordered_map<uint64_t, Truth> truths;
  bool head = true;
  TRY(EachLine(folder + "/truth/truth.csv", [&](std::string_view line) -> Status {
    if (head) {
      head = false;
      return {};
    }
    uint64_t record = 0;
    const Truth truth = TRY(ReadTruth(line, &record, &set));
    truths[record] = truth;
    return {};
  }));
  TRY(EachLine(folder + "/Patient.ndjson", [&](std::string_view line) -> Status {
    constexpr std::string_view kId = "\"id\":\"r";
    const size_t at = line.find(kId);
    uint64_t id = 0;
    if (at != std::string_view::npos)
      std::from_chars(line.data() + at + kId.size(), line.data() + line.size(), id);
    const auto truth = truths.find(id);
    if (truth == truths.end())
      return MakeError(ErrorCode::kIncorrect, "Patient.ndjson: a record that truth.csv does not have");
    set.records.push_back(TRY(ReadPatientJson(line)));
    set.person.push_back(truth->second.person);
    set.traps.push_back(truth->second.traps);
    return {};
  }));
  return set;
}

Result<std::vector<Record>> ReadPatients(const std::string& file) {
  std::vector<Record> records;
  TRY(EachLine(file, [&](std::string_view line) -> Status {
    if (!line.empty()) records.push_back(TRY(ReadPatientJson(line)));
    return {};
  }));
  return records;
}

CityResult JudgeCity(const Index& index, const CitySet& set, const std::vector<Link>& links) {
  CityResult result;
  std::vector<std::string> names;
  names.reserve(set.person.size());
  for (const uint64_t person : set.person) names.push_back(std::to_string(person));
  std::vector<Link> joined = links;
  std::erase_if(joined, [](const Link& link) { return link.verdict < Verdict::kProbable; });
  // Beneath any score: what the rules lowered is not joined, whatever its bits.
  for (Link& link : joined) link.bits = 1;
  result.pairs = Judge(joined, names, 0);
  for (const Link& link : links) {
    const bool right = set.person[link.a] == set.person[link.b];
    result.certain += link.verdict == Verdict::kCertain;
    result.certain_wrong += link.verdict == Verdict::kCertain && !right;
    result.queued += link.verdict == Verdict::kPossible;
    result.queued_right += link.verdict == Verdict::kPossible && right;
    EachTrap(set, link.a, link.b, [&](const std::string& trap) {
      CityRow& row = result.by_trap[trap];
      const bool joins = link.verdict >= Verdict::kProbable;
      row.found += joins && right;
      row.queued += !joins && right;
      row.wrong += joins && !right;
    });
  }
  std::unordered_map<uint64_t, std::vector<size_t>> by_person;
  for (size_t i = 0; i < set.person.size(); ++i) by_person[set.person[i]].push_back(i);
  for (const auto& [person, own] : by_person) {
    for (size_t i = 0; i < own.size(); ++i) {
      for (size_t j = i + 1; j < own.size(); ++j)
        EachTrap(set, own[i], own[j], [&](const std::string& trap) { ++result.by_trap[trap].pairs; });
    }
  }
  const Clusters clusters = Cluster(index, links, Verdict::kProbable);
  for (const Conflict& conflict : clusters.conflicts)
    ++(conflict.why == Conflict::Why::kContradiction ? result.contradicted : result.unsupported);
  CountClusters(clusters, set, result.pairs.true_pairs, &result);
  return result;
}

LiveResult AskLive(const CitySet& set, const Model& model, size_t nth) {
  LiveResult live;
  std::unordered_map<uint64_t, std::vector<size_t>> by_person;
  std::vector<uint64_t> order;
  for (size_t i = 0; i < set.person.size(); ++i) {
    auto& own = by_person[set.person[i]];
    if (own.empty()) order.push_back(set.person[i]);
    own.push_back(i);
  }
  Index index(model, ResidentRules());
  std::vector<uint64_t> person_of;
  std::vector<size_t> asked;
  const int64_t before = MonotonicUs();
  for (const uint64_t person : order) {
    const std::vector<size_t>& own = by_person[person];
    const bool asks = person % nth == 0 && own.size() >= 2;
    Record all;
    for (size_t i = 0; i + asks < own.size(); ++i) AddTo(set.records[own[i]], &all);
    index.Add(all);
    person_of.push_back(person);
    if (asks) asked.push_back(own.back());
  }
  index.Settle();
  live.build_seconds = static_cast<double>(MonotonicUs() - before) / 1e6;
  MatchScratch scratch;
  std::vector<MatchHit> hits;
  std::string bytes;
  std::vector<int64_t> times;
  for (const size_t record : asked) {
    const int64_t start = MonotonicUs();
    Pack(set.records[record], &bytes);
    index.Match(EntryView(bytes.data()), Verdict::kPossible, &scratch, &hits);
    times.push_back(MonotonicUs() - start);
    const Verdict best = hits.empty() ? Verdict::kDifferent : hits[0].scored.verdict;
    const bool right = !hits.empty() && person_of[hits[0].entry] == set.person[record];
    live.right += best >= Verdict::kProbable && right;
    live.wrong += best >= Verdict::kProbable && !right;
    live.certain_wrong += best == Verdict::kCertain && !right;
    live.queued += best == Verdict::kPossible;
    live.missed += hits.empty();
  }
  std::sort(times.begin(), times.end());
  live.asked = times.size();
  live.persons = index.size();
  live.candidates =
      static_cast<double>(scratch.compared) / static_cast<double>(std::max<size_t>(1, times.size()));
  if (!times.empty()) {
    live.p50_us = static_cast<double>(times[times.size() / 2]);
    live.p99_us = static_cast<double>(times[times.size() * 99 / 100]);
  }
  const Index::Memory memory = index.memory();
  live.bytes_entries = memory.entries;
  live.bytes_postings = memory.postings;
  live.bytes_directory = memory.directory;
  return live;
}

}  // namespace tk::bench
