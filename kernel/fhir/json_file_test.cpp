// Where in a file an element stands, counted as an editor counts; and that all that is wrong is told at once.
#include "kernel/fhir/json_file.h"

#include <gtest/gtest.h>

namespace tk::fhir {
namespace {

constexpr std::string_view kHandWritten = R"j({
  "id": "a:\"b\"",
  "title": {"zh-CN": "发热，随访", "en": "x"},
  "do" : [
    {"update": {"set": {"restriction.period": 1, "restriction": {"period": {"end": true}}}}},
    [], {}, null, {"create": {"status"
       : "active"}}
  ]
})j";

JsonFile HandWritten() { return JsonFile::Parse("apps/x/rules/a.json", std::string(kHandWritten)).value(); }

TEST(JsonFile, TellsWhereAnElementStands) {
  const JsonFile file = HandWritten();
  EXPECT_EQ(file.At(""), (Place{1, 1}));
  EXPECT_EQ(file.At("id"), (Place{2, 9}));
  EXPECT_EQ(file.At("title.en"), (Place{3, 37}));  // the Chinese text counts by characters
  EXPECT_EQ(file.At("do"), (Place{4, 10}));
  EXPECT_EQ(file.At("do[0].update.set.restriction.period"), (Place{5, 47}));
  EXPECT_EQ(file.At("do[0].update.set.restriction.period.end"),
            (Place{5, 47}));  // the longest name, and it has no end
  EXPECT_EQ(file.At("do[2]"), (Place{6, 9}));
  EXPECT_EQ(file.At("do[4].create.status"), (Place{7, 10}));
  // What is missing: its innermost parent that is there.
  EXPECT_EQ(file.At("do[4].create.code.text"), (Place{6, 30}));
  EXPECT_EQ(file.At("do[9].create"), (Place{4, 10}));
  EXPECT_EQ(file.At("version"), (Place{1, 1}));
}

TEST(JsonFile, TellsAllThatIsWrong) {
  JsonFile file = HandWritten();
  EXPECT_TRUE(file.good());
  file.Note("version", "is missing");
  file.Note("do[4].create", MakeIssue(ErrorCode::kInvalid, "value", "status", "is not one of its codes"));
  ASSERT_FALSE(file.good());
  const Error error = file.Failure();
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_EQ(error.external,
            "apps/x/rules/a.json:1:1: version: is missing\n"
            "apps/x/rules/a.json:7:10: do[4].create.status: is not one of its codes");
  ASSERT_EQ(error.issues.size(), 2U);
  EXPECT_EQ(error.issues[1].path, "do[4].create.status");
}

TEST(JsonFile, RefusesWhatIsNoObject) {
  const auto broken = JsonFile::Parse("b.json", "{\"id\": \n 1,}");
  ASSERT_FALSE(broken.ok());
  EXPECT_TRUE(broken.error().external.starts_with("b.json: ")) << broken.error().external;
  EXPECT_NE(broken.error().external.find("2"), std::string::npos) << broken.error().external;
  const auto list = JsonFile::Parse("b.json", "[]");
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().external, "b.json:1:1: must be one JSON object");
}

}  // namespace
}  // namespace tk::fhir
