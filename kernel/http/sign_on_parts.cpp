#include "kernel/http/sign_on_parts.h"

#include "kernel/fhir/value.h"
#include "kernel/http/pipeline.h"

namespace tk::http {

access::SignInFrom FromOf(const Request& request) {
  return {request.peer, access::DeviceOf(request.user_agent)};
}

Response SessionsResponse(access::SignOn* sign_on, std::string_view account, std::string_view this_session) {
  std::string out;
  fhir::JsonWriter json(&out);
  json.Object().Key("sessions").Array();
  const auto known = sign_on->Find(account);
  for (const auto& live : sign_on->sessions()->Of(account)) {
    const access::Session& session = live->session;
    if (!known || session.generation != known->generation) continue;
    json.Object().Member("id", session.id);
    if (!session.client.empty()) json.Member("program", session.client).Member("scope", session.scope);
    json.Member("begun", FormatInstant(session.begun_s * kSecondUs));
    json.Member("seen", FormatInstant(live->seen_s.load() * kSecondUs));
    json.Member("ends", FormatInstant(session.expires_s * kSecondUs));
    json.Member("methods", session.methods);
    json.Member("device", session.device).Member("place", session.place);
    json.Key("this").Bool(session.id == this_session).End();
  }
  json.End().End();
  return JsonResponse(200, std::move(out));
}

Status EndSessions(access::SignOn* sign_on, std::string_view account, std::string_view id,
                   std::string_view except) {
  access::Sessions& sessions = *sign_on->sessions();
  if (id.empty()) {
    TRY(sessions.EndAll(account, except));
    return {};
  }
  const auto live = sessions.Find(id);
  if (live == nullptr || live->session.account != account)
    return MakeError(ErrorCode::kNotFound, "there is no such session of this account");
  return sessions.End(id);
}

}  // namespace tk::http
