// A run gives back just what was written into it, however it was packed; two that are merged are one of both.
#include "kernel/person/linkage/posting_run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/base/random.h"
#include "kernel/person/linkage/index.h"

namespace tk::person::linkage {
namespace {

std::vector<uint64_t> SortedPostings(size_t count, Entry entry_max, uint64_t seed) {
  SeededRandom random(seed);
  std::vector<uint64_t> postings = {PostingOf(0, 0), PostingOf(UINT32_MAX, entry_max)};
  while (postings.size() < count) {
    // Few hashes, so that many entries share one, and any.
    const auto hash = static_cast<uint32_t>(random.Below(2) == 0 ? random.Below(50) * 85899345
                                                                 : random.Below(uint64_t{1} << 32));
    postings.push_back(PostingOf(hash, static_cast<Entry>(random.Below(uint64_t{entry_max} + 1))));
  }
  std::sort(postings.begin(), postings.end());
  postings.erase(std::unique(postings.begin(), postings.end()), postings.end());
  return postings;
}

PostingRun Written(const std::vector<uint64_t>& postings, Entry entry_max) {
  PostingRun run(postings.size(), entry_max);
  PostingRun::Writer writer(&run, 0, 0, 1U << PostingRun::kPartBits);
  for (const uint64_t posting : postings) writer.Add(posting);
  writer.End();
  return run;
}

std::vector<uint64_t> Told(const PostingRun& run) {
  std::vector<uint64_t> all;
  run.ForAll([&](uint64_t posting) { all.push_back(posting); });
  return all;
}

TEST(PostingRunTest, GivesBackWhatWasWritten) {
  for (const size_t count : {2U, 9U, 300U, 5000U, 80'000U}) {
    for (const Entry entry_max : {1U, 255U, 70'000U, 99'999'999U}) {
      const std::vector<uint64_t> postings = SortedPostings(count, entry_max, count + entry_max);
      const PostingRun run = Written(postings, entry_max);
      ASSERT_EQ(Told(run), postings) << count << " " << entry_max;
      std::vector<uint64_t> by_hash, by_cursor;
      for (size_t i = 0; i < postings.size(); ++i) {
        if (i > 0 && HashIn(postings[i]) == HashIn(postings[i - 1])) continue;
        const uint32_t hash = HashIn(postings[i]);
        EXPECT_TRUE(run.ForHash(hash, [&](Entry entry) {
          by_hash.push_back(PostingOf(hash, entry));
          return true;
        }));
      }
      EXPECT_EQ(by_hash, postings);
      for (PostingRun::Cursor cursor(run); cursor.valid(); cursor.Next())
        by_cursor.push_back(cursor.posting());
      EXPECT_EQ(by_cursor, postings);
      EXPECT_LT(run.bytes(), postings.size() * 8 + 2048);
    }
  }
}

TEST(PostingRunTest, ReadsNoMoreThanIsAskedFor) {
  const PostingRun run = Written({PostingOf(7, 1), PostingOf(7, 2), PostingOf(7, 3)}, 3);
  size_t read = 0;
  EXPECT_FALSE(run.ForHash(7, [&](Entry) { return ++read < 2; }));
  EXPECT_EQ(read, 2u);
}

TEST(PostingRunTest, TwoAreMergedIntoOne) {
  const std::vector<uint64_t> a = SortedPostings(20'000, 500, 1), b = SortedPostings(3'000, 90'000, 2);
  std::vector<uint64_t> both;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const PostingRun one = Written(a, 500), other = Written(b, 90'000);
  EXPECT_EQ(Told(MergeRuns(one, other)), both);
  EXPECT_EQ(Told(MergeRuns(other, one)), both);
}

TEST(PostingsTest, MergedBesideOrAtOnceTheSameIsFound) {
  Postings at_once, beside;
  beside.MergeBeside();
  constexpr uint32_t kHashes = 9'000, kFactor = 2654435761U;
  for (Entry entry = 0; entry < 700'000; ++entry) {
    at_once.Add(entry % kHashes * kFactor, entry);
    beside.Add(entry % kHashes * kFactor, entry);
  }
  const auto expect_same = [&] {
    for (uint32_t hash = 0; hash < kHashes; hash += 101) {
      std::vector<Entry> a, b;
      EXPECT_EQ(at_once.Find(hash * kFactor, 1000, &a), beside.Find(hash * kFactor, 1000, &b));
      std::sort(a.begin(), a.end());
      std::sort(b.begin(), b.end());
      ASSERT_EQ(a, b);
      ASSERT_GE(a.size(), 77u);
    }
  };
  expect_same();
  size_t merged = 0;
  for (auto due = beside.DueMerge(); due.has_value(); due = beside.DueMerge(), ++merged)
    beside.PutMerged(*due, std::make_shared<const PostingRun>(MergeRuns(*due->older, *due->newer)));
  EXPECT_GT(merged, 0u);
  expect_same();
  EXPECT_EQ(beside.size(), at_once.size());
}

TEST(PostingsTest, WhatIsMergedTooLateIsNotPutIn) {
  Postings postings;
  postings.MergeBeside();
  for (Entry entry = 0; entry < 700'000; ++entry) postings.Add(entry, entry);
  const auto due = postings.DueMerge();
  ASSERT_TRUE(due.has_value());
  const auto merged = std::make_shared<const PostingRun>(MergeRuns(*due->older, *due->newer));
  postings.PutMerged(*due, merged);
  const size_t size = postings.size();
  postings.PutMerged(*due, merged);
  EXPECT_EQ(postings.size(), size);
}

}  // namespace
}  // namespace tk::person::linkage
