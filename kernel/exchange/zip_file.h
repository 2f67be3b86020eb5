// A zip file in memory, whose parts are unpacked piece by piece: spreadsheets are such files.
// Limits: parts that it has; how much a part may unpack to, both as bytes and as a multiple of what it takes packed, so that a small file cannot fill
//         the memory or take minutes. Encrypted parts and packings other than deflate are refused.
// Source: PKWARE APPNOTE 6.3 by libzip; ISO/IEC 29500-2 (what a spreadsheet may use of it).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace tk::exchange {

inline constexpr size_t kZipPartsMax = 10'000;
inline constexpr uint64_t kUnpackedTimesMax = 100;                  // of what is packed,
inline constexpr uint64_t kUnpackedFreeBytes = uint64_t{16} << 20;  // beyond so much

class ZipFile {
 public:
  /// `bytes` must live as long as this. Errors: kIncorrect when it is no zip file or a damaged one; kTooLarge over kZipPartsMax.
  static Result<ZipFile> Open(std::string_view bytes);
  ZipFile(ZipFile&&) noexcept;
  ZipFile& operator=(ZipFile&&) noexcept;
  ~ZipFile();

  /// One part, from its beginning on. One at a time is read.
  class Part {
   public:
    Part(Part&&) noexcept;
    Part& operator=(Part&&) noexcept;
    ~Part();
    /// The next bytes, at most `size`; 0 at the end. Errors: kIncorrect when it is damaged; kTooLarge over a limit.
    Result<size_t> Read(char* buffer, size_t size);

   private:
    friend class ZipFile;
    struct State;
    explicit Part(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  bool Has(const std::string& name) const;
  /// Names are compared without case, as the standard of spreadsheets has it. Errors: kNotFound; kUnsupported.
  Result<Part> OpenPart(const std::string& name, uint64_t bytes_max) const;

 private:
  struct State;
  explicit ZipFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tk::exchange
