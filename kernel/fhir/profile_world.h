// What expressions of profiles may ask of the check that runs them. Private to kernel/fhir.
#pragma once

#include "kernel/fhir/profile_check.h"

namespace tk::fhir {

class ProfileChecker::World final : public path::Resolver, public path::Conformance {
 public:
  explicit World(ProfileChecker* checker) : checker_(checker) {}
  Value Resolve(std::string_view reference, Value from) const override {
    return checker_->Resolve(reference, from ? from : checker_->resource_);
  }
  std::optional<bool> ConformsTo(const path::Item& item, std::string_view profile) const override;
  std::optional<bool> MemberOf(const path::Item& item, std::string_view value_set) const override;
  std::optional<bool> Subsumes(std::string_view system, std::string_view code,
                               std::string_view other) const override;
  Result<std::optional<bool>> InSlice(const path::Item& item, std::string_view profile,
                                      std::string_view slice) const override {
    return checker_->InNamedSlice(item, std::string(profile), slice);
  }

 private:
  ProfileChecker* checker_;
};

}  // namespace tk::fhir
