#include "kernel/fhir/official_profiles.h"

#include <algorithm>
#include <span>

#include "kernel/fhir/definitions_codes.h"

extern "C" {
extern const char tk_r4_profiles_begin[];
extern const char tk_r4_profiles_end[];
}

namespace tk::fhir {

std::shared_ptr<const Document> OfficialStructure(std::string_view canonical) {
  const std::string_view bytes(tk_r4_profiles_begin,
                               static_cast<size_t>(tk_r4_profiles_end - tk_r4_profiles_begin));
  const auto& header = *reinterpret_cast<const official::Header*>(bytes.data());
  const std::span rows(reinterpret_cast<const official::Row*>(bytes.data() + sizeof header), header.count);
  const std::string_view url = WithoutVersion(canonical);
  const auto row =
      std::lower_bound(rows.begin(), rows.end(), url, [&](const official::Row& one, std::string_view wanted) {
        return bytes.substr(one.url_at, one.url_size) < wanted;
      });
  if (row == rows.end() || bytes.substr(row->url_at, row->url_size) != url) return nullptr;
  auto document = Document::Parse(bytes.substr(row->text_at, row->text_size));
  CHECK(document.ok());
  if (url.size() != canonical.size() &&
      document->Root()["version"].ToString() != canonical.substr(url.size() + 1))
    return nullptr;
  return std::make_shared<const Document>(std::move(document).value());
}

}  // namespace tk::fhir
