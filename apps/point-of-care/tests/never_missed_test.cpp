// The law of the watch-list over all interleavings: at every position of the log, each visit of a listed person that is going on has its alert.
// Threads list, register, join and part the same few persons at the same time; then the log is folded, change by change.
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "apps/point-of-care/tests/world.h"
#include "kernel/interaction/due_alerts.h"

namespace tk::point_of_care {
namespace {

class NeverMissedTest : public WatchWorld {
 protected:
  static constexpr int kPersons = 6;
  static std::string Person(uint64_t i) { return "n" + std::to_string(i); }

  void OneThread(uint64_t seed, int steps) const {
    SeededRandom random(seed);
    for (int i = 0; i < steps; ++i) {
      const std::string x = Person(random.Below(kPersons)), y = Person(random.Below(kPersons));
      switch (random.Below(8)) {
        case 0:
        case 1:
          Listed(fmt::format("e{}-{}", seed, i), x);
          break;
        case 2:
          Listed(fmt::format("e{}-{}", seed, random.Below(static_cast<uint64_t>(i) + 1)), x, {}, "ended");
          break;
        case 3:
          (void)Post("Patient/$link", Pair(x, y));
          break;
        case 4:
          (void)Post("Patient/$not-same", Pair(x, y));
          break;
        default:
          EXPECT_EQ(Register(x, random.Below(4) == 0 ? "planned" : "arrived").status, 201);
      }
    }
  }

  /// The state as the log tells it, without any view.
  struct Told {
    std::map<std::string, std::string> entries, visits;  // that stand → Patient
    std::map<std::string, std::pair<std::string, std::string>> joins;
    std::set<std::pair<std::string, std::string>> alerts;  // entry, visit

    void Take(const fhir::Definitions& definitions, const view::Resource& now) {
      const std::string name = fmt::format("{}/{}", definitions.Type(now.type).name, now.id);
      const fhir::Value root = now.document.Root();
      const std::string subject = root["subject"]["reference"].ToString();
      const std::string status = root["status"].ToString();
      if (name.starts_with("WatchEntry/")) {
        entries.erase(name);
        if (status == "active") entries[name] = subject;
      } else if (name.starts_with("Encounter/")) {
        visits.erase(name);
        if (status == "arrived") visits[name] = subject;
      } else if (name.starts_with("Linkage/")) {
        joins.erase(name);
        if (root["active"].IsTrue())
          joins[name] = {root["item"].At(0)["resource"]["reference"].ToString(),
                         root["item"].At(1)["resource"]["reference"].ToString()};
      } else if (name.starts_with("Flag/")) {
        for (const fhir::Value extension : root["extension"]) {
          for (const fhir::Value part : extension["extension"]) {
            if (part["url"].ToString() != "entry") continue;
            EXPECT_TRUE(alerts
                            .emplace(part["valueReference"]["reference"].ToString(),
                                     root["encounter"]["reference"].ToString())
                            .second)
                << "raised twice";
          }
        }
      }
    }
    bool IsSame(const std::string& a, const std::string& b) const {
      std::set<std::string> reached{a};
      for (size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (const auto& [name, pair] : joins) {
          if (reached.contains(pair.first)) reached.insert(pair.second);
          if (reached.contains(pair.second)) reached.insert(pair.first);
        }
      }
      return reached.contains(b);
    }
    size_t Missing() const {
      size_t missing = 0;
      for (const auto& [entry, listed] : entries) {
        for (const auto& [visit, patient] : visits)
          missing += IsSame(listed, patient) && !alerts.contains({entry, visit}) ? 1 : 0;
      }
      return missing;
    }
  };
};

TEST_F(NeverMissedTest, WhateverComesAtTheSameTime) {
  for (uint64_t i = 0; i < kPersons; ++i)
    Must(Put("Patient/" + Person(i), PatientJson(Person(i), "名" + Person(i))));
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 6; ++seed) threads.emplace_back([this, seed] { OneThread(seed, 40); });
  for (std::thread& thread : threads) thread.join();
  Told told;
  const auto follower = engine_->Follow(1);
  size_t most = 0;
  for (const uint64_t head = engine_->Head().t; follower->next_t() <= head;) {
    const auto next = follower->Next(1000);
    ASSERT_TRUE(next.ok() && *next != nullptr);
    for (const view::Change& change : (*next)->changes) {
      if (change.now != nullptr) told.Take(*definitions_, *change.now);
    }
    ASSERT_EQ(told.Missing(), 0u) << "at t " << (*next)->t;
    most = std::max(most, told.alerts.size());
  }
  EXPECT_GT(most, 50u) << "too little happened";
}

// Time is one of those that come at the same time: entries begin while visits are being written, the list is put away and taken out again, and the rules are
// loaded anew.
TEST_F(NeverMissedTest, WhatBeginsByItselfToo) {
  constexpr int64_t kSettleMs = 200'000;
  for (uint64_t i = 0; i < kPersons; ++i)
    Must(Put("Patient/" + Person(i), PatientJson(Person(i), "名" + Person(i))));
  interaction::DueAlerts due(engine_.get(), interactions_.get(), &clock_, kSettleMs);
  std::atomic<bool> over{false};
  std::thread time([&] {
    for (int i = 0; !over; ++i) {
      clock_.Advance(kSecondUs);
      if (i % 40 == 0) Must(Put("WatchList/cdc", ListJson("cdc", {}, "retired")));
      if (i % 40 == 3) Must(Put("WatchList/cdc", ListJson("cdc")));
      if (i % 40 == 20) {
        // As --packs-reload does it: first without the rule, then with it.
        alert_rules_->Replace({});
        auto loaded = app::LoadPack(*definitions_, ThisPack());
        ASSERT_TRUE(loaded.ok());
        alert_rules_->Replace(std::move(loaded->alerts));
        due.LookAtAll();
      }
      EXPECT_TRUE(due.Look().ok());
    }
  });
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([this, seed] {
      SeededRandom random(seed);
      for (int i = 0; i < 40; ++i) {
        const std::string x = Person(random.Below(kPersons));
        const auto in_s = static_cast<int64_t>(random.Below(6));
        const std::string begins = FormatInstant(clock_.NowUs() + in_s * kSecondUs);
        if (random.Below(3) == 0)
          Listed(fmt::format("e{}-{}", seed, i), x, fmt::format(R"(,"period":{{"start":"{}"}})", begins));
        else if (random.Below(6) == 0)
          (void)Post("Patient/$link", Pair(x, Person(random.Below(kPersons))));
        else
          EXPECT_EQ(Register(x).status, 201);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  over = true;
  time.join();
  Must(Put("WatchList/cdc", ListJson("cdc")));
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kSettleMs * 1000);
    ASSERT_TRUE(due.Look().ok());
  }
  Told told;
  const auto follower = engine_->Follow(1);
  for (const uint64_t head = engine_->Head().t; follower->next_t() <= head;) {
    const auto next = follower->Next(1000);
    ASSERT_TRUE(next.ok() && *next != nullptr);
    for (const view::Change& change : (*next)->changes) {
      if (change.now != nullptr) told.Take(*definitions_, *change.now);
    }
  }
  EXPECT_EQ(told.Missing(), 0u);
  EXPECT_GT(told.alerts.size(), 50u) << "too little happened";
}

}  // namespace
}  // namespace tk::point_of_care
