// What a pack brings to a log that has it not: seed/*.json, each one resource with an id.
// Written once, at a start, as the platform's own, where nothing of this type and id ever was: what people change or delete stays as they leave it, and
// a new version of the pack does not touch it. What was written says so by meta.source, "urn:tongkang:seed:<app>".
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "kernel/interaction/interaction.h"

namespace tk::app {

struct Seed {
  std::string name;  // what messages call the file
  fhir::TypeId type = fhir::kNoType;
  std::string id, json;
};

/// Errors: kInvalid, kIncorrect with file and element path: no resource, no id, and whatever does not fit its definition.
Result<Seed> ParseSeed(const fhir::Definitions& definitions, std::string_view app, std::string name,
                       std::string_view json);

/// Sows when the engine answers: at once where it does already, else on a thread of its own. What cannot be written is told and left for the next start.
class Sower {
 public:
  struct Options {
    view::Engine* engine = nullptr;
    const interaction::Interactions* interactions = nullptr;
    std::function<void(const std::string&)> report;
  };
  Sower(Options options, std::vector<Seed> seeds);
  ~Sower();
  Sower(const Sower&) = delete;
  Sower& operator=(const Sower&) = delete;

 private:
  void Sow();
  Status SowOne(const Seed& seed) const;

  const Options options_;
  const std::vector<Seed> seeds_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tk::app
