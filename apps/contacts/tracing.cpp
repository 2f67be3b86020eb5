#include "apps/contacts/tracing.h"

#include "kernel/base/city_time.h"
#include "kernel/interaction/permit.h"

namespace tk::contacts {

std::string Today(const app::Context& context) { return CityDay(context.clock->NowUs()); }

std::string IdOf(std::string_view type, const std::string& reference) {
  if (reference.size() <= type.size() + 1 || !reference.starts_with(type) || reference[type.size()] != '/')
    return {};
  std::string id = reference.substr(type.size() + 1);
  return interaction::IsId(id) ? id : std::string();
}

Result<Live> LiveRecord(const app::Context& context, std::string_view type, const std::string& id) {
  const view::Engine& engine = *context.engine;
  const auto version = engine.directory().Current(engine.IdHash(type, id), engine.Head());
  if (version.ordinal == 0 || version.deleted) return Live();
  auto read = engine.Read(version.ordinal);
  if (!read.ok() && read.error().code == ErrorCode::kGone) return Live();
  return Live{TRY(std::move(read)), version.ordinal};
}

Result<std::vector<Live>> Find(const app::Context& context, std::string_view type, const std::string& patient,
                               const std::string& where) {
  std::vector<Live> all;
  if (!patient.empty()) {
    for (const std::string& id : TRY(context.reach.find(type, patient, where))) {
      Live live = TRY(LiveRecord(context, type, id));
      if (live) all.push_back(std::move(live));
    }
    return all;
  }
  const auto ordinals =
      TRY(app::FindAll(context, type, where, view::Scope(), context.engine->Head(), kFoundMax));
  for (const view::Ordinal ordinal : ordinals) {
    auto read = context.engine->Read(ordinal);
    if (!read.ok() && read.error().code == ErrorCode::kGone) continue;  // erased meanwhile
    all.push_back({TRY(std::move(read)), ordinal});
  }
  return all;
}

Result<std::vector<std::string>> PersonOf(const app::Context& context, const std::string& patient) {
  return TRY(context.interactions->RecordsOfPerson(patient)).patients;
}

std::string Joined(std::span<const std::string> patients) {
  std::string all;
  for (const std::string& patient : patients) {
    if (!all.empty()) all += ',';
    all.append(kPatient).append(patient);
  }
  return all;
}

bool InScope(const app::Context& context, const view::Scope& scope, const Live& live) {
  return live && context.engine->directory().InScope(live.ordinal, scope);
}

}  // namespace tk::contacts
