#include "city/write.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <thread>

#include "city/fhir.h"
#include "city/lives.h"
#include "kernel/base/file.h"

namespace tk::city {
namespace {

/// A file that is written from beginning to end. The first failure is kept and told by Close.
class TextFile {
 public:
  static Result<TextFile> Open(const std::string& path) {
    TextFile file;
    file.path_ = path;
    file.stream_.reset(std::fopen(path.c_str(), "wb"));
    if (file.stream_ == nullptr) return SystemError("open", path, errno);
    return file;
  }
  void Write(std::string_view text) {
    if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), stream_.get()) != text.size()) error_ = errno;
  }
  Status Close() {
    const int closed = std::fclose(stream_.release());
    if (error_ == 0 && closed != 0) error_ = errno;
    if (error_ != 0) return SystemError("write", path_, error_);
    return {};
  }

 private:
  struct Closer {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Closer> stream_;
  int error_ = 0;
};

Status WriteWhole(const std::string& path, std::string_view text) {
  TextFile file = TRY(TextFile::Open(path));
  file.Write(text);
  return file.Close();
}

uint64_t LinesIn(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

Result<uint64_t> WritePlan(const City& city, const std::string& folder) {
  Lines lines;
  const Plan& plan = city.plan();
  for (uint32_t area = 0; area < plan.areas().size(); ++area) AppendArea(plan, area, &lines.locations);
  for (uint32_t i = 0; i < plan.institutions().size(); ++i) AppendInstitution(city, i, &lines);
  uint64_t resources = 0;
  for (const auto& [type, text] : {std::pair{"Location", &lines.locations},
                                   {"Organization", &lines.organizations},
                                   {"HealthcareService", &lines.services},
                                   {"Practitioner", &lines.practitioners},
                                   {"PractitionerRole", &lines.roles}}) {
    TRY(WriteWhole(fmt::format("{}/{}.ndjson", folder, type), *text));
    resources += LinesIn(*text);
  }
  std::string areas(kAreaColumns), institutions(kInstitutionColumns);
  for (uint32_t area = 0; area < plan.areas().size(); ++area) AppendAreaRow(plan, area, &areas);
  for (uint32_t i = 0; i < plan.institutions().size(); ++i) AppendInstitutionRow(city, i, &institutions);
  TRY(WriteWhole(folder + "/areas.csv", areas));
  TRY(WriteWhole(folder + "/organizations.csv", institutions));
  return resources;
}

/// What one grid adds to the files.
struct Part {
  std::string persons, patients, truth, lives;
  std::array<std::string, kTold> told;
  uint64_t records = 0, told_lines = 0;
  Recorder::Counts counts;
};

/// What all parts are made with.
struct Makers {
  const City& city;
  const Recorder& recorder;
  const Chronicler chronicler;
  const WriteOptions& options;
};

void MakePart(const Makers& makers, uint32_t grid, People* people, Pages* pages, Part* part) {
  const City& city = makers.city;
  city.Fill(grid, people);
  for (const Person& person : people->persons) AppendPerson(city, *people, person, &part->persons);
  if (!makers.options.records) return;
  std::vector<Record> records;
  makers.recorder.Write(*people, &records, &part->counts);
  for (const Record& record : records) {
    AppendPatient(city, record, &part->patients);
    AppendTruth(record, &part->truth);
  }
  part->records = records.size();
  if (!makers.options.lives) return;
  makers.chronicler.Write(*people, records, pages, &part->lives);
  part->told_lines = pages->lines();
  for (size_t type = 0; type < kTold; ++type) pages->Take(static_cast<Told>(type), &part->told[type]);
}

/// The parts of the grids [first, last), each made by whichever thread comes to it.
std::vector<Part> MakeParts(const Makers& makers, uint32_t first, uint32_t last) {
  std::vector<Part> parts(last - first);
  std::atomic<uint32_t> next = first;
  const auto work = [&] {
    People people;
    Pages pages;
    for (uint32_t grid = next++; grid < last; grid = next++)
      MakePart(makers, grid, &people, &pages, &parts[grid - first]);
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < makers.options.threads; ++i) others.emplace_back(work);
  work();
  others.clear();
  return parts;
}

/// The files that grow grid by grid.
class Books {
 public:
  static Result<Books> Open(const WriteOptions& options) {
    Books books;
    TRY(books.Add(options.folder + "/truth/persons.csv", kPersonColumns));
    if (!options.records) return books;
    TRY(books.Add(options.folder + "/Patient.ndjson", {}));
    TRY(books.Add(options.folder + "/truth/truth.csv", kTruthColumns));
    if (!options.lives) return books;
    TRY(books.Add(options.folder + "/truth/lives.csv", kLifeColumns));
    for (const std::string_view type : kToldTypes)
      TRY(books.Add(fmt::format("{}/{}.ndjson", options.folder, type), {}));
    return books;
  }
  void Write(const Part& part) {
    std::vector<const std::string*> texts = {&part.persons, &part.patients, &part.truth, &part.lives};
    for (const std::string& told : part.told) texts.push_back(&told);
    for (size_t i = 0; i < files_.size(); ++i) files_[i].Write(*texts[i]);
  }
  Status Close() {
    for (TextFile& file : files_) TRY(file.Close());
    return {};
  }

 private:
  Status Add(const std::string& path, std::string_view head) {
    files_.push_back(TRY(TextFile::Open(path)));
    files_.back().Write(head);
    return {};
  }
  std::vector<TextFile> files_;
};

std::string Summary(const City& city, const Written& written) {
  std::string text = fmt::format(
      "{{\"name\":\"{}\",\"persons\":{},\"seed\":{},\"records\":{},\"lives\":{},\"resources\":{},\"traps\":{"
      "{",
      city.plan().area(0).name, written.persons, city.plan().seed(), written.records, written.lives,
      written.resources);
  for (size_t trap = 0; trap < kTraps; ++trap)
    text += fmt::format("{}\n\"{}\":{{\"could\":{},\"struck\":{}}}", trap == 0 ? "" : ",", kTrapNames[trap],
                        written.traps.could[trap], written.traps.did[trap]);
  return text + "}}\n";
}

}  // namespace

Result<Written> WriteCity(const City& city, const Recorder& recorder, const WriteOptions& options) {
  constexpr uint32_t kGridsAtOnce = 8;  // for each thread: some 15 MB
  TRY(MakeFolder(options.folder + "/truth"));
  const auto there = TRY(ListFolder(options.folder));
  if (there.size() > 1 || !TRY(ListFolder(options.folder + "/truth")).empty()) {
    return MakeError(
        ErrorCode::kConflict,
        fmt::format("{} holds something already: give a folder that is empty or new", options.folder));
  }
  Written written;
  written.persons = city.plan().persons();
  written.resources = TRY(WritePlan(city, options.folder));
  Books books = TRY(Books::Open(options));
  const Plan& plan = city.plan();
  const Makers makers{city, recorder, Chronicler(city, options.window), options};
  const uint32_t end = plan.first_grid() + plan.grid_count(),
                 step = kGridsAtOnce * std::max(options.threads, 1u);
  for (uint32_t first = plan.first_grid(); first < end; first += step) {
    for (const Part& part : MakeParts(makers, first, std::min(first + step, end))) {
      books.Write(part);
      written.records += part.records;
      written.lives += part.told_lines;
      for (size_t trap = 0; trap < kTraps; ++trap) {
        written.traps.could[trap] += part.counts.could[trap];
        written.traps.expected_millionths[trap] += part.counts.expected_millionths[trap];
        written.traps.did[trap] += part.counts.did[trap];
      }
    }
  }
  TRY(books.Close());
  written.resources += written.records + written.lives;
  TRY(WriteWhole(options.folder + "/city.json", Summary(city, written)));
  return written;
}

}  // namespace tk::city
