#include "kernel/terminology/official.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

extern "C" {
extern const char tk_official_codes_begin[];
extern const char tk_official_codes_end[];
}

namespace tk::terminology {
namespace {

class OfficialCodes final : public fhir::Canonicals {
 public:
  OfficialCodes() {
    std::string_view rest(tk_official_codes_begin,
                          static_cast<size_t>(tk_official_codes_end - tk_official_codes_begin));
    while (!rest.empty()) {
      std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size()));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      std::array<std::string_view, 3> fields;  // type, url, version
      for (std::string_view& field : fields) {
        const size_t tab = line.find('\t');
        CHECK(tab != std::string_view::npos);
        field = line.substr(0, tab);
        line.remove_prefix(tab + 1);
      }
      auto& known = fields[0] == "ValueSet" ? value_sets_ : code_systems_;
      known.emplace(fields[1], Entry{fields[2], line, nullptr});
    }
  }

  std::shared_ptr<const fhir::Document> Find(std::string_view type,
                                             std::string_view canonical) const override {
    if (type != "ValueSet" && type != "CodeSystem") return nullptr;
    auto& known = type == "ValueSet" ? value_sets_ : code_systems_;
    const size_t bar = canonical.find('|');
    const auto found = known.find(canonical.substr(0, bar));
    if (found == known.end()) return nullptr;
    if (bar != std::string_view::npos && canonical.substr(bar + 1) != found->second.version) return nullptr;
    const std::lock_guard lock(mutex_);
    if (found->second.document == nullptr) {
      auto parsed = fhir::Document::Parse(found->second.text);
      CHECK(parsed.ok());
      found->second.document = std::make_shared<const fhir::Document>(std::move(parsed).value());
    }
    return found->second.document;
  }

 private:
  struct Entry {
    std::string_view version, text;
    std::shared_ptr<const fhir::Document> document;  // under mutex_
  };
  using Entries = std::unordered_map<std::string_view, Entry>;  // by url; none is added later
  mutable Entries value_sets_, code_systems_;
  mutable std::mutex mutex_;
};

}  // namespace

const fhir::Canonicals& Official() {
  static const OfficialCodes codes;
  return codes;
}

}  // namespace tk::terminology
