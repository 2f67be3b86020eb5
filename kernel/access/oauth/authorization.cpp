#include "kernel/access/oauth/authorization.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>

#include "kernel/access/oauth/jose.h"
#include "kernel/base/text.h"

namespace tk::access::oauth {
namespace {

constexpr size_t kParametersMax = 64;
constexpr size_t kStateBytesMax = 1024;
constexpr size_t kFields = 11;

bool IsPlain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// What stands before and after the first `mark`; all of it before, if there is none.
std::pair<std::string_view, std::string_view> Divided(std::string_view text, char mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return {text, std::string_view()};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

Result<Form> Form::Parse(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const auto [pair, rest] = Divided(text, '&');
    text = rest;
    if (pair.empty()) continue;
    const auto [raw_name, raw_value] = Divided(pair, '=');
    std::string name = TRY(PercentDecode(raw_name, true));
    std::string value = TRY(PercentDecode(raw_value, true));
    if (!IsPlain(name) || !IsPlain(value))
      return MakeError(ErrorCode::kIncorrect, "a parameter holds a control character");
    if (form.values_.size() >= kParametersMax)
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("there are more than {} parameters", kParametersMax));
    if (!form.values_.emplace(std::move(name), std::move(value)).second)
      return MakeError(ErrorCode::kIncorrect, "a parameter stands there twice");
  }
  return form;
}

const std::string& Form::operator[](std::string_view name) const {
  static const std::string nothing;
  const auto at = values_.find(name);
  return at == values_.end() ? nothing : at->second;
}

std::vector<std::string> AuthorizationRequest::ToFields() const {
  return {issuer,
          client,
          redirect,
          scope,
          state,
          nonce,
          challenge,
          prompt,
          login_hint,
          locales,
          std::to_string(max_age_s)};
}

Result<AuthorizationRequest> AuthorizationRequest::FromFields(const std::vector<std::string>& fields) {
  if (fields.size() != kFields)
    return MakeError(ErrorCode::kUnauthenticated, "this page is no longer good; begin again");
  AuthorizationRequest out{fields[0], fields[1], fields[2], fields[3], fields[4], fields[5],
                           fields[6], fields[7], fields[8], fields[9], -1};
  std::from_chars(fields[10].data(), fields[10].data() + fields[10].size(), out.max_age_s);
  return out;
}

bool IsChallenge(std::string_view challenge) {
  const auto bytes = challenge.size() == 43 ? FromBase64Url(challenge) : std::nullopt;
  return bytes && bytes->size() == 32;
}

bool FitsChallenge(std::string_view verifier, std::string_view challenge) {
  const bool good = verifier.size() >= 43 && verifier.size() <= 128 &&
                    std::all_of(verifier.begin(), verifier.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             c == '-' || c == '.' || c == '_' || c == '~';
                    });
  if (!good) return false;
  const std::string made = ToBase64Url(Sha256(verifier));
  return made.size() == challenge.size() && sodium_memcmp(made.data(), challenge.data(), made.size()) == 0;
}

std::optional<Refusal> ReadRequest(const Form& form, AuthorizationRequest* request) {
  const auto wrong = [](std::string description) {
    return Refusal{"invalid_request", std::move(description)};
  };
  request->state = form["state"];
  if (request->state.size() > kStateBytesMax) {
    request->state.clear();
    return wrong(fmt::format("state has more than {} bytes", kStateBytesMax));
  }
  if (form["response_type"].empty()) return wrong("response_type is missing; it is code");
  if (form["response_type"] != "code")
    return Refusal{"unsupported_response_type", "the only response_type is code"};
  if (!form["response_mode"].empty() && form["response_mode"] != "query")
    return wrong("the only response_mode is query");
  if (!form["request"].empty())
    return Refusal{"request_not_supported", "send the parameters themselves, not request"};
  if (!form["request_uri"].empty())
    return Refusal{"request_uri_not_supported", "send the parameters themselves, not request_uri"};
  if (form["code_challenge"].empty())
    return wrong("code_challenge is missing: PKCE is required, with code_challenge_method S256");
  if (form["code_challenge_method"] != "S256") return wrong("code_challenge_method must be S256");
  if (!IsChallenge(form["code_challenge"]))
    return wrong("code_challenge must be the base64url of a SHA-256, 43 characters");
  if (form["nonce"].size() > kStateBytesMax || form["login_hint"].size() > 64 ||
      form["ui_locales"].size() > 64)
    return wrong("nonce, login_hint or ui_locales is too long");
  request->challenge = form["code_challenge"];
  request->nonce = form["nonce"];
  request->login_hint = form["login_hint"];
  request->locales = form["ui_locales"];
  request->prompt = form["prompt"];
  constexpr std::string_view kPrompts[] = {"", "none", "login", "consent", "login consent", "consent login"};
  if (std::find(std::begin(kPrompts), std::end(kPrompts), request->prompt) == std::end(kPrompts))
    return wrong("prompt may be none, login or consent");
  if (const std::string& age = form["max_age"]; !age.empty()) {
    const auto [end, error] = std::from_chars(age.data(), age.data() + age.size(), request->max_age_s);
    if (error != std::errc() || end != age.data() + age.size() || request->max_age_s < 0)
      return wrong("max_age is a number of seconds");
  }
  return std::nullopt;
}

std::string QueryEscape(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string AnswerUrl(const AuthorizationRequest& request,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string url = request.redirect;
  const auto add = [&url](std::string_view name, std::string_view value) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    url.append(name).append("=").append(QueryEscape(value));
  };
  for (const auto& [name, value] : parameters) add(name, value);
  if (!request.state.empty()) add("state", request.state);
  add("iss", request.issuer);
  return url;
}

}  // namespace tk::access::oauth
