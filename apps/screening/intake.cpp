#include "apps/screening/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace tk::screening {

struct Intake::Placed {
  const Entry* entry;
  std::string reading;  // id of the Observation
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

Intake::Intake(const app::Context& context, Channel channel, std::string sender, std::string area)
    : context_(context), channel_(std::move(channel)), sender_(std::move(sender)), area_(std::move(area)) {}

exchange::ImportContext Intake::exchange() const { return {context_.engine, nullptr, context_.interactions}; }

exchange::ImportOptions Intake::options() const {
  exchange::ImportOptions options;
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

std::string Intake::IdOf(const Entry& entry) const {
  return IdFor("reading", fmt::format("{}|{}", sender_, entry.key));
}

Result<Taken> Intake::Write(std::span<const Entry> entries) {
  Taken taken;
  std::vector<Placed> placed;
  TRY(FindWho(entries, &placed, &taken));
  TRY(WriteNew(&placed, &taken));
  TRY(WriteReadings(placed, &taken));
  return taken;
}

Status Intake::FindWho(std::span<const Entry> entries, std::vector<Placed>* placed, Taken* taken) const {
  const view::Engine& engine = *context_.engine;
  const view::Position head = engine.Head();
  std::vector<fhir::Document> documents;  // of those who are asked for
  std::vector<size_t> asked;
  std::vector<std::string> kept(entries.size());
  documents.reserve(entries.size());
  for (const Entry& entry : entries) {
    placed->push_back({&entry, IdOf(entry), entry.patient});
    if (!entry.patient.empty()) continue;
    const auto before =
        engine.directory().Current(engine.IdHash("Observation", placed->back().reading), head);
    if (before.ordinal != 0 && !before.deleted) {
      constexpr std::string_view kPatient = "Patient/";
      const view::ResourcePtr stored = TRY(engine.Read(before.ordinal));
      const std::string subject = stored->document.Root()["subject"]["reference"].ToString();
      if (subject.starts_with(kPatient)) kept[placed->size() - 1] = subject.substr(kPatient.size());
    }
    // Of a record that was made for such an entry it is known who it is.
    const std::string made = IdFor("person", fmt::format("{}|{}", entry.person.name, KeyOf(entry.person)));
    if (kept[placed->size() - 1] == made) {
      placed->back().patient = made;
      ++taken->known;
      continue;
    }
    documents.push_back(TRY(fhir::Document::Parse(
        exchange::PatientOf(entry.person, "sought", {}, entry.area, entry.address, {}))));
    asked.push_back(placed->size() - 1);
  }
  std::vector<interaction::Interactions::Sought> sought;
  for (size_t i = 0; i < asked.size(); ++i) sought.push_back({documents[i].Root(), kept[asked[i]]});
  const auto fits = TRY(context_.interactions->FindPersons(sought));
  for (size_t i = 0; i < asked.size(); ++i) {
    Placed& one = (*placed)[asked[i]];
    one.patient = fits[i].patient;
    one.is_new = one.patient.empty();
    if (one.is_new)
      one.patient = IdFor("person", fmt::format("{}|{}", one.entry->person.name, KeyOf(one.entry->person)));
    ++(!one.is_new ? taken->known : fits[i].doubtful ? taken->doubtful : taken->fresh);
  }
  return {};
}

Status Intake::WriteNew(std::vector<Placed>* placed, Taken* taken) {
  std::vector<exchange::Planned> planned;
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < placed->size(); ++i) {
    const Placed& one = (*placed)[i];
    if (one.is_new && seen.insert(one.patient).second)
      planned.push_back({one.entry->line, "Patient", one.patient, i});
  }
  if (planned.empty()) return {};
  exchange::ImportReport report;
  report.issues_max = planned.size();
  const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
    // Who is there already is not changed by what a table says of him.
    if (before.present()) return std::string(before.Json());
    const Entry& entry = *(*placed)[plan.row].entry;
    return exchange::PatientOf(entry.person, plan.id, before, entry.area.empty() ? area_ : entry.area,
                               entry.address, source);
  };
  {
    const std::lock_guard hold(patients_);
    TRY(exchange::WriteAll(exchange(), planned, make, options(), &report));
  }
  taken->last_t = std::max(taken->last_t, report.last_t);
  if (report.issues.empty()) return {};
  // Whoever is not there gets no reading.
  std::unordered_set<uint64_t> lines;
  std::unordered_set<std::string> refused;
  for (const exchange::RowIssue& issue : report.issues) lines.insert(issue.line);
  for (const exchange::Planned& plan : planned) {
    if (lines.contains(plan.line)) refused.insert(plan.id);
  }
  std::erase_if(*placed, [&](const Placed& one) {
    if (!refused.contains(one.patient)) return false;
    taken->refused.push_back({one.entry->line, "", "The person was refused: " + report.issues.front().text});
    return true;
  });
  return {};
}

Status Intake::WriteReadings(const std::vector<Placed>& placed, Taken* taken) const {
  std::vector<exchange::Planned> planned;
  planned.reserve(placed.size());
  for (size_t i = 0; i < placed.size(); ++i)
    planned.push_back({placed[i].entry->line, "Observation", placed[i].reading, i});
  exchange::ImportReport report;
  report.issues_max = planned.size();
  const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
    const Placed& one = placed[plan.row];
    return ObservationOf(*one.entry, channel_, plan.id, one.patient, before, source);
  };
  TRY(exchange::WriteAll(exchange(), planned, make, options(), &report));
  taken->added += report.added;
  taken->changed += report.changed;
  taken->unchanged += report.unchanged;
  taken->last_t = std::max(taken->last_t, report.last_t);
  taken->refused.insert(taken->refused.end(), report.issues.begin(), report.issues.end());
  return {};
}

}  // namespace tk::screening
