// At build time only: from the package's StructureDefinitions to the bytes that official_elements.cpp reads.
#include <zstd.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include "kernel/base/file.h"
#include "kernel/fhir/official_elements.h"

namespace tk::fhir {
namespace {

constexpr int kElementsLevel = 19;  // once, at build time
constexpr size_t kElementsBytesMax = size_t{64} << 20;

Result<std::string> Compressed(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kElementsLevel);
  if (ZSTD_isError(size) != 0) return MakeError(ErrorCode::kInternal, ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace

Result<std::string> CompileOfficialElements(const std::string& folder) {
  std::map<std::string, std::string> texts;  // by the type's name
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("StructureDefinition-") || !name.ends_with(".json")) continue;
    const std::string text = TRY(ReadFile(entry.path().string(), kElementsBytesMax));
    auto document = Document::Parse(text);
    if (!document.ok()) return MakeError(ErrorCode::kIncorrect, name + ": " + document.error().external);
    const Value root = document->Root();
    const Value elements = root["snapshot"]["element"];
    if (root["derivation"].ToString() == "constraint" || !elements.is_array()) continue;
    texts[root["type"].ToString()] = R"({"snapshot":{"element":)" + std::string(elements.Json()) + "}}";
  }
  if (texts.empty())
    return MakeError(ErrorCode::kNotFound, "there are no StructureDefinitions of types in " + folder);
  official::ElementsHeader header;
  header.count = texts.size();
  std::string names, frames;
  std::vector<official::ElementsRow> rows;
  const size_t start = sizeof header + texts.size() * sizeof(official::ElementsRow);
  for (const auto& [name, text] : texts) {
    const std::string frame = TRY(Compressed(text));
    rows.push_back({static_cast<uint32_t>(start + names.size()), static_cast<uint32_t>(name.size()),
                    static_cast<uint32_t>(frames.size()), static_cast<uint32_t>(frame.size()),
                    static_cast<uint32_t>(text.size()), 0});
    names += name;
    frames += frame;
  }
  for (official::ElementsRow& row : rows) row.frame_at += static_cast<uint32_t>(start + names.size());
  std::string out(sizeof header, '\0');
  std::memcpy(out.data(), &header, sizeof header);
  out.append(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof rows[0]);
  return out + names + frames;
}

}  // namespace tk::fhir
