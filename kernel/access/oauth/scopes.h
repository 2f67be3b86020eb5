// Scopes: what a program asks for and is granted. A granted scope never gives a right, it only leaves fewer of those that the post has.
// Forms:  v1  patient/Observation.read, user/*.write, system/*.*      v2  patient/Observation.rs, user/Task.cruds
//         openid profile fhirUser launch launch/patient online_access offline_access
// Source: SMART App Launch 2.2.0 "scopes and launch context" (v1 and v2 syntax); search restrictions in scopes (?category=…) are not granted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::access::oauth {

inline constexpr size_t kScopeBytesMax = 4096;
inline constexpr size_t kScopesMax = 128;

// What may be done with a type, one bit a letter of the v2 syntax.
inline constexpr uint8_t kCreate = 1, kRead = 2, kUpdate = 4, kDelete = 8, kSearch = 16;
inline constexpr uint8_t kReads = kRead | kSearch, kWrites = kCreate | kUpdate | kDelete;

enum class Level : uint8_t { kPatient, kUser, kSystem };
struct ResourceScope {
  Level level = Level::kPatient;
  std::string type;     // "*" = every type
  uint8_t letters = 0;  // of the bits above
  bool v1 = false;      // written as read, write or *
};

struct Scopes {
  bool openid = false, profile = false, fhir_user = false, launch = false, launch_patient = false,
       online = false, offline = false;
  std::vector<ResourceScope> resources;

  /// Is one of `letters` granted for the type?
  bool Allows(std::string_view type, uint8_t letters) const;
  bool Has(Level level) const;
  /// Does it need to know which patient is meant?
  bool WantsPatient() const { return launch_patient || Has(Level::kPatient); }
  /// As it goes into a token answer; "" if there is nothing.
  std::string ToText() const;
};

/// Names that mean nothing here are left out, as OAuth permits. Errors: kIncorrect for characters that no scope has, and over the limits.
Result<Scopes> ParseScopes(std::string_view text);
/// What of `asked` lies within `allowed`.
Scopes Intersect(const Scopes& asked, const Scopes& allowed);

}  // namespace tk::access::oauth
