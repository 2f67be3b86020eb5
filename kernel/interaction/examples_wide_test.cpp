// Every official R4 example is stored by PUT and read back the same, meta apart.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "kernel/fhir/validate.h"
#include "kernel/interaction/interaction_test_harness.h"

namespace tk::interaction {
namespace {

// Those of kBadExamples in kernel/fhir/examples_wide_test.cpp, and Bundle-dataelements, too large for that test (bdl-7: a fullUrl twice).
constexpr size_t kBrokenMax = 23;
constexpr size_t kAgainstProfileMax = 1;  // Bundle/valueset-expansions: an extension where it must not stand

class Examples : public InteractionTest {
 protected:
  struct Example {
    std::string name, type, id;
    fhir::Document document;
    std::future<Response> answer;
  };

  static std::vector<Example> Load(const std::filesystem::path& folder) {
    std::vector<Example> examples;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".json") continue;
      std::ifstream stream(file.path());
      std::stringstream text;
      text << stream.rdbuf();
      auto document = fhir::Document::Parse(text.str());
      if (!document.ok()) continue;
      Example example{file.path().filename(), {}, {}, std::move(document).value(), {}};
      example.type = example.document.Root()["resourceType"].ToString();
      example.id = example.document.Root()["id"].ToString();
      if (!example.type.empty() && !example.id.empty()) examples.push_back(std::move(example));
    }
    std::sort(examples.begin(), examples.end(),
              [](const Example& a, const Example& b) { return a.name < b.name; });
    return examples;
  }

  /// Many in flight, so that they share commits.
  void PutAll(std::vector<Example>* examples) const {
    constexpr size_t kInFlight = 200;
    for (size_t i = 0; i < examples->size(); ++i) {
      if (i >= kInFlight) (*examples)[i - kInFlight].answer.wait();
      Example& example = (*examples)[i];
      auto promise = std::make_shared<std::promise<Response>>();
      example.answer = promise->get_future();
      interactions_->Handle(
          Make(Method::kPut, example.type + "/" + example.id, std::string(example.document.Text())),
          [promise](Response response) { promise->set_value(std::move(response)); });
    }
  }

  /// The first member that differs; "" if none but meta does.
  static std::string Difference(fhir::Value a, fhir::Value b) {
    if (a.size() + (a["meta"] ? 0 : 1) != b.size()) return "number of members";
    for (const fhir::Value member : a) {
      const std::string_view name = member.name_text();
      if (name != "meta" && b[name].Json() != member.Json()) return std::string(name);
    }
    return {};
  }
};

TEST_F(Examples, ArePutAndReadBackTheSame) {
  std::vector<Example> examples = Load(TK_NPM_DIR "/hl7.fhir.r4.examples");
  ASSERT_GT(examples.size(), 4000u);
  PutAll(&examples);
  size_t stored = 0, refused = 0, against_profile = 0;
  for (Example& example : examples) {
    const Response written = example.answer.get();
    if (written.status == 422 ||
        written.status == 400) {  // a few official examples break the specification: fhir's tests name each
      const bool is_broken = !fhir::Validate(*fhir::Definitions::R4(), example.document.Root()).empty();
      // The examples bring profiles and questionnaires, which hold for the others from the moment they are stored.
      const bool is_against_profile =
          written.body.find("too-costly") == std::string::npos &&
          (written.body.find("(profile ") != std::string::npos || example.type == "QuestionnaireResponse");
      EXPECT_TRUE(is_broken || is_against_profile) << example.name << written.body.substr(0, 600);
      ++(is_broken ? refused : against_profile);
      continue;
    }
    ASSERT_TRUE(written.status == 201 || written.status == 200)
        << example.name << " " << written.status << " " << written.body.substr(0, 600);
    // Some files carry the same type and id: then the later one stands.
    const Response read =
        Get(example.type + "/" + example.id + "/_history/" + written.etag.substr(3, written.etag.size() - 4));
    ASSERT_EQ(read.status, 200) << example.name;
    const fhir::Document back = Parsed(read);
    EXPECT_EQ(Difference(example.document.Root(), back.Root()), "") << example.name;
    ++stored;
  }
  EXPECT_EQ(stored + refused + against_profile, examples.size());
  EXPECT_LE(refused, kBrokenMax);
  EXPECT_LE(against_profile, kAgainstProfileMax);
}

}  // namespace
}  // namespace tk::interaction
