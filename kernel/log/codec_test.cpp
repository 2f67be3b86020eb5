#include "kernel/log/codec.h"

#include <gtest/gtest.h>

#include "kernel/log/test_support.h"

namespace tk::log {
namespace {

using test::Must;

class CodecTest : public testing::TestWithParam<Cipher> {
 protected:
  void SetUp() override {
    OpenOptions options;
    options.folder = folder_.path("log");
    log_ = Must(OpenLog(options));
    keys_ = Must(OpenKeyStore(folder_.path("keys"), GetParam()));
    codec_ = Must(Codec::Create(log_.get(), keys_.get()));
  }
  NewEntry Seal(const Content& content, const std::string& owner) {
    NewEntry entry;
    entry.type = 1;
    entry.version = 7;
    entry.id_hash = 42;
    Must(codec_->Seal(content, Must(keys_->ForName(owner)), &entry));
    return entry;
  }
  test::TempFolder folder_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<Codec> codec_;
};
INSTANTIATE_TEST_SUITE_P(Ciphers, CodecTest, testing::Values(Cipher::kAes256Gcm, Cipher::kSm4));

Content MakeContent(std::string id, std::string text) {
  Content content{std::move(id), std::move(text), 0, false};
  Must(Splice(&content));
  return content;
}

std::string ReadBack(const Content& content) {
  std::string out;
  AppendResource(content, 3, 1'605'989'647'123'456, &out);
  return out;
}

TEST(Splice, PutsVersionAndTimeIntoMeta) {
  constexpr std::string_view kBoth = R"("versionId":"3","lastUpdated":"2020-11-21T20:14:07.123456Z")";
  const auto with = [&](const std::string& before, const std::string& after) {
    return before + std::string(kBoth) + after;
  };
  EXPECT_EQ(ReadBack(MakeContent("1", R"({"resourceType":"Patient","id":"1","active":true})")),
            with(R"({"resourceType":"Patient","id":"1","meta":{)", R"(},"active":true})"));
  EXPECT_EQ(ReadBack(MakeContent("1", R"({"resourceType":"Patient"})")),
            with(R"({"resourceType":"Patient","meta":{)", "}}"));
  EXPECT_EQ(
      ReadBack(MakeContent("1", R"({"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"a"}]}})")),
      with(R"({"resourceType":"Patient","id":"1","meta":{)", R"(,"tag":[{"code":"a"}]}})"));
  EXPECT_EQ(ReadBack(MakeContent("1", R"({"meta":{},"resourceType":"Patient"})")),
            with(R"({"meta":{)", R"(},"resourceType":"Patient"})"));
  // A "meta" deeper down, in strings or behind escapes, is not the resource's.
  EXPECT_EQ(
      ReadBack(MakeContent(
          "1",
          R"({"contained":[{"meta":{"a":1}}],"text":"\"meta\":{\\","id":"x,}","resourceType":"Basic"})")),
      with(R"({"contained":[{"meta":{"a":1}}],"text":"\"meta\":{\\","id":"x,}","meta":{)",
           R"(},"resourceType":"Basic"})"));
}

TEST(Splice, RefusesWhatIsNoResource) {
  for (const char* text : {"", "{}", "[]", "null", R"({"id":"1"})", R"({"resourceType)", R"({"id)"}) {
    Content content{"1", text, 0, false};
    EXPECT_EQ(Splice(&content).error().code, ErrorCode::kIncorrect) << text;
  }
}

TEST_P(CodecTest, OneThreadOpensTextsOfManyPersonsInTurn) {
  const std::string text = R"({"resourceType":"Patient","active":true})";
  NewEntry entries[] = {Seal(MakeContent("a", text), "Patient/1"), Seal(MakeContent("b", text), "Patient/1"),
                        Seal(MakeContent("c", text), "Patient/2")};
  const char* const ids[] = {"a", "b", "c"};
  for (const size_t i : {0, 1, 2, 0, 2, 2, 1}) {
    EXPECT_EQ(Must(codec_->Unseal(entries[i])).id, ids[i]);
    // A text that does not open in between spoils nothing for the next.
    NewEntry damaged = entries[i];
    damaged.sealed.back() = static_cast<char>(damaged.sealed.back() ^ 1);
    EXPECT_EQ(codec_->Unseal(damaged).error().code, ErrorCode::kCorrupt);
    NewEntry foreign = entries[i];
    foreign.owner = entries[i == 2 ? 0 : 2].owner;
    EXPECT_EQ(codec_->Unseal(foreign).error().code, ErrorCode::kCorrupt);
  }
}

TEST_P(CodecTest, SealedTextsComeBackTheSame) {
  std::string large = R"({"resourceType":"Binary","data":")";
  SeededRandom random(5);
  for (int i = 0; i < 100'000; ++i) large += static_cast<char>('a' + random.Below(26));
  large += "\"}";
  for (const std::string& text :
       {std::string(R"({"resourceType":"Patient","id":"1","name":[{"family":"欧阳"}]})"), large}) {
    const Content content = MakeContent("some-id", text);
    const Content back = Must(codec_->Unseal(Seal(content, "Patient/1")));
    EXPECT_EQ(back.id, content.id);
    EXPECT_TRUE(back.text == content.text);
    EXPECT_EQ(back.splice, content.splice);
    EXPECT_EQ(back.has_meta, content.has_meta);
  }
  const Content deleted = Must(codec_->Unseal(Seal({"gone-id", "", 0, false}, "Patient/1")));
  EXPECT_EQ(deleted.id, "gone-id");
  EXPECT_EQ(deleted.text, "");
}

TEST_P(CodecTest, NothingReadableIsLeftOutside) {
  const NewEntry entry =
      Seal(MakeContent("visible-id", R"({"resourceType":"Patient","name":"VISIBLE"})"), "Patient/1");
  EXPECT_EQ(entry.sealed.find("VISIBLE"), std::string::npos);
  EXPECT_EQ(entry.sealed.find("visible-id"), std::string::npos);
  EXPECT_EQ(entry.sealed.find("resourceType"), std::string::npos);
}

TEST_P(CodecTest, AnyChangeBreaksTheTag) {
  const NewEntry entry = Seal(MakeContent("1", R"({"resourceType":"Patient","active":true})"), "Patient/1");
  Must(keys_->ForName("Patient/2"));
  for (size_t i = 0; i < entry.sealed.size(); ++i) {
    NewEntry changed = entry;
    changed.sealed[i] = static_cast<char>(changed.sealed[i] ^ 1);
    EXPECT_EQ(codec_->Unseal(changed).error().code, ErrorCode::kCorrupt) << i;
  }
  const auto refuse = [&](auto change) {
    NewEntry changed = entry;
    change(&changed);
    EXPECT_EQ(codec_->Unseal(changed).error().code, ErrorCode::kCorrupt);
  };
  refuse([](NewEntry* e) { e->type = 2; });
  refuse([](NewEntry* e) { e->id_hash ^= 1; });
  refuse([](NewEntry* e) { e->version = 8; });
  refuse([](NewEntry* e) { e->op = Operation::kUpdate; });
  refuse([](NewEntry* e) { e->owner = 2; });
  refuse([](NewEntry* e) { e->sealed.resize(e->sealed.size() - 1); });
  refuse([](NewEntry* e) { e->sealed.clear(); });
}

TEST_P(CodecTest, AnErasedPersonsRecordsAreGone) {
  const NewEntry entry = Seal(MakeContent("1", R"({"resourceType":"Patient"})"), "Patient/1");
  Must(keys_->Destroy(entry.owner, 1));
  EXPECT_EQ(codec_->Unseal(entry).error().code, ErrorCode::kGone);
}

std::string PersonText(int person, int i) {
  return R"({"resourceType":"Observation","id":"o)" + std::to_string(person * 100 + i) +
         R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8310-5","display":"Body temperature"}]},)" +
         R"("subject":{"reference":"Patient/SECRETREF)" + std::to_string(person) +
         R"("},"note":[{"text":"SECRETNOTE)" + std::to_string(person) +
         R"("}],"performer":[{"display":"SECRETNAME)" + std::to_string(person) +
         R"("}],"valueQuantity":{"value":36.)" + std::to_string(person % 10) + R"(,"unit":"Cel"}})";
}

TEST_P(CodecTest, ADictionaryIsTrainedHelpsAndHoldsNobody) {
  const auto write_now = [](const std::function<Status()>& work) { return work(); };
  EXPECT_EQ(Must(codec_->TrainDue(write_now)), 0);
  const Content content = MakeContent("o1", PersonText(7, 1));
  const size_t before = Seal(content, "Patient/7").sealed.size();
  const NewEntry old_entry = Seal(content, "Patient/7");
  for (int i = 0; i < 10; ++i) {
    for (int person = 0; person < 60; ++person) {
      codec_->Observe(1, static_cast<OwnerNumber>(person + 1), PersonText(person, i));
    }
  }
  EXPECT_EQ(Must(codec_->TrainDue(write_now)), 1);
  const auto dictionaries = Must(log_->Dictionaries());
  ASSERT_EQ(dictionaries.size(), 1u);
  EXPECT_NE(dictionaries[0].bytes.find("8310-5"), std::string::npos)
      << "coded values of many owners are kept";
  EXPECT_EQ(dictionaries[0].bytes.find("SECRET"), std::string::npos);
  const NewEntry entry = Seal(content, "Patient/7");
  EXPECT_EQ(entry.dictionary, 1u);
  EXPECT_LT(entry.sealed.size(), before * 2 / 3);
  EXPECT_EQ(Must(codec_->Unseal(entry)).text, content.text);
  EXPECT_EQ(Must(codec_->Unseal(old_entry)).text, content.text) << "older records keep opening";
  EXPECT_EQ(Must(Must(Codec::Create(log_.get(), keys_.get()))->Unseal(entry)).text, content.text);
}

TEST_P(CodecTest, ATypeThatBelongsToNobodyGetsADictionaryOfItsStructureOnly) {
  for (int i = 0; i < 400; ++i) codec_->Observe(2, 0, PersonText(i, 0));
  EXPECT_EQ(Must(codec_->TrainDue([](const std::function<Status()>& work) { return work(); })), 1);
  const auto dictionaries = Must(log_->Dictionaries());
  ASSERT_EQ(dictionaries.size(), 1u);
  EXPECT_NE(dictionaries[0].bytes.find("valueQuantity"), std::string::npos);
  EXPECT_EQ(dictionaries[0].bytes.find("8310-5"), std::string::npos) << "one owner is too few for any value";
  EXPECT_EQ(dictionaries[0].bytes.find("SECRET"), std::string::npos);
}

TEST_P(CodecTest, FewOwnersGiveNoDictionary) {
  for (int i = 0; i < 2000; ++i)
    codec_->Observe(1, static_cast<OwnerNumber>(1 + i % 15), PersonText(i % 15, i));
  EXPECT_EQ(Must(codec_->TrainDue([](const std::function<Status()>& work) { return work(); })), 0);
}

}  // namespace
}  // namespace tk::log
