// A small city in a temporary folder: engine, index and interactions as the program has them, without accounts and sockets.
// Flow:   Town(persons) → transactions of the city's bundles → Send, as a post with an area
// Cost:   20 resources a person: about 1 ms a person to make.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "bench/city.h"
#include "kernel/base/clock.h"
#include "kernel/interaction/interaction.h"

namespace tk::bench {

/// When it is, in a Town.
inline constexpr Instant kTownNow = Instant{1'750'000'000} * kSecondUs;

class Town {
 public:
  explicit Town(uint64_t persons);
  ~Town();
  Town(const Town&) = delete;
  Town& operator=(const Town&) = delete;

  /// Waits for the answer. `path`: "Patient/1", "" is the base.
  interaction::Response Send(interaction::Method method, std::string_view path, std::string query,
                             std::string body) const;

  const City& city() const { return city_; }
  const std::string& patient() const { return patient_; }
  const std::string& observation() const { return observation_; }
  const std::filesystem::path& folder() const { return folder_; }
  view::Engine* engine() const { return engine_.get(); }
  const interaction::Interactions& interactions() const { return *interactions_; }

 private:
  std::filesystem::path folder_;
  FixedClock clock_{kTownNow};
  City city_{1};
  search::Index* index_ = nullptr;
  std::unique_ptr<view::Engine> engine_;
  std::unique_ptr<interaction::Interactions> interactions_;
  std::shared_ptr<const access::Viewer> viewer_;
  std::string patient_, observation_;
};

}  // namespace tk::bench
