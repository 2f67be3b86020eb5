// Codes: what is written is read, and nothing else is believed. Numbers, keys, QR pictures.
#include "apps/health-card/code.h"

#include <ZXing/ReadBarcode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "apps/health-card/bytes.h"
#include "apps/health-card/key_ring.h"
#include "apps/health-card/number.h"
#include "apps/health-card/offline.h"
#include "apps/health-card/settings.h"
#include "kernel/app/app.h"
#include "kernel/base/base32.h"
#include "kernel/base/file.h"
#include "kernel/base/qr.h"
#include "kernel/base/random.h"

namespace tk::health_card {
namespace {

constexpr int64_t kNowS = 1'795'000'000;  // 2026-11-18T11:06:40Z
constexpr uint32_t kIssuer = 380'100;
constexpr crypto::Suite kSuites[] = {crypto::Suite::kInternational, crypto::Suite::kNational};

struct Signed {
  crypto::SigningKey key;
  KnownKeys known;
};
Signed KeyOf(crypto::Suite suite, uint16_t number = 7) {
  Signed made{crypto::SigningKey::Generate(suite).value(), {}};
  made.known.push_back({number, made.key.verifying(), kNowS - 1000, 0, false});
  return made;
}
Code DynamicCode() {
  Code code;
  code.key = 7;
  code.issuer = kIssuer;
  code.card = {0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  code.issued_s = kNowS;
  code.life_s = 60;
  code.nonce = {9, 8, 7, 6, 5, 4};
  return code;
}
Code StaticCode() {
  Code code = DynamicCode();
  code.kind = CodeKind::kStatic;
  code.life_s = 1825 * 86'400;
  code.nonce = {};
  return code;
}
Verdict JudgeAt(const std::string& text, const KnownKeys& keys, int64_t now_s) {
  const auto parsed = ParseCode(text);
  return parsed.ok() ? Judge(*parsed, keys, {kIssuer, now_s, 5}) : Verdict::kMalformed;
}

TEST(HealthCardCode, WhatIsSignedIsReadBackAndValidForItsTimeOnly) {
  for (const crypto::Suite suite : kSuites) {
    const Signed keys = KeyOf(suite);
    for (const Code& code : {DynamicCode(), StaticCode()}) {
      const std::string text = SignCode(code, keys.key).value();
      const auto parsed = ParseCode(text);
      ASSERT_TRUE(parsed.ok());
      EXPECT_EQ(parsed->code.kind, code.kind);
      EXPECT_EQ(parsed->code.issuer, code.issuer);
      EXPECT_EQ(parsed->code.card, code.card);
      EXPECT_EQ(parsed->code.issued_s, code.issued_s);
      EXPECT_EQ(parsed->code.life_s, code.life_s);
      EXPECT_EQ(parsed->code.nonce, code.nonce);
      const std::pair<int64_t, Verdict> times[] = {{-6, Verdict::kNotYet},
                                                   {-5, Verdict::kValid},
                                                   {0, Verdict::kValid},
                                                   {code.life_s + 5, Verdict::kValid},
                                                   {code.life_s + 6, Verdict::kExpired}};
      for (const auto& [after, expected] : times)
        EXPECT_EQ(JudgeAt(text, keys.known, kNowS + after), expected) << after;
    }
  }
}

TEST(HealthCardCode, AnyChangedCharacterIsRefused) {
  for (const crypto::Suite suite : kSuites) {
    const Signed keys = KeyOf(suite);
    const std::string text = SignCode(DynamicCode(), keys.key).value();
    for (size_t i = 0; i < text.size(); ++i) {
      std::string bent = text;
      bent[i] = bent[i] == 'A' ? 'B' : 'A';
      EXPECT_NE(JudgeAt(bent, keys.known, kNowS), Verdict::kValid) << i;
      EXPECT_EQ(JudgeAt(text.substr(0, i), keys.known, kNowS), Verdict::kMalformed) << i;
    }
    EXPECT_EQ(JudgeAt(text + "A", keys.known, kNowS), Verdict::kMalformed);
  }
}

// The bytes themselves, since eight characters hold five of them.
TEST(HealthCardCode, AnyChangedBitIsRefused) {
  const Signed keys = KeyOf(crypto::Suite::kInternational);
  const std::string text = SignCode(DynamicCode(), keys.key).value();
  const std::string bytes = *FromBase32(std::string_view(text).substr(kCodePrefix.size()));
  ASSERT_EQ(bytes.size(), 93u);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string bent = bytes;
    bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(JudgeAt(std::string(kCodePrefix) + ToBase32(AsBytes(bent)), keys.known, kNowS), Verdict::kValid)
        << bit;
  }
}

TEST(HealthCardCode, TypedTextMayBeSmallAndBroken) {
  const Signed keys = KeyOf(crypto::Suite::kInternational);
  const std::string text = SignCode(DynamicCode(), keys.key).value();
  std::string typed = " ";
  for (size_t i = 0; i < text.size(); ++i) {
    typed += text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (i % 40 == 39) typed += "\r\n ";
  }
  EXPECT_EQ(JudgeAt(typed, keys.known, kNowS), Verdict::kValid);
  for (const std::string& bad : {std::string(), std::string("TK:"), std::string("TK:AAAA"),
                                 std::string(5000, 'A'), "tk1:" + text.substr(3), std::string("E1D1BB18:1")})
    EXPECT_EQ(JudgeAt(bad, keys.known, kNowS), Verdict::kMalformed);
}

TEST(HealthCardCode, OtherIssuersAndOtherKeysAreNotBelieved) {
  const Signed keys = KeyOf(crypto::Suite::kInternational);
  Code code = DynamicCode();
  code.issuer = 380'200;
  EXPECT_EQ(JudgeAt(SignCode(code, keys.key).value(), keys.known, kNowS), Verdict::kOtherIssuer);
  const std::string text = SignCode(DynamicCode(), keys.key).value();
  EXPECT_EQ(JudgeAt(text, {}, kNowS), Verdict::kUnknownKey);
  EXPECT_EQ(JudgeAt(text, KeyOf(crypto::Suite::kInternational).known, kNowS), Verdict::kForged);
  EXPECT_EQ(JudgeAt(text, KeyOf(crypto::Suite::kNational).known, kNowS), Verdict::kForged);
  KnownKeys known = keys.known;
  known[0].revoked = true;
  EXPECT_EQ(JudgeAt(text, known, kNowS), Verdict::kUnknownKey);
  known = keys.known;
  known[0].signs_until_s = kNowS - 1;  // it signed after its time
  EXPECT_EQ(JudgeAt(text, known, kNowS), Verdict::kUnknownKey);
  known[0].signs_until_s = 0;
  known[0].from_s = kNowS + 1;
  EXPECT_EQ(JudgeAt(text, known, kNowS), Verdict::kUnknownKey);
}

TEST(HealthCardCode, PartsOutOfRangeAreNotSigned) {
  const Signed keys = KeyOf(crypto::Suite::kInternational);
  for (const auto& spoil : std::initializer_list<void (*)(Code*)>{
           [](Code* code) { code->life_s = 0; }, [](Code* code) { code->life_s = 256; },
           [](Code* code) { code->issuer = 1'000'000; }, [](Code* code) { code->issued_s = 0; },
           [](Code* code) { code->kind = CodeKind::kStatic; }}) {
    Code code = DynamicCode();
    spoil(&code);
    EXPECT_FALSE(SignCode(code, keys.key).ok());
  }
}

TEST(HealthCardNumber, CheckCharactersOfTheStandard) {
  // ISO/IEC 7064: MOD 11-2 of "0794" is "0"; MOD 37,36 of "A12425GABC1234002" is "M" (ISO 27729 and 26324 use these).
  EXPECT_EQ(CheckCharacter(Check::kMod11_2, "0794"), '0');
  EXPECT_EQ(CheckCharacter(Check::kMod11_2, "079"), 'X');
  EXPECT_EQ(CheckCharacter(Check::kMod37_36, "A12425GABC1234002"), 'M');
  EXPECT_EQ(CheckCharacter(Check::kMod11_2, "07A4"), '\0');
  for (const Check check : {Check::kNone, Check::kMod11_2, Check::kMod37_36}) {
    const NumberFormat format{"380100", 12, check};
    const std::string number = NewNumber(format, SystemRandom);
    EXPECT_TRUE(IsNumber(format, number));
    EXPECT_FALSE(IsNumber(format, number + "0"));
    for (size_t i = 6; check != Check::kNone && i + 1 < number.size(); ++i) {
      std::string slip = number;
      slip[i] = slip[i] == '9' ? '0' : static_cast<char>(slip[i] + 1);
      EXPECT_FALSE(IsNumber(format, slip)) << i;
    }
  }
  EXPECT_FALSE(CheckFormat({"38A", 12, Check::kMod11_2}).ok());
  EXPECT_TRUE(CheckFormat({"38A", 12, Check::kMod37_36}).ok());
  EXPECT_FALSE(CheckFormat({"", 7, Check::kNone}).ok());
}

std::string ReadQr(const std::vector<uint8_t>& grey, int side) {
  ZXing::DecodeHints hints;
  hints.setFormats(ZXing::BarcodeFormat::QRCode);
  const auto result = ZXing::ReadBarcode({grey.data(), side, side, ZXing::ImageFormat::Lum}, hints);
  return result.isValid() ? result.text() : std::string();
}

std::vector<uint8_t> GreyOfPng(const std::string& png, int* side) {
  ByteReader in(png);
  EXPECT_EQ(in.TakeText(8), "\x89PNG\r\n\x1a\n");
  std::string packed;
  while (in.left() > 0) {
    const size_t size = in.Take(4);
    const std::string_view type = in.TakeText(4), data = in.TakeText(size);
    EXPECT_EQ(in.Take(4), crc32(crc32(0, reinterpret_cast<const Bytef*>(type.data()), 4),
                                reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
    if (type == "IHDR") *side = static_cast<int>(ByteReader(data).Take(4));
    if (type == "IDAT") packed = data;
  }
  const size_t row = 1 + (static_cast<size_t>(*side) + 7) / 8;
  std::string rows(row * static_cast<size_t>(*side), '\0');
  uLongf size = rows.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
            Z_OK);
  std::vector<uint8_t> grey;
  for (size_t y = 0; y < static_cast<size_t>(*side); ++y) {
    for (size_t x = 0; x < static_cast<size_t>(*side); ++x)
      grey.push_back((rows[y * row + 1 + x / 8] >> (7 - x % 8) & 1) != 0 ? 255 : 0);
  }
  return grey;
}

TEST(HealthCardQr, CodesFillVersionSixAndAreReadBackFromThePicture) {
  for (const crypto::Suite suite : kSuites) {
    const Signed keys = KeyOf(suite);
    for (const Code& code : {DynamicCode(), StaticCode()}) {
      const std::string text = SignCode(code, keys.key).value();
      const QrCode qr = MakeQr(text).value();
      EXPECT_EQ(qr.version, 6);
      EXPECT_EQ(qr.width, 41);
      int side = 0;
      const std::vector<uint8_t> grey = GreyOfPng(QrAsPng(qr, 4).value(), &side);
      EXPECT_EQ(side, (41 + 8) * 4);
      EXPECT_EQ(ReadQr(grey, side), text);
      // The drawing has exactly the dark modules: each run of the path adds its width.
      const std::string svg = QrAsSvg(qr);
      size_t dark = 0;
      const size_t path = svg.rfind("d=\"");
      for (size_t at = svg.find('h', path); at != std::string::npos; at = svg.find('h', at + 1)) {
        if (svg[at + 1] != '-') dark += static_cast<size_t>(std::strtol(svg.c_str() + at + 1, nullptr, 10));
      }
      EXPECT_EQ(dark, static_cast<size_t>(std::count(qr.dark.begin(), qr.dark.end(), true)));
    }
  }
  EXPECT_FALSE(MakeQr(std::string(9000, 'A')).ok());
  EXPECT_FALSE(QrAsPng(MakeQr("A").value(), 0).ok());
}

TEST(HealthCardSettings, ThePackLoadsAndBadValuesAreNamed) {
  std::string good;
  for (const app::Pack& pack : app::InstalledPacks()) {
    if (pack.id == "health-card") good = pack.Find("settings.json")->content;
  }
  const auto settings = ReadSettings(good);
  ASSERT_TRUE(settings.ok()) << settings.error().external;
  EXPECT_EQ(settings->issuer, 380'100u);
  ASSERT_NE(settings->FindPurpose("record"), nullptr);
  EXPECT_FALSE(settings->FindPurpose("record")->by_static);
  EXPECT_TRUE(settings->FindPurpose("registration")->by_static);
  const auto spoil = [&good](std::string_view from, std::string_view to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const auto& [from, to, member] :
       std::initializer_list<std::tuple<const char*, const char*, const char*>>{
           {"\"dynamic_seconds\": 60", "\"dynamic_seconds\": 61", "dynamic_seconds"},
           {"\"issuer\": \"380100\"", "\"issuer\": \"3801\"", "issuer"},
           {"mod11-2", "luhn", "number.check"},
           {"\"suite\": \"international\"", "\"suite\": \"sm\"", "suite"},
           {"\"passport\"", "\"library\"", "identities"}}) {
    const auto bad = ReadSettings(spoil(from, to));
    ASSERT_FALSE(bad.ok()) << member;
    EXPECT_NE(bad.error().external.find(member), std::string::npos) << bad.error().external;
  }
}

class HealthCardKeys : public ::testing::Test {
 protected:
  void SetUp() override { folder_ = std::filesystem::temp_directory_path() / ("tk-card-" + NewUuid()); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  KeyRing::Options Options(crypto::Suite suite) const { return {folder_, suite, 3600, 86'400}; }
  std::filesystem::path folder_;
};

TEST_F(HealthCardKeys, ANewKeyIsKnownBeforeItSignsAndAnOldOneAsLongAsItsCodesLive) {
  for (const crypto::Suite suite : kSuites) {
    SetUp();
    auto ring = KeyRing::Open(Options(suite), kNowS).value();
    EXPECT_EQ(ring->SignerAt(kNowS)->number, 1);
    EXPECT_EQ(ring->Rotate(kNowS).value(), 2);
    ASSERT_EQ(ring->Known(kNowS)->size(), 2u);
    EXPECT_EQ(ring->SignerAt(kNowS + 3599)->number, 1);
    EXPECT_EQ(ring->SignerAt(kNowS + 3600)->number, 2);
    EXPECT_EQ(ring->Known(kNowS)->at(0).signs_until_s, kNowS + 3600);
    EXPECT_EQ(ring->Known(kNowS + 3600 + 86'400)->size(), 2u);
    EXPECT_EQ(ring->Known(kNowS + 3601 + 86'400)->size(), 1u);
    // After a restart the same keys sign.
    const std::string code = SignCode(DynamicCode(), *ring->SignerAt(kNowS)->key).value();
    const crypto::Point point = ring->SignerAt(kNowS)->key->verifying().point();
    ring = KeyRing::Open(Options(suite), kNowS).value();
    EXPECT_EQ(ring->SignerAt(kNowS)->key->verifying().point(), point);
    EXPECT_EQ(ring->Known(kNowS)->size(), 2u);
    TearDown();
  }
}

TEST_F(HealthCardKeys, ARevokedKeyIsReplacedAtOnce) {
  auto ring = KeyRing::Open(Options(crypto::Suite::kInternational), kNowS).value();
  EXPECT_EQ(ring->Revoke(9, kNowS).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(ring->Revoke(1, kNowS).ok());
  EXPECT_EQ(ring->SignerAt(kNowS)->number, 2);
  EXPECT_TRUE(ring->Known(kNowS)->at(0).revoked);
  ring = KeyRing::Open(Options(crypto::Suite::kInternational), kNowS).value();
  EXPECT_TRUE(ring->Known(kNowS)->at(0).revoked);
}

TEST_F(HealthCardKeys, AnotherSetTakesOverAfterTheOverlap) {
  ASSERT_TRUE(KeyRing::Open(Options(crypto::Suite::kInternational), kNowS).ok());
  const auto ring = KeyRing::Open(Options(crypto::Suite::kNational), kNowS).value();
  EXPECT_EQ(ring->SignerAt(kNowS)->key->verifying().suite(), crypto::Suite::kInternational);
  EXPECT_EQ(ring->SignerAt(kNowS + 3600)->key->verifying().suite(), crypto::Suite::kNational);
}

TEST_F(HealthCardKeys, DamagedOrForeignFilesStopTheStart) {
  ASSERT_TRUE(KeyRing::Open(Options(crypto::Suite::kNational), kNowS).ok());
  const std::string keys = ReadFile(folder_.string() + "/keys.json").value();
  const auto opens = [this] { return KeyRing::Open(Options(crypto::Suite::kNational), kNowS).ok(); };
  ASSERT_TRUE(WriteFileDurable(folder_.string() + "/wrap.key", std::string(32, 'x')).ok());
  EXPECT_FALSE(opens());
  ASSERT_TRUE(RemoveFile(folder_.string() + "/wrap.key").ok());
  EXPECT_FALSE(opens());
  for (const std::string bad : {"{", "{}", "{\"keys\":[]}", "{\"keys\":[{\"number\":0}]}"}) {
    ASSERT_TRUE(WriteFileDurable(folder_.string() + "/keys.json", bad).ok());
    EXPECT_FALSE(opens()) << bad;
  }
}

Revocations ListOf(std::vector<uint64_t> cards) {
  return {7, kIssuer, kNowS, kNowS + 86'400, std::move(cards)};
}

TEST(HealthCardOffline, ListsAreReadBackWholeAndNotWhenChanged) {
  SeededRandom random(3);
  for (const size_t count : {0u, 1u, 2u, 1000u}) {
    std::vector<uint64_t> cards;
    for (size_t i = 0; i < count; ++i) cards.push_back(random.Next() >> 24);
    std::sort(cards.begin(), cards.end());
    const Signed keys = KeyOf(crypto::Suite::kInternational);
    const std::string bytes = SignList(ListOf(cards), keys.key).value();
    const auto opened = OpenList(bytes, keys.known);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->cards, cards);
    EXPECT_EQ(opened->until_s, kNowS + 86'400);
    for (size_t i = 0; i < bytes.size(); i += 1 + bytes.size() / 100) {
      std::string bent = bytes;
      bent[i] = static_cast<char>(bent[i] ^ 4);
      EXPECT_FALSE(OpenList(bent, keys.known).ok()) << i;
      EXPECT_FALSE(OpenList(bytes.substr(0, i), keys.known).ok()) << i;
    }
    EXPECT_FALSE(OpenList(bytes, {}).ok());
  }
}

TEST(HealthCardOffline, ADeviceRefusesWhatIsLostUsedOldOrNotEnough) {
  for (const crypto::Suite suite : kSuites) {
    const Signed keys = KeyOf(suite);
    Code lost = DynamicCode();
    lost.card[0] = 1;
    const std::string list = SignList(ListOf({ListedAs(lost.card)}), keys.key).value();
    auto device = OfflineVerifier::Create(kIssuer, 5, keys.known, list).value();
    const std::string good = SignCode(DynamicCode(), keys.key).value(),
                      printed = SignCode(StaticCode(), keys.key).value();
    EXPECT_EQ(device.Check(SignCode(lost, keys.key).value(), true, kNowS), Verdict::kClosed);
    EXPECT_EQ(device.Check(good, true, kNowS), Verdict::kValid);
    EXPECT_EQ(device.Check(good, true, kNowS + 64), Verdict::kUsedBefore);
    EXPECT_EQ(device.Check(good, true, kNowS + 66), Verdict::kExpired);
    EXPECT_EQ(device.Check(printed, true, kNowS), Verdict::kValid);
    EXPECT_EQ(device.Check(printed, true, kNowS), Verdict::kValid);
    EXPECT_EQ(device.Check(printed, false, kNowS), Verdict::kNotAllowed);
    EXPECT_EQ(device.Check("TK:AAAA", true, kNowS), Verdict::kMalformed);
    EXPECT_EQ(device.Check(printed, true, kNowS + 86'401), Verdict::kStaleList);
    EXPECT_FALSE(OfflineVerifier::Create(380'200, 5, keys.known, list).ok());
  }
}

TEST(HealthCardOffline, AMillionRevokedCardsTakeLittleMoreThanThreeBytesEach) {
  SeededRandom random(4);
  std::vector<uint64_t> cards;
  for (int i = 0; i < 1'000'000; ++i) cards.push_back(random.Next() >> 24);
  std::sort(cards.begin(), cards.end());
  cards.erase(std::unique(cards.begin(), cards.end()), cards.end());
  const Signed keys = KeyOf(crypto::Suite::kInternational);
  const std::string bytes = SignList(ListOf(cards), keys.key).value();
  EXPECT_LT(bytes.size(), cards.size() * 32 / 10);
  EXPECT_EQ(OpenList(bytes, keys.known)->cards.size(), cards.size());
}

}  // namespace
}  // namespace tk::health_card
