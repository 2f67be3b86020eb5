// A write whose planning, preparing or check throws is refused; those that came with it go on, and so do the threads.
#include "kernel/interaction/lane.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <stdexcept>

#include "kernel/base/diagnostics.h"
#include "kernel/base/random.h"

namespace tk::interaction {
namespace {

/// Stands for the index; what it prepares of a person of gender "other" throws.
class ThrowingView final : public view::View {
 public:
  std::string_view name() const override { return "throwing"; }
  uint32_t format_version() const override { return 1; }
  Result<std::unique_ptr<view::Prepared>> Prepare(const view::Change& change) const override {
    if (change.now->document.Root()["gender"].ToString() == "other") throw std::runtime_error("preparing");
    return std::make_unique<view::Prepared>();
  }
  void Apply(const view::Change&, const view::Prepared&, view::Ordinal) override {}
  void Publish(uint64_t, view::Ordinal) override {}
  Result<view::Mark> Save(const std::string&, const view::Mark& mark) override { return mark; }
  Result<view::Mark> Load(const std::string&, const view::Mark&) override {
    return MakeError(ErrorCode::kNotFound, "this view is never saved");
  }
  void Clear() override {}
  void SetOldestPinned(view::Ordinal) override {}
  size_t memory_bytes() const override { return 0; }
  size_t disk_bytes() const override { return 0; }
};

enum class Throws { kNever, kPlanning, kPreparing, kChecking };

class LaneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kOff);
    folder_ = std::filesystem::temp_directory_path() / ("tk-lane-" + NewUuid());
    view::EngineOptions options;
    options.folder = folder_;
    options.definitions = fhir::Definitions::R4();
    options.clock = &clock_;
    auto engine = view::Engine::Create(options, [](const view::Directory&, const HashKey&) {
      std::vector<std::unique_ptr<view::View>> views;
      views.push_back(std::make_unique<ThrowingView>());
      return views;
    });
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
    lane_ = std::make_unique<Lane>(engine_.get(), Lane::Limits{});
  }
  void TearDown() override {
    lane_.reset();
    engine_.reset();
    std::filesystem::remove_all(folder_);
    SetLogLevel(LogLevel::kInfo);
  }

  Result<Plan> PlanOf(const std::string& id, Throws throws, const view::Position& basis) const {
    if (throws == Throws::kPlanning) throw std::runtime_error("planning");
    auto document = fhir::Document::Parse(R"({"resourceType":"Patient","id":")" + id + R"(","gender":")" +
                                          (throws == Throws::kPreparing ? "other" : "male") + "\"}");
    Plan plan;
    plan.set = std::make_unique<view::ChangeSet>();
    plan.set->basis = basis;
    auto now = TRY(
        view::MakeResource(engine_->definitions(), TRY(std::move(document)), 1, view::Operation::kCreate));
    plan.set->changes.push_back({std::move(now), nullptr, 0});
    plan.answer = [](const view::Commit&) {
      Response response;
      response.status = 201;
      return response;
    };
    if (throws == Throws::kChecking) {
      plan.check = [](const view::ChangeSet&) -> Status { throw std::runtime_error("checking"); };
    }
    return plan;
  }
  struct Asked {
    std::string id;
    Throws throws;
    std::promise<int> status;
  };
  Write WriteOf(Asked* asked) {
    return {[this, asked](const view::Position& basis) { return PlanOf(asked->id, asked->throws, basis); },
            [asked](Response response) { asked->status.set_value(response.status); }};
  }
  bool IsThere(const std::string& id) const {
    return engine_->directory().Current(engine_->IdHash("Patient", id), engine_->Head()).ordinal != 0;
  }

  std::filesystem::path folder_;
  FixedClock clock_{Instant{1'700'000'000} * kSecondUs};
  std::unique_ptr<view::Engine> engine_;
  std::unique_ptr<Lane> lane_;
};

// Somebody large among the small ones: he is done elsewhere and answered once, and the others do not wait.
TEST_F(LaneTest, WhatIsNoShortWorkIsPutOff) {
  Asked small{"small", Throws::kNever, {}}, large{"large", Throws::kNever, {}},
      alone{"alone", Throws::kNever, {}};
  std::vector<std::function<void()>> later;
  int planned = 0;
  const auto planner = [this, &planned](Asked* asked) {
    return [this, asked, &planned](const view::Position& basis) -> Result<Plan> {
      ++planned;
      if (ShortWork::Refuses(ShortWork::kBytesMax + 1))
        return MakeError(ErrorCode::kInternal, "nobody is told this");
      return PlanOf(asked->id, Throws::kNever, basis);
    };
  };
  Write put_off = WriteOf(&large), here = WriteOf(&alone);
  put_off.planner = planner(&large);
  put_off.put_off = [&](std::function<void()> work) { later.push_back(std::move(work)); };
  here.planner = planner(&alone);  // nobody to put it off to
  std::vector<Write> writes;
  writes.push_back(std::move(put_off));
  writes.push_back(WriteOf(&small));
  writes.push_back(std::move(here));
  lane_->RunAll(std::move(writes));
  EXPECT_EQ(small.status.get_future().get(), 201);
  EXPECT_EQ(alone.status.get_future().get(), 201);
  EXPECT_FALSE(IsThere("large"));
  ASSERT_EQ(later.size(), 1u);
  later[0]();
  EXPECT_EQ(large.status.get_future().get(), 201);
  EXPECT_TRUE(IsThere("large"));
  EXPECT_EQ(planned, 3);
}

constexpr Throws kEach[] = {Throws::kNever,     Throws::kPlanning, Throws::kNever,   Throws::kChecking,
                            Throws::kPreparing, Throws::kNever,    Throws::kChecking};

TEST_F(LaneTest, OfSeveralTheOneThatThrowsIsRefusedAlone) {
  std::vector<std::unique_ptr<Asked>> all;
  std::vector<Write> writes;
  for (const Throws throws : kEach) {
    all.push_back(std::make_unique<Asked>(Asked{"p" + std::to_string(all.size()), throws, {}}));
    writes.push_back(WriteOf(all.back().get()));
  }
  lane_->RunAll(std::move(writes));
  for (const auto& each : all) {
    const bool sound = each->throws == Throws::kNever;
    EXPECT_EQ(each->status.get_future().get(), sound ? 201 : 500) << each->id;
    EXPECT_EQ(IsThere(each->id), sound) << each->id;
  }
}

TEST_F(LaneTest, OneAloneThatThrowsIsRefused) {
  for (size_t i = 0; i < std::size(kEach); ++i) {
    const Throws throws = kEach[i];
    Asked asked{"q" + std::to_string(i), throws, {}};
    Write write = WriteOf(&asked);
    lane_->Run(std::move(write.planner), std::move(write.done));
    const bool sound = throws == Throws::kNever;
    EXPECT_EQ(asked.status.get_future().get(), sound ? 201 : 500) << asked.id;
    EXPECT_EQ(IsThere(asked.id), sound) << asked.id;
  }
}

}  // namespace
}  // namespace tk::interaction
