#include "kernel/person/identifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace tk::person {
namespace {

/// kind, grade and normal form, with the remarks by their keys.
std::string Told(const Identifier& id) {
  std::string out =
      std::string(NameOf(id.kind)) + " " + std::string(NameOf(id.grade)) + " " + std::string(id.value());
  for (size_t i = 0; i < kRemarks; ++i) {
    const auto remark = static_cast<Remark>(i);
    if (id.remarks.Has(remark)) out += " " + std::string(TextOf(remark).key.substr(11));
  }
  return out;
}
std::string Told(std::string_view text, IdKind claimed = IdKind::kNone) {
  return Told(Classify(text, claimed));
}

std::string Resident(std::string_view seventeen) {
  return std::string(seventeen) + ResidentCheckDigit(seventeen);
}
const std::string kMan = Resident("38010119900307135");  // 380101199003071356
const std::string kWithX = Resident("38010119850412004");

// The standards' own examples; in pieces, for they look like persons'.
TEST(Identifier, AgreesWithPublishedExamples) {
  EXPECT_EQ(ResidentCheckDigit("110105"
                               "1949"
                               "1231002"),
            'X');  // GB 11643-1999
  EXPECT_EQ(Told("110105"
                 "19491231002X"),
            "resident-id checked 110105"
            "19491231002X");
  EXPECT_EQ(Classify("110105"
                     "19491231002X")
                .birth_date,
            19491231);
  EXPECT_EQ(Told("9111241981"
                 "08030024"),
            "foreign-permit checked 9111241981"
            "08030024");                                      // the specimen of 2023
  EXPECT_EQ(CreditCodeCheckDigit("91350100M000100Y4"), '3');  // GB 32100-2015
  EXPECT_EQ(Told("91350100M000100Y43"), "credit-code checked 91350100M000100Y43");
  EXPECT_EQ(OrganizationCheckDigit("M000100Y"), '4');  // within it
  // Two everybody uses as examples: the check digits hold, and the digits are fillers.
  EXPECT_EQ(Told("A123456(3)", IdKind::kHongKongId), "hongkong-id nothing A1234563 placeholder");
  EXPECT_EQ(Told("A123457(3)", IdKind::kHongKongId), "hongkong-id broken A1234573 check-digit");
  EXPECT_EQ(Told("A123457(1)"), "hongkong-id checked A1234571");
  EXPECT_EQ(Told("A123456789", IdKind::kTaiwanId), "taiwan-id nothing A123456789 placeholder");
  EXPECT_EQ(Told("A123456780", IdKind::kTaiwanId), "taiwan-id broken A123456780 check-digit");
  EXPECT_EQ(Told("A123456798", IdKind::kTaiwanId), "taiwan-id checked A123456798");
}

TEST(Identifier, ReadsWhatAResidentIdSays) {
  const Identifier id = Classify(kMan);
  EXPECT_EQ(Told(id), "resident-id checked " + kMan);
  EXPECT_EQ(id.birth_date, 19900307);
  EXPECT_EQ(id.division, 380101U);
  EXPECT_EQ(id.sex, IdSex::kMale);
  EXPECT_TRUE(id.key());
  EXPECT_EQ(Classify(kWithX).sex, IdSex::kFemale);
}

TEST(Identifier, FoldsTheWaysOfWriting) {
  ASSERT_EQ(kWithX.size(), 18U);
  std::string wide;
  for (const char c : kMan) wide += {'\xEF', '\xBC', static_cast<char>(0x90 + (c - '0'))};
  EXPECT_EQ(Told(wide), "resident-id checked " + kMan + " folded");
  EXPECT_EQ(Told(" " + kMan.substr(0, 6) + "-" + kMan.substr(6, 8) + "\u3000" + kMan.substr(14) + "\t"),
            "resident-id checked " + kMan);
  std::string body;
  for (int serial = 1; body.empty() || ResidentCheckDigit(body) != 'X'; ++serial) {
    const std::string number = std::to_string(1000 + serial);
    body = "38010119900307" + number.substr(1);
  }
  for (const std::string sign :
       {"x", "\uFF38", "\uFF58", "\u2169", "\u2179", "\u0425", "\u0445", "\u03A7", "\u00D7", "*"}) {
    const Identifier id = Classify(body + sign);
    EXPECT_EQ(id.value(), body + "X") << sign;
    EXPECT_EQ(id.grade, Grade::kChecked) << sign;
  }
  std::string typed = kMan;
  std::replace(typed.begin(), typed.end(), '0', 'O');
  EXPECT_EQ(Told(typed), "resident-id checked " + kMan + " look-alike");
}

TEST(Identifier, BringsFifteenDigitsToEighteen) {
  const std::string old = kMan.substr(0, 6) + kMan.substr(8, 9);
  EXPECT_EQ(Told(old), "resident-id converted " + kMan + " converted");
  EXPECT_EQ(Compare(Classify(old), Classify(kMan)), IdAgreement::kConverted);
  EXPECT_EQ(Compare(Classify(old), Classify(old)), IdAgreement::kSame);
  EXPECT_EQ(Classify("380101"
                     "950307"
                     "997",
                     IdKind::kResidentId)
                .birth_date,
            18950307);
  EXPECT_EQ(Told("380101"
                 "951307"
                 "123",
                 IdKind::kResidentId)
                .substr(0, 18),
            "resident-id broken");
  EXPECT_EQ(Told("123456789012345"), "unknown nothing 123456789012345 placeholder");
  EXPECT_EQ(Classify("820000"
                     "900307"
                     "133",
                     IdKind::kResidentId)
                .grade,
            Grade::kBroken);  // permits never had 15 digits
  EXPECT_EQ(Told("123456789012347"), "unknown claimed 123456789012347");
}

TEST(Identifier, TellsWhatIsWrongAndHowToMendIt) {
  std::string wrong = kMan;
  wrong[15] = wrong[15] == '9' ? '8' : '9';
  EXPECT_EQ(Told(wrong), "resident-id broken " + wrong + " check-digit");
  EXPECT_FALSE(Classify(wrong).key());
  EXPECT_EQ(Told(Resident("38010119900230133")),
            "resident-id broken " + Resident("38010119900230133") + " birth-date");
  EXPECT_EQ(Told(kMan.substr(0, 6) + kMan.substr(8, 9), IdKind::kCreditCode),
            "resident-id converted " + kMan + " other-kind converted");
  EXPECT_EQ(Told(kMan.substr(0, 17), IdKind::kResidentId),
            "resident-id broken " + kMan.substr(0, 17) + " length");
  EXPECT_EQ(Told("", IdKind::kResidentId), "resident-id nothing  empty");
  EXPECT_EQ(Told(" - ", IdKind::kPassport), "passport nothing  empty");
  EXPECT_EQ(Told("380101********1337"), "unknown nothing 380101********1337 masked");
  EXPECT_EQ(Told(std::string(300, '1'), IdKind::kResidentId), "resident-id broken  too-long");
  IdContext strict;
  strict.fictional = 0;
  EXPECT_EQ(Told(Classify(kMan, IdKind::kNone, strict)), "resident-id broken " + kMan + " division");
  IdContext context;
  context.today = 19900306;
  EXPECT_EQ(Told(Classify(kMan, IdKind::kNone, context)), "resident-id broken " + kMan + " birth-in-future");
  const std::vector<uint32_t> divisions = {110101, 110102};
  context = {};
  context.divisions = divisions;
  EXPECT_FALSE(Classify("110101"
                        "199003071",
                        IdKind::kNone, context)
                   .remarks.Has(Remark::kDivisionNotListed));
  const Identifier unlisted = Classify(
      "110103"
      "1990"
      "0307123",
      IdKind::kNone, context);
  EXPECT_EQ(unlisted.kind, IdKind::kUnknown);  // 17 digits
  EXPECT_TRUE(Classify("110103"
                       "900307123",
                       IdKind::kNone, context)
                  .remarks.Has(Remark::kDivisionNotListed));
  for (size_t i = 0; i < kRemarks; ++i) {
    const RemarkText& text = TextOf(static_cast<Remark>(i));
    EXPECT_TRUE(text.key.substr(0, 11) == "identifier." && !text.zh.empty() && !text.zh_mend.empty() &&
                !text.en.empty() && !text.en_mend.empty())
        << i;
  }
}

TEST(Identifier, FillersIdentifyNobody) {
  for (const std::string text : {"111111111111111111", "000000000000000000", "999999999999999999",
                                 "123456789012345678", "111111111111111", "38010111111111111X"}) {
    EXPECT_EQ(Classify(text, IdKind::kResidentId).grade, Grade::kNothing) << text;
  }
  EXPECT_EQ(Told(Resident("38010119000101001")).substr(0, 19), "resident-id nothing");
  EXPECT_TRUE(Classify(Resident("38010119800101001")).key());  // January 1st is a day like others, and told
  EXPECT_TRUE(Classify(Resident("38010119800101001")).remarks.Has(Remark::kNewYearBirth));
  EXPECT_EQ(Told("1380013"
                 "8000"),
            "mobile nothing 1380013"
            "8000 service-number");
  EXPECT_EQ(Told("199"
                 "00000000"),
            "mobile nothing 199"
            "00000000 placeholder");
  EXPECT_EQ(Told("199"
                 "12345678"),
            "mobile nothing 199"
            "12345678 placeholder");
  EXPECT_EQ(Told("0571-88888888"), "landline nothing 0571-88888888 placeholder");
  EXPECT_EQ(Told("120", IdKind::kMobile), "landline nothing 120 service-number");
  EXPECT_EQ(Told("4001234567", IdKind::kMobile), "landline nothing 4001234567 service-number");
  EXPECT_EQ(Told("0", IdKind::kRecordNumber), "record-number nothing 0 placeholder");
  EXPECT_EQ(Told("G88888888"), "passport nothing G88888888 placeholder");
  const std::vector<uint64_t> hot = {ValueKey(Classify(kMan))};
  IdContext context;
  context.hot = hot;
  EXPECT_EQ(Told(Classify(kMan, IdKind::kNone, context)), "resident-id nothing " + kMan + " hot-value");
  EXPECT_EQ(Compare(Classify(kMan, IdKind::kNone, context), Classify(kMan)), IdAgreement::kNothing);
}

TEST(Identifier, TellsTheKindsApart) {
  EXPECT_EQ(Told(Resident("81000019900307133")).substr(0, 24), "residence-permit checked");
  EXPECT_EQ(Told(Resident("83000019900307133")).substr(0, 24), "residence-permit checked");
  EXPECT_EQ(Told("H1234067801"), "hongkong-macao pattern H12340678 issue-digits");
  EXPECT_EQ(Told("m12340678"), "hongkong-macao pattern M12340678");
  EXPECT_EQ(Told("12340678", IdKind::kTaiwan), "taiwan claimed 12340678");
  EXPECT_EQ(Told("0012147018", IdKind::kTaiwan), "taiwan claimed 0012147018");  // and no phone abroad
  EXPECT_EQ(Told("1234067890(B)", IdKind::kTaiwan), "taiwan pattern 1234067890 issue-digits");
  EXPECT_EQ(Told("USA110056121001"), "foreign-permit pattern USA110056121001");
  EXPECT_EQ(Told("E12340678"), "passport pattern E12340678");
  EXPECT_EQ(Told("ea1234068"), "passport pattern EA1234068");
  EXPECT_EQ(Told("C01X00T47", IdKind::kPassport), "passport claimed C01X00T47");
  EXPECT_EQ(Told("军字第1234067号"), "officer pattern 军1234067");
  EXPECT_EQ(Told("1234067", IdKind::kOfficer), "officer claimed 1234067");
  EXPECT_EQ(Told("T380012345"), "birth-certificate pattern T380012345");
  EXPECT_EQ(Told("M000100Y-4"), "organization checked M000100Y4");
  EXPECT_EQ(Told("M000100Y-5", IdKind::kOrganizationCode), "organization broken M000100Y5 check-digit");
  EXPECT_EQ(Told("M000100Y43801011211A1"), "unknown claimed M000100Y43801011211A1");
  EXPECT_EQ(Told("M000100Y43801011211A10"), "institution-code checked M000100Y43801011211A10");
  EXPECT_EQ(Told("38010100100112345", IdKind::kHealthRecord), "health-record pattern 38010100100112345");
  EXPECT_EQ(Told("A 00-17/3", IdKind::kRecordNumber), "record-number claimed A00-17/3");
  EXPECT_EQ(Told("380123456", IdKind::kHousehold), "household claimed 380123456 household");
  EXPECT_EQ(KindOfDocumentType("03"), IdKind::kPassport);
  EXPECT_EQ(KindNamed("taiwan"), IdKind::kTaiwan);
}

TEST(Identifier, ANumberInTheWrongFieldIsWhatItIs) {
  EXPECT_EQ(Told(kMan, IdKind::kPassport), "resident-id checked " + kMan + " other-kind");
  EXPECT_EQ(Told(kMan, IdKind::kMobile), "resident-id checked " + kMan + " other-kind");
  EXPECT_EQ(Told("19900001234", IdKind::kResidentId), "mobile pattern 19900001234 other-kind");
  EXPECT_EQ(Classify("19900001234", IdKind::kRecordNumber).looks_like, IdKind::kMobile);
  EXPECT_EQ(Classify("19900001234", IdKind::kRecordNumber).kind, IdKind::kRecordNumber);
  EXPECT_EQ(Told("91350100M000100Y43", IdKind::kResidentId),
            "credit-code checked 91350100M000100Y43 other-kind");
  EXPECT_EQ(Told("19900001234", IdKind::kLandline), "mobile pattern 19900001234");  // both are phones
}

TEST(Identifier, ReadsPhones) {
  for (const std::string text :
       {"19900001234", "+86 199 0000 1234", "0086-19900001234", "8619900001234", "019900001234",
        "17951"
        "19900001234",
        "(+86)199-0000-1234", "１９９００００１２３４"}) {
    EXPECT_EQ(Classify(text, IdKind::kMobile).value(), "19900001234") << text;
  }
  for (const std::string text :
       {"0571-85670000", "(0571)85670000", "+86 571 85670000", "057185670000", "0571 8567 0000"}) {
    EXPECT_EQ(Told(text).substr(0, 30), "landline pattern 0571-85670000") << text;
  }
  for (const std::string text :
       {"0571-85670000-801", "057185670000转801", "0571-85670000 ext.801", "0571-85670000分机801"}) {
    EXPECT_EQ(Classify(text, IdKind::kLandline).value(), "0571-85670000") << text;
    EXPECT_EQ(Classify(text, IdKind::kLandline).extension, 801U) << text;
  }
  EXPECT_EQ(Told("010-85670000"), "landline pattern 010-85670000");
  EXPECT_EQ(Told("85670000", IdKind::kMobile), "landline claimed 85670000 area-code-missing");
  EXPECT_EQ(Told("+852 9123 4067"), "phone-abroad pattern +85291234067");
  EXPECT_EQ(Told("19900001234/19900004321", IdKind::kMobile), "mobile pattern 19900001234 several");
  EXPECT_EQ(Told("19900001", IdKind::kMobile), "mobile broken 19900001 not-of-kind");
  EXPECT_EQ(Told("+86", IdKind::kMobile).substr(0, 13), "mobile broken");
}

TEST(Identifier, ReadsDivisions) {
  EXPECT_EQ(Told("3801", IdKind::kDivision), "division pattern 380100");
  EXPECT_EQ(Told("380101000000", IdKind::kDivision), "division pattern 380101");
  EXPECT_EQ(Told("380101001000", IdKind::kDivision), "division pattern 380101001");
  EXPECT_EQ(Told("380101001201", IdKind::kDivision), "division pattern 380101001201");
  EXPECT_EQ(Told("390101", IdKind::kDivision), "division broken 390101 division");
  EXPECT_EQ(Told("380001", IdKind::kDivision), "division broken 380001 division");
  EXPECT_EQ(Told("380101000201", IdKind::kDivision), "division broken 380101000201 division");
  EXPECT_EQ(Told("38010", IdKind::kDivision), "division broken 38010 not-of-kind");
}

TEST(Identifier, ComparesWithItsGrade) {
  const auto compare = [](const std::string& a, const std::string& b, IdKind kind = IdKind::kResidentId) {
    const IdAgreement there = Compare(Classify(a, kind), Classify(b, kind));
    EXPECT_EQ(there, Compare(Classify(b, kind), Classify(a, kind)));
    return there;
  };
  // Twins: sequence and check digit differ, both numbers are good.
  EXPECT_EQ(compare(kMan, Resident("38010119900307137")), IdAgreement::kDifferent);
  std::string slip = kMan;
  std::swap(slip[10], slip[11]);
  ASSERT_NE(slip, kMan);
  EXPECT_EQ(compare(kMan, slip), IdAgreement::kSlip);
  EXPECT_EQ(compare(slip, slip), IdAgreement::kSameBroken);
  EXPECT_EQ(compare(kMan, kMan.substr(0, 9) + kMan.substr(10)), IdAgreement::kSlip);
  EXPECT_EQ(compare("380101199003079999", kMan), IdAgreement::kDifferent);
  EXPECT_EQ(compare("", ""), IdAgreement::kNothing);
  EXPECT_EQ(compare("19900001234", "19900001243", IdKind::kMobile), IdAgreement::kSlip);
  EXPECT_EQ(compare("19900001234", "19900004321", IdKind::kMobile), IdAgreement::kDifferent);
  EXPECT_EQ(Compare(Classify(kMan), Classify("E12340678")), IdAgreement::kNothing);
  EXPECT_NE(ValueKey(Classify(kMan)), ValueKey(Classify(kWithX)));
  EXPECT_EQ(ValueKey(Classify("")), 0U);
}

/// Of a and b, insertions, deletions, replacements and swaps of neighbours, by the whole table.
size_t SlipsOfTable(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      const size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

TEST(Identifier, SlipsAreThoseOfTheWholeTable) {
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return random() % n; };
  size_t near = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string a, b;
    for (size_t i = 0, size = 1 + below(20); i < size; ++i) a += static_cast<char>('0' + below(3));
    b = a;
    for (size_t edit = below(5); edit > 0 && !b.empty(); --edit) {
      const size_t at = below(b.size());
      const size_t kind = below(4);
      if (kind == 0) b[at] = static_cast<char>('0' + below(3));
      if (kind == 1) b.erase(at, 1);
      if (kind == 2) b.insert(at, 1, static_cast<char>('0' + below(3)));
      if (kind == 3 && at + 1 < b.size()) std::swap(b[at], b[at + 1]);
    }
    if (a == b || b.empty()) continue;
    for (const Grade grade : {Grade::kBroken, Grade::kPattern}) {
      const auto identifier = [&](const std::string& text) {
        Identifier id;
        id.kind = IdKind::kPassport;
        id.grade = grade;
        id.size = static_cast<uint8_t>(text.size());
        std::copy(text.begin(), text.end(), id.text.begin());
        return id;
      };
      const bool is_near = SlipsOfTable(a, b) <= (grade == Grade::kBroken ? 2U : 1U);
      near += is_near ? 1 : 0;
      ASSERT_EQ(Compare(identifier(a), identifier(b)), is_near ? IdAgreement::kSlip : IdAgreement::kDifferent)
          << a << " " << b;
    }
  }
  EXPECT_GT(near, 10'000u);
}

// Every number of the rule is taken; any one digit changed, or two neighbours swapped, is not.
TEST(Identifier, GeneratedResidentIdsHoldAndOneWrongDigitIsFound) {
  std::mt19937 random(20261122);
  const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  for (int round = 0; round < 2000; ++round) {
    const uint32_t date = (1910 + below(110)) * 10000 + (1 + below(12)) * 100 + 2 + below(27);
    const std::string number = Resident("3801" + std::to_string(10 + below(80)) + std::to_string(date) +
                                        std::to_string(100 + below(900)));
    const Identifier id = Classify(number);
    if (id.grade == Grade::kNothing) continue;  // 555…
    ASSERT_EQ(id.grade, Grade::kChecked) << round;
    EXPECT_EQ(id.birth_date, static_cast<int32_t>(date));
    for (size_t i = 0; i < 18; ++i) {
      std::string wrong = number;
      wrong[i] =
          i == 17 && wrong[i] == 'X'
              ? '0'
              : static_cast<char>(
                    '0' + (wrong[i] == 'X' ? 0 : (wrong[i] - '0' + 1 + static_cast<int>(below(9))) % 10));
      const Identifier other = Classify(wrong, IdKind::kResidentId);
      EXPECT_TRUE(other.kind != IdKind::kResidentId || other.grade <= Grade::kBroken)
          << i << " of round " << round;
      if (i == 17 || number[i] == number[i + 1] || number[i + 1] == 'X') continue;
      wrong = number;
      std::swap(wrong[i], wrong[i + 1]);
      const Identifier swapped = Classify(wrong, IdKind::kResidentId);
      EXPECT_TRUE(swapped.kind != IdKind::kResidentId || swapped.grade <= Grade::kBroken)
          << i << " of round " << round;
    }
  }
}

TEST(Identifier, GeneratedCreditCodesHoldAndOneWrongCharacterIsFound) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string body = "12380101";
    while (body.size() < 17) body += kAlphabet[random() % kAlphabet.size()];
    const std::string code = body + CreditCodeCheckDigit(body);
    ASSERT_EQ(Classify(code, IdKind::kCreditCode).grade, Grade::kChecked);
    for (size_t i = 0; i < 18; ++i) {
      std::string wrong = code;
      wrong[i] = kAlphabet[(kAlphabet.find(wrong[i]) + 1 + random() % 30) % 31];
      EXPECT_LE(Classify(wrong, IdKind::kCreditCode).grade, Grade::kBroken) << i << " of round " << round;
    }
  }
}

}  // namespace
}  // namespace tk::person
