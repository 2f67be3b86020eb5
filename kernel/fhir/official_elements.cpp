#include "kernel/fhir/official_elements.h"

#include <zstd.h>

#include <algorithm>
#include <span>

extern "C" {
extern const char tk_r4_elements_begin[];
extern const char tk_r4_elements_end[];
}

namespace tk::fhir {

std::shared_ptr<const Document> OfficialElements(std::string_view type) {
  const std::string_view bytes(tk_r4_elements_begin,
                               static_cast<size_t>(tk_r4_elements_end - tk_r4_elements_begin));
  const auto& header = *reinterpret_cast<const official::ElementsHeader*>(bytes.data());
  const std::span rows(reinterpret_cast<const official::ElementsRow*>(bytes.data() + sizeof header),
                       header.count);
  const auto row = std::lower_bound(rows.begin(), rows.end(), type,
                                    [&](const official::ElementsRow& one, std::string_view wanted) {
                                      return bytes.substr(one.name_at, one.name_size) < wanted;
                                    });
  if (row == rows.end() || bytes.substr(row->name_at, row->name_size) != type) return nullptr;
  std::string text(row->text_size, '\0');
  const size_t size =
      ZSTD_decompress(text.data(), text.size(), bytes.data() + row->frame_at, row->frame_size);
  CHECK(ZSTD_isError(size) == 0 && size == text.size());
  auto document = Document::Parse(text);
  CHECK(document.ok());
  return std::make_shared<const Document>(std::move(document).value());
}

}  // namespace tk::fhir
