// tests/vectors.json holds this program and the page's verifier (ui/verify/) to the same answers. TK_WRITE_VECTORS=1 makes the file anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "apps/health-card/offline.h"
#include "kernel/base/base32.h"
#include "kernel/base/file.h"
#include "kernel/base/text.h"
#include "kernel/fhir/value.h"

namespace tk::health_card {
namespace {

constexpr int64_t kVectorNowS = 1'795'000'000;
constexpr uint32_t kVectorIssuer = 380'100;
constexpr const char* kVectorFile = TK_SOURCE_DIR "/apps/health-card/tests/vectors.json";

struct Row {
  std::string what, code;
  bool by_static;
  int64_t now_s;
};

struct Maker {
  crypto::SigningKey key, other;
  std::string Sign(void (*change)(Code*), bool with_other = false) const {
    Code code;
    code.key = 3;
    code.issuer = kVectorIssuer;
    code.card = {0xa1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    code.issued_s = kVectorNowS;
    code.life_s = 60;
    code.nonce = {1, 2, 3, 4, 5, 6};
    change(&code);
    return SignCode(code, with_other ? other : key).value();
  }
};

std::vector<Row> RowsOf(const Maker& make) {
  const std::string good = make.Sign([](Code*) {});
  const std::string printed = make.Sign([](Code* code) {
    code->kind = CodeKind::kStatic;
    code->life_s = 10 * 86'400;
  });
  std::string bent = good, small = good, body_bent = good;
  bent[120] = bent[120] == 'A' ? 'B' : 'A';
  body_bent[40] = body_bent[40] == 'A' ? 'B' : 'A';
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto at = [](int64_t after) { return kVectorNowS + after; };
  return {
      {"a good code", good, true, at(0)},
      {"shown again", good, true, at(3)},
      {"again in small letters", small, true, at(4)},
      {"after its minute and the skew", good, true, at(66)},
      {"with a bent signature", bent, true, at(0)},
      {"with a bent body", body_bent, true, at(0)},
      {"cut short", good.substr(0, 100), true, at(0)},
      {"from the future", make.Sign([](Code* code) { code->issued_s += 6; }), true, at(0)},
      {"a little ahead", make.Sign([](Code* code) { code->issued_s += 5; }), true, at(0)},
      {"of a listed card", make.Sign([](Code* code) { code->card[0] = 0; }), true, at(0)},
      {"of another issuer", make.Sign([](Code* code) { code->issuer = 380'200; }), true, at(0)},
      {"by a key that is not known", make.Sign([](Code* code) { code->key = 9; }), true, at(0)},
      {"by a stranger", make.Sign([](Code*) {}, true), true, at(0)},
      {"by a key before its time", make.Sign([](Code* code) { code->issued_s -= 2000; }), true, at(-2000)},
      {"printed", printed, true, at(0)},
      {"printed, shown twice", printed, true, at(86'000)},
      {"printed, for more than it may", printed, false, at(0)},
      {"after the list's time", printed, true, at(86'401)}};
}

struct Set {
  std::string list;
  KnownKeys keys;
};
Set SetOf(const Maker& make) {
  Set set;
  set.keys.push_back({3, make.key.verifying(), kVectorNowS - 1000, 0, false});
  Revocations list{3, kVectorIssuer, kVectorNowS, kVectorNowS + 86'400, {}};
  for (uint64_t i = 0; i < 40; ++i)
    list.cards.push_back(0x0002030405 + i * i * 7'000'000'000 % 1'000'000'000'000);
  std::sort(list.cards.begin(), list.cards.end());
  list.cards.erase(std::unique(list.cards.begin(), list.cards.end()), list.cards.end());
  set.list = SignList(list, make.key).value();
  return set;
}

void WriteVectors() {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("sets").Array();
  for (const crypto::Suite suite : {crypto::Suite::kInternational, crypto::Suite::kNational}) {
    const Maker make{crypto::SigningKey::Generate(suite).value(),
                     crypto::SigningKey::Generate(suite).value()};
    const Set set = SetOf(make);
    out.Object().Member("suite", crypto::NameOf(suite)).Key("bundle").Object().Member("issuer", "380100");
    out.Key("skewSeconds").Int(5).Key("keys").Array().Object().Key("number").Int(3);
    out.Member("suite", crypto::NameOf(suite)).Key("from").Int(set.keys[0].from_s).Key("signsUntil").Int(0);
    out.Key("revoked").Bool(false).Member("public", ToBase64Url(make.key.verifying().point())).End().End();
    out.Member("list", ToBase64Url(AsBytes(set.list))).End().Key("checks").Array();
    auto device = OfflineVerifier::Create(kVectorIssuer, 5, set.keys, set.list).value();
    for (const Row& row : RowsOf(make)) {
      out.Object().Member("what", row.what).Member("code", row.code).Key("by_static").Bool(row.by_static);
      out.Key("now").Int(row.now_s);
      out.Member("verdict", NameOf(device.Check(row.code, row.by_static, row.now_s))).End();
    }
    out.End().End();
  }
  out.End().End();
  ASSERT_TRUE(WriteFileDurable(kVectorFile, text + "\n", 0644).ok());
}

int64_t IntOf(fhir::Value value) { return std::strtoll(std::string(value.Number()).c_str(), nullptr, 10); }

TEST(HealthCardVectors, EveryVerdictIsAsWritten) {
  if (std::getenv("TK_WRITE_VECTORS") != nullptr) WriteVectors();
  const auto file = ReadFile(kVectorFile);
  ASSERT_TRUE(file.ok());
  const auto vectors = fhir::Document::Parse(*file);
  ASSERT_TRUE(vectors.ok());
  size_t checked = 0;
  std::set<std::string> verdicts;
  for (const fhir::Value set : vectors->Root()["sets"]) {
    const fhir::Value key = set["bundle"]["keys"].At(0);
    const auto point = FromBase64Url(key["public"].ToString());
    const auto suite = crypto::ParseSuite(key["suite"].ToString());
    ASSERT_TRUE(point && suite.ok());
    const KnownKeys keys = {{static_cast<uint16_t>(IntOf(key["number"])),
                             crypto::VerifyingKey::FromPoint(*suite, AsBytes(*point)).value(),
                             IntOf(key["from"]), 0, false}};
    auto device =
        OfflineVerifier::Create(kVectorIssuer, 5, keys, *FromBase64Url(set["bundle"]["list"].ToString()));
    ASSERT_TRUE(device.ok());
    for (const fhir::Value row : set["checks"]) {
      const Verdict verdict =
          device->Check(row["code"].ToString(), row["by_static"].IsTrue(), IntOf(row["now"]));
      EXPECT_EQ(NameOf(verdict), row["verdict"].ToString()) << row["what"].ToString();
      verdicts.emplace(NameOf(verdict));
      ++checked;
    }
  }
  EXPECT_EQ(checked, 36u);
  EXPECT_EQ(verdicts,
            (std::set<std::string>{"valid", "malformed", "other-issuer", "unknown-key", "forged", "not-yet",
                                   "expired", "used-before", "closed", "not-allowed", "stale-list"}));
}

}  // namespace
}  // namespace tk::health_card
