#include "server/operating.h"

#include <fmt/format.h>

#include "kernel/base/diagnostics.h"

namespace tk::server {

void AddLosses(const view::Engine& engine, std::vector<std::string>* reasons) {
  if (!engine.serving()) return;
  for (const view::ViewState& state : engine.view_states()) {
    if (!state.failure.empty())
      reasons->push_back(fmt::format(
          "the rebuild of the view '{}' failed, and is tried again: see view-rebuild-failed in the log",
          state.name));
  }
  for (const std::string& step : engine.failing_upkeep())
    reasons->push_back(
        fmt::format("upkeep: the step '{}' fails (disk full?) and is tried again every half second; see "
                    "upkeep-failed in the log",
                    step));
  for (const auto& type : engine.UnknownTypes())
    reasons->push_back(
        fmt::format("{} records of type {} are kept, which this program has no definition of: they cannot be "
                    "read or found "
                    "until its pack, or its file in the data folder's types, is back",
                    type.records, type.name));
  if (const size_t damaged = engine.entries_damaged(); damaged != 0)
    reasons->push_back(
        fmt::format("{} entries of the log were asked for and are damaged, and what stands in them cannot be "
                    "read: see entry-damaged in the log; run verify and restore from a backup",
                    damaged));
  if (const size_t failed = engine.erasures_failed(); failed != 0)
    reasons->push_back(
        fmt::format("{} erasures that were asked for have failed and are tried again every half second: see "
                    "erasure-failed in the log",
                    failed));
  if (const size_t lost = engine.attachments_lost(); lost != 0)
    reasons->push_back(
        fmt::format("{} attachments are missing or damaged, and what they stand in cannot be read: see "
                    "attachment-lost in "
                    "the log, and put the files of a backup back",
                    lost));
}

namespace {

void WriteNumbers(std::initializer_list<std::pair<std::string_view, uint64_t>> numbers,
                  fhir::JsonWriter* json) {
  json->Object();
  for (const auto& [name, number] : numbers) json->Key(name).Int(static_cast<int64_t>(number));
  json->End();
}

}  // namespace

std::string JobsJson(const Workers& workers) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("t").Int(static_cast<int64_t>(workers.engine->Head().t));
  const rules::Runner::Statistics rules = workers.apps->rule_statistics();
  WriteNumbers({{"t", rules.t},
                {"fired", rules.fired},
                {"made", rules.made},
                {"failed", rules.failed},
                {"too_deep", rules.too_deep}},
               &json.Key("rules"));
  const workflow::Clerk::Statistics limits = workers.clerk->statistics();
  WriteNumbers({{"t", limits.t},
                {"begun", limits.begun},
                {"passed", limits.passed},
                {"failed", limits.failed},
                {"late_s_max", static_cast<uint64_t>(limits.late_s_max)}},
               &json.Key("limits"));
  if (workers.outbox != nullptr) {
    const workflow::Outbox::Statistics texts = workers.outbox->statistics();
    WriteNumbers({{"t", texts.t},
                  {"notices", texts.notices},
                  {"texts", texts.texts},
                  {"nobody", texts.nobody},
                  {"waiting", texts.waiting}},
                 &json.Key("texts"));
  }
  json.Key("told").Array();
  const std::vector<std::string> troubles = LastTroubles();
  for (auto line = troubles.rbegin(); line != troubles.rend(); ++line) json.Raw(*line);
  json.End().End();
  return out;
}

void AddJobMetrics(const Workers& workers, Metrics* metrics) {
  const app::Runtime* const apps = workers.apps;
  const workflow::Clerk* const clerk = workers.clerk;
  metrics->AddGauge("tongkang_rules_t", "Last transaction that rules have judged", {},
                    [apps] { return static_cast<double>(apps->rule_statistics().t); });
  metrics->AddReadCounter("tongkang_rules_fired_total", "Changes by which a rule became true", {},
                          [apps] { return static_cast<double>(apps->rule_statistics().fired); });
  metrics->AddReadCounter("tongkang_rules_failed_total", "Firings that made nothing: see rules in the log",
                          {}, [apps] { return static_cast<double>(apps->rule_statistics().failed); });
  metrics->AddReadCounter("tongkang_limits_passed_total", "Time limits and turns of schedules that were done",
                          {}, [clerk] { return static_cast<double>(clerk->statistics().passed); });
  metrics->AddReadCounter("tongkang_limits_failed_total",
                          "Of them without what they do: see workflow in the log", {},
                          [clerk] { return static_cast<double>(clerk->statistics().failed); });
}

}  // namespace tk::server
