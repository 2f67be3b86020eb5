// Small JSON bodies of the routes of sign-on: what is wanted, what may be, and that nothing else is taken.
#include <gtest/gtest.h>

#include "kernel/http/json_body.h"

namespace tk::http {
namespace {

Result<JsonBody> ReadBody(std::string body, std::string type = "application/json") {
  Request request;
  request.content_type = std::move(type);
  request.body = std::move(body);
  return JsonBody::Read(request, {"name"}, {"area", "redirects", "public"});
}

TEST(JsonBody, TakesWhatIsWantedAndWhatMayBe) {
  const auto body =
      ReadBody(R"({"name":"li","redirects":["a","b"],"public":true})", "Application/JSON; charset=utf-8");
  ASSERT_TRUE(body.ok());
  EXPECT_EQ((*body)["name"], "li");
  EXPECT_EQ(body->List("redirects"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*body)["public"], "true");
  EXPECT_FALSE(body->Has("area"));
  EXPECT_EQ((*body)["area"], "");
}

TEST(JsonBody, AnEmptyTextAndFalseAreThere) {
  const auto body = ReadBody(R"({"name":"","area":"","public":false})");
  ASSERT_TRUE(body.ok());
  EXPECT_TRUE(body->Has("area") && body->Has("public"));
  EXPECT_EQ((*body)["public"], "");
}

TEST(JsonBody, RefusesTheRestWithoutRepeatingIt) {
  for (const char* bad :
       {"", "{", "[]", "\"name\"", "{}", R"({"name":1})", R"({"name":["li"]})", R"({"name":null})",
        R"({"name":"li","name":"wang"})", R"({"name":"li","hat":"geheim"})",
        R"({"name":"li","redirects":["a b"]})", R"({"name":"li","redirects":[1]})",
        R"({"name":"li","area":{"x":"y"}})", R"({"name":"li"} x)"}) {
    const auto body = ReadBody(bad);
    ASSERT_FALSE(body.ok()) << bad;
    EXPECT_EQ(body.error().code, ErrorCode::kIncorrect) << bad;
    EXPECT_EQ(body.error().external.find("geheim"), std::string::npos);
    EXPECT_NE(body.error().external.find("\"name\""), std::string::npos) << "says what to send";
  }
  EXPECT_EQ(ReadBody(R"({"name":"li"})", "text/plain").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ReadBody(R"({"name":"li"})", "").error().code, ErrorCode::kUnsupported);
}

TEST(JsonBody, ForgetsWhatItHeld) {
  auto body = ReadBody(R"({"name":"a secret"})");
  ASSERT_TRUE(body.ok());
  body->Forget();
  EXPECT_EQ((*body)["name"].find("secret"), std::string::npos);
}

}  // namespace
}  // namespace tk::http
