#include "kernel/exchange/reading_intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "kernel/access/inquiries.h"
#include "kernel/access/mask.h"

namespace tk::exchange {

struct Intake::Placed {
  const Reading* told;
  std::string id;       // of the Observation; "" none is to be made
  std::string kept;     // "Observation/1": what is kept already, of which `subject` says whose it was
  std::string patient;  // id of him whom it is about
  bool is_new = false;  // he must be made
};

void Taken::Add(Taken&& other) {
  added += other.added;
  changed += other.changed;
  unchanged += other.unchanged;
  known += other.known;
  fresh += other.fresh;
  doubtful += other.doubtful;
  last_t = std::max(last_t, other.last_t);
  refused.insert(refused.end(), std::make_move_iterator(other.refused.begin()),
                 std::make_move_iterator(other.refused.end()));
}

Intake::Intake(const ImportContext& context, Channel channel, std::string sender, std::string area)
    : context_(context), channel_(std::move(channel)), sender_(std::move(sender)), area_(std::move(area)) {}

ImportOptions Intake::options() const {
  ImportOptions options;
  options.source = channel_.source;
  options.threads = 1;
  return options;
}

/// Keyed, so that an id tells nobody who it is; of 128 bits, so that among all entries of a city's years no two are the same.
std::string Intake::IdFor(std::string_view kind, std::string_view key) const {
  const std::string text = fmt::format("screening|{}|{}", kind, key);
  return fmt::format("screened-{:016x}{:016x}", context_.engine->KeyOf(text),
                     context_.engine->KeyOf(text + "|2"));
}

std::string Intake::IdOf(const Reading& reading) const {
  return IdFor("reading", fmt::format("{}|{}", sender_, reading.key));
}

Result<Taken> Intake::Write(std::span<const Reading> readings, std::vector<std::string>* patients) {
  Taken taken;
  std::vector<Placed> placed;
  for (const Reading& reading : readings) {
    const std::string id = IdOf(reading);
    placed.push_back({&reading, id, "Observation/" + id, reading.patient});
  }
  TRY(FindWho(&placed, &taken));
  if (keeps_persons_) TRY(RefuseMoved(&placed, &taken));
  TRY(WriteNew(&placed, &taken));
  TRY(WriteReadings(placed, &taken));
  if (patients != nullptr) {
    for (const Placed& one : placed) patients->push_back(one.patient);
  }
  return taken;
}

Result<Taken> Intake::Place(std::span<const Reading> readings, std::span<const std::string> kept,
                            bool check_only, std::vector<std::string>* patients) {
  Taken taken;
  std::vector<Placed> placed;
  for (size_t i = 0; i < readings.size(); ++i)
    placed.push_back({&readings[i], {}, kept[i], readings[i].patient});
  TRY(FindWho(&placed, &taken));
  if (!check_only) TRY(WriteNew(&placed, &taken));
  patients->assign(readings.size(), {});
  for (const Placed& one : placed) (*patients)[static_cast<size_t>(one.told - readings.data())] = one.patient;
  return taken;
}

/// Of a current record; "" if it is not there, or names no Patient.
Result<std::string> Intake::SubjectOf(const std::string& reference) const {
  constexpr std::string_view kPatient = "Patient/";
  const view::Engine& engine = *context_.engine;
  const size_t slash = reference.find('/');
  if (slash == std::string::npos) return std::string();
  const auto current = engine.directory().Current(
      engine.IdHash(reference.substr(0, slash), reference.substr(slash + 1)), engine.Head());
  if (current.ordinal == 0 || current.deleted) return std::string();
  const view::ResourcePtr stored = TRY(engine.Read(current.ordinal));
  const std::string subject = stored->document.Root()["subject"]["reference"].ToString();
  return subject.starts_with(kPatient) ? subject.substr(kPatient.size()) : std::string();
}

std::string Intake::MadeOf(const Reading& told) const {
  return IdFor("person", fmt::format("{}|{}", told.person.name, KeyOf(told.person)));
}

std::string Intake::MadeHereOf(const Reading& told) const {
  return IdFor("person-here", fmt::format("{}|{}|{}", area_, told.person.name, KeyOf(told.person)));
}

Status Intake::FindWho(std::vector<Placed>* placed, Taken* taken) const {
  std::vector<person::linkage::PatientText> texts;  // of those who are asked for
  std::vector<size_t> asked;
  std::vector<std::string> kept(placed->size());
  texts.reserve(placed->size());
  for (size_t i = 0; i < placed->size(); ++i) {
    Placed& one = (*placed)[i];
    const Reading& told = *one.told;
    if (!told.patient.empty()) continue;
    kept[i] = TRY(SubjectOf(one.kept));
    // Of a record that was made for such an entry it is known who it is.
    if (kept[i] == MadeOf(told) || kept[i] == MadeHereOf(told)) {
      one.patient = kept[i];
      ++taken->known;
      continue;
    }
    texts.push_back(TextOf(told.person, told.area, told.address));
    asked.push_back(i);
  }
  std::vector<interaction::Interactions::Sought> sought;
  for (size_t i = 0; i < asked.size(); ++i) sought.push_back({&texts[i], kept[asked[i]]});
  const auto fits = TRY(context_.interactions->FindPersons(sought));
  for (size_t i = 0; i < asked.size(); ++i) {
    Placed& one = (*placed)[asked[i]];
    one.patient = fits[i].patient;
    const bool is_unseen = !one.patient.empty() && sees_ && !sees_(one.patient);
    one.is_new = one.patient.empty() || is_unseen;
    if (one.is_new) one.patient = is_unseen ? MadeHereOf(*one.told) : MadeOf(*one.told);
    ++(!one.is_new ? taken->known : fits[i].doubtful ? taken->doubtful : taken->fresh);
  }
  return {};
}

/// Before anybody is made: what would take a reading from one person and give it to another.
Status Intake::RefuseMoved(std::vector<Placed>* placed, Taken* taken) const {
  std::vector<Placed> stay;
  for (Placed& one : *placed) {
    const std::string before = TRY(SubjectOf(one.kept));
    bool moves = !before.empty() && before != one.patient;
    if (moves && !one.is_new) {
      const auto his = TRY(context_.interactions->RecordsOfPerson(one.patient));
      moves = std::find(his.patients.begin(), his.patients.end(), before) == his.patients.end();
    }
    if (moves) {
      taken->refused.push_back(
          {one.told->line, std::string(kKeyColumn),
           "An entry with this id is kept already, of another person: nothing was changed. "
           "Give this one an id of its own; if the former one named the wrong person, mark "
           "its reading as entered in error."});
    } else {
      stay.push_back(std::move(one));
    }
  }
  *placed = std::move(stay);
  return {};
}

Status Intake::WriteNew(std::vector<Placed>* placed, Taken* taken) {
  std::vector<Planned> planned;
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < placed->size(); ++i) {
    const Placed& one = (*placed)[i];
    if (one.is_new && seen.insert(one.patient).second)
      planned.push_back({one.told->line, "Patient", one.patient, i});
  }
  if (planned.empty()) return {};
  ImportReport report;
  report.issues_max = planned.size();
  const auto make = [&](const Planned& plan, fhir::Value before, std::string_view source) {
    // Who is there already is not changed by what a table says of him.
    if (before.present()) return std::string(before.Json());
    const Reading& told = *(*placed)[plan.row].told;
    return PatientOf(told.person, plan.id, before, told.area.empty() ? area_ : told.area, told.address,
                     source);
  };
  {
    const std::lock_guard hold(patients_);
    TRY(WriteAll(context_, planned, make, options(), &report));
  }
  taken->last_t = std::max(taken->last_t, report.last_t);
  if (report.issues.empty()) return {};
  // Whoever is not there gets no reading.
  std::unordered_set<uint64_t> lines;
  std::unordered_set<std::string> refused;
  for (const RowIssue& issue : report.issues) lines.insert(issue.line);
  for (const Planned& plan : planned) {
    if (lines.contains(plan.line)) refused.insert(plan.id);
  }
  std::erase_if(*placed, [&](const Placed& one) {
    if (!refused.contains(one.patient)) return false;
    taken->refused.push_back({one.told->line, "", "The person was refused: " + report.issues.front().text});
    return true;
  });
  return {};
}

Status Intake::WriteReadings(const std::vector<Placed>& placed, Taken* taken) const {
  std::vector<Planned> planned;
  planned.reserve(placed.size());
  for (size_t i = 0; i < placed.size(); ++i)
    planned.push_back({placed[i].told->line, "Observation", placed[i].id, i});
  ImportReport report;
  report.issues_max = planned.size();
  const auto make = [&](const Planned& plan, fhir::Value before, std::string_view source) {
    const Placed& one = placed[plan.row];
    return ObservationOf(*one.told, channel_, plan.id, one.patient, before, source);
  };
  TRY(WriteAll(context_, planned, make, options(), &report));
  taken->added += report.added;
  taken->changed += report.changed;
  taken->unchanged += report.unchanged;
  taken->last_t = std::max(taken->last_t, report.last_t);
  taken->refused.insert(taken->refused.end(), report.issues.begin(), report.issues.end());
  return {};
}

Status CountTold(const ImportContext& context, const access::Viewer& viewer,
                 std::span<const std::string> numbers) {
  if (viewer.masks == nullptr || !viewer.masks->identifier || numbers.empty()) return {};
  std::vector<std::string> values;
  for (const std::string& number : numbers) values.push_back(access::NumberTold(number));
  return context.interactions->inquiries()->TakeMasked(viewer.account, *viewer.masks, values);
}

}  // namespace tk::exchange
