// The pure parts of the provider, against the examples of their standards and against what must never pass.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/access/oauth/authorization.h"
#include "kernel/access/oauth/jose.h"
#include "kernel/access/oauth/keys.h"
#include "kernel/access/oauth/scopes.h"
#include "kernel/access/token.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"

namespace tk::access::oauth {
namespace {

// RFC 7515 appendix A.3: ES256 over its own header and claims, and its public key.
constexpr std::string_view kRfc7515Jws =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view kRfc7515Keys =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

TEST(OauthJose, VerifiesTheExampleOfRfc7515) {
  const auto jwt = ReadJwt(kRfc7515Jws);
  ASSERT_TRUE(jwt.ok()) << jwt.error().ToString();
  const auto keys = ReadJwks(kRfc7515Keys);
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_TRUE(keys->front().Verify(jwt->algorithm, jwt->message, jwt->signature));
  EXPECT_FALSE(keys->front().Verify(Algorithm::kEs384, jwt->message, jwt->signature));
  EXPECT_FALSE(keys->front().Verify(Algorithm::kRs256, jwt->message, jwt->signature));
  const auto claims = ClaimsOf(*jwt);
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(claims->issuer, "joe");
  EXPECT_EQ(claims->expires_s, 1300819380);
  // Every changed character is another text.
  for (size_t i = 0; i < kRfc7515Jws.size(); ++i) {
    std::string changed(kRfc7515Jws);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto other = ReadJwt(changed);
    EXPECT_FALSE(other.ok() && keys->front().Verify(other->algorithm, other->message, other->signature)) << i;
  }
}

TEST(OauthJose, ThumbprintNamesTheKey) {
  // RFC 7517 appendix A.2's private key has the public half of appendix A.1; RFC 7638 gives the form of what is hashed.
  const auto key = SigningKey::FromSecret(Algorithm::kEs256, "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
  ASSERT_TRUE(key.ok());
  EXPECT_NE(key->jwk().find(R"("x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4")"), std::string::npos);
  EXPECT_NE(key->jwk().find(R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM")"), std::string::npos);
  EXPECT_EQ(key->jwk().find("870MB6"), std::string::npos);
  EXPECT_EQ(key->kid(), ToBase64Url(Sha256(
                            R"({"crv":"P-256","kty":"EC","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
                            R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})")));
}

TEST(OauthJose, WhatIsMadeIsVerifiedAndNothingElse) {
  const auto key = SigningKey::Generate(Algorithm::kEs256), other = SigningKey::Generate(Algorithm::kEs256);
  ASSERT_TRUE(key.ok() && other.ok());
  const auto text = MakeJwt(*key, "at+jwt", R"({"sub":"li","exp":9})");
  ASSERT_TRUE(text.ok());
  const auto jwt = ReadJwt(*text);
  ASSERT_TRUE(jwt.ok());
  EXPECT_EQ(jwt->kid, key->kid());
  EXPECT_EQ(jwt->typ, "at+jwt");
  EXPECT_TRUE(key->Verify(jwt->algorithm, jwt->message, jwt->signature));
  EXPECT_FALSE(other->Verify(jwt->algorithm, jwt->message, jwt->signature));
  EXPECT_FALSE(key->Verify(Algorithm::kEs384, jwt->message, jwt->signature));
  EXPECT_FALSE(key->Verify(jwt->algorithm, jwt->message, jwt->signature.substr(1)));
}

TEST(OauthJose, RsaKeysSignWithRs256AndNothingElse) {
  const auto key = SigningKey::Generate(Algorithm::kRs256), ec = SigningKey::Generate(Algorithm::kEs256);
  ASSERT_TRUE(key.ok() && ec.ok());
  const auto text = MakeJwt(*key, "JWT", R"({"sub":"li","exp":9})");
  ASSERT_TRUE(text.ok());
  const auto jwt = ReadJwt(*text);
  ASSERT_TRUE(jwt.ok());
  EXPECT_EQ(jwt->algorithm, Algorithm::kRs256);
  EXPECT_EQ(jwt->signature.size(), 256u);
  // What is told of it, read as a stranger would, verifies what it signed.
  const auto told = ReadJwks("{\"keys\":[" + key->jwk() + "]}");
  ASSERT_TRUE(told.ok()) << told.error().ToString();
  EXPECT_EQ(told->front().kid(), jwt->kid);
  EXPECT_TRUE(told->front().Verify(Algorithm::kRs256, jwt->message, jwt->signature));
  EXPECT_TRUE(key->Verify(Algorithm::kRs256, jwt->message, jwt->signature));
  EXPECT_FALSE(key->Verify(Algorithm::kRs384, jwt->message, jwt->signature));
  EXPECT_FALSE(key->Verify(Algorithm::kEs256, jwt->message, jwt->signature));
  EXPECT_FALSE(ec->Verify(Algorithm::kRs256, jwt->message, jwt->signature));
  EXPECT_FALSE(key->Verify(Algorithm::kRs256, std::string(jwt->message) + "x", jwt->signature));
  // Out to the file and back it is the same; of another kind it is none.
  const auto again = SigningKey::FromSecret(Algorithm::kRs256, key->Secret());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->kid(), key->kid());
  EXPECT_FALSE(SigningKey::FromSecret(Algorithm::kEs256, key->Secret()).ok());
  EXPECT_FALSE(SigningKey::FromSecret(Algorithm::kRs256, ec->Secret()).ok());
  EXPECT_FALSE(SigningKey::FromSecret(Algorithm::kRs256, key->Secret() + "AA").ok());
  EXPECT_FALSE(SigningKey::FromSecret(Algorithm::kRs256, "").ok());
  EXPECT_EQ(key->jwk().find(key->Secret().substr(0, 40)), std::string::npos);
}

class OauthKeys : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "oauth_keys_" + NewUuid();
    ASSERT_TRUE(MakeFolder(folder_).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(OauthKeys, BothKindsRotateAndTheOnesBeforeVerifyForAnHour) {
  ASSERT_TRUE(PrepareSigningKeys(folder_).ok());
  const auto first = LoadSigningKeys(folder_);
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  ASSERT_EQ(first->keys.size(), 2u);
  FixedClock clock(1'800'000'000 * kSecondUs);
  const auto second = RotateSigningKeys(folder_, clock);
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  EXPECT_EQ(second->keys.size(), 4u);
  const int64_t now_s = clock.NowUs() / kSecondUs;
  for (const Algorithm algorithm : kSigningAlgorithms) {
    const std::string& old = first->current(algorithm).kid();
    EXPECT_NE(second->current(algorithm).kid(), old);
    EXPECT_EQ(second->current(algorithm).algorithm(), algorithm);
    EXPECT_NE(second->Find(old, now_s + kTokenSecondsMax - 1), nullptr);
    EXPECT_EQ(second->Find(old, now_s + kTokenSecondsMax), nullptr);
    EXPECT_NE(second->Jwks(now_s).find(old), std::string::npos);
    EXPECT_EQ(second->Jwks(now_s + kTokenSecondsMax).find(old), std::string::npos);
  }
  clock.Advance(kTokenSecondsMax * kSecondUs);
  EXPECT_EQ(RotateSigningKeys(folder_, clock)->keys.size(), 4u);
}

TEST_F(OauthKeys, AFileOfBeforeGetsTheKindThatItLacks) {
  const auto ec = SigningKey::Generate(Algorithm::kEs256);
  ASSERT_TRUE(ec.ok());
  const std::string path = SigningKeysPath(folder_);
  ASSERT_TRUE(
      WriteFileDurable(path, "[[key]]\nprivate = \"" + ec->Secret() + "\"\nmade = 0\nretired = 0\n", 0600)
          .ok());
  EXPECT_FALSE(LoadSigningKeys(folder_).ok());
  ASSERT_TRUE(PrepareSigningKeys(folder_).ok());
  const auto keys = LoadSigningKeys(folder_);
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  EXPECT_EQ(keys->current(Algorithm::kEs256).kid(), ec->kid());
  const std::string made = keys->current(Algorithm::kRs256).kid();
  ASSERT_TRUE(PrepareSigningKeys(folder_).ok());
  EXPECT_EQ(LoadSigningKeys(folder_)->current(Algorithm::kRs256).kid(), made);
  for (const char* const algorithm : {"RS384", "none", "HS256"}) {
    ASSERT_TRUE(
        WriteFileDurable(path,
                         fmt::format("[[key]]\nalg = \"{}\"\nprivate = \"{}\"\nmade = 0\nretired = 0\n",
                                     algorithm, ec->Secret()),
                         0600)
            .ok());
    const auto wrong = LoadSigningKeys(folder_);
    ASSERT_FALSE(wrong.ok());
    EXPECT_NE(wrong.error().external.find("RS256 or ES256"), std::string::npos);
  }
}

std::string Part(std::string_view text) { return ToBase64Url(AsBytes(text)); }

TEST(OauthJose, RefusesOtherAlgorithmsAndForms) {
  const std::string body = Part(R"({"exp":9})"), mark = Part("x");
  for (const std::string_view header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"HS256"})", R"({"alg":"ES256","crit":["b64"]})",
        R"({"alg":1})", R"({})", R"([])", "x", R"({"alg":"ES256","kid":7})", R"({"alg":"PS256"})"}) {
    EXPECT_FALSE(ReadJwt(Part(header) + "." + body + "." + mark).ok()) << header;
  }
  const std::string head = Part(R"({"alg":"ES256"})");
  EXPECT_TRUE(ReadJwt(head + "." + body + "." + mark).ok());
  EXPECT_FALSE(ReadJwt(head + "." + body + ".").ok());
  EXPECT_FALSE(ReadJwt(head + "." + body).ok());
  EXPECT_FALSE(ReadJwt(head + "." + body + "." + mark + "." + mark).ok());
  EXPECT_FALSE(ReadJwt(head + "." + body + "." + mark + "=").ok());
  EXPECT_FALSE(ReadJwt(std::string(kJwtBytesMax + 1, 'A')).ok());
  EXPECT_FALSE(ReadJwt("").ok());
}

TEST(OauthJose, KeySetsSayWhatIsWrong) {
  const auto refused = [](std::string_view json, std::string_view word) {
    const auto keys = ReadJwks(json);
    return !keys.ok() && keys.error().external.find(word) != std::string::npos;
  };
  EXPECT_TRUE(refused(R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}]})", "private"));
  EXPECT_TRUE(refused(R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})", "P-256"));
  EXPECT_TRUE(refused(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})", "2048"));
  EXPECT_TRUE(refused(R"({"keys":[{"kty":"oct","k":"AAAA"}]})", "EC"));
  EXPECT_TRUE(refused(R"({"keys":[{}]})", "kty"));
  EXPECT_TRUE(refused(R"([])", "RFC 7517"));
  // A point beside the curve.
  std::string beside(kRfc7515Keys);
  beside.replace(beside.find("x_FEzR"), 1, "y");
  EXPECT_FALSE(ReadJwks(beside).ok());
}

TEST(OauthAuthorization, ChallengeOfRfc7636AppendixB) {
  constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  EXPECT_TRUE(IsChallenge(kChallenge));
  EXPECT_TRUE(FitsChallenge(kVerifier, kChallenge));
  EXPECT_FALSE(FitsChallenge(kChallenge, kChallenge));  // "plain"
  EXPECT_FALSE(FitsChallenge("", kChallenge));
  EXPECT_FALSE(FitsChallenge(std::string(kVerifier) + "k", kChallenge));
  EXPECT_FALSE(FitsChallenge(std::string(42, 'a'), ToBase64Url(Sha256(std::string(42, 'a')))));
  EXPECT_TRUE(FitsChallenge(std::string(43, 'a'), ToBase64Url(Sha256(std::string(43, 'a')))));
  EXPECT_FALSE(FitsChallenge(std::string(129, 'a'), ToBase64Url(Sha256(std::string(129, 'a')))));
  EXPECT_FALSE(FitsChallenge(std::string(42, 'a') + " ", ToBase64Url(Sha256(std::string(42, 'a') + " "))));
}

TEST(OauthAuthorization, FormsAreReadStrictly) {
  const auto form = Form::Parse("a=1+2&b=%E9%80%9A&c=&&d");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ((*form)["a"], "1 2");
  EXPECT_EQ((*form)["b"], "通");
  EXPECT_EQ((*form)["c"], "");
  EXPECT_EQ((*form)["nothing"], "");
  for (const char* bad : {"a=1&a=2", "a=%0a", "a=%1f", "a=%zz", "a=%ff", "%00=1"})
    EXPECT_FALSE(Form::Parse(bad).ok()) << bad;
}

TEST(OauthAuthorization, AnswersEscapeWhatTheyCarry) {
  AuthorizationRequest request;
  request.issuer = "https://health.example.cn";
  request.redirect = "https://app.example/back?x=1";
  request.state = "a&b=c d";
  EXPECT_EQ(AnswerUrl(request, {{"code", "k-1"}}),
            "https://app.example/back?x=1&code=k-1&state=a%26b%3Dc%20d&iss=https%3A%2F%2Fhealth.example.cn");
  const auto again = AuthorizationRequest::FromFields(request.ToFields());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->ToFields(), request.ToFields());
  EXPECT_FALSE(AuthorizationRequest::FromFields({"a", "b"}).ok());
}

Scopes Parsed(std::string_view text) {
  auto scopes = ParseScopes(text);
  EXPECT_TRUE(scopes.ok()) << text;
  return scopes.ok() ? *scopes : Scopes{};
}

TEST(OauthScopes, BothSyntaxesAreRead) {
  EXPECT_EQ(Parsed("patient/*.read").resources.front().letters, kReads);
  EXPECT_EQ(Parsed("user/Task.write").resources.front().letters, kWrites);
  EXPECT_EQ(Parsed("system/*.*").resources.front().letters, kReads | kWrites);
  EXPECT_EQ(Parsed("patient/Observation.rs").resources.front().letters, kReads);
  EXPECT_EQ(Parsed("patient/Observation.cu").resources.front().letters, kCreate | kUpdate);
  // Written back as it was.
  for (const char* text : {"openid fhirUser patient/*.read user/Task.write", "offline_access user/*.cruds",
                           "launch/patient patient/Observation.rs"})
    EXPECT_EQ(Parsed(text).ToText(), text);
  // Not ours to grant: left out.
  for (const char* text :
       {"patient/Observation.sr", "patient/Observation.rr", "patient/Observation.", "patient/observation.rs",
        "patient/*", "email", "patient/Observation.rs?category=laboratory", "org/*.rs"})
    EXPECT_EQ(Parsed(text).ToText(), "") << text;
  EXPECT_FALSE(ParseScopes("a\"b").ok());
  EXPECT_FALSE(ParseScopes("通").ok());
  EXPECT_FALSE(ParseScopes(std::string(kScopeBytesMax + 1, 'a')).ok());
}

TEST(OauthScopes, NothingIsGrantedThatIsNotAllowed) {
  const Scopes allowed = Parsed("openid patient/*.rs user/Task.cruds");
  EXPECT_EQ(Intersect(Parsed("openid profile offline_access"), allowed).ToText(), "openid");
  EXPECT_EQ(Intersect(Parsed("patient/Observation.cruds"), allowed).ToText(), "patient/Observation.rs");
  EXPECT_EQ(Intersect(Parsed("user/*.read"), allowed).ToText(), "user/Task.read");
  EXPECT_EQ(Intersect(Parsed("system/Task.rs user/Patient.rs"), allowed).ToText(), "");
  // All pairs of a few: what is granted is in both, and asking for what is allowed gives all of it.
  const std::vector<std::string> some = {"patient/*.rs", "patient/Task.cruds", "user/*.c", "user/Task.rs",
                                         "system/*.cruds"};
  for (const std::string& ask : some) {
    for (const std::string& may : some) {
      const Scopes asked = Parsed(ask), allow = Parsed(may), both = Intersect(asked, allow);
      for (const char* type : {"Task", "Patient"}) {
        for (const uint8_t letter : {kCreate, kRead, kUpdate, kDelete, kSearch}) {
          const bool same_level = asked.resources.front().level == allow.resources.front().level;
          EXPECT_EQ(both.Allows(type, letter),
                    same_level && asked.Allows(type, letter) && allow.Allows(type, letter))
              << ask << " within " << may << " for " << type;
        }
      }
    }
  }
}

TEST(OauthTickets, AreGoodForOnePurposeAndATime) {
  AccessKey key{};
  key[0] = 1;
  const std::string ticket = SealTicket(key, "a", {"x", "", "通"}, 100);
  const auto fields = OpenTicket(key, "a", ticket, 99);
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(*fields, (std::vector<std::string>{"x", "", "通"}));
  EXPECT_FALSE(OpenTicket(key, "a", ticket, 100).ok());
  EXPECT_FALSE(OpenTicket(key, "b", ticket, 99).ok());
  EXPECT_FALSE(OpenTicket(AccessKey{}, "a", ticket, 99).ok());
  for (size_t i = 0; i < ticket.size(); ++i) {
    std::string changed = ticket;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(changed == ticket || !OpenTicket(key, "a", changed, 99).ok()) << i;
  }
  EXPECT_FALSE(OpenTicket(key, "a", "", 99).ok());
}

}  // namespace
}  // namespace tk::access::oauth
