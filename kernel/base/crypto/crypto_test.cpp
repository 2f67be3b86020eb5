// The standards' own examples, and what must not verify or open.
#include "kernel/base/crypto/crypto.h"

#include <gtest/gtest.h>

#include "kernel/base/base32.h"
#include "kernel/base/random.h"

namespace tk::crypto {
namespace {

std::string FromHexText(std::string_view hex) {
  std::string out;
  int high = -1;
  for (const char c : hex) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out += static_cast<char>(high * 16 + digit);
      high = -1;
    }
  }
  return out;
}
template <size_t N>
std::array<uint8_t, N> Fixed(std::string_view hex) {
  const std::string bytes = FromHexText(hex);
  EXPECT_EQ(bytes.size(), N);
  std::array<uint8_t, N> out{};
  std::copy_n(AsBytes(bytes).begin(), std::min(N, bytes.size()), out.begin());
  return out;
}
std::string HexOf(std::string_view bytes) { return ToHex(AsBytes(bytes)); }
constexpr Suite kBoth[] = {Suite::kInternational, Suite::kNational};

// GB/T 32905-2016 (GM/T 0004-2012) annex A, both examples; FIPS 180-4's "abc".
TEST(Crypto, DigestsOfTheStandards) {
  EXPECT_EQ(ToHex(HashOf(Suite::kNational, {AsBytes("abc")})),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  std::string long_text;
  for (int i = 0; i < 16; ++i) long_text += "abcd";
  EXPECT_EQ(ToHex(HashOf(Suite::kNational, {AsBytes(long_text)})),
            "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
  EXPECT_EQ(ToHex(HashOf(Suite::kInternational, {AsBytes("a"), AsBytes("bc")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct SignatureVector {
  Suite suite;
  std::string_view secret, x, y, message, r, s;
};
// GM/T 0003.5-2012 (GB/T 32918.5-2017) annex A, signature on the recommended curve with the identity 1234567812345678;
// RFC 6979 A.2.5, P-256 with SHA-256, message "sample".
constexpr SignatureVector kVectors[] = {
    {Suite::kNational, "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8",
     "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
     "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13", "message digest",
     "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
     "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"},
    {Suite::kInternational, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
     "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299", "sample",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"}};

TEST(Crypto, SignaturesOfTheStandards) {
  for (const SignatureVector& vector : kVectors) {
    SCOPED_TRACE(NameOf(vector.suite));
    const auto key = SigningKey::FromSecret(vector.suite, Fixed<32>(vector.secret));
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(key->verifying().point(), Fixed<65>("04" + std::string(vector.x) + std::string(vector.y)));
    const auto signature = Fixed<64>(std::string(vector.r) + std::string(vector.s));
    const auto checks = VerifyingKey::FromPoint(vector.suite, key->verifying().point());
    ASSERT_TRUE(checks.ok());
    EXPECT_TRUE(checks->Verify(AsBytes(vector.message), signature));
    EXPECT_FALSE(checks->Verify(AsBytes("another message"), signature));
    for (size_t i = 0; i < signature.size(); ++i) {
      Signature bent = signature;
      bent[i] ^= 1;
      EXPECT_FALSE(checks->Verify(AsBytes(vector.message), bent)) << i;
    }
    for (const uint8_t fill : {uint8_t{0}, uint8_t{0xff}}) {
      Signature odd;
      odd.fill(fill);
      EXPECT_FALSE(checks->Verify(AsBytes(vector.message), odd));
    }
  }
}

TEST(Crypto, AnotherKeyOrAnotherSetDoesNotVerify) {
  for (const Suite suite : kBoth) {
    const auto one = SigningKey::Generate(suite), two = SigningKey::Generate(suite);
    ASSERT_TRUE(one.ok() && two.ok());
    const auto signature = one->Sign(AsBytes("text"));
    ASSERT_TRUE(signature.ok());
    EXPECT_TRUE(one->verifying().Verify(AsBytes("text"), *signature));
    EXPECT_FALSE(two->verifying().Verify(AsBytes("text"), *signature));
    const Suite other = suite == Suite::kNational ? Suite::kInternational : Suite::kNational;
    EXPECT_FALSE(VerifyingKey::FromPoint(other, one->verifying().point()).ok());
  }
}

TEST(Crypto, KeysThatAreNoneAreRefused) {
  for (const Suite suite : kBoth) {
    Secret secret{};
    EXPECT_FALSE(SigningKey::FromSecret(suite, secret).ok());
    secret.fill(0xff);
    EXPECT_FALSE(SigningKey::FromSecret(suite, secret).ok());
    EXPECT_FALSE(VerifyingKey::FromPoint(suite, {}).ok());
    Point zero{};
    EXPECT_FALSE(VerifyingKey::FromPoint(suite, zero).ok());
    zero[0] = 4;
    EXPECT_FALSE(VerifyingKey::FromPoint(suite, zero).ok());
  }
  EXPECT_FALSE(ParseSuite("sm").ok());
  EXPECT_EQ(ParseSuite("national").value(), Suite::kNational);
}

struct AeadVector {
  Suite suite;
  std::string_view key, nonce, additional, plain, sealed;
};
// RFC 8998 A.1 (SM4-GCM); McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16 (AES-256-GCM).
constexpr AeadVector kSealed[] = {
    {Suite::kNational, "0123456789ABCDEFFEDCBA9876543210", "00001234567800000000ABCD",
     "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2",
     "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
     "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA",
     "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
     "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec"},
    {Suite::kInternational, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
     "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"}};

TEST(Crypto, SealedTextsOfTheStandards) {
  for (const AeadVector& vector : kSealed) {
    SCOPED_TRACE(NameOf(vector.suite));
    const std::string key = FromHexText(vector.key), additional = FromHexText(vector.additional);
    const std::string plain = FromHexText(vector.plain);
    const auto nonce = Fixed<12>(vector.nonce);
    std::string sealed = Seal(vector.suite, AsBytes(key), nonce, AsBytes(additional), AsBytes(plain));
    EXPECT_EQ(HexOf(sealed), vector.sealed);
    const auto opened = Open(vector.suite, AsBytes(key), nonce, AsBytes(additional), AsBytes(sealed));
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, plain);
    EXPECT_FALSE(Open(vector.suite, AsBytes(key), nonce, {}, AsBytes(sealed)).ok());
    for (char& c : sealed) {
      c = static_cast<char>(c ^ 0x20);
      EXPECT_EQ(Open(vector.suite, AsBytes(key), nonce, AsBytes(additional), AsBytes(sealed)).error().code,
                ErrorCode::kCorrupt);
      c = static_cast<char>(c ^ 0x20);
    }
  }
}

TEST(Crypto, WhatIsSealedOpensWhateverItsLength) {
  SeededRandom random(1);
  for (const Suite suite : kBoth) {
    std::string key(AeadKeyBytes(suite), 'k');
    for (size_t size = 0; size < 70; ++size) {
      std::string plain;
      for (size_t i = 0; i < size; ++i) plain += static_cast<char>(random.Next());
      const AeadNonce nonce{static_cast<uint8_t>(size)};
      const std::string sealed = Seal(suite, AsBytes(key), nonce, AsBytes("about"), AsBytes(plain));
      EXPECT_EQ(sealed.size(), size + kAeadTagBytes);
      EXPECT_EQ(Open(suite, AsBytes(key), nonce, AsBytes("about"), AsBytes(sealed)).value(), plain);
    }
    EXPECT_FALSE(Open(suite, AsBytes(key), {}, {}, AsBytes("short")).ok());
  }
}

// RFC 4648 section 10, without padding.
TEST(Base32, ExamplesOfTheStandardAndOneTextOnly) {
  const std::pair<std::string_view, std::string_view> pairs[] = {{"", ""},
                                                                 {"f", "MY"},
                                                                 {"fo", "MZXQ"},
                                                                 {"foo", "MZXW6"},
                                                                 {"foob", "MZXW6YQ"},
                                                                 {"fooba", "MZXW6YTB"},
                                                                 {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(ToBase32(AsBytes(bytes)), text);
    EXPECT_EQ(FromBase32(text), std::string(bytes));
  }
  EXPECT_EQ(FromBase32("mzxw6ytboi"), "foobar");
  for (const std::string_view bad : {"M", "MZ", "MZXW6Y", "MZX", "M1", "MY=", "M Y", "MZXW6YTBOJ"})
    EXPECT_FALSE(FromBase32(bad).has_value()) << bad;
}

}  // namespace
}  // namespace tk::crypto
