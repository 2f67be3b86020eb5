// A canonical that is no url known here may be an address of this server (canonicals.h, FindByUrlOrAddress): of profiles and value sets.
#pragma once

#include "kernel/fhir/profile.h"

namespace tk::fhir {

/// As Profiles::Find.
inline Result<ProfilePtr> FindProfile(Profiles& profiles, std::string_view canonical,
                                      std::string_view own_base) {
  Result<ProfilePtr> found = profiles.Find(canonical);
  const std::string_view own = WithoutBase(canonical, own_base);
  return !found.ok() || *found != nullptr || own.empty() ? std::move(found) : profiles.Find(own);
}

/// The canonical by which a value set is known here: itself, or Type/id.
inline std::string_view KnownValueSet(const Profiles& profiles, std::string_view canonical,
                                      std::string_view own_base) {
  const std::string_view own = WithoutBase(canonical, own_base);
  return own.empty() || profiles.canonicals().Find("ValueSet", canonical) != nullptr ? canonical : own;
}

}  // namespace tk::fhir
