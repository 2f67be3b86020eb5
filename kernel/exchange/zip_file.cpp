#include "kernel/exchange/zip_file.h"

#include <fmt/format.h>
#include <zip.h>

namespace tk::exchange {

struct ZipFile::State {
  zip_t* zip = nullptr;
  ~State() {
    if (zip != nullptr) zip_discard(zip);
  }
};
struct ZipFile::Part::State {
  zip_file_t* file = nullptr;
  std::string name;
  uint64_t packed = 0, unpacked = 0, bytes_max = 0;
  ~State() {
    if (file != nullptr) zip_fclose(file);
  }
};

ZipFile::ZipFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZipFile::ZipFile(ZipFile&&) noexcept = default;
ZipFile& ZipFile::operator=(ZipFile&&) noexcept = default;
ZipFile::~ZipFile() = default;
ZipFile::Part::Part(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZipFile::Part::Part(Part&&) noexcept = default;
ZipFile::Part& ZipFile::Part::operator=(Part&&) noexcept = default;
ZipFile::Part::~Part() = default;

Result<ZipFile> ZipFile::Open(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  auto state = std::make_unique<State>();
  zip_source_t* const source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source != nullptr) state->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (source != nullptr && state->zip == nullptr) zip_source_free(source);
  const int code = zip_error_code_zip(&error);
  zip_error_fini(&error);
  if (state->zip == nullptr)
    return MakeError(
        ErrorCode::kIncorrect,
        "The file is damaged or not whole: it cannot be unpacked. Save it anew and send it again.",
        fmt::format("zip error {}", code));
  if (static_cast<size_t>(zip_get_num_entries(state->zip, 0)) > kZipPartsMax)
    return MakeError(ErrorCode::kTooLarge, fmt::format("The file holds more than {} parts.", kZipPartsMax));
  return ZipFile(std::move(state));
}

bool ZipFile::Has(const std::string& name) const {
  return zip_name_locate(state_->zip, name.c_str(), ZIP_FL_NOCASE) >= 0;
}

Result<ZipFile::Part> ZipFile::OpenPart(const std::string& name, uint64_t bytes_max) const {
  const zip_int64_t at = zip_name_locate(state_->zip, name.c_str(), ZIP_FL_NOCASE);
  if (at < 0) return MakeError(ErrorCode::kNotFound, fmt::format("The file has no part {}.", name));
  zip_stat_t stat;
  zip_stat_init(&stat);
  const auto index = static_cast<zip_uint64_t>(at);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_COMP_METHOD | ZIP_STAT_COMP_SIZE;
  if (zip_stat_index(state_->zip, index, 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded)
    return MakeError(ErrorCode::kIncorrect, fmt::format("The file's part {} is damaged.", name));
  const bool plain = (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) == 0 || stat.encryption_method == ZIP_EM_NONE;
  if (!plain || (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE))
    return MakeError(
        ErrorCode::kUnsupported,
        "The file is encrypted or packed in an unusual way: save it as .xlsx without a password.");
  auto part = std::make_unique<Part::State>();
  part->file = zip_fopen_index(state_->zip, index, 0);
  part->name = name;
  part->packed = stat.comp_size;
  part->bytes_max = bytes_max;
  if (part->file == nullptr)
    return MakeError(ErrorCode::kIncorrect, fmt::format("The file's part {} is damaged.", name));
  return Part(std::move(part));
}

Result<size_t> ZipFile::Part::Read(char* buffer, size_t size) {
  const zip_int64_t read = zip_fread(state_->file, buffer, size);
  if (read < 0)
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("The file's part {} is damaged: save it anew and send it again.", state_->name));
  state_->unpacked += static_cast<uint64_t>(read);
  if (state_->unpacked > state_->bytes_max)
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("The file's part {} unpacks to more than {} MB: send it in parts, or as CSV.",
                    state_->name, state_->bytes_max >> 20));
  if (state_->unpacked > kUnpackedFreeBytes && state_->unpacked / kUnpackedTimesMax > state_->packed)
    return MakeError(
        ErrorCode::kTooLarge,
        fmt::format("The file's part {} unpacks to more than {} times its size, as no table does: "
                    "copy the rows to a new sheet, or send them as CSV.",
                    state_->name, kUnpackedTimesMax));
  return static_cast<size_t>(read);
}

}  // namespace tk::exchange
