// Where conformance resources are found at run time: profiles, value sets, code systems, questionnaires that somebody stored.
// Flow:   interaction (stored resources) or a folder of files → Canonicals → Profiles → ProfileChecker
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/fhir/value.h"

namespace tk::fhir {

class Canonicals {
 public:
  virtual ~Canonicals() = default;
  /// The resource of `type` with this canonical url; with "|version" only that version, else the one that is current.
  /// nullptr: not known here. Thread-safe.
  virtual std::shared_ptr<const Document> Find(std::string_view type, std::string_view canonical) const = 0;
  /// Not ok: something could not be looked up (the index is being built), so that what was answered nullptr may be there all the same. Stays so.
  virtual Status Complete() const { return {}; }
};

/// `url` without the base that it begins with, `own_base` ("https://host/fhir"); "" if it does not.
std::string_view WithoutBase(std::string_view url, std::string_view own_base);
/// As Find. A canonical that is no url known here may be an address: if it is one of this server (`own_base`; "": none is), what is stored there.
/// Source: FHIR R4 references.html#canonical.
std::shared_ptr<const Document> FindByUrlOrAddress(const Canonicals& canonicals, std::string_view type,
                                                   std::string_view canonical, std::string_view own_base);

/// Resources held in memory: those of a package's folder, or a test's. Fill it before it is shared.
class MemoryCanonicals final : public Canonicals {
 public:
  /// A resource without a url is passed over. Of several with one url the last one counts, if none says otherwise by its version.
  void Add(std::shared_ptr<const Document> resource);
  /// Every *.json of a folder (an unpacked package). Errors: those of reading and parsing, with the file.
  Status AddFolder(const std::string& folder);
  std::shared_ptr<const Document> Find(std::string_view type, std::string_view canonical) const override;

 private:
  std::map<std::pair<std::string, std::string>, std::vector<std::shared_ptr<const Document>>, std::less<>>
      resources_;  // by type and url
};

}  // namespace tk::fhir
