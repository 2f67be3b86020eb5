// What strangers send to the provider: tokens, client assertions, key sets, scopes, forms, redirect addresses. Nothing may crash or hang; what is read
// keeps its laws: a key verifies nothing that it did not sign, granted scopes lie within the allowed ones, what is written is read back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernel/access/accounts.h"
#include "kernel/access/oauth/authorization.h"
#include "kernel/access/oauth/jose.h"
#include "kernel/access/oauth/scopes.h"
#include "kernel/access/token.h"

namespace {

using namespace tk::access;  // NOLINT: a fuzzer

void Must(bool holds) {
  if (!holds) std::abort();
}

void FuzzJwt(std::string_view text) {
  const auto jwt = oauth::ReadJwt(text);
  if (!jwt.ok()) return;
  (void)oauth::ClaimsOf(*jwt);
  static const auto key =
      oauth::SigningKey::FromSecret(oauth::Algorithm::kEs256, "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
  Must(!key->Verify(jwt->algorithm, jwt->message, jwt->signature));
}

void FuzzKeys(std::string_view text) {
  const auto keys = oauth::ReadJwks(text);
  if (!keys.ok()) return;
  for (const auto& key : *keys)
    Must(!key.Verify(oauth::Algorithm::kEs256, "a message", std::string(64, '\x01')));
}

void FuzzScopes(std::string_view text) {
  const size_t line = text.find('\n');
  const auto asked = oauth::ParseScopes(text.substr(0, line));
  const auto allowed = oauth::ParseScopes(line == std::string_view::npos ? "" : text.substr(line + 1));
  if (!asked.ok() || !allowed.ok()) return;
  const oauth::Scopes both = oauth::Intersect(*asked, *allowed);
  for (const auto& each : both.resources) {
    for (const uint8_t letter :
         {oauth::kCreate, oauth::kRead, oauth::kUpdate, oauth::kDelete, oauth::kSearch}) {
      if ((each.letters & letter) == 0 || each.type == "*") continue;
      Must(asked->Allows(each.type, letter) && allowed->Allows(each.type, letter));
    }
  }
  const auto again = oauth::ParseScopes(both.ToText());
  Must(again.ok() && again->ToText() == both.ToText());
}

void FuzzForm(std::string_view text) {
  const auto form = oauth::Form::Parse(text);
  if (!form.ok()) return;
  oauth::AuthorizationRequest request;
  request.redirect = "https://app.example/back";
  (void)oauth::ReadRequest(*form, &request);
  const std::string url = oauth::AnswerUrl(request, {{"code", (*form)["state"]}});
  Must(url.starts_with("https://app.example/back?code="));
  for (const char c : url) Must(static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f);
}

void FuzzTicket(std::string_view text) {
  const AccessKey key{};
  Must(!OpenTicket(key, "fuzz", text, 0).ok());
  (void)ReadToken(key, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      FuzzJwt(text);
      break;
    case 1:
      FuzzKeys(text);
      break;
    case 2:
      FuzzScopes(text);
      break;
    case 3:
      FuzzForm(text);
      break;
    case 4:
      FuzzTicket(text);
      break;
    default:
      if (CheckRedirect(text).ok()) Must(text.find('#') == std::string_view::npos && text.size() <= 512);
  }
  return 0;
}
