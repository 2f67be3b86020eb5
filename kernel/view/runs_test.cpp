#include "kernel/view/runs.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "kernel/base/random.h"
#include "kernel/view/manifest.h"
#include "kernel/view/run_file.h"
#include "kernel/view/runs_for_test.h"

namespace tk::view {
namespace {

namespace fs = std::filesystem;

/// The adds that begin with `a`, by both ways of asking.
std::vector<Entry16> AddsOf(const RunSnapshot<Entry16>& state, uint64_t a) {
  std::vector<Entry16> pieces, walked;
  state.ForPieces({a, 0}, {a, ~0ULL}, [&](const Entry16* first, const Entry16* last) {
    pieces.insert(pieces.end(), first, last);
    return true;
  });
  std::sort(pieces.begin(), pieces.end());
  for (auto c = state.Forward({a, 0}, {a, ~0ULL}); c.valid(); c.Next()) walked.push_back(c.entry());
  EXPECT_EQ(pieces, walked);
  return pieces;
}

constexpr uint64_t kFilteredIds = 8000;
/// Two versions of each id, in bulk runs, small runs and a tail.
void FillIds(Runs<Entry16>& runs) {
  uint64_t ordinal = 1;
  for (uint64_t i = 0; i < 2 * kFilteredIds; ++i) {
    runs.Add({Mix(i % kFilteredIds), ordinal++});
    if (i % 5000 == 4999 || (i > 2 * kFilteredIds - 3000 && i % 700 == 0)) runs.Publish(ordinal);
  }
  runs.Publish(ordinal);
}
void ExpectIds(const Runs<Entry16>& runs) {
  const auto state = runs.snapshot();
  for (uint64_t i = 0; i < kFilteredIds; ++i) {
    ASSERT_EQ(AddsOf(state, Mix(i)), (std::vector<Entry16>{{Mix(i), i + 1}, {Mix(i), kFilteredIds + i + 1}}))
        << i;
  }
  for (uint64_t i = 0; i < kFilteredIds; i += 4) ASSERT_TRUE(AddsOf(state, Mix(kFilteredIds + i)).empty());
}

TEST(Runs, WhatIsNotThereIsPassedBy) {
  Folder folder("passed");
  Runs<Entry16> runs({"f", folder.path, 4000, 1u << 20, RunLayout::kWords, true});
  FillIds(runs);
  ExpectIds(runs);
  while (runs.Maintain().ValueOr(false)) {
  }
  ExpectIds(runs);
  const auto state = runs.snapshot();
  for (const auto& run : state.runs()) {
    ASSERT_TRUE(run->filter.exists());
    EXPECT_LE(run->words_max, kFilteredIds);
    size_t asked = 0;
    for (uint64_t i = 0; i < 10'000; ++i) {
      const uint64_t other = Mix(kFilteredIds + i);
      asked += run->MayHave({other, 0}, {other, ~0ULL}) ? 1 : 0;
    }
    EXPECT_LT(asked, 300u);
  }
}

/// Files of a former program have no filter: they are read without, and get one in the background, once.
TEST(Runs, FilesWithoutAFilterGetOne) {
  Folder folder("former");
  RunsOptions options{"f", folder.path, 4000, 1u << 20};
  std::vector<RunFile> files;
  {
    Runs<Entry16> former(options);
    FillIds(former);
    files = *former.Save(former.snapshot());
  }
  auto version_of = [&](const RunFile& file) {
    const auto map = MapRunFile(folder.path + "/" + file.FileName(), sizeof(Entry16));
    CHECK(map.ok());
    const uint32_t version = map->header.format_version;
    UnmapRunFile(map->base, map->bytes);
    return version;
  };
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(version_of(files[0]), kRunFormatVersion);
  options.filtered = true;
  Runs<Entry16> runs(options);
  ASSERT_TRUE(runs.Load(files, 2 * kFilteredIds + 1).ok());
  ExpectIds(runs);
  EXPECT_TRUE(runs.Maintain().ValueOr(false));
  EXPECT_FALSE(runs.Maintain().ValueOr(true));
  ExpectIds(runs);
  const auto now = runs.Save(runs.snapshot());
  ASSERT_TRUE(now.ok());
  ASSERT_EQ(now->size(), 1u);
  EXPECT_EQ(version_of(now->at(0)), kRunFormatFiltered);
  Runs<Entry16> again(options);
  ASSERT_TRUE(again.Load(*now, 2 * kFilteredIds + 1).ok());
  EXPECT_FALSE(again.Maintain().ValueOr(true));
  ExpectIds(again);
}

TEST(Runs, LowerBoundEqualsTheStandardOne) {
  SeededRandom random(3);
  for (int shape = 0; shape < 4; ++shape) {
    std::vector<Entry16> data(5000);
    for (Entry16& e : data) {
      const uint64_t x = random.Next();
      e.a = shape == 0 ? x : shape == 1 ? x >> 60 : shape == 2 ? (x & 1) * ~0ULL : uint64_t{1} << (x & 63);
      e.b = random.Below(1000);
    }
    std::sort(data.begin(), data.end());
    for (int i = 0; i < 3000; ++i) {
      Entry16 key = data[random.Below(data.size())];
      if (i % 3 == 0) key = {random.Next(), random.Next()};
      if (i % 3 == 1) ++key.b;
      ASSERT_EQ(LowerBound(data.data(), data.size(), key) - data.data(),
                std::lower_bound(data.begin(), data.end(), key) - data.begin());
    }
  }
}

TEST(Runs, AMergeKeepsWhatAnOlderPositionMayStillRead) {
  Runs<Entry16> runs({"f", "", 1 << 20, 0});
  for (uint64_t i = 0; i < 5000; ++i) runs.Add({i, i});
  runs.Publish(5001);
  for (uint64_t i = 0; i < 5000; ++i) runs.Remove({i, i});
  runs.Publish(10001);
  for (int i = 0; i < 2; ++i) {
    for (uint64_t k = 0; k < 5000; ++k) runs.Add({k + 10000, k});
    runs.Publish(15001 + static_cast<uint64_t>(i) * 5000);
  }
  runs.SetOldestPinned(10000);  // a page still looks at the position before the removals
  ASSERT_TRUE(*runs.Maintain());
  EXPECT_EQ(runs.snapshot().CountAdds({0, 0}, {9999, ~0ULL}), 5000u);
  EXPECT_EQ(runs.snapshot().Count({0, 0}, {9999, ~0ULL}), 0);
}

TEST(Runs, AMergeDropsPairsThatNobodyCanReadAnyMore) {
  Runs<Entry16> runs({"f", "", 1 << 20, 0});
  runs.SetOldestPinned(~uint64_t{0});
  for (uint64_t round = 0; round < 4; ++round) {
    for (uint64_t i = 0; i < 2000; ++i) runs.Add({i, round});
    for (uint64_t i = 0; round > 0 && i < 2000; ++i) runs.Remove({i, round - 1});
    runs.Publish(1 + (round + 1) * 2000);
  }
  ASSERT_TRUE(*runs.Maintain());
  EXPECT_EQ(runs.snapshot().adds(), 2000u);
  EXPECT_EQ(runs.snapshot().antis(), 0u);
  EXPECT_EQ(runs.snapshot().runs().size(), 1u);
}

TEST(Runs, RewriteLeavesNothingOfWhatIsDropped) {
  Folder folder("rewrite");
  Runs<Entry16> runs({"f", folder.path, 3000, 0});
  for (uint64_t round = 0; round < 5; ++round) {
    for (uint64_t i = 0; i < 2000; ++i) runs.Add({Mix(i), round});
    for (uint64_t i = 0; i < 50; ++i) runs.Remove({Mix(i), 0});
    runs.Publish(1 + (round + 1) * 2000);
    if (round == 3) {
      ASSERT_TRUE(*runs.Maintain());
    }
  }
  runs.Add({Mix(7), 3});
  runs.SealNext();
  runs.Publish(20000);
  ASSERT_TRUE(runs.Rewrite([](const Entry16& e) { return e.b == 3 || e.b == 0; }).ok());
  const auto state = runs.snapshot();
  EXPECT_EQ(state.adds(), 3u * 2000);
  EXPECT_EQ(state.antis(), 0u);
  for (auto c = state.Forward({0, 0}, {~0ULL, ~0ULL}); c.valid(); c.Next())
    ASSERT_TRUE(c.entry().b != 3 && c.entry().b != 0);
}

/// Positions whose changes its runs hold, oldest first.
std::vector<std::pair<uint64_t, uint64_t>> WindowsOf(const Runs<Entry16>& runs) {
  std::vector<std::pair<uint64_t, uint64_t>> windows;
  const auto state = runs.snapshot();
  for (const auto& run : state.runs()) windows.emplace_back(run->first_ordinal, run->end_ordinal);
  return windows;
}

TEST(Runs, NothingToSealMakesNoRun) {
  Folder folder("nothing");
  Runs<Entry16> runs({"f", folder.path, 100, 1u << 20});
  for (uint64_t i = 1; i < 2001; ++i) runs.Add({i, i});
  runs.Publish(2001);
  for (int i = 0; i < 3; ++i) {  // erasures, while nothing comes
    runs.SealNext();
    runs.Publish(2001);
  }
  runs.SealNext();
  runs.Publish(2010);  // and one after changes that said nothing here
  EXPECT_EQ(runs.snapshot().end_ordinal(), 2010u);
  runs.Add({5000, 2010});
  runs.SealNext();
  runs.Publish(2011);
  EXPECT_EQ(WindowsOf(runs), (std::vector<std::pair<uint64_t, uint64_t>>{{1, 2001}, {2001, 2011}}));
  EXPECT_TRUE(runs.snapshot().ContainsAt(2010, {5000, 2010}));
  const auto saved = runs.Save(runs.snapshot());
  ASSERT_TRUE(saved.ok());
  ASSERT_EQ(saved->size(), 1u);
  Runs<Entry16> again({"f", folder.path, 100, 1u << 20});
  ASSERT_TRUE(again.Load(*saved, 2011).ok());
  EXPECT_EQ(again.snapshot().adds(), 2001u);
}

TEST(Runs, ARunOfWhichNothingIsLeftGoes) {
  Folder folder("left");
  Runs<Entry16> runs({"f", folder.path, 100, 0});
  for (uint64_t round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 2000; ++i) runs.Add({round * 10'000 + i, round});
    runs.Publish(1 + (round + 1) * 2000);
  }
  ASSERT_TRUE(runs.Rewrite([](const Entry16& e) { return e.b == 1; }).ok());
  EXPECT_EQ(WindowsOf(runs), (std::vector<std::pair<uint64_t, uint64_t>>{{1, 2001}, {4001, 6001}}));
  EXPECT_FALSE(runs.snapshot().ContainsAt(3000, {10'001, 1}));
  EXPECT_TRUE(runs.snapshot().ContainsAt(5000, {20'001, 2}));
  // What comes and goes before it was ever saved leaves no file, either.
  Runs<Entry16> other({"g", folder.path, 1 << 20, 0});
  other.SetOldestPinned(~uint64_t{0});
  other.Add({1, 1});
  other.Remove({1, 1});
  other.Publish(2);
  const auto saved = other.Save(other.snapshot());
  ASSERT_TRUE(saved.ok());
  EXPECT_TRUE(saved->empty());
  other.RemoveUnused(*saved);
  for (const auto& file : fs::directory_iterator(folder.path))
    EXPECT_NE(file.path().filename().string().substr(0, 2), "g-") << file.path();
}

/// As a former program left them: an empty run between two others.
TEST(Runs, EmptyFilesOfAFormerProgramAreNotUsed) {
  Folder folder("empty");
  const RunsOptions options{"f", folder.path, 100, 1u << 20};
  std::vector<RunFile> files;
  for (const auto& [first, end] : {std::pair<uint64_t, uint64_t>{1, 5}, {5, 5}, {5, 9}}) {
    RunFile file;
    file.family = options.family;
    file.number = files.size() + 1;
    file.first_ordinal = first;
    file.end_ordinal = end;
    auto writer = RunFileWriter::Create(folder.path + "/" + file.FileName());
    ASSERT_TRUE(writer.ok());
    ListWriter<Entry16> list(writer->get(), options.layout, RunFilterBuilder());
    for (uint64_t i = first; i < end; ++i) ASSERT_TRUE(list.Add({i, i}).ok());
    RunHeader header{};
    header.data_bytes = list.Finish().value();
    header.format_version = list.format_version();
    header.layout = static_cast<uint32_t>(options.layout);
    header.entry_bytes = sizeof(Entry16);
    header.adds = file.adds = list.adds();
    header.first_ordinal = first;
    header.end_ordinal = end;
    header.number = file.number;
    file.checksum = (*writer)->Finish(header).value();
    files.push_back(file);
  }
  Runs<Entry16> runs(options);
  ASSERT_TRUE(runs.Load(files, 9).ok());
  EXPECT_EQ(WindowsOf(runs), (std::vector<std::pair<uint64_t, uint64_t>>{{1, 5}, {5, 9}}));
  EXPECT_EQ(runs.snapshot().adds(), 8u);
  const auto saved = runs.Save(runs.snapshot());
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->size(), 2u);
  runs.RemoveUnused(*saved);
  EXPECT_FALSE(fs::exists(folder.path + "/" + files[1].FileName()));
}

// Damage

struct Saved {
  Folder folder{"saved"};
  RunsOptions options{"f", folder.path, 100, 1u << 20};
  std::vector<RunFile> files;
  explicit Saved(bool filtered = false) {
    options.filtered = filtered;
    Runs<Entry16> runs(options);
    for (uint64_t i = 0; i < 20000; ++i) runs.Add({Mix(i), i});
    runs.Publish(20001);
    auto saved = runs.Save(runs.snapshot());
    CHECK(saved.ok());
    files = *saved;
  }
  std::string Path() const { return folder.path + "/" + files[0].FileName(); }
  Status TryLoad() const {
    Runs<Entry16> runs(options);
    return runs.Load(files, 20001);
  }
};

void ExpectEveryFlippedByteIsFound(const Saved& saved) {
  ASSERT_TRUE(saved.TryLoad().ok());
  const size_t size = fs::file_size(saved.Path());
  SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    const size_t at = i < 72   ? static_cast<size_t>(i)
                      : i < 98 ? size - 1 - static_cast<size_t>(i - 72)
                               : random.Below(size);
    std::fstream file(saved.Path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get());
    auto put = [&](char c) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(c);
      file.flush();
    };
    put(static_cast<char>(byte ^ 0x10));
    const Status loaded = saved.TryLoad();
    ASSERT_FALSE(loaded.ok()) << "byte " << at;
    ASSERT_EQ(loaded.error().code, ErrorCode::kCorrupt);
    put(byte);
  }
  EXPECT_TRUE(saved.TryLoad().ok());
}

TEST(RunFiles, EveryFlippedByteIsFound) { ExpectEveryFlippedByteIsFound(Saved()); }
/// The filter is the larger part of the file's last quarter; every byte there counts, so many are tried.
TEST(RunFiles, EveryFlippedByteIsFoundInAFilteredFile) { ExpectEveryFlippedByteIsFound(Saved(true)); }

TEST(RunFiles, AShortOrMissingFileIsFound) {
  Saved saved;
  fs::resize_file(saved.Path(), fs::file_size(saved.Path()) - 1);
  EXPECT_EQ(saved.TryLoad().error().code, ErrorCode::kCorrupt);
  fs::resize_file(saved.Path(), 10);
  EXPECT_EQ(saved.TryLoad().error().code, ErrorCode::kCorrupt);
  fs::remove(saved.Path());
  EXPECT_EQ(saved.TryLoad().error().code, ErrorCode::kCorrupt);
}

TEST(RunFiles, AFileOfAnOlderFormatIsRefused) {
  Saved saved;
  std::fstream file(saved.Path(), std::ios::in | std::ios::out | std::ios::binary);
  RunHeader header{};
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  ASSERT_EQ(header.format_version, kRunFormatVersion);
  header.format_version = 1;
  header.crc = Crc32c({reinterpret_cast<const uint8_t*>(&header), offsetof(RunHeader, crc)});
  file.seekp(0);
  file.write(reinterpret_cast<const char*>(&header), sizeof header).flush();
  const Status loaded = saved.TryLoad();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(loaded.error().ToString().find("other format"), std::string::npos) << loaded.error().ToString();
}

void ExpectNoFaultFromDamage(Saved saved) {
  saved.options.eager_check_bytes_max = 0;
  SeededRandom random(5);
  for (int round = 0; round < 20; ++round) {
    std::fstream file(saved.Path(), std::ios::in | std::ios::out | std::ios::binary);
    // Blocks and their index; header and table are read when the file is mapped.
    const uint64_t data = fs::file_size(saved.Path()) - sizeof(RunHeader) - 64;
    for (int i = 0; i < 30; ++i) {
      file.seekp(static_cast<std::streamoff>(sizeof(RunHeader) + random.Below(data)));
      file.put(static_cast<char>(random.Below(256)));
    }
    file.flush();
    Runs<Entry16> runs(saved.options);
    ASSERT_TRUE(runs.Load(saved.files, 20001).ok());
    const auto state = runs.snapshot();
    size_t walked = 0;
    for (auto cursor = state.Forward({0, 0}, {~0ULL, ~0ULL}); cursor.valid(); cursor.Next()) ++walked;
    for (auto cursor = state.Backward({0, 0}, {~0ULL, ~0ULL}); cursor.valid(); cursor.Next()) ++walked;
    EXPECT_LE(walked, 2 * state.adds());
    for (int i = 0; i < 200; ++i) {
      const Entry16 key{random.Next(), random.Next()};
      EXPECT_LE(state.CountAdds({0, 0}, key), state.adds());
      state.Contains(key);
      size_t found = 0;
      state.ForPieces({key.a, 0}, {key.a, ~0ULL}, [&](const Entry16* first, const Entry16* last) {
        found += static_cast<size_t>(last - first);
        return true;
      });
      EXPECT_LE(found, state.adds());
    }
    EXPECT_FALSE(runs.CheckNext().ok());
  }
}

TEST(RunFiles, DamagedBlocksGiveWrongEntriesButNoFault) { ExpectNoFaultFromDamage(Saved()); }
TEST(RunFiles, ADamagedFilterIsNoFault) { ExpectNoFaultFromDamage(Saved(true)); }

/// In the merged file the damage would bear a good checksum.
TEST(RunFiles, AMergeRefusesWhatIsDamaged) {
  Saved saved;
  saved.options.eager_check_bytes_max = 0;
  std::fstream file(saved.Path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(saved.Path()) / 2));
  file.put('x').put('y').flush();
  saved.options.filtered = true;  // so that there is something to do
  Runs<Entry16> runs(saved.options);
  ASSERT_TRUE(runs.Load(saved.files, 20001).ok());
  EXPECT_EQ(runs.Maintain().error().code, ErrorCode::kCorrupt);
}

TEST(RunFiles, BackgroundCheckFindsWhatLoadDidNotRead) {
  Saved saved;
  saved.options.eager_check_bytes_max = 0;
  std::fstream file(saved.Path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(saved.Path()) / 2));
  file.put('x').put('y').flush();
  Runs<Entry16> runs(saved.options);
  ASSERT_TRUE(runs.Load(saved.files, 20001).ok());
  const auto checked = runs.CheckNext();
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ErrorCode::kCorrupt);
}

TEST(RunFiles, AFullDiskLeavesTheRunsUsable) {
  Folder folder("gone");
  ASSERT_TRUE(WriteFileDurable(folder.path + "/nowhere", "a file where the folder should be").ok());
  Runs<Entry16> runs({"f", folder.path + "/nowhere", 100, 0});
  for (uint64_t round = 0; round < 4; ++round) {
    for (uint64_t i = 0; i < 2000; ++i) runs.Add({i, round});
    runs.Publish(1 + (round + 1) * 2000);
  }
  EXPECT_EQ(runs.Maintain().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(runs.Save(runs.snapshot()).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(runs.snapshot().Count({0, 0}, {~0ULL, ~0ULL}), 8000);
}

// Manifest

TEST(Manifest, ReadsWhatWasWritten) {
  Folder folder("manifest");
  EXPECT_EQ(ReadManifest(folder.path).error().code, ErrorCode::kNotFound);
  Manifest manifest;
  manifest.view = "directory";
  manifest.mark = {3, 17, 99, 0xfedcba9876543210, 2};
  manifest.numbers = {{"columns", 12}};
  manifest.files = {{"f", 4, 10, 2, 1, 50, 77}, {"g", 9, 1, 0, 50, 99, 78}};
  ASSERT_TRUE(WriteManifest(folder.path, manifest).ok());
  const auto read = ReadManifest(folder.path);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->view, "directory");
  EXPECT_EQ(read->mark.definitions_hash, 0xfedcba9876543210u);
  EXPECT_EQ(read->mark.end_ordinal, 99u);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[1].FileName(), "g-000000000009.run");
  EXPECT_EQ(read->files[1].checksum, 78u);
  EXPECT_EQ(read->numbers, manifest.numbers);
}

TEST(Manifest, EveryFlippedByteIsFound) {
  Folder folder("flip");
  Manifest manifest;
  manifest.view = "v";
  manifest.files = {{"f", 4, 10, 2, 1, 50, 77}};
  ASSERT_TRUE(WriteManifest(folder.path, manifest).ok());
  const std::string path = folder.path + "/manifest";
  for (size_t at = 0; at < fs::file_size(path); ++at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 1)).flush();
    EXPECT_EQ(ReadManifest(folder.path).error().code, ErrorCode::kCorrupt) << at;
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte).flush();
  }
}

TEST(Manifest, RefusesAForeignMark) {
  const Mark head{2, 100, 1000, 5, 1};
  EXPECT_TRUE(CheckMark({2, 100, 1000, 5, 1}, head).ok());
  EXPECT_TRUE(CheckMark({2, 10, 100, 5, 1}, head).ok());
  EXPECT_EQ(CheckMark({1, 10, 100, 5, 1}, head).error().code, ErrorCode::kConflict);
  EXPECT_EQ(CheckMark({2, 101, 1001, 5, 1}, head).error().code, ErrorCode::kConflict);
  EXPECT_EQ(CheckMark({2, 10, 100, 6, 1}, head).error().code, ErrorCode::kConflict);
  EXPECT_EQ(CheckMark({2, 10, 100, 5, 2}, head).error().code, ErrorCode::kConflict);
}

TEST(Manifest, AKillBetweenFilesLeavesTheFormerOne) {
  Saved saved;
  Manifest manifest;
  manifest.view = "v";
  manifest.mark.end_ordinal = 20001;
  manifest.files = saved.files;
  ASSERT_TRUE(WriteManifest(saved.folder.path, manifest).ok());
  {  // A second life adds, writes its files and is killed before its manifest.
    Runs<Entry16> runs(saved.options);
    ASSERT_TRUE(runs.Load(saved.files, 20001).ok());
    for (uint64_t i = 0; i < 5000; ++i) runs.Add({i, i});
    runs.Publish(25001);
    ASSERT_TRUE(runs.Save(runs.snapshot()).ok());
    std::ofstream(saved.folder.path + "/f-000000000099.run.tmp") << "torn";
    std::ofstream(saved.folder.path + "/manifest.tmp") << "torn";
  }
  const auto read = ReadManifest(saved.folder.path);
  ASSERT_TRUE(read.ok());
  Runs<Entry16> runs(saved.options);
  ASSERT_TRUE(runs.Load(read->files, read->mark.end_ordinal).ok());
  EXPECT_EQ(runs.snapshot().Count({0, 0}, {~0ULL, ~0ULL}), 20000);
  runs.RemoveUnused(read->files);
  size_t run_files = 0;
  for (const auto& entry : fs::directory_iterator(saved.folder.path))
    run_files += entry.path().filename().string().rfind("f-", 0) == 0;
  EXPECT_EQ(run_files, read->files.size());
}

TEST(Runs, ReadersSeeWholePublishesWhileTheWriterAndMergesGoOn) {
  Folder folder("threads");
  Runs<Entry16> runs({"f", folder.path, 5000, 0});
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  // Every publish adds 10 entries and removes the 10 of the publish before: a reader must always count 10.
  for (uint64_t k = 0; k < 10; ++k) runs.Add({Mix(k), 0});
  runs.Publish(2);
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!stop) {
        const auto state = runs.snapshot();
        if (state.Count({0, 0}, {~0ULL, ~0ULL}) != 10) ++wrong;
        size_t live = 0;
        for (auto c = state.Backward({Mix(1), 0}, {Mix(1), ~0ULL}); c.valid(); c.Next())
          live += state.Count(c.entry(), c.entry()) == 1;
        if (live != 1) ++wrong;
        std::this_thread::yield();
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      if (!runs.Maintain().ValueOr(false)) std::this_thread::yield();
    }
  });
  for (uint64_t round = 1; round < 2500; ++round) {
    for (uint64_t k = 0; k < 10; ++k) {
      runs.Add({Mix(k), round});
      runs.Remove({Mix(k), round - 1});
    }
    runs.Publish(round + 2);
    runs.SetOldestPinned(round > 100 ? round - 100 : 0);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace tk::view
