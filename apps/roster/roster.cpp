#include "apps/roster/roster.h"

#include <fmt/format.h>

#include "kernel/base/city_time.h"
#include "kernel/exchange/cells.h"
#include "kernel/interaction/outcome.h"
#include "kernel/interaction/permit.h"

namespace tk::roster {
namespace {

constexpr std::string_view kPatientType = "Patient/";

/// Keyed, so that an id tells nobody who it is; of 128 bits.
std::string KeyedId(const app::Context& context, std::string_view kind, const std::string& text) {
  const std::string whole = fmt::format("roster|{}|{}", kind, text);
  return fmt::format("{}-{:016x}{:016x}", kind, context.engine->KeyOf(whole),
                     context.engine->KeyOf(whole + "|2"));
}

}  // namespace

Settings ReadSettings(std::string_view json) {
  Settings settings;
  const auto document = fhir::Document::Parse(std::string(json));
  if (!document.ok()) return settings;
  const fhir::Value root = document->Root();
  settings.fever_limit_cel = exchange::ReadNumber(root["fever_limit_cel"].Number()).value_or(0);
  settings.late_days = static_cast<int64_t>(exchange::ReadNumber(root["late_days"].Number()).value_or(0));
  return settings;
}

std::string IdOfMember(const app::Context& context, std::string_view organization,
                       const exchange::PersonRow& person) {
  return KeyedId(context, "member", fmt::format("{}|{}", organization, exchange::KeyOf(person)));
}

std::string IdOfReport(const app::Context& context, std::string_view member, std::string_view day) {
  return KeyedId(context, "report", fmt::format("{}|{}", member, day));
}

std::string IdOfMissing(const app::Context& context, std::string_view member, std::string_view day) {
  return KeyedId(context, "missing", fmt::format("{}|{}", member, day));
}

std::string IdOfDay(const app::Context& context, std::string_view organization, std::string_view day) {
  return KeyedId(context, "day", fmt::format("{}|{}", organization, day));
}

std::string_view IdIn(std::string_view reference) { return reference.substr(reference.find('/') + 1); }

std::string Today(const app::Context& context) { return CityDay(context.clock->NowUs()); }

Result<Asked> MayAsk(const app::Context& context, const interaction::Request& request,
                     const std::string& organization, bool to_write) {
  const access::Viewer& viewer = *request.viewer;
  const bool oversees = viewer.MayCall("roster-oversee");
  if (!oversees || to_write) TRY(interaction::CheckMayCall(viewer, "roster-keep"));
  Asked asked;
  asked.organization = organization.empty() ? viewer.organization : "Organization/" + organization;
  if (asked.organization.empty())
    return MakeIssue(ErrorCode::kIncorrect, "required", "organization",
                     "Say whose roster it is: ?organization= and the id of the Organization.");
  const bool is_own = asked.organization == viewer.organization;
  if (!is_own && !(oversees && (!to_write || viewer.scope.everything)))
    return MakeError(ErrorCode::kForbidden,
                     "An account keeps and sees the roster of its own organization alone.");
  const std::string id(IdIn(asked.organization));
  const auto version =
      context.engine->directory().Current(context.engine->IdHash("Organization", id), context.engine->Head());
  if (!interaction::IsId(id) || version.ordinal == 0 || version.deleted)
    return MakeIssue(ErrorCode::kNotFound, "not-found", "organization", "There is no such Organization.");
  // Its own people, wherever they live; of another's, those of the area. Whom a Consent closes to this account is closed in both.
  asked.scope = context.interactions->ScopeOf(request.viewer);
  if (is_own) {
    asked.scope.everything = true;
    asked.scope.only_owner = 0;
  }
  return asked;
}

Result<std::vector<view::Ordinal>> Finder::Find(std::string_view type, const std::string& criteria,
                                                const view::Scope& scope, size_t max) const {
  return app::FindAll(context_, type, criteria, scope, position_, max);
}

Result<uint64_t> Finder::Count(std::string_view type, const std::string& criteria,
                               const view::Scope& scope) const {
  const auto definitions = context_.index->definitions();
  const search::Query query =
      TRY(search::ParseQuery(definitions, definitions->FindType(type), criteria, search::ParseOptions{}));
  search::PageRequest request;
  request.position = position_;
  request.scope = scope;
  request.read = [engine = context_.engine](view::Ordinal ordinal) { return engine->Read(ordinal); };
  return context_.index->Count(query, request);
}

Result<Member> ReadMember(const view::Engine& engine, view::Ordinal ordinal) {
  const view::ResourcePtr stored = TRY(engine.Read(ordinal));
  const fhir::Value root = stored->document.Root();
  Member member;
  member.id = stored->id;
  const std::string subject = root["subject"]["reference"].ToString();
  if (subject.starts_with(kPatientType)) member.patient = subject.substr(kPatientType.size());
  member.organization = root["organization"]["reference"].ToString();
  member.status = root["status"].ToString();
  if (member.status.empty()) member.status = "proposed";
  member.name = root["name"].ToString();
  member.unit = root["unit"].ToString();
  member.number = root["number"].ToString();
  member.since = root["since"].ToString();
  member.until = root["until"].ToString();
  return member;
}

Result<Roster> Roster::Load(const Finder& finder, const std::string& organization, const view::Scope& scope) {
  Roster roster;
  const auto ordinals = TRY(finder.Find("RosterMember", "organization=" + organization, scope, kMembersMax));
  for (const view::Ordinal ordinal : ordinals) {
    auto read = ReadMember(*finder.context().engine, ordinal);
    if (!read.ok() && read.error().code == ErrorCode::kGone) continue;  // erased meanwhile
    roster.members_.push_back(TRY(std::move(read)));
    const Member& member = roster.members_.back();
    const size_t place = roster.members_.size() - 1;
    roster.by_id_.emplace(member.id, place);
    roster.by_patient_.emplace(member.patient, place);
    if (!member.number.empty()) roster.by_number_.emplace(member.number, place);
  }
  return roster;
}

const Member* Roster::WithId(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &members_[found->second];
}

const Member* Roster::WithNumber(const std::string& number, std::string_view day) const {
  const Member* one = nullptr;
  const auto [begin, end] = by_number_.equal_range(number);
  for (auto each = begin; each != end; ++each) {
    if (!members_[each->second].IsOn(day)) continue;
    if (one != nullptr) return nullptr;
    one = &members_[each->second];
  }
  return one;
}

const Member* Roster::Of(const app::Context& context, const std::string& patient) const {
  if (const auto found = by_patient_.find(patient); found != by_patient_.end())
    return &members_[found->second];
  const auto person = context.interactions->RecordsOfPerson(patient);
  if (!person.ok()) return nullptr;
  for (const std::string& record : person->patients) {
    if (const auto found = by_patient_.find(record); found != by_patient_.end())
      return &members_[found->second];
  }
  return nullptr;
}

}  // namespace tk::roster
