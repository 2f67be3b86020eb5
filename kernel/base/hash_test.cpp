#include "kernel/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tk {
namespace {

HashKey CountingKey() {
  HashKey key;
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i);
  return key;
}

// The worked example at the end of the SipHash paper (Aumasson, Bernstein 2012, appendix A).
TEST(KeyedHash, IsSipHash24) {
  std::string text;
  for (char c = 0; c < 15; ++c) text.push_back(c);
  EXPECT_EQ(KeyedHash(CountingKey(), text), 0xa129ca6149be45e5ULL);
}

TEST(KeyedHash, DependsOnTheKey) {
  HashKey other = CountingKey();
  other[15] ^= 1;
  EXPECT_NE(KeyedHash(CountingKey(), "a"), KeyedHash(other, "a"));
}

// Check value of CRC-32C from RFC 3720, and its examples of 32 bytes.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32c(AsBytes(std::string(32, '\0'))), 0x8a9136aau);
  EXPECT_EQ(Crc32c(AsBytes(std::string(32, '\xff'))), 0x62a8ab43u);
  EXPECT_EQ(Crc32c({}), 0u);
}

TEST(Crc32c, GoesOnWhereItStopped) {
  const std::string text = "the log is the only truth, and everything else is a view";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const uint32_t head = Crc32c(AsBytes(std::string_view(text).substr(0, cut)));
    EXPECT_EQ(Crc32c(AsBytes(std::string_view(text).substr(cut)), head), Crc32c(AsBytes(text))) << cut;
  }
}

TEST(Crc32c, SeesEverySingleFlippedBit) {
  std::string text(100, 'x');
  const uint32_t good = Crc32c(AsBytes(text));
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(Crc32c(AsBytes(text)), good) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  }
}

// BLAKE2b with a digest of 32 bytes over "abc", as `b2sum -l 256` prints it.
TEST(DigestOf, IsBlake2b256OfThePartsTogether) {
  const std::string expected = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
  EXPECT_EQ(ToHex(DigestOf({AsBytes("abc")})), expected);
  EXPECT_EQ(ToHex(DigestOf({AsBytes("a"), AsBytes(""), AsBytes("bc")})), expected);
}

TEST(ToHex, WritesEveryByteAsTwoLowerCaseDigits) {
  EXPECT_EQ(ToHex({}), "");
  EXPECT_EQ(ToHex(AsBytes(std::string("\x00\x0f\xa5\xff", 4))), "000fa5ff");
}

TEST(Mix, SpreadsNeighbours) {
  std::set<uint64_t> low_bits;
  for (uint64_t i = 0; i < 1024; ++i) low_bits.insert(Mix(i) & 0xfff);
  EXPECT_GT(low_bits.size(), 850u);  // 1024 balls in 4096 boxes fill about 905
}

}  // namespace
}  // namespace tk
