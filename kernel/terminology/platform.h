// The platform's own definitions: operations, extensions and code systems. They are known without being stored, told by the CapabilityStatement, and read
// at the part of their url behind its base: http://tongkang.dev/fhir/OperationDefinition/why is [base]/OperationDefinition/why of every server.
// Flow:   data/platform.json, and operations.json of the apps → Platform → metadata, read, search by url; BuiltIn (validation)
// An OperationDefinition without the extension kServedAt is an operation of FHIR: $code on the system, a type, or a resource.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/fhir/value.h"

namespace tk::terminology {

/// The base of the platform's canonical urls.
inline constexpr std::string_view kPlatformBase = "http://tongkang.dev/fhir/";
/// valueUrl: the path from the server's root where the operation is served.
inline constexpr std::string_view kServedAt = "http://tongkang.dev/fhir/StructureDefinition/served-at";

/// Immutable.
class Platform {
 public:
  using Known = std::shared_ptr<const fhir::Document>;
  /// The kernel's; lives as long as the program.
  static const std::shared_ptr<const Platform>& Kernel();
  /// Those and more: each text is a JSON array of resources. Errors: kInvalid, what is wrong with which of them.
  static Result<std::shared_ptr<const Platform>> With(std::span<const std::string_view> more);

  /// In the order of the files.
  const std::vector<Known>& all() const { return all_; }
  /// nullptr if there is none.
  Known FindId(std::string_view type, std::string_view id) const;
  Known FindUrl(std::string_view type, std::string_view url) const;

 private:
  Status Add(std::string_view texts);
  std::vector<Known> all_;
};

}  // namespace tk::terminology
