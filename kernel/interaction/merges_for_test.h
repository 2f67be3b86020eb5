// Merges over the interactions, as their tests ask for them, also many thousands at random with what must hold after each.
#pragma once

#include <map>

#include "kernel/base/random.h"
#include "kernel/interaction/persons_for_test.h"

namespace tk::interaction {

/// What is asked of merges, and many of them at random.
class MergeTest : public PersonsTest {
 protected:
  static std::string Sides(std::string_view source, std::string_view target, std::string_view more = {}) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"source-patient","valueReference":{"reference":"Patient/)" +
           std::string(source) + R"("}},{"name":"target-patient","valueReference":{"reference":"Patient/)" +
           std::string(target) + R"("}})" + std::string(more) + "]}";
  }
  int Merge(std::string_view source, std::string_view target) const {
    return Post("Patient/$merge", Sides(source, target)).status;
  }
  int Unmerge(std::string_view source, std::string_view target) const {
    return Post("Patient/$unmerge", Sides(source, target)).status;
  }
  /// Links are the last that a test's Patient has.
  static std::string WithoutLinks(const std::string& text) {
    const size_t link = text.find(R"(,"link":)");
    return link == std::string::npos ? text : text.substr(0, link) + "}";
  }
  /// As it is stored, without what the server sets.
  std::string Stored(const std::string& id) const {
    const auto version = engine_->directory().Current(engine_->IdHash("Patient", id), engine_->Head());
    return std::string(engine_->Read(version.ordinal).value()->document.Text());
  }

  struct Asked {
    uint64_t seed = 1;
    int steps = 0;
    uint64_t patients = 0;
    int rebuilt_every = 0;  // steps; 0: only at the end, from the log
  };
  /// Merges, unmerges and edits. Each unmerge gives back the source as it was; one that follows its merge at once gives back everything of both
  /// persons, golden and stored. In the end, and on the way, what is rebuilt is what is there.
  void AtRandom(const Asked& asked) {
    SeededRandom random(asked.seed);
    persons_ = asked.patients / 3;  // some of each are joined by the machine
    std::map<std::string, std::pair<std::string, std::string>>
        merged;  // source → target, source's text before
    for (uint64_t i = 0; i < asked.patients; ++i) PutPatient(AnyPatient(i, &random));
    for (int step = 0; step < asked.steps; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      const uint64_t x = random.Below(asked.patients), y = random.Below(asked.patients);
      const std::string source = IdAt(x), target = IdAt(y);
      switch (random.Below(6)) {
        case 0:
        case 1: {
          const std::string before = Stored(source);
          const int status = Merge(source, target);
          ASSERT_TRUE(status == 200 || status == 409 || status == 400) << status;
          if (status == 200) merged[source] = {target, before};
          merges_ += status == 200;
          break;
        }
        case 2:
        case 3:
          UnmergeAny(&random, &merged);
          break;
        case 4:
          MergeAndBack(source, target);
          break;
        default:
          if (!merged.contains(source) && std::none_of(merged.begin(), merged.end(), [&](const auto& m) {
                return m.second.first == source;
              }))
            PutPatient(AnyPatient(x, &random));
      }
      if (HasFatalFailure()) return;
      if (asked.rebuilt_every != 0 && step % asked.rebuilt_every == asked.rebuilt_every - 1)
        RebuildBeside(asked);
    }
    const std::string before = Golden(asked.patients);
    Close();
    std::filesystem::remove_all(folder_ / "views" / "person");
    Open();
    EXPECT_EQ(Golden(asked.patients), before);
    EXPECT_GT(merges_, asked.steps / 10) << "most merges were refused";
  }

 private:
  static std::string IdAt(uint64_t i) { return "p" + std::to_string(i); }
  TestPatient AnyPatient(uint64_t i, SeededRandom* random) const {
    return {.id = IdAt(i),
            .name = random->Below(2) == 0 ? "王晓芳" : "王小芳",
            .resident_id = ResidentIdOf("19800102", static_cast<int>(21 + 2 * (i % persons_))),
            .phone = "1990000010" + std::to_string(random->Below(4))};
  }
  std::string GoldenOf(const std::string& id) const {
    const Response golden = Get("Patient/" + id + "/$person");
    EXPECT_EQ(golden.status, 200) << golden.body;
    return golden.body;
  }
  std::string Golden(uint64_t patients) const {
    std::string all;
    for (uint64_t i = 0; i < patients; ++i) all += GoldenOf(IdAt(i)) + "\n";
    return all;
  }
  void UnmergeAny(SeededRandom* random,
                  std::map<std::string, std::pair<std::string, std::string>>* merged) const {
    if (merged->empty()) return;
    const auto at = std::next(merged->begin(), static_cast<ptrdiff_t>(random->Below(merged->size())));
    const int status = Unmerge(at->first, at->second.first);
    if (status == 409) return;  // other decisions join them too
    ASSERT_EQ(status, 200);
    // Whom he replaces himself may have been taken from him meanwhile.
    EXPECT_EQ(WithoutLinks(Stored(at->first)), WithoutLinks(at->second.second));
    EXPECT_EQ(Stored(at->first).find("replaced-by"), std::string::npos);
    merged->erase(at);
  }
  void MergeAndBack(const std::string& source, const std::string& target) {
    const auto all = [&] { return Stored(source) + Stored(target) + GoldenOf(source) + GoldenOf(target); };
    if (RecordsOf(source) == RecordsOf(target)) return;  // one person already: other decisions join them too
    const std::string before = all();
    if (Merge(source, target) != 200) return;
    ++merges_;
    ASSERT_EQ(Unmerge(source, target), 200);
    const std::string after = all();
    EXPECT_TRUE(after == before) << before.substr(0, 1500) << "\n" << after.substr(0, 1500);
  }
  void RebuildBeside(const Asked& asked) {
    const std::string before = Golden(asked.patients);
    ASSERT_TRUE(engine_->RequestRebuild("person", "a test").ok());
    const auto is_rebuilt = [&] {
      for (const view::ViewState& state : engine_->view_states()) {
        if (state.name == "person") return state.kind == view::ViewState::Kind::kServing;
      }
      return false;
    };
    for (int tries = 0; tries < 3000 && !is_rebuilt(); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_TRUE(is_rebuilt());
    EXPECT_EQ(Golden(asked.patients), before);
  }

  uint64_t persons_ = 1;
  int merges_ = 0;
};

}  // namespace tk::interaction
