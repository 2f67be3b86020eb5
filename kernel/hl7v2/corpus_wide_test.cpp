// Messages of other people's test sets: each is read as it stands, and what the map makes of registrations is valid and says what another converter says.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

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

std::string JsonOf(const MappedResource& resource) {
  std::string json = R"({"resourceType":")" + resource.type + R"(","id":")" + resource.id + "\"";
  std::set<std::string> names;
  for (const auto* part : {&resource.given, &resource.otherwise}) {
    for (const auto& [name, text] : *part) {
      if (!text.empty() && names.insert(name).second) json += ",\"" + name + "\":" + text;
    }
  }
  return json + "}";
}

/// What an Observation says, as far as converters agree on where it stands: "code = value [status]".
std::string SaidBy(fhir::Value observation) {
  const auto code_of = [](fhir::Value concept_) {
    const fhir::Value coding = concept_["coding"].At(0);
    return coding["code"].present() ? coding["code"].ToString() : concept_["text"].ToString();
  };
  std::string value = observation["valueString"].ToString() + observation["valueDateTime"].ToString();
  if (observation["valueQuantity"].present())
    value = std::to_string(
        std::strtod(std::string(observation["valueQuantity"]["value"].Number()).c_str(), nullptr));
  if (observation["valueCodeableConcept"].present()) value = code_of(observation["valueCodeableConcept"]);
  return code_of(observation["code"]) + " = " + value + " [" + observation["status"].ToString() + "]";
}

/// What another converter made of the file's Observations; none where there is no such bundle, or where it was made the other way and has more than the message.
std::vector<std::string> SaidByAnother(const fs::path& file) {
  fs::path expected = file;
  expected.replace_extension(".fhir");
  if (file.parent_path().filename() == "FHIR_to_HL7" || !fs::exists(expected)) return {};
  const auto bundle = fhir::Document::Parse(BytesOfFile(expected));
  EXPECT_TRUE(bundle.ok()) << expected;
  std::vector<std::string> out;
  for (const fhir::Value entry : bundle->Root()["entry"]) {
    if (entry["resource"]["resourceType"].ToString() == "Observation")
      out.push_back(SaidBy(entry["resource"]));
  }
  return out;
}

TEST_F(Hl7Corpus, ResultsAreValidAndSayWhatAnotherConverterSays) {
  const auto definitions = fhir::Definitions::R4();
  MapScene scene;
  scene.sender = "urn:here";
  scene.id_of = [](std::string_view, std::string_view key) {
    return fmt::format("{:016x}", std::hash<std::string_view>{}(key));
  };
  size_t messages = 0, compared = 0;
  std::vector<std::string> others;
  for (const fs::path& file : Files()) {
    auto message = Message::Parse(BytesOfFile(file));
    if (!message.ok() || message->type() != "ORU") continue;
    auto mapped = Map::For(*message).Apply(*message, scene);
    if (!mapped.ok()) {
      EXPECT_EQ(mapped.error().code, ErrorCode::kInvalid) << file;
      continue;
    }
    ++messages;
    std::vector<std::string> ours;
    for (const MappedResource& resource : mapped->resources) {
      const auto document = fhir::Document::Parse(JsonOf(resource));
      ASSERT_TRUE(document.ok()) << file << JsonOf(resource);
      const Status valid = fhir::CheckValid(*definitions, document->Root());
      EXPECT_TRUE(valid.ok()) << file << ": " << (valid.ok() ? "" : valid.error().external);
      if (resource.type == "Observation") ours.push_back(SaidBy(document->Root()));
    }
    for (const std::string& said : SaidByAnother(file)) {
      ++compared;
      if (std::find(ours.begin(), ours.end(), said) == ours.end())
        others.push_back(file.filename().string() + ": " + said);
    }
  }
  EXPECT_GE(messages, 100U);
  EXPECT_GE(compared, 170U);
  // What they make otherwise: an Observation without anything, an age taken out, and two texts whose escapes they leave as they are.
  EXPECT_LE(others.size(), 4U) << fmt::format("{}", fmt::join(others, "\n"));
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
    for (size_t i = 0; i < mapped->resources.size(); ++i) {
      const std::string json = JsonOf(mapped->resources.at(i));
      made[i] = fhir::Document::Parse(json).value();
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
