#include "kernel/ucum/ucum.h"

#include <gtest/gtest.h>

namespace tk::ucum {
namespace {

std::string In(std::string_view value, std::string_view from, std::string_view to) {
  const auto a = Unit::Parse(from);
  const auto b = Unit::Parse(to);
  if (!a.ok()) return "from: " + a.error().external;
  if (!b.ok()) return "to: " + b.error().external;
  const auto result = Convert(Rational::Parse(value), *a, *b);
  return result.ok() ? StatedText(*result, 0) : "error: " + result.error().external;
}

std::string Trouble(std::string_view code) {
  const Status status = Validate(code);
  return status.ok() ? "" : status.error().external;
}

std::string Base(std::string_view code) {
  const auto unit = Unit::Parse(code);
  return unit.ok() ? unit->canonical_code() : unit.error().external;
}

Quantity Q(std::string_view value, std::string_view unit) {
  return {Rational::Parse(value), *Unit::Parse(unit)};
}

std::string Text(const Result<Quantity>& quantity) {
  return quantity.ok() ? StatedText(quantity->value, 0) + " " + quantity->unit.code()
                       : "error: " + quantity.error().external;
}

TEST(Ucum, ConvertsExactly) {
  EXPECT_EQ(In("1", "cm", "m"), "0.01");
  EXPECT_EQ(In("4", "g", "mg"), "4000");
  EXPECT_EQ(In("1", "[in_i]", "cm"), "2.54");
  EXPECT_EQ(In("37", "Cel", "K"), "310.15");
  EXPECT_EQ(In("98.6", "[degF]", "Cel"), "37");
  EXPECT_EQ(In("37", "Cel", "[degF]"), "98.6");
  EXPECT_EQ(In("-40", "[degF]", "Cel"), "-40");
  EXPECT_EQ(In("80", "[degRe]", "Cel"), "100");
  EXPECT_EQ(In("1", "[stone_av]", "[lb_av]"), "14");
  EXPECT_EQ(In("180", "deg", "[pi].rad"), "1");
  EXPECT_EQ(In("3", "[tsp_us]", "[tbs_us]"), "1");
  EXPECT_EQ(In("1", "[ft_us]", "m"), "0.304800609601219202438405");
  EXPECT_EQ(In("1", "KiBy", "bit"), "8192");
  EXPECT_EQ(In("1", "mol", "1"), "602214076000000000000000");
  EXPECT_EQ(In("120", "mm[Hg]", "kPa"), "15.99864");
  EXPECT_EQ(In("1", "/100{WBCs}", "%"), "1");
}

TEST(Ucum, ConvertsScalesThatAreNotStraight) {
  EXPECT_EQ(In("7", "[pH]", "mol/l"), "0.0000001");
  EXPECT_EQ(In("0.0000001", "mol/L", "[pH]"), "7");
  EXPECT_EQ(In("30", "dB", "1"), "1000");
  EXPECT_EQ(In("1000", "1", "dB"), "30");
  EXPECT_EQ(In("94", "dB[SPL]", "Pa"), "1.00237446725454");
  EXPECT_EQ(In("20", "dB[V]", "V"), "10");
  EXPECT_EQ(In("1", "Np", "dB"), "4.34294481903252");
  EXPECT_EQ(In("100", "%[slope]", "deg"), "45");
  EXPECT_EQ(In("100", "[p'diop]", "rad"), "0.785398163397448");
  EXPECT_EQ(In("2", "[hp'_C]", "1"), "0.0001");
  EXPECT_EQ(In("1", "[hp'_Q]", "1"), "0.00002");
  EXPECT_EQ(In("8", "bit_s", "1"), "256");
  EXPECT_EQ(In("3", "[m/s2/Hz^(1/2)]", "m2/s4/Hz"), "9");
  EXPECT_EQ(In("9", "m2/s4/Hz", "[m/s2/Hz^(1/2)]"), "3");
  EXPECT_EQ(In("1000", "mCel", "K"), "274.15");
  EXPECT_EQ(In("1", "2.Cel", "Cel"), "2");
  EXPECT_EQ(In("0", "mol/l", "[pH]").substr(0, 6), "error:");
  EXPECT_EQ(In("-1", "m2/s4/Hz", "[m/s2/Hz^(1/2)]").substr(0, 6), "error:");
  EXPECT_EQ(In("1e30", "[pH]", "mol/l").substr(0, 6), "error:");
}

TEST(Ucum, ArbitraryUnitsConvertToThemselvesOnly) {
  EXPECT_EQ(In("5", "[iU]/mL", "k[IU]/L"), "5");
  EXPECT_EQ(In("5", "[iU]", "[arb'U]"),
            "error: the units do not compare: one measures [iU], the other [arb'U]");
  EXPECT_EQ(In("5", "[iU]", "1").substr(0, 6), "error:");
  EXPECT_EQ(In("5", "[iU]/[iU]", "1"), "5");
  EXPECT_EQ(Base("m[iU]/L"), "[iU].m-3");
  EXPECT_EQ(Base("[arb'U]2/[iU]"), "[arb'U]2.[iU]-1");
}

TEST(Ucum, SpecialUnitsStandAlone) {
  for (const char* code : {"Cel/h", "/Cel", "Cel2", "m.Cel", "Cel.Cel", "dB/m", "(1/Cel)"}) {
    const auto unit = Unit::Parse(code);
    ASSERT_TRUE(unit.ok()) << code;
    EXPECT_FALSE(unit->why_not().empty()) << code;
    EXPECT_FALSE(Comparable(*unit, *unit)) << code;
    EXPECT_EQ(In("1", code, code).substr(0, 6), "error:") << code;
  }
  EXPECT_TRUE(Unit::Parse("Cel{body}")->why_not().empty());
  EXPECT_TRUE(Unit::Parse("10.(mCel)/2")->special());
  EXPECT_EQ(In("1", "10.(mCel)/2", "Cel"), "0.005");
}

TEST(Ucum, CanonicalCodes) {
  EXPECT_EQ(Base("Pa"), "g.m-1.s-2");
  EXPECT_EQ(Base("S"), "C2.g-1.m-2.s");
  EXPECT_EQ(Base("mg/dL"), "g.m-3");
  EXPECT_EQ(Base("mmol/L"), "m-3");
  EXPECT_EQ(Base("Cel"), "K");
  EXPECT_EQ(Base("{score}"), "1");
  EXPECT_EQ(Base(""), "1");
  EXPECT_EQ(Base("lx"), "cd.m-2.rad2");
  EXPECT_EQ(Text(Canonical(Q("120", "mm[Hg]"))), "15998640 g.m-1.s-2");
  EXPECT_EQ(Text(Canonical(Q("37", "Cel"))), "310.15 K");
  EXPECT_EQ(Text(Canonical(Q("5", "[IU]/mL"))), "5000000 [iU].m-3");
}

TEST(Ucum, GrammarTakesAllItsForms) {
  for (const char* code : {"m",          "/m",
                           "10*",        "10^3",
                           "10*-6",      "10*+3/ul",
                           "m2",         "s-1",
                           "s+1",        "m0",
                           "kg.m/s2",    "mmol/(8.h.kg)",
                           "((m))",      "{a}",
                           "m{a}",       "{a}.m",
                           "m2{a}/s{b}", "/{tot}",
                           "10*3{rbc}",  "4.[pi].10*-7.N/A2",
                           "dB[10.nV]",  "[m/s2/Hz^(1/2)]",
                           "cal_[15]",   "'",
                           "''",         "%[slope]",
                           "m[H2O]",     "mm[Hg]2",
                           "2/3",        "/100{WBCs}",
                           "{}",         "1",
                           "dar",        "das",
                           "cd",         "Pa",
                           "uV",         "1.5" /* 1 times 5 */}) {
    EXPECT_EQ(Trouble(code), "") << code;
  }
}

TEST(Ucum, WrongUnitsAreToldWhereAndWhy) {
  EXPECT_EQ(Trouble("g/12h"), "unit, character 5: a number is not a prefix: write 12.h");
  EXPECT_EQ(Trouble("10+3/ul"),
            "unit, character 3: a number takes no exponent; powers of ten are written 10*3 or 10^3");
  EXPECT_EQ(Trouble("iU"), "unit, character 1: iU is no unit of UCUM; [iU] is");
  EXPECT_EQ(Trouble("mmHg"), "unit, character 1: mmHg is no unit of UCUM; mm[Hg] is");
  EXPECT_EQ(Trouble("mg/DL"), "unit, character 4: DL is no unit of UCUM; dl is");
  EXPECT_EQ(Trouble("/molv"), "unit, character 2: molv is no unit of UCUM");
  EXPECT_EQ(Trouble("kmin"), "unit, character 1: min (minute) takes no prefix");
  EXPECT_EQ(Trouble("{a}rad2"), "unit, character 4: 'r' cannot stand here: '.' or '/' is missing");
  EXPECT_EQ(Trouble("m//s"),
            "unit, character 3: '/' cannot stand here: a symbol or a number is missing before it");
  EXPECT_EQ(Trouble("m."), "unit, character 3: the unit ends too early: a symbol or a number is missing");
  EXPECT_EQ(Trouble("(m"), "unit, character 1: this '(' is not closed");
  EXPECT_EQ(Trouble("m)"), "unit, character 2: this ')' closes nothing");
  EXPECT_EQ(Trouble("m2s"), "unit, character 3: '.' or '/' is missing after m2");
  EXPECT_EQ(Trouble("ug(8.h)"), "unit, character 3: '(' cannot stand here: '.' or '/' is missing");
  EXPECT_EQ(
      Trouble("(m/s)2"),
      "unit, character 6: a group in parentheses takes no exponent: write it at each unit in the group");
  EXPECT_EQ(Trouble("m{a"), "unit, character 2: this '{' is not closed");
  EXPECT_EQ(Trouble("m{a{b}}"), "unit, character 4: an annotation contains no braces");
  EXPECT_EQ(Trouble("m-"), "unit, character 2: digits are missing after the sign of the exponent");
  EXPECT_EQ(Trouble("m2 "), "unit, character 3: a unit contains no spaces");
  EXPECT_EQ(Trouble("rad2{\xe9\x8c\xa0}"),
            "unit, character 6: a unit, with its annotations, is of ASCII characters only");
  EXPECT_EQ(Trouble("0.m"), "unit, character 1: a number in a unit is not 0");
  EXPECT_EQ(Trouble("m[H2O"), "unit, character 1: a '[' is not closed by ']'");
  for (const char* code : {"(/m)",    "[iIU]", "cm[H20]", "m}",    "]",     "m]",    "()",      "{a}{b}",
                           "m{a}{b}", "m{a}s", ".m",      "/",     "(",     "2{a}s", "+m",      "mm2m",
                           "MM",      "kkg",   "(m){a}",  "10**3", "100*2", "[M'U]", "[BETH'U]"}) {
    EXPECT_NE(Trouble(code), "") << code;
  }
}

TEST(Ucum, Limits) {
  const std::string longest = "m" + std::string(255, '1').replace(0, 255, "{" + std::string(253, 'x') + "}");
  EXPECT_EQ(Trouble(longest), "");
  EXPECT_EQ(Trouble(longest + "2"), "a unit has at most 256 characters");
  const auto nested = [](size_t n) { return std::string(n, '(') + "m" + std::string(n, ')'); };
  EXPECT_EQ(Trouble(nested(16)), "");
  EXPECT_NE(Trouble(nested(17)), "");
  EXPECT_EQ(Trouble("m9999"), "");
  EXPECT_EQ(Trouble("m10000"), "unit, character 2: an exponent is at most 9999");
  EXPECT_EQ(Trouble("999999999999999999"), "");
  EXPECT_NE(Trouble("1000000000000000000"), "");
  EXPECT_FALSE(Unit::Parse("m9999.m")->why_not().empty());
  EXPECT_FALSE(Unit::Parse("[pi]9999")->why_not().empty());
  EXPECT_TRUE(Unit::Parse("10*9999")->why_not().empty());
  EXPECT_FALSE(Unit::Parse("10*9999.10")->why_not().empty());
  EXPECT_FALSE(Convert(Rational::Parse("1e9000"), *Unit::Parse("10*1000"), Unit::One()).ok());
}

TEST(Ucum, CodesWithoutLetterCase) {
  const auto same = [](const char* upper, const char* usual) {
    const auto a = Unit::Parse(upper, CodeCase::kInsensitive);
    const auto b = Unit::Parse(usual);
    return a.ok() && b.ok() && Comparable(*a, *b) && *Compare({Rational(3), *a}, {Rational(3), *b}) == 0;
  };
  EXPECT_TRUE(same("ML", "mL"));
  EXPECT_TRUE(same("MAL", "ML"));
  EXPECT_TRUE(same("ml", "mL"));
  EXPECT_TRUE(same("PAL", "Pa"));
  EXPECT_TRUE(same("HR", "h"));
  EXPECT_TRUE(same("MM[HG]", "mm[Hg]"));
  EXPECT_TRUE(same("[DEGRE]", "[degRe]"));
  EXPECT_TRUE(same("KIBBY", "KiBy"));
  EXPECT_FALSE(Validate("MAL").ok());
  EXPECT_FALSE(Validate("TESLA", CodeCase::kInsensitive).ok());
}

TEST(Ucum, DisplayNames) {
  EXPECT_EQ(*DisplayName("m/s2"), "(meter) / (second ^ 2)");
  EXPECT_EQ(*DisplayName("mm[Hg]"), "(millimeter of mercury column)");
  EXPECT_EQ(*DisplayName("mmol/(8.h.kg)"), "(millimole) / (8 * (hour) * (kilogram))");
  EXPECT_EQ(
      *DisplayName("4.[pi].10*-7.N/A2"),
      "4 * (the number pi) * (the number ten for arbitrary powers ^ -7) * (newton) / (amp\xc3\xa8re ^ 2)");
  EXPECT_EQ(*DisplayName("/m"), "1 / (meter)");
  EXPECT_EQ(*DisplayName(""), "(unity)");
  EXPECT_EQ(*DisplayName("kg{body_wt}"), "(kilogram {body_wt})");
  EXPECT_FALSE(DisplayName("x").ok());
}

TEST(Ucum, Compares) {
  const auto order = [](const Quantity& a, const Quantity& b) { return *Compare(a, b); };
  EXPECT_EQ(order(Q("1", "cm"), Q("0.01", "m")), 0);
  EXPECT_LT(order(Q("3.9", "g"), Q("4000", "mg")), 0);
  EXPECT_GT(order(Q("38", "Cel"), Q("98.6", "[degF]")), 0);
  EXPECT_EQ(order(Q("98.6", "[degF]"), Q("310.15", "K")), 0);
  EXPECT_GT(order(Q("7.4", "[pH]"), Q("7.3", "[pH]")), 0);
  EXPECT_EQ(order(Q("1", "J"), Q("1", "N.m")), 0);
  EXPECT_FALSE(Compare(Q("1", "m"), Q("1", "s")).ok());
}

TEST(Ucum, MultipliesAndDivides) {
  EXPECT_EQ(Text(Multiply(Q("2.5", "m"), Q("2", "m"))), "5 m2");
  EXPECT_EQ(Text(Multiply(Q("2", "cm"), Q("2", "m"))), "4 cm.m");
  EXPECT_EQ(Text(Multiply(Q("5", "mg/mL"), Q("2", "mL"))), "10 mg");
  EXPECT_EQ(Text(Divide(Q("4", "g"), Q("2", "m"))), "2 g/m");
  EXPECT_EQ(Text(Divide(Q("4", "g"), Q("2", "g"))), "2 1");
  EXPECT_EQ(Text(Divide(Q("4", "1"), Q("2", "s"))), "2 /s");
  EXPECT_EQ(Text(Multiply(Q("4", "/s"), Q("2", "/s"))), "8 /s2");
  EXPECT_EQ(Text(Divide(Q("6", "mmol/(8.h.kg)"), Q("2", "mmol/h"))), "3 /8/kg");
  EXPECT_EQ(Text(Multiply(Q("6", "10*3{rbc}/uL"), Q("2", "uL"))), "12 10*3{rbc}");
  EXPECT_EQ(Text(Multiply(Q("37", "Cel"), Q("2", "1"))), "74 Cel");
  EXPECT_EQ(Text(Divide(Q("1", "m"), Q("3", "1"))), "0.333333333333333333333333 m");
  EXPECT_EQ(Text(Multiply(Q("37", "Cel"), Q("2", "m"))).substr(0, 6), "error:");
  EXPECT_EQ(Text(Divide(Q("1", "m"), Q("0", "m"))), "error: division by zero");
  EXPECT_EQ(Text(Divide(Q("1", "12"), Q("1", "12.12"))), "1 /12");
  EXPECT_EQ(Text(Multiply(Q("1", "g.m/s/s.1"), Q("1", "m.{x}.{x}"))), "1 g.m2.{x}.{x}/s2");
  std::string many = "9999999.N/A";
  for (int i = 0; i < 30; ++i) many += ".999/A9";
  EXPECT_EQ(Text(Divide(Q("1", many), Q("1", many))), "1 1");  // joined before it is multiplied out
}

TEST(Ucum, EveryUnitOfTheTableComesBackFromItsCanonicalForm) {
  size_t count = 0;
  for (const Atom& atom : Table::Get().atoms()) {
    const auto unit = Unit::Parse(atom.code);
    ASSERT_TRUE(unit.ok()) << atom.code;
    ASSERT_EQ(unit->why_not(), "") << atom.code;
    const auto base = Canonical({Rational(3), *unit});
    ASSERT_TRUE(base.ok()) << atom.code;
    EXPECT_EQ(base->unit.canonical_code(), unit->canonical_code()) << atom.code;
    const auto back = Convert(base->value, base->unit, *unit);
    ASSERT_TRUE(back.ok()) << atom.code;
    EXPECT_EQ(back->ToText(14), "3") << atom.code;
    const auto upper = Unit::Parse(atom.code_upper, CodeCase::kInsensitive);
    ASSERT_TRUE(upper.ok()) << atom.code_upper;
    EXPECT_EQ(*Compare({Rational(3), *upper}, {Rational(3), *unit}), 0) << atom.code_upper;
    ++count;
  }
  EXPECT_EQ(count, 312U);
  EXPECT_EQ(Table::Get().prefixes().size(), 24U);
  EXPECT_EQ(Table::Get().version(), "2.2");
}

TEST(Ucum, NoSymbolHasTwoReadings) {
  const Table& table = Table::Get();
  for (const Atom& atom : table.atoms()) {
    if (!atom.metric) continue;
    for (const Prefix& prefix : table.prefixes()) {
      const std::string code = std::string(prefix.code) + std::string(atom.code);
      const Table::Symbol found = table.Find(code, CodeCase::kSensitive);
      EXPECT_TRUE(found.prefix == &prefix && found.atom == &atom) << code;
    }
  }
}

TEST(Ucum, RemembersWithoutMixingUp) {
  // More codes than the memory has places, right and wrong, in both spellings, again and again.
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i < 600; ++i) {
      const std::string code = std::to_string(i) + ".ML";
      EXPECT_EQ(Unit::Parse(code, CodeCase::kInsensitive)->code(), code);
      EXPECT_EQ(In("1", code, "L"), std::to_string(i) + "000000") << code;
      EXPECT_FALSE(Unit::Parse(std::to_string(i) + ".ML2x").ok());
    }
  }
}

TEST(Ucum, SignificantDigits) {
  EXPECT_EQ(SignificantDigits("6.30"), 3);
  EXPECT_EQ(SignificantDigits("0.0063"), 2);
  EXPECT_EQ(SignificantDigits("-0.10e5"), 2);
  EXPECT_EQ(SignificantDigits("400"), 0);
  EXPECT_EQ(SignificantDigits("0.00"), 1);
  EXPECT_EQ(StatedText(Rational::Parse("25.2"), 2), "25");
  EXPECT_EQ(StatedText(Rational::Parse("25.2"), 0), "25.2");
}

}  // namespace
}  // namespace tk::ucum
