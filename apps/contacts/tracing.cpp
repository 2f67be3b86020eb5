#include "apps/contacts/tracing.h"

#include "kernel/interaction/permit.h"

namespace tk::contacts {

std::string Today(const app::Context& context) {
  return FormatInstant(context.clock->NowUs() + kCityOffsetMin * 60 * kSecondUs).substr(0, 10);
}

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
  const std::vector<std::string> ids = TRY(context.reach.find(type, patient, where));
  for (const std::string& id : ids) {
    Live live = TRY(LiveRecord(context, type, id));
    if (live) all.push_back(std::move(live));
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

interaction::Response JsonAnswer(int status, std::string body) {
  interaction::Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "application/json; charset=utf-8";
  return response;
}

}  // namespace tk::contacts
