// The index rebuilt in the background of a running engine: what it answers is what the incremental one and one read from nothing answer; the old one
// serves meanwhile; killed anywhere it is whole after the next start; the erased are in no file of it.
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "kernel/base/file.h"
#include "kernel/base/hash.h"
#include "kernel/base/random.h"
#include "kernel/search/entries.h"
#include "kernel/search/index.h"
#include "kernel/search/values.h"
#include "kernel/view/engine.h"
#include "kernel/view/entry_list.h"
#include "kernel/view/run_file.h"

namespace tk::search {
namespace {

namespace fs = std::filesystem;
using view::Engine;

constexpr Instant kNow = 1'795'000'000 * kSecondUs;

/// A place where the rebuilding thread stops until it is let go.
class Gate {
 public:
  /// Declared after the town that it stops: opens before the town ends, also when a test gives up.
  struct Opener {
    Gate& gate;
    ~Opener() { gate.Open(); }
  };
  void Close(std::string step) {
    const std::lock_guard lock(mutex_);
    step_ = std::move(step);
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    step_.clear();
    changed_.notify_all();
  }
  Status Pass(std::string_view step) {
    std::unique_lock lock(mutex_);
    if (step_ != step) return {};
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return step_ != step; });
    waiting_ = false;
    return {};
  }
  void AwaitSomebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string step_;
  bool waiting_ = false;
};

/// An engine with the index as the program has it, and a client's life.
class Town {
 public:
  explicit Town(std::string folder, std::function<Status(std::string_view)> probe = {},
                size_t replay_changes_max = 200'000,
                const std::shared_ptr<const fhir::Definitions>& definitions = fhir::Definitions::R4())
      : folder_(std::move(folder)) {
    view::EngineOptions options;
    options.folder = folder_;
    options.definitions = definitions;
    options.clock = &clock_;
    options.replay_changes_max = replay_changes_max;
    options.rebuild_piece_entries = 100;
    options.rebuild_retry_us = 100'000;
    options.rebuild_probe = std::move(probe);
    auto made =
        Engine::Create(options, [this, &definitions](const view::Directory& directory, const HashKey& key) {
          IndexOptions index;
          index.folder = folder_ + "/views/search";
          index.hash_key = key;
          index.file_entries_min = 64;  // so that merges write files here, too
          std::vector<std::unique_ptr<view::View>> views;
          views.push_back(Index::CreateRebuildable(definitions, index, &directory));
          return views;
        });
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    engine = std::move(made).value();
  }

  const Index& index() { return static_cast<Index&>(engine->view(0)); }
  view::ViewState state() const { return engine->view_states().at(1); }

  std::unique_ptr<view::ChangeSet> Put(const std::string& json, bool remove = false) {
    auto set = std::make_unique<view::ChangeSet>();
    set->basis = engine->Head();
    auto document = fhir::Document::Parse(json).value();
    const std::string type = document.Root()["resourceType"].ToString(),
                      id = document.Root()["id"].ToString();
    const uint64_t hash = engine->IdHash(type, id);
    const auto current = engine->directory().Current(hash, set->basis);
    if (remove && (current.ordinal == 0 || current.deleted)) return nullptr;
    view::Change change;
    const auto version = current.version + 1;
    change.now = remove
                     ? view::MakeTombstone(engine->definitions().FindType(type), id, version)
                     : view::MakeResource(engine->definitions(), std::move(document), version,
                                          version == 1 ? view::Operation::kCreate : view::Operation::kUpdate)
                           .value();
    if (current.ordinal != 0 && !current.deleted) {
      auto before = engine->Read(current.ordinal);
      if (!before.ok()) return nullptr;  // erased between the two
      change.before = std::move(before).value();
    }
    set->changes.push_back(change);
    set->guards.push_back({hash, current.version, {}, 0});
    return set;
  }
  view::Outcome Send(std::unique_ptr<view::ChangeSet> set) {
    Status prepared = engine->Prepare(set.get());
    if (!prepared.ok()) return {Result<view::Commit>(prepared.TakeError()), false};
    return Submit(std::move(set));
  }
  view::Outcome Submit(std::unique_ptr<view::ChangeSet> set) {
    std::promise<view::Outcome> promise;
    engine->Submit(std::move(set), [&](view::Outcome outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  /// Until it is no longer stale. False if the person is erased.
  bool Write(const std::string& json, bool remove = false, uint64_t key = 0) {
    for (;;) {
      auto set = Put(json, remove);
      if (set == nullptr) return false;
      set->key = key;
      const view::Outcome outcome = Send(std::move(set));
      if (!outcome.stale) return outcome.commit.ok();
    }
  }

  static std::string Patient(size_t n, size_t flavour) {
    return R"({"resourceType":"Patient","id":"p)" + std::to_string(n) + R"(","name":[{"family":"Family)" +
           std::to_string(flavour % 7) + R"(","given":["Erasable)" + std::to_string(n) +
           R"("]}],"gender":")" + (flavour % 2 == 0 ? "male" : "female") + R"(","birthDate":"19)" +
           std::to_string(50 + flavour % 50) + R"(-03-04"})";
  }
  static std::string Observation(size_t n, size_t person, size_t flavour) {
    return R"({"resourceType":"Observation","id":"o)" + std::to_string(n) +
           R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"c)" +
           std::to_string(flavour % 5) + R"("}]},"subject":{"reference":"Patient/p)" +
           std::to_string(person) + R"("},"effectiveDateTime":"2026-01-)" +
           std::to_string(10 + flavour % 20) + R"(","valueQuantity":{"value":)" +
           std::to_string(flavour % 11) + R"(,"system":"http://unitsofmeasure.org","code":"mmol/L"}})";
  }
  /// One random change. Persons from `first_person` on.
  void Step(SeededRandom* random, size_t first_person = 0) {
    const size_t person = first_person + random->Below(30), flavour = random->Below(1000);
    const uint64_t key = random->Below(10) == 0 ? engine->KeyOf(NewUuid()) : 0;
    const bool remove = random->Below(6) == 0;
    if (random->Below(3) == 0)
      Write(Patient(person, flavour), remove, key);
    else
      Write(Observation(first_person + random->Below(60), person, flavour), remove, key);
    if (key != 0) keys.push_back(key);
  }

  Result<Page> Ask(const std::string& type, const std::string& text, view::Position position = {},
                   const view::Scope& scope = {}) {
    PageRequest request;
    request.scope = scope;
    request.position = position.t == 0 ? engine->Head() : position;
    request.count = 1000;
    request.read = [this](Ordinal ordinal) { return engine->Read(ordinal); };
    const Query query =
        TRY(ParseQuery(index().definitions(), engine->definitions().FindType(type), text, {}));
    Page page = TRY(index().Search(query, request));
    page.total = TRY(index().Count(query, request));
    return page;
  }
  /// Everything that is asked, in one text.
  std::string Answers() {
    std::string out;
    const auto add = [&](const auto& numbers) {
      for (const auto number : numbers) out += std::to_string(number) + " ";
      out += "\n";
    };
    for (const auto& [type, text] :
         std::vector<std::pair<std::string, std::string>>{{"Patient", ""},
                                                          {"Patient", "gender=male"},
                                                          {"Patient", "name=family3"},
                                                          {"Patient", "given:contains=able1"},
                                                          {"Patient", "birthdate=ge1970-01-01&gender=female"},
                                                          {"Patient", "_sort=-birthdate"},
                                                          {"Patient", "gender:missing=false"},
                                                          {"Observation", ""},
                                                          {"Observation", "code=http://loinc.org|c2"},
                                                          {"Observation", "patient=Patient/p3"},
                                                          {"Observation", "patient=Patient/p5&code=c1"},
                                                          {"Observation", "date=ge2026-01-20"},
                                                          {"Observation", "value-quantity=gt5"},
                                                          {"Observation", "_sort=date"}}) {
      const auto page = Ask(type, text);
      out += type + "?" + text + ": ";
      if (!page.ok()) {
        out += page.error().ToString() + "\n";
        continue;
      }
      out += std::to_string(page->total.value_or(9999)) + " of ";
      add(page->ordinals);
    }
    for (size_t n = 0; n < 30; ++n) {
      const std::string id = "p" + std::to_string(n);
      add(index().Compartment(id, engine->Head()).value());
      add(index().ReferencesTo("Patient/" + id, engine->Head()).value());
    }
    for (const uint64_t key : keys) out += std::to_string(index().FindKey(key, engine->Head()).value()) + " ";
    return out;
  }

  bool AwaitServing() {
    for (int i = 0; i < 6000; ++i) {
      if (engine->ready() && state().kind == view::ViewState::Kind::kServing) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  std::vector<uint64_t> keys;

 private:
  std::string folder_;
  FixedClock clock_{kNow};

 public:
  std::unique_ptr<Engine> engine;
};

class RebuildTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("tk-rebuild-" + NewUuid());
    folder_ = root_ + "/data";
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(root_); }

  /// What an index says that is read from the log at a start, over a copy of the folder.
  std::string FromNothing(
      const std::vector<uint64_t>& keys,
      const std::shared_ptr<const fhir::Definitions>& definitions = fhir::Definitions::R4()) {
    const std::string copy = root_ + "/nothing";
    fs::copy(folder_, copy, fs::copy_options::recursive);
    fs::remove_all(copy + "/views");
    std::string answers;
    {
      Town town(copy, {}, 200'000, definitions);
      town.keys = keys;
      answers = town.Answers();
    }
    fs::remove_all(copy);
    return answers;
  }
  /// Does a file of the strings under `folder` hold this folded text of 9 to 16 bytes?
  static bool HoldsName(const std::string& folder, std::string_view text) {
    bool found = false;
    for (const auto& file : fs::directory_iterator(folder)) {
      if (!file.path().filename().string().starts_with("strings-")) continue;
      const auto map = view::MapRunFile(file.path(), sizeof(Entry32));
      EXPECT_TRUE(map.ok());
      const auto lists = view::ListsOf<Entry32>(*map, file.path());
      EXPECT_TRUE(lists.ok());
      for (const view::EntryList<Entry32>* list : {&lists->adds, &lists->antis}) {
        view::ListReader<Entry32> reader(*list);
        for (const Entry32 *first, *last; reader.Next(&first, &last);) {
          found = found || std::any_of(first, last, [&](const Entry32& e) {
                    return e.b == WordOf(text, 0) && e.c == WordOf(text, 8);
                  });
        }
      }
      view::UnmapRunFile(map->base, map->bytes);
    }
    return found;
  }
  /// The names of the generations' folders.
  std::set<std::string> Generations() {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ + "/views/search")) {
      if (entry.is_directory()) names.insert(entry.path().filename());
    }
    return names;
  }
  /// As a program of an older extraction would have left it.
  void MakeOutdated() {
    const std::string manifest = folder_ + "/views/search/" + *Generations().begin() + "/manifest";
    std::string text = ReadFile(manifest).value();
    const size_t at = text.find("number extraction ");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, text.find('\n', at) - at, "number extraction 0");
    text.resize(text.rfind("crc "));
    text +=
        "crc " + std::to_string(Crc32c({reinterpret_cast<const uint8_t*>(text.data()), text.size()})) + "\n";
    ASSERT_TRUE(WriteFileDurable(manifest, text).ok());
  }

  std::string root_, folder_;
};

TEST_F(RebuildTest, RebuiltBesideEqualsIncrementalEqualsFromNothing) {
  for (const uint64_t seed : {11u, 12u}) {
    fs::remove_all(folder_);
    std::string incremental, beside, reopened;
    std::vector<uint64_t> keys;
    {
      Gate gate;
      Town town(folder_, [&](std::string_view step) { return gate.Pass(step); });
      const Gate::Opener opener{gate};
      SeededRandom random(seed);
      for (int i = 0; i < 400; ++i) town.Step(&random);
      ASSERT_TRUE(town.engine->SaveViews().ok());
      gate.Close("piece");
      ASSERT_TRUE(town.engine->RequestRebuild("search", "test").ok());
      EXPECT_EQ(town.engine->RequestRebuild("search", "again").error().code, ErrorCode::kConflict);
      gate.AwaitSomebody();
      // What comes meanwhile: changes before and behind the place where the new one stands, and an erasure.
      for (int i = 0; i < 100; ++i) town.Step(&random);
      ASSERT_TRUE(town.engine->Erase("Patient/p" + std::to_string(seed)).ok());
      for (int i = 0; i < 60; ++i) town.Step(&random);
      std::atomic<bool> stop{false};
      std::thread writer([&] {
        SeededRandom own(seed + 100);
        while (!stop.load()) town.Step(&own, 40);
      });
      gate.Open();
      ASSERT_TRUE(town.AwaitServing());
      stop.store(true);
      writer.join();
      for (int i = 0; i < 30; ++i) town.Step(&random);
      beside = town.Answers();
      keys = town.keys;
    }
    EXPECT_EQ(beside.find("rror"), std::string::npos) << beside;
    EXPECT_EQ(beside, FromNothing(keys)) << seed;
    EXPECT_EQ(Generations(), std::set<std::string>{"2"});
    Town again(folder_);
    again.keys = keys;
    EXPECT_EQ(again.Answers(), beside);
  }
}

// A copy of the folder at every step is what a kill there would leave; nobody writes while it is copied.
TEST_F(RebuildTest, KilledAnywhereItIsWholeAfterTheNextStart) {
  std::vector<std::string> left;
  std::string before;
  std::vector<uint64_t> keys;
  {
    Town town(folder_, [&](std::string_view step) -> Status {
      left.push_back(root_ + "/left" + std::to_string(left.size()) + "-" + std::string(step));
      fs::copy(folder_, left.back(), fs::copy_options::recursive);
      return {};
    });
    SeededRandom random(21);
    for (int i = 0; i < 450; ++i) town.Step(&random);
    ASSERT_TRUE(town.engine->SaveViews().ok());
    for (int i = 0; i < 20; ++i) town.Step(&random);
    before = town.Answers();
    keys = town.keys;
    ASSERT_TRUE(town.engine->RequestRebuild("search", "test").ok());
    ASSERT_TRUE(town.AwaitServing());
    EXPECT_EQ(town.Answers(), before);
  }
  ASSERT_GE(left.size(), 6u);
  for (const std::string& folder : left) {
    Town town(folder);
    town.keys = keys;
    EXPECT_EQ(town.Answers(), before) << folder;
    ASSERT_TRUE(town.engine->SaveViews().ok());
    size_t generations = 0;
    for (const auto& entry : fs::directory_iterator(folder + "/views/search"))
      generations += entry.is_directory();
    EXPECT_EQ(generations, 1u) << folder;
  }
}

TEST_F(RebuildTest, AFailureBeginsAnewAndTheOldOneServes) {
  std::atomic<int> failures{0};
  Town town(folder_, [&](std::string_view step) -> Status {
    if (step == "switch" && failures.fetch_add(1) == 0)
      return MakeError(ErrorCode::kUnavailable, "the disk is full");
    return {};
  });
  SeededRandom random(5);
  for (int i = 0; i < 200; ++i) town.Step(&random);
  const std::string before = town.Answers();
  ASSERT_TRUE(town.engine->RequestRebuild("search", "test").ok());
  while (failures.load() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(town.Answers(), before);
  while (town.state().failure.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(town.state().kind, view::ViewState::Kind::kRebuilding);
  EXPECT_NE(town.state().failure.find("disk is full"), std::string::npos);
  ASSERT_TRUE(town.AwaitServing());
  EXPECT_EQ(town.state().failure, "");
  EXPECT_EQ(town.Answers(), before);
}

TEST_F(RebuildTest, AnOutdatedOneServesUntilTheNewOneIsWhole) {
  std::string before;
  {
    Town town(folder_);
    SeededRandom random(31);
    for (int i = 0; i < 300; ++i) town.Step(&random);
    before = town.Answers();
  }
  MakeOutdated();
  Gate gate;
  gate.Close("piece");
  Town town(
      folder_, [&](std::string_view step) { return gate.Pass(step); }, 10);
  const Gate::Opener opener{gate};
  gate.AwaitSomebody();
  EXPECT_TRUE(town.engine->ready());
  const view::ViewState state = town.state();
  EXPECT_EQ(state.kind, view::ViewState::Kind::kRebuilding);
  EXPECT_EQ(state.t_wanted, town.engine->Head().t);
  EXPECT_GT(state.entries_wanted, state.entries);
  EXPECT_EQ(Generations().size(), 2u);
  EXPECT_EQ(town.Ask("Patient", "gender=male")->total, town.Ask("Patient", "gender=male")->ordinals.size());
  // What that extraction did not say yet is not answered wrongly: not to a search, not to a condition.
  for (const auto& [type, text] : std::vector<std::pair<std::string, std::string>>{
           {"Patient", "identifier=http://s|"},
           {"Observation", "value-quantity=gt5"},
           {"Observation", "subject:Patient.identifier=http://s|"},
           {"Observation", "_sort=value-quantity"}}) {
    const auto answer = town.Ask(type, text);
    ASSERT_FALSE(answer.ok()) << type << "?" << text;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(answer.error().external.find("% are done"), std::string::npos) << answer.error().external;
  }
  const view::Position position = town.engine->Head();
  const auto males = town.Ask("Patient", "gender=male");
  ASSERT_TRUE(males.ok());
  gate.Open();
  ASSERT_TRUE(town.AwaitServing());
  EXPECT_EQ(Generations(), std::set<std::string>{"2"});
  EXPECT_TRUE(town.Ask("Patient", "identifier=http://s|").ok());
  EXPECT_GT(town.Ask("Observation", "value-quantity=gt5")->total, 0u);
  SeededRandom random(32);
  for (int i = 0; i < 100; ++i) town.Step(&random);
  // Who pages on at his position sees what he saw.
  EXPECT_EQ(town.Ask("Patient", "gender=male", position)->ordinals, males->ordinals);
}

TEST_F(RebuildTest, WhileNothingServesTheRestGoesOnAndIsTold) {
  std::string before;
  {
    Town town(folder_);
    SeededRandom random(41);
    for (int i = 0; i < 300; ++i) town.Step(&random);
    town.Write(Town::Patient(0, 4));
    before = town.Answers();
  }
  for (const auto& file : fs::recursive_directory_iterator(folder_ + "/views/search")) {
    if (file.path().extension() != ".run") continue;
    std::string bytes = ReadFile(file.path(), size_t{1} << 30).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
    ASSERT_TRUE(WriteFileDurable(file.path(), bytes).ok());
  }
  Gate gate;
  gate.Close("piece");
  Town town(
      folder_, [&](std::string_view step) { return gate.Pass(step); }, 10);
  const Gate::Opener opener{gate};
  gate.AwaitSomebody();
  EXPECT_TRUE(town.engine->serving());
  EXPECT_FALSE(town.engine->ready());
  EXPECT_EQ(town.state().kind, view::ViewState::Kind::kBuilding);
  const auto refused = town.Ask("Patient", "gender=male");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().external.find(" % are done"), std::string::npos) << refused.error().external;
  EXPECT_EQ(town.index().FindKey(1, town.engine->Head()).error().code, ErrorCode::kUnavailable);
  const auto current =
      town.engine->directory().Current(town.engine->IdHash("Patient", "p0"), town.engine->Head());
  EXPECT_TRUE(town.engine->Read(current.ordinal).ok());
  EXPECT_TRUE(town.Write(Town::Patient(0, 5)));
  EXPECT_TRUE(town.Write(Town::Patient(99, 5)));
  gate.Open();
  ASSERT_TRUE(town.AwaitServing());
  EXPECT_EQ(town.Ask("Patient", "given=erasable99")->ordinals.size(), 1u);
  EXPECT_EQ(town.Answers(), FromNothing({}));
}

TEST_F(RebuildTest, WhatTheFormerViewPreparedIsHandedBack) {
  Town town(folder_);
  SeededRandom random(51);
  for (int i = 0; i < 50; ++i) town.Step(&random);
  auto set = town.Put(Town::Patient(70, 1));
  ASSERT_TRUE(town.engine->Prepare(set.get()).ok());
  ASSERT_TRUE(town.engine->RequestRebuild("search", "test").ok());
  ASSERT_TRUE(town.AwaitServing());
  EXPECT_TRUE(town.Submit(std::move(set)).stale);
  EXPECT_TRUE(town.Write(Town::Patient(70, 1)));
  EXPECT_EQ(town.Ask("Patient", "given=erasable70")->ordinals.size(), 1u);
  EXPECT_EQ(town.engine->RequestRebuild("nothing", "").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(town.engine->RequestRebuild("directory", "").error().code, ErrorCode::kUnsupported);
}

TEST_F(RebuildTest, AFileAsksForItToo) {
  Town town(folder_);
  SeededRandom random(52);
  for (int i = 0; i < 50; ++i) town.Step(&random);
  ASSERT_TRUE(town.engine->SaveViews().ok());
  ASSERT_EQ(Generations(), std::set<std::string>{"1"});
  ASSERT_TRUE(WriteFileDurable(view::RebuildRequestFile(folder_, "search"), "asked\n").ok());
  ASSERT_TRUE(town.engine->Maintain().ok());
  EXPECT_FALSE(FileExists(view::RebuildRequestFile(folder_, "search")));
  for (int i = 0; i < 6000 && Generations() != std::set<std::string>{"2"}; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(Generations(), std::set<std::string>{"2"});
}

TEST_F(RebuildTest, WhoIsErasedMeanwhileIsInNoFileOfTheNewOne) {
  Gate gate;
  Town town(folder_, [&](std::string_view step) { return gate.Pass(step); });
  const Gate::Opener opener{gate};
  // The strings family holds folded names as they are; so many that the new generation has files before it serves.
  for (size_t i = 0; i < 620; ++i) {
    std::string names = R"("given":["Erasable)" + std::to_string(i % 100) + "\"";
    for (int more = 0; more < 15; ++more) names += R"(,"Other)" + std::to_string(more) + "\"";
    ASSERT_TRUE(town.Write(R"({"resourceType":"Patient","id":"p)" + std::to_string(i % 100) +
                           R"(","gender":"male","name":[{)" + names + "]}]}"));
  }
  gate.Close("switch");
  ASSERT_TRUE(town.engine->RequestRebuild("search", "test").ok());
  gate.AwaitSomebody();
  ASSERT_TRUE(HoldsName(folder_ + "/views/search/2", "erasable17"));
  ASSERT_TRUE(town.engine->Erase("Patient/p17").ok());
  EXPECT_FALSE(HoldsName(folder_ + "/views/search/2", "erasable17"));
  EXPECT_FALSE(HoldsName(folder_ + "/views/search/1", "erasable17"));
  EXPECT_TRUE(HoldsName(folder_ + "/views/search/2", "erasable18"));
  gate.Open();
  ASSERT_TRUE(town.AwaitServing());
  EXPECT_EQ(town.Ask("Patient", "given=erasable17")->ordinals.size(), 0u);
  EXPECT_EQ(town.Ask("Patient", "given=erasable18")->ordinals.size(), 1u);
  EXPECT_EQ(town.Ask("Patient", "gender=male")->total, town.Ask("Patient", "gender=male")->ordinals.size());
  ASSERT_TRUE(town.engine->SaveViews().ok());
  EXPECT_FALSE(HoldsName(folder_ + "/views/search/2", "erasable17"));
  EXPECT_TRUE(HoldsName(folder_ + "/views/search/2", "erasable18"));
}

// What is kept of counts in an area goes by the runs' windows; an erasure seals where nothing came since.
TEST_F(RebuildTest, CountsInAnAreaAreRightAfterErasuresNearTheEnd) {
  Gate gate;
  Town town(folder_, [&](std::string_view step) { return gate.Pass(step); });
  const Gate::Opener opener{gate};
  const auto write = [&](size_t i) {
    std::string names = R"("given":["Given)" + std::to_string(i) + "\"";
    for (int more = 0; more < 15; ++more) names += R"(,"Other)" + std::to_string(more) + "\"";
    return town.Write(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) +
                      R"(","meta":{"tag":[{"system":")" + std::string(view::kAreaSystem) + R"(","code":")" +
                      (i % 3 == 0 ? "380101" : "380102") + R"("}]},"gender":"male","name":[{)" + names +
                      "]}]}");
  };
  for (size_t i = 0; i < 620; ++i) ASSERT_TRUE(write(i));
  const auto area = view::AreaRange("380102").value();
  const view::Scope scope{false, area.first, area.second, 0};
  const auto expect_counts = [&](size_t wanted) {
    for (int again = 0; again < 3; ++again) {
      const auto page = town.Ask("Patient", "gender=male", {}, scope);
      ASSERT_TRUE(page.ok());
      EXPECT_EQ(page->ordinals.size(), wanted);
      EXPECT_EQ(page->total, wanted);
    }
  };
  expect_counts(413);
  gate.Close("switch");
  ASSERT_TRUE(town.engine->RequestRebuild("search", "test").ok());
  gate.AwaitSomebody();
  for (const char* id : {"Patient/p17", "Patient/p18", "Patient/p19"})
    ASSERT_TRUE(town.engine->Erase(id).ok());
  gate.Open();
  ASSERT_TRUE(town.AwaitServing());
  expect_counts(411);
  ASSERT_TRUE(town.engine->SaveViews().ok());
  for (size_t i = 700; i < 790; ++i) ASSERT_TRUE(write(i));
  expect_counts(471);
  ASSERT_TRUE(town.engine->Erase("Patient/p20").ok());
  expect_counts(470);
}

// A start that brings new search parameters and a new type. The old index goes on with what it knows.
TEST_F(RebuildTest, NewParametersAreBuiltBesideAndNeverAnsweredWrong) {
  std::vector<uint64_t> keys;
  {
    Town town(folder_);
    SeededRandom random(61);
    for (int i = 0; i < 300; ++i) town.Step(&random);
    keys = town.keys;
  }
  const auto parameter = [](const char* code, const char* base, const char* type, const char* expression) {
    return std::string(
               R"({"resourceType":"SearchParameter","status":"active","name":"x","description":"x","url":"http://x/)") +
           base + "-" + code + R"(","code":")" + code + R"(","base":[")" + base + R"("],"type":")" + type +
           R"(","expression":")" + expression + "\"}";
  };
  const auto extended = fhir::Definitions::Extend(
      fhir::Definitions::R4(),
      {parameter("born", "Patient", "date", "Patient.birthDate"),
       parameter("amount", "Observation", "number", "Observation.value.ofType(Quantity).value"),
       R"({"resourceType":"StructureDefinition","url":"http://x/Thing","name":"Thing","status":"active","fhirVersion":"4.0.1","kind":"resource","abstract":false,"type":"Thing","baseDefinition":"http://hl7.org/fhir/StructureDefinition/DomainResource","derivation":"specialization","differential":{"element":[{"id":"Thing","path":"Thing","min":0,"max":"*"},{"id":"Thing.name","path":"Thing.name","min":0,"max":"1","type":[{"code":"string"}]}]}})",
       parameter("name", "Thing", "string", "Thing.name")});
  ASSERT_TRUE(extended.ok()) << extended.error().ToString();
  Gate gate;
  gate.Close("piece");
  Town town(
      folder_, [&](std::string_view step) { return gate.Pass(step); }, 10, *extended);
  const Gate::Opener opener{gate};
  town.keys = keys;
  gate.AwaitSomebody();
  EXPECT_TRUE(town.engine->ready());
  EXPECT_EQ(town.state().kind, view::ViewState::Kind::kRebuilding);
  EXPECT_EQ(town.Answers(), FromNothing(keys));
  for (const auto& [type, text] :
       std::vector<std::pair<std::string, std::string>>{{"Patient", "born=ge1970"},
                                                        {"Patient", "gender=male&born:missing=true"},
                                                        {"Patient", "_sort=born"},
                                                        {"Observation", "amount=gt5"},
                                                        {"Thing", ""},
                                                        {"Thing", "name=x"}}) {
    const auto answer = town.Ask(type, text);
    ASSERT_FALSE(answer.ok()) << type << "?" << text;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(answer.error().external.find("% are done"), std::string::npos) << answer.error().external;
  }
  SeededRandom random(62);
  for (int i = 0; i < 100; ++i) town.Step(&random);
  EXPECT_EQ(town.Answers(), FromNothing(town.keys));
  EXPECT_TRUE(town.Write(R"({"resourceType":"Thing","id":"t","name":"Lamp"})"));
  // Saved now, it is still what it is: killed here, the next start does not take it for a new one.
  EXPECT_TRUE(town.engine->SaveViews().ok());
  const std::string left = root_ + "/left";
  fs::copy(folder_, left, fs::copy_options::recursive);
  {
    Town again(left, {}, 200'000, *extended);
    again.keys = town.keys;
    EXPECT_EQ(again.Answers(), FromNothing(town.keys, *extended));
    EXPECT_EQ(again.Ask("Thing", "name=lamp")->ordinals.size(), 1u);
  }
  gate.Open();
  ASSERT_TRUE(town.AwaitServing());
  EXPECT_EQ(town.Ask("Patient", "born=ge1970")->ordinals, town.Ask("Patient", "birthdate=ge1970")->ordinals);
  EXPECT_GT(town.Ask("Patient", "born=ge1970")->ordinals.size(), 0u);
  EXPECT_GT(town.Ask("Observation", "amount=gt5")->ordinals.size(), 0u);
  EXPECT_EQ(town.Ask("Thing", "name=lamp")->ordinals.size(), 1u);
  EXPECT_EQ(town.Answers(), FromNothing(town.keys, *extended));
}

/// A parameter as somebody stores it while the program runs.
std::string Stored(const std::string& id, const std::string& expression,
                   const std::string& status = "active") {
  return R"({"resourceType":"SearchParameter","id":")" + id + R"(","url":"http://town/)" + id +
         R"(","name":"x","description":"x","status":")" + status + R"(","code":")" + id +
         R"(","base":["Patient"],"type":"date","expression":")" + expression + "\"}";
}

TEST_F(RebuildTest, StoredParametersAreBuiltWhileItRunsAndSurviveARestart) {
  std::vector<Ordinal> born;
  {
    Gate gate;
    Town town(folder_, [&](std::string_view step) { return gate.Pass(step); });
    const Gate::Opener opener{gate};
    SeededRandom random(71);
    for (int i = 0; i < 200; ++i) town.Step(&random);
    EXPECT_EQ(town.Ask("Patient", "born=ge1970").error().code, ErrorCode::kIncorrect);
    gate.Close("piece");
    ASSERT_TRUE(town.Write(Stored("draft", "Patient.birthDate", "draft")));
    ASSERT_TRUE(town.Write(Stored("broken", "Patient.birthDate.nonsense(")));
    ASSERT_TRUE(town.Write(Stored("birthdate", "Patient.birthDate"))) << "a code that Patient has already";
    ASSERT_TRUE(town.Write(Stored("born", "Patient.birthDate")));
    // Being built: refused, and nothing else is.
    const auto early = town.Ask("Patient", "born=ge1970");
    ASSERT_FALSE(early.ok());
    EXPECT_EQ(early.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(early.error().external.find("% are done"), std::string::npos) << early.error().external;
    EXPECT_TRUE(town.Ask("Patient", "birthdate=ge1970").ok());
    EXPECT_EQ(town.Ask("Patient", "broken=ge1970").error().code, ErrorCode::kIncorrect);
    EXPECT_EQ(town.Ask("Patient", "draft=ge1970").error().code, ErrorCode::kIncorrect);
    gate.AwaitSomebody();
    for (int i = 0; i < 50; ++i) town.Step(&random);
    gate.Open();
    ASSERT_TRUE(town.AwaitServing());
    const auto found = town.Ask("Patient", "born=ge1970");
    ASSERT_TRUE(found.ok()) << found.error().ToString();
    EXPECT_EQ(found->ordinals, town.Ask("Patient", "birthdate=ge1970")->ordinals);
    EXPECT_GT(found->ordinals.size(), 0u);
    born = found->ordinals;
    EXPECT_EQ(town.Answers(), FromNothing(town.keys));
  }
  {
    Town town(folder_);
    const auto found = town.Ask("Patient", "born=ge1970");
    ASSERT_TRUE(found.ok()) << found.error().ToString();
    EXPECT_EQ(found->ordinals, born);
    EXPECT_EQ(town.state().kind, view::ViewState::Kind::kServing);
    // Another beside it, then the first is deleted.
    ASSERT_TRUE(town.Write(Stored("birthday", "Patient.birthDate")));
    for (int i = 0; i < 600 && !town.Ask("Patient", "birthday=ge1970").ok(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(town.Ask("Patient", "birthday=ge1970&born=ge1970")->ordinals, born);
    ASSERT_TRUE(town.Write(Stored("born", "Patient.birthDate"), true));
    EXPECT_EQ(town.Ask("Patient", "born=ge1970").error().code, ErrorCode::kIncorrect);
    EXPECT_EQ(town.Ask("Patient", "birthday=ge1970")->ordinals, born);
  }
  // Killed before anything was saved of it: the log says it again.
  fs::remove_all(folder_ + "/views");
  Town town(folder_);
  for (int i = 0; i < 600 && !town.Ask("Patient", "birthday=ge1970").ok(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(town.Ask("Patient", "birthday=ge1970")->ordinals, born);
}

}  // namespace
}  // namespace tk::search
