#include "kernel/view/words.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "kernel/base/random.h"

namespace tk::view {
namespace {

TEST(WordArray, ASavedChunkIsTheSameAndItsZerosCostNoDisk) {
  const std::string folder = (std::filesystem::temp_directory_path() / ("tk_words_" + NewUuid())).string();
  std::filesystem::create_directories(folder);
  WordArray words;
  const uint64_t places[] = {0, 511, 512, 100'000, WordArray::kChunkWords - 1, WordArray::kChunkWords + 5};
  for (uint64_t at : places) words.Set(at, at * 3 + 1);
  const auto saved = words.Save(folder, "w", 1, [](uint64_t, uint64_t word) { return word; });
  ASSERT_TRUE(saved.ok());
  ASSERT_EQ(saved->size(), 2u);
  size_t allocated = 0;
  for (const auto& chunk : *saved) {
    struct stat info {};
    ASSERT_EQ(::stat((folder + "/" + chunk.file).c_str(), &info), 0);
    EXPECT_EQ(static_cast<uint64_t>(info.st_size), WordArray::kChunkWords * 8);
    allocated += static_cast<size_t>(info.st_blocks) * 512;
  }
  EXPECT_LE(allocated, 16u * 4096);
  WordArray again;
  ASSERT_TRUE(again.Load(folder, *saved, true).ok());
  for (uint64_t at : places) EXPECT_EQ(again.Get(at), at * 3 + 1);
  EXPECT_EQ(again.Get(1000), 0u);
  std::filesystem::remove_all(folder);
}

TEST(WordArray, AFullDiskIsTold) {
  WordArray words;
  words.Set(1, 1);
  const auto saved = words.Save("/nowhere/at/all", "w", 1, [](uint64_t, uint64_t word) { return word; });
  EXPECT_EQ(saved.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tk::view
