#include "apps/roster/closing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/roster/day.h"
#include "kernel/base/city_time.h"
#include "kernel/exchange/cells.h"
#include "kernel/exchange/table_import.h"

namespace tk::roster {
namespace {

using exchange::JsonText;

constexpr int64_t kMinuteUs = 60 * kSecondUs, kDayMinutes = 1440;
constexpr std::string_view kClosed = "closed", kReminded = "reminded";

std::string Reference(std::string_view type, std::string_view id) {
  return fmt::format(R"({{"reference":"{}{}"}})", type, id);
}

/// What is kept of an organization's day; "" if nothing is.
Result<std::string> StageOf(const Finder& finder, const std::string& id) {
  const view::Engine& engine = *finder.context().engine;
  const auto current = engine.directory().Current(engine.IdHash("RosterDay", id), finder.position());
  if (current.ordinal == 0 || current.deleted) return std::string();
  const view::ResourcePtr stored = TRY(engine.Read(current.ordinal));
  return stored->document.Root()["stage"].ToString();
}

/// Who is missing, as he is written.
struct Missed {
  Member member;
  uint64_t together = 0;  // how many of his township; 0: another one says it
};

Result<std::vector<Missed>> MissedOf(const Finder& finder, const DayState& state) {
  // A township has nine of the fifteen digits of an area.
  constexpr uint64_t kBelowTownship = 1'000'000;
  std::vector<Missed> all;
  std::map<uint64_t, size_t> first;
  for (const view::Ordinal ordinal : state.missing) {
    auto member = ReadMember(*finder.context().engine, ordinal);
    if (!member.ok() && member.error().code == ErrorCode::kGone) continue;
    all.push_back({TRY(std::move(member)), 0});
    const uint64_t area = finder.context().engine->directory().AreaOf(finder.OwnerOf(ordinal));
    const auto [place, is_first] = first.emplace(area / kBelowTownship, all.size() - 1);
    ++all[place->second].together;
  }
  return all;
}

/// A RosterMissing for each who is missing.
Status WriteMissing(const Finder& finder, const DayState& state, fhir::Value root, const std::string& day,
                    const exchange::ImportOptions& options, exchange::ImportReport* report) {
  const app::Context& context = finder.context();
  const exchange::ImportContext exchange{context.engine, nullptr, context.interactions};
  const std::string whose = root["organization"]["reference"].ToString();
  const std::vector<Missed> missed = TRY(MissedOf(finder, state));
  std::vector<exchange::Planned> planned;
  for (size_t i = 0; i < missed.size(); ++i)
    planned.push_back({i, "RosterMissing", IdOfMissing(context, missed[i].member.id, day), i});
  const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
    // What an earlier try has written may be answered by now.
    if (before.present()) return std::string(before.Json());
    const Missed& one = missed[plan.row];
    const std::pair<std::string_view, std::string> given[] = {
        {"status", R"("open")"},
        {"subject", Reference("Patient/", one.member.patient)},
        {"member", Reference("RosterMember/", one.member.id)},
        {"organization", Reference("", whose)},
        {"organizationName", JsonText(root["name"].ToString())},
        {"unit", one.member.unit.empty() ? "" : JsonText(one.member.unit)},
        {"day", JsonText(day)},
        {"together", one.together == 0 ? "" : std::to_string(one.together)}};
    return exchange::Remade(plan.type, plan.id, before, {}, source, given);
  };
  return exchange::WriteAll(exchange, planned, make, options, report);
}

}  // namespace

Closing::Closing(const app::Context& context) : context_(context) {
  const auto settings = fhir::Document::Parse(std::string(context.settings));
  if (settings.ok()) {
    const auto minute = [&](std::string_view name) {
      return static_cast<int64_t>(exchange::ReadNumber(settings->Root()[name].Number()).value_or(-1));
    };
    remind_minute_ = minute("remind_minute");
    close_minute_ = minute("close_minute");
  }
  if (remind_minute_ >= 0 || close_minute_ >= 0) watch_ = std::thread([this] { Watch(); });
}

Closing::~Closing() {
  {
    const std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
}

void Closing::Watch() {
  constexpr std::chrono::seconds kEvery(20);
  std::unique_lock hold(mutex_);
  while (!changed_.wait_for(hold, kEvery, [this] { return stopping_; })) {
    hold.unlock();
    const Status made = context_.engine->ready() ? Look() : Status();
    if (!made.ok() && context_.report) context_.report("roster-day-not-closed: " + made.error().external);
    hold.lock();
  }
}

Status Closing::Look() {
  const std::lock_guard look(looking_);
  const Instant city_us = context_.clock->NowUs() + CityOffsetMin() * kMinuteUs;
  const int64_t minute = city_us / kMinuteUs % kDayMinutes;
  const std::string today = FormatInstant(city_us).substr(0, 10);
  const std::string yesterday = FormatInstant(city_us - kDayMinutes * kMinuteUs).substr(0, 10);
  std::erase_if(done_, [&](const std::string& each) { return each.substr(0, 10) < yesterday; });
  const auto once = [&](const std::string& day, bool closed, bool late) -> Status {
    const std::string key = fmt::format("{} {}", day, closed ? kClosed : kReminded);
    if (done_.contains(key)) return {};
    TRY(MakeAll(day, closed, late));
    done_.insert(key);
    return {};
  };
  if (close_minute_ >= 0) TRY(once(yesterday, true, true));
  if (remind_minute_ >= 0 && minute >= remind_minute_) TRY(once(today, false, false));
  if (close_minute_ >= 0 && minute >= close_minute_) TRY(once(today, true, false));
  return {};
}

Status Closing::MakeAll(const std::string& day, bool closed, bool late) {
  const Finder finder(context_);
  for (const view::Ordinal ordinal :
       TRY(finder.Find("RosterOrganization", "status=active", {}, kOrganizationsMax))) {
    const view::ResourcePtr stored = TRY(context_.engine->Read(ordinal));
    TRY(MakeOne(*stored, day, closed, late));
  }
  return {};
}

Status Closing::MakeOne(const view::Resource& organization, const std::string& day, bool closed, bool late) {
  const Finder finder(context_);
  const fhir::Value root = organization.document.Root();
  const std::string whose = root["organization"]["reference"].ToString();
  const std::string id = IdOfDay(context_, whose, day);
  const std::string before_stage = TRY(StageOf(finder, id));
  if (before_stage == kClosed || (!closed && !before_stage.empty()) || (late && before_stage.empty()))
    return {};
  const DayState state = TRY(StateOf(finder, {whose, {}}, day, {}, SIZE_MAX));
  if (state.roster == 0) return {};
  const exchange::ImportContext exchange{context_.engine, nullptr, context_.interactions};
  exchange::ImportOptions options;
  options.source = "urn:tongkang:roster:closing";
  exchange::ImportReport report;
  if (closed) TRY(WriteMissing(finder, state, root, day, options, &report));
  const exchange::Planned planned{0, "RosterDay", id, 0};
  const auto make = [&](const exchange::Planned& plan, fhir::Value before, std::string_view source) {
    const std::string contact = root["contact"].ToString();
    if (before.present() && (!closed || before["stage"].ToString() == kClosed))
      return std::string(before.Json());
    const std::pair<std::string_view, std::string> given[] = {
        {"organization", Reference("", whose)},
        {"name", JsonText(root["name"].ToString())},
        {"contact", contact.empty() ? "" : JsonText(contact)},
        {"day", JsonText(day)},
        {"stage", JsonText(closed ? kClosed : kReminded)},
        {"roster", std::to_string(state.roster)},
        {"reported", std::to_string(state.reported)},
        {"missing", std::to_string(state.missing.size())},
        {"exceptions", std::to_string(state.exceptions.size())}};
    return exchange::Remade(plan.type, plan.id, before, {}, source, given);
  };
  TRY(exchange::WriteAll(exchange, {&planned, 1}, make, options, &report));
  if (report.refused == 0) return {};
  return MakeError(ErrorCode::kInvalid, "A day cannot be closed: " + report.issues.front().text);
}

}  // namespace tk::roster
