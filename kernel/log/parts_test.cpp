// Attachments leave a text and come back to the byte; what is no strict base64, or small, stays; damage is told.
#include "kernel/log/parts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "kernel/base/random.h"
#include "kernel/log/codec.h"
#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

using test::Must;

class Parts : public testing::Test {
 protected:
  void SetUp() override {
    keys_ = Must(OpenKeyStore(folder_.path("keys")));
    contents_ = Must(OpenContentFolder(folder_.path("contents"), keys_.get()));
    owner_ = Must(keys_->ForName("Patient/p"));
    Must(keys_->Flush());
  }
  size_t Files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path("contents")))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  static std::string Base64(SeededRandom& random, size_t chars) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < chars; ++i) out += kDigits[random.Below(64)];
    return out;
  }

  test::TempFolder folder_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<ContentStore> contents_;
  PersonKey owner_;
};

TEST_F(Parts, TextsComeBackAsTheyWere) {
  SeededRandom random(7);
  for (int round = 0; round < 60; ++round) {
    std::string text = "{";
    size_t large = 0;
    for (int member = 0; member < 6; ++member) {
      if (member > 0) text += ',';
      text += "\"m" + std::to_string(member) + "\":";
      const size_t chars = (kPartCharsMin / 4 + random.Below(5000)) * 4;
      switch (random.Below(6)) {
        case 0:
          text += '"' + Base64(random, chars) + '"';
          ++large;
          break;
        case 1:
          text += '"' + Base64(random, chars - 4) + "AAA=\"";
          ++large;
          break;
        case 2:
          text += '"' + Base64(random, chars - 4) +
                  "AAB=\"";  // its last bits say nothing: another text would come back
          break;
        case 3:
          text += '"' + Base64(random, chars - 1) + "\\n\"";
          break;
        case 4:
          text += '"' + Base64(random, 1 + random.Below(200)) + "\\\"\\\\\"";
          break;
        default:
          text += "[1.10,\"\",{\"a\":\"" + Base64(random, chars + 1) + "\"}]";
      }
    }
    text += '}';
    std::string rest, frame = "x";
    const auto parts = Must(TakeParts(text, owner_, contents_.get(), &rest));
    EXPECT_EQ(parts.size(), large) << round;
    AppendParts(parts, &frame);
    size_t at = 1;
    const auto read = ReadParts(frame + "tail", &at);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(at, frame.size());
    ASSERT_EQ(Must(PutBack(rest, *read, owner_.owner, *contents_)), text) << round;
    for (size_t cut = 1; cut < frame.size(); ++cut) {
      size_t from = 1;
      const auto broken = ReadParts(std::string_view(frame).substr(0, cut), &from);
      EXPECT_FALSE(broken.has_value()) << cut;
    }
  }
}

TEST_F(Parts, SealedResourcesKeepThemApart) {
  const auto harness = test::MakeHarness("sqlite");
  const auto log = Must(OpenLog(harness->Other("log")));
  const auto codec = Must(Codec::Create(log.get(), keys_.get(), contents_.get()));
  SeededRandom random(8);
  const std::string photo = Base64(random, 200'000);
  Content content{"p",
                  R"({"resourceType":"Patient","id":"p","photo":[{"data":")" + photo + R"("},{"data":")" +
                      photo + R"("}]})",
                  0, false};
  Must(Splice(&content));
  NewEntry entry;
  entry.type = 1;
  entry.version = 1;
  Must(codec->Seal(content, owner_, &entry));
  EXPECT_LT(entry.sealed.size(), 1000u);
  EXPECT_EQ(Files(), 1u) << "the same bytes are kept once";
  EXPECT_EQ(Must(codec->Unseal(entry)).text, content.text);
  EXPECT_FALSE(Must(Codec::Create(log.get(), keys_.get()))->Unseal(entry).ok());
  std::vector<std::string> damage;
  Must(contents_->Verify(&damage));
  EXPECT_TRUE(damage.empty());
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path("contents"))) {
    if (!file.is_regular_file()) continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(5000);
    bytes.put('x');
  }
  Must(contents_->Verify(&damage));
  EXPECT_EQ(damage.size(), 1u);
  EXPECT_EQ(codec->Unseal(entry).error().code, ErrorCode::kCorrupt);
  // Views and erasures take the rest.
  const auto rest = [&] { return Must(codec->Unseal(entry, Codec::Lost::kLeftOut)); };
  const std::string without = R"({"resourceType":"Patient","id":"p","photo":[{"data":""},{"data":""}]})";
  EXPECT_EQ(rest().text, without);
  EXPECT_EQ(rest().lost, Must(codec->AttachmentsOf(entry)));
  EXPECT_EQ(rest().lost.size(), 2u);
  EXPECT_TRUE(contents_->Has(owner_.owner, rest().lost[0]));
  EXPECT_NE(damage[0].find(contents_->PlaceOf(owner_.owner, rest().lost[0])), std::string::npos) << damage[0];
  // Stored once more, it is whole again for all who name it.
  NewEntry again = entry;
  Must(codec->Seal(content, owner_, &again));
  EXPECT_EQ(Must(codec->Unseal(entry)).text, content.text);
  Must(contents_->RemoveOwner(owner_.owner));
  EXPECT_EQ(rest().text, without);
  EXPECT_FALSE(contents_->Has(owner_.owner, rest().lost[0]));
  EXPECT_EQ(codec->Unseal(entry).error().code, ErrorCode::kCorrupt);
  Must(keys_->Destroy(owner_.owner, 1));
  EXPECT_EQ(codec->Unseal(entry).error().code, ErrorCode::kGone);
}

}  // namespace
}  // namespace tk::log
