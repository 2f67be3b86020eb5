#include "server/pack_try.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <thread>

#include "kernel/app/try_rule.h"
#include "kernel/base/city_time.h"
#include "server/open.h"

namespace tk::server {
namespace {

constexpr int64_t kTellEveryUs = 2 * kSecondUs;
constexpr size_t kRuleBytesMax = size_t{256} << 10;

Result<Instant> TimeOf(std::string_view what, const std::string& text) {
  const auto range = ParseDateRange(text, CityOffsetMin());
  if (range.ok()) return range->low_us;
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("--{} {} is no date: give one such as 2026-11-01", what, text));
}

Result<rules::Rule> RuleOf(const Opened& opened, const TryAsked& asked) {
  const fhir::Definitions& definitions = *opened.definitions;
  std::vector<app::App> apps =
      TRY(app::LoadPacks(definitions, opened.packs->packs(), asked.data.data + "/apps"));
  for (app::App& app : apps) {
    for (rules::Rule& rule : app.rules) {
      if (rule.id == asked.rule) return std::move(rule);
    }
  }
  if (!FileExists(asked.rule))
    return MakeError(ErrorCode::kNotFound,
                     fmt::format("{} is neither a file nor the id of an installed rule", asked.rule));
  const std::string text = TRY(ReadFile(asked.rule, kRuleBytesMax));
  const fhir::JsonFile file = TRY(fhir::JsonFile::Parse(asked.rule, text));
  const std::string id = file.root()["id"].ToString();
  const std::string owner = asked.app.empty() ? id.substr(0, id.find('.')) : asked.app;
  const auto app =
      std::find_if(apps.begin(), apps.end(), [&](const app::App& each) { return each.id == owner; });
  const fhir::Document settings =
      TRY(fhir::Document::Parse(app == apps.end() ? std::string_view("{}") : app->settings));
  return rules::ParseRule(definitions, owner, asked.rule, text, settings.Root(), app::ActionVocabulary());
}

Status Audit(const Opened& opened, const Clock& clock, const TryAsked& asked, const rules::Rule& rule) {
  const auto audit = TRY(access::AuditLog::Open(access::AuditOf(*opened.engine, asked.data.data, &clock)));
  access::AuditRecord record;
  record.account = "command-line";
  record.action = "try-rule";
  record.type = opened.definitions->Type(rule.on_type).name;
  record.status = 200;
  TRY(audit->Append(std::move(record)));
  return audit->Flush();
}

Status Print(const Opened& opened, const rules::Rule& rule, const TryAsked& asked) {
  const Instant from_us = TRY(TimeOf("from", asked.from));
  const Instant until_us =
      asked.until.empty() ? std::numeric_limits<Instant>::max() : TRY(TimeOf("until", asked.until));
  const auto stretch = TRY(rules::StretchOf(*opened.engine, from_us, until_us));
  rules::TrialOptions options;
  options.from = stretch.first;
  options.end = stretch.second;
  options.makes = !asked.counts_only;
  options.threads = asked.threads != 0 ? asked.threads
                                       : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int64_t begin_us = MonotonicUs();
  rules::TrialResult all;
  const auto each = [&](const rules::Finding& finding) -> Result<bool> {
    if (asked.counts_only) return true;
    std::string line;
    TRY(app::AppendFinding(
        *opened.definitions, finding,
        [](const rules::Write& write) -> Result<std::string> { return std::string(write.now.Text()); },
        &line));
    fmt::print("{}\n", line);
    return true;
  };
  while (options.from < options.end) {
    options.until_us = MonotonicUs() + kTellEveryUs;
    const rules::TrialResult part = TRY(rules::TryRule(*opened.engine, rule, options, each));
    options.from = part.next;
    all.judged += part.judged;
    all.fired += part.fired;
    all.failed += part.failed;
    all.unreadable += part.unreadable;
    fmt::print(stderr, "{:.1f} %: {} judged, {} would have fired\n",
               100.0 * static_cast<double>(part.next - stretch.first) /
                   static_cast<double>(stretch.second - stretch.first),
               all.judged, all.fired);
  }
  fmt::print(
      R"({{"rule":"{}","judged":{},"fired":{},"failed":{},"unreadable":{},"entries":{},"seconds":{:.3f}}})"
      "\n",
      rule.name(), all.judged, all.fired, all.failed, all.unreadable, stretch.second - stretch.first,
      static_cast<double>(MonotonicUs() - begin_us) / 1e6);
  return {};
}

}  // namespace

Status TryOnHistory(const TryAsked& asked) {
  TRY(CheckDataFolder(asked.data.data));
  const SystemClock clock;
  OpenOptions open;
  open.data = asked.data;
  open.clock = &clock;
  const Opened opened = TRY(OpenData(open));
  Status done = WaitUntilReady(*opened.engine);
  if (done.ok()) {
    auto rule = RuleOf(opened, asked);
    done = rule.ok() ? Audit(opened, clock, asked, *rule) : Status(rule.TakeError());
    if (done.ok()) done = Print(opened, *rule, asked);
  }
  opened.engine->Stop();
  return done;
}

}  // namespace tk::server
