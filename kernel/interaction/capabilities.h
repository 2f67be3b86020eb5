// The CapabilityStatement: generated from the definitions and from what the router and the search room really offer.
#pragma once

#include <mutex>

#include "kernel/interaction/room.h"

namespace tk::interaction {

/// Thread-safe; made once for a set of definitions.
class Capabilities {
 public:
  explicit Capabilities(const Context& context) : context_(context), made_at_us_(context.clock->NowUs()) {}
  std::shared_ptr<const std::string> Json();

 private:
  const Context context_;
  const Instant made_at_us_;
  std::mutex mutex_;
  uint64_t definitions_hash_ = 0;
  std::shared_ptr<const std::string> json_;
};

}  // namespace tk::interaction
