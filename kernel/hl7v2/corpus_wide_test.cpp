// Messages of other people's test sets: each is read as it stands, and what the map makes of registrations is valid and says what another converter says.
#include <gtest/gtest.h>

#include <filesystem>

#include "kernel/base/file.h"
#include "kernel/fhir/corpus_for_test.h"
#include "kernel/fhir/validate.h"
#include "kernel/hl7v2/map.h"

namespace tk::hl7v2 {
namespace {

namespace fs = std::filesystem;

class Hl7Corpus : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fhir::UnpackCorpus("hl7v2");
    if (folder_.empty()) GTEST_SKIP() << "the shared corpora are not here";
  }
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.path().extension() == ".hl7") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  std::string folder_;
};

std::string BytesOfFile(const fs::path& file) {
  auto bytes = ReadFile(file.string(), size_t{16} << 20);
  EXPECT_TRUE(bytes.ok());
  return bytes.ok() ? std::move(*bytes) : std::string();
}

/// The lines of a file that are not empty, written apart from the parser.
std::vector<std::string> LinesOf(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\r' || c == '\n')
      lines.emplace_back();
    else
      lines.back().push_back(c);
  }
  std::erase(lines, std::string());
  return lines;
}

TEST_F(Hl7Corpus, EveryMessageIsReadAsItStands) {
  size_t read = 0;
  for (const fs::path& file : Files()) {
    const std::string bytes = BytesOfFile(file);
    const auto message = Message::Parse(bytes);
    ASSERT_TRUE(message.ok()) << file << ": " << message.error().external;
    const std::vector<std::string> lines = LinesOf(bytes);
    ASSERT_EQ(message->segments().size(), lines.size()) << file;
    for (size_t i = 0; i < lines.size(); ++i) {
      std::string joined;
      const Segment& segment = message->segments()[i];
      for (size_t n = 0; n < segment.fields.size(); ++n) {
        if (segment.literal_msh && n == 1) continue;  // it stands between the others
        joined += (n == 0 ? "" : "|") + std::string(segment.fields[n]);
      }
      if (message->charset() == "utf-8") {
        EXPECT_EQ(joined, lines[i]) << file;
      }
    }
    ++read;
  }
  EXPECT_GE(read, 380U);
}

TEST_F(Hl7Corpus, AnXmlMessageIsRefusedAndNothingIsFetched) {
  const auto refused = Message::Parse(BytesOfFile(folder_ + "/xxe/xml-with-xxe.xml"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().external.find("root:"), std::string::npos);
}

// By ids that others make otherwise, and by fields that they take elsewhere, bundles cannot be compared as wholes: the person and the visit are.
TEST_F(Hl7Corpus, RegistrationsSayWhatAnotherConverterSays) {
  const auto definitions = fhir::Definitions::R4();
  MapScene scene;
  scene.sender = "urn:here";
  scene.id_of = [](std::string_view type, std::string_view) { return type == "Patient" ? "p" : "v"; };
  size_t compared = 0;
  for (const fs::path& file : Files()) {
    auto message = Message::Parse(BytesOfFile(file));
    if (!message.ok() || message->type() != "ADT") continue;
    auto mapped = Map::Adt().Apply(*message, scene);
    if (!mapped.ok()) {
      EXPECT_EQ(mapped.error().code, ErrorCode::kInvalid) << file;
      continue;
    }
    fhir::Document made[2];
    for (size_t i = 0; i < 2; ++i) {
      const MappedResource& resource = mapped->resources.at(i);
      std::string json = R"({"resourceType":")" + resource.type + "\"";
      for (const auto* part : {&resource.given, &resource.otherwise}) {
        for (const auto& [name, text] : *part) {
          if (!text.empty() && json.find("\"" + name + "\":") == std::string::npos)
            json += ",\"" + name + "\":" + text;
        }
      }
      made[i] = fhir::Document::Parse(json + "}").value();
      const Status valid = fhir::CheckValid(*definitions, made[i].Root());
      EXPECT_TRUE(valid.ok()) << file << ": " << (valid.ok() ? "" : valid.error().external) << json;
    }
    const fs::path expected = folder_ + "/ms-fhir-converter/Expected/ADT_" + message->event() + "/" +
                              file.stem().string() + "-expected.json";
    if (!fs::exists(expected)) continue;
    const auto bundle = fhir::Document::Parse(BytesOfFile(expected));
    ASSERT_TRUE(bundle.ok()) << expected;
    for (const fhir::Value entry : bundle->Root()["entry"]) {
      const fhir::Value theirs = entry["resource"];
      if (theirs["resourceType"].ToString() != "Patient" || !theirs["name"].present()) continue;
      const fhir::Value ours = made[0].Root();
      EXPECT_EQ(ours["birthDate"].ToString(), theirs["birthDate"].ToString().substr(0, 10)) << file;
      EXPECT_EQ(ours["name"].At(0)["family"].ToString(), theirs["name"].At(0)["family"].ToString()) << file;
      ++compared;
    }
  }
  EXPECT_GE(compared, 10U);
}

}  // namespace
}  // namespace tk::hl7v2
