// Expressions with their results; the official suite (suite_wide_test.cpp) covers the language, this table what it leaves out.
#include "kernel/fhir/path/path.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/fhir/path/scalar.h"

namespace tk::fhir::path {
namespace {

constexpr std::string_view kPatient = R"({
  "resourceType":"Patient","id":"p1","active":true,
  "contained":[{"resourceType":"Organization","id":"o1","name":"卫生院"},{"resourceType":"Practitioner","id":"d1"}],
  "extension":[{"url":"http://example.org/height","valueDecimal":1.750},
               {"url":"http://example.org/note","_valueString":{"extension":[{"url":"http://example.org/why","valueCode":"masked"}]}}],
  "name":[{"use":"official","family":"张","given":["伟","\"小\""],"_given":[null,{"extension":[{"url":"http://example.org/nick","valueBoolean":true}]}]},
          {"use":"usual","_family":{"extension":[{"url":"http://example.org/why","valueCode":"unknown"}]}}],
  "telecom":[{"system":"phone","value":"0571-1"},{"system":"email","value":"a@example.org"},{"system":"phone","value":"0571-2"}],
  "birthDate":"1980-02-29","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1980-02-29T14:35:00+08:00"}]},
  "deceasedBoolean":false,"multipleBirthInteger":2,
  "generalPractitioner":[{"reference":"#d1"},{"reference":"#o1"},{"reference":"http://example.org/fhir/Organization/7/_history/2"},
                         {"type":"PractitionerRole","identifier":{"value":"x"}},{"display":"unknown"}],
  "link":[{"other":{"reference":"Patient/p2"},"type":"seealso"}]})";

constexpr std::string_view kObservation = R"({
  "resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},
  "subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-11-21T08:30:00+08:00",
  "valueQuantity":{"value":37.30,"unit":"°C","system":"http://unitsofmeasure.org","code":"Cel"},
  "component":[{"code":{"text":"a"},"valueInteger":5},{"code":{"text":"b"},"valueString":"five"},
               {"code":{"text":"c"},"valueQuantity":{"value":9007199254740993.1,"code":"mg"}},
               {"code":{"text":"d"},"valueQuantity":{"value":5,"comparator":"<","code":"mg"}}]})";

class Path : public ::testing::Test {
 protected:
  std::string Text(const Item& item) const {
    const Scalar value = ToScalar(*types_, item);
    switch (value.kind) {
      case SystemKind::kBoolean:
        return value.boolean ? "true" : "false";
      case SystemKind::kDate:
      case SystemKind::kDateTime:
      case SystemKind::kTime:
        return value.temporal.ToString();
      case SystemKind::kQuantity:
        return fmt::format("{} {}", value.decimal.ToString(), value.text);
      case SystemKind::kString:
        return value.text;
      case SystemKind::kNone:
        return item.type < r4_->type_count() ? fmt::format("<{}>", r4_->Type(item.type).name) : "<?>";
      default:
        return value.decimal.ToString();
    }
  }
  std::string Run(const Document& document, std::string_view text) {
    const Item context = ResourceItem(*r4_, document.Root());
    Result<Expression> expression = Expression::Compile(text, *r4_, context.type);
    if (!expression.ok())
      return std::string(TraitsOf(expression.error().code).name) + ", " + expression.error().external;
    environment_.resource = document.Root();
    environment_.now_us = 1'795'000'000'123'456;  // 2026-11-18T11:06:40.123456Z
    environment_.offset_min = 8 * 60;
    Collection result;
    const Status status = expression->Evaluate(environment_, context, &result);
    if (!status.ok()) return std::string(TraitsOf(status.error().code).name) + ", " + status.error().external;
    std::string out;
    for (const Item& item : result) out += (out.empty() ? "" : " | ") + Text(item);
    return out;
  }
  std::string Patient(std::string_view text) { return Run(patient_, text); }
  std::string Observation(std::string_view text) { return Run(observation_, text); }

  std::shared_ptr<const Definitions> r4_ = Definitions::R4();
  std::shared_ptr<const TypeTable> types_ = TypeTable::For(*r4_);
  Document patient_ = Document::Parse(kPatient).value();
  Document observation_ = Document::Parse(kObservation).value();
  Environment environment_;
};

// name[1].family has extensions and no value, as the note's value.
TEST_F(Path, WhatHasNoValueIsNothingToCalculateWith) {
  EXPECT_EQ(Patient("name[1].family + 'x'"), "");
  EXPECT_EQ(Patient("'x' + name[1].family"), "");
  EXPECT_EQ(Patient("name[1].family & 'x'"), "x");
  EXPECT_EQ(Patient("extension[1].value + 18 years"), "");
  EXPECT_EQ(Patient("name.family.join(',')"), "张");
  EXPECT_EQ(Patient("name[1].family.join(',')"), "");
  EXPECT_EQ(Patient("multipleBirth + 1"), "3");
}

TEST_F(Path, FollowsMembersWithTheirTypes) {
  EXPECT_EQ(Patient("Patient.name.given"), "伟 | \"小\"");
  EXPECT_EQ(Patient("name.family"), "张 | <string>");
  EXPECT_EQ(Patient("id"), "p1");
  EXPECT_EQ(Patient("Resource.id"), "p1");
  EXPECT_EQ(Patient("DomainResource.contained.id"), "o1 | d1");
  EXPECT_EQ(Patient("contained"), "<Organization> | <Practitioner>");
  EXPECT_EQ(Patient("contained.name"), "卫生院");
  EXPECT_EQ(Patient("deceased"), "false");
  EXPECT_EQ(Patient("multipleBirth is integer"), "true");
  EXPECT_EQ(Patient("link.other"), "<Reference>");
  EXPECT_EQ(Patient("link"), "<Patient.link>");
  EXPECT_EQ(Observation("value"), "37.30 Cel");
  EXPECT_EQ(Observation("component.value"), "5 | five | 9007199254740993.1 mg | <Quantity>");
  EXPECT_EQ(Observation("component.value.ofType(Quantity).code"), "mg | mg");
  EXPECT_EQ(Observation("(component.value as Quantity).code"),
            "invalid, column 18: expected one item at most, found 4");
  EXPECT_EQ(Observation("component.value.ofType(string)"), "five");
  EXPECT_EQ(Observation("component[1].code.text"), "b");
  EXPECT_EQ(Observation("effective is dateTime"), "true");
}

TEST_F(Path, AsTakesAPrimitiveForTheLanguagesOwnType) {
  EXPECT_EQ(Observation("(component[1].value as String) = 'five'"), "true");
  EXPECT_EQ(Observation("component[0].value.as(Integer) + 1"), "6");
  EXPECT_EQ(Patient("deceased as Boolean"), "false");
  EXPECT_EQ(Patient("'a' as String"), "a");
  EXPECT_EQ(Patient("deceased as String"), "");
  EXPECT_EQ(Patient("deceased as System.Boolean"), "");  // said to be the language's, which it is not
  EXPECT_EQ(Patient("deceased is Boolean"), "false");
}

TEST_F(Path, SeesExtensionsOfPrimitives) {
  EXPECT_EQ(Patient("birthDate.extension(%`ext-patient-birthTime`).value"), "1980-02-29T14:35:00+08:00");
  EXPECT_EQ(Patient("name[0].given[1].extension('http://example.org/nick').value"), "true");
  EXPECT_EQ(Patient("name[1].family.hasValue()"), "false");
  EXPECT_EQ(Patient("name[1].family.extension.value"), "unknown");
  EXPECT_EQ(Patient("name.where(family.exists()).count()"), "2");
  EXPECT_EQ(Patient("name[1].family = 'x'"), "false");
  EXPECT_EQ(Patient("extension('http://example.org/height').value"), "1.750");
  EXPECT_EQ(Patient("extension('http://example.org/note').value.extension.value"), "masked");
  EXPECT_EQ(Patient("name[0].given[0].extension"), "");
}

TEST_F(Path, FiltersAsSearchParametersDo) {
  EXPECT_EQ(Patient("telecom.where(system = 'phone').value"), "0571-1 | 0571-2");
  EXPECT_EQ(Patient("telecom.where(system='fax').value"), "");
  EXPECT_EQ(Patient("name.where(given = '伟').use"), "");  // two given names are not one
  EXPECT_EQ(Patient("generalPractitioner.where(resolve() is Organization).reference"),
            "#o1 | http://example.org/fhir/Organization/7/_history/2");
  EXPECT_EQ(Patient("generalPractitioner.where(resolve().is(Practitioner)).reference"), "#d1");
  EXPECT_EQ(Patient("generalPractitioner.where(resolve() is PractitionerRole).identifier.value"), "x");
  EXPECT_EQ(Patient("generalPractitioner.resolve()"), "<Practitioner> | <Organization>");
  EXPECT_EQ(Patient("generalPractitioner.resolve().name"), "卫生院");
  EXPECT_EQ(Patient("Patient.deceased.exists() and Patient.deceased != false"), "false");
  EXPECT_EQ(Patient("iif(name.exists(), name.first().use, 'none')"), "official");
}

TEST_F(Path, ResolvesThroughTheHook) {
  struct Answer final : Resolver {
    explicit Answer(const Document& d) : document(d) {}
    Value Resolve(std::string_view reference, Value) const override {
      return reference == "Patient/p1" ? document.Root() : Value();
    }
    const Document& document;
  } answer(patient_);
  EXPECT_EQ(Observation("subject.resolve().name"), "");
  environment_.resolver = &answer;
  EXPECT_EQ(Observation("subject.resolve().ofType(Patient).name.first().family"), "张");
}

TEST_F(Path, CalculatesDecimalsExactly) {
  EXPECT_EQ(Patient("0.1 + 0.2 = 0.3"), "true");
  EXPECT_EQ(Patient("0.1 + 0.2"), "0.3");
  EXPECT_EQ(Patient("10 / 4"), "2.5");
  EXPECT_EQ(Patient("7 div 2"), "3");
  EXPECT_EQ(Patient("-7 div 2"), "-3");
  EXPECT_EQ(Patient("-7 mod 3"), "-1");
  EXPECT_EQ(Patient("5.5 mod 0.7"), "0.6");
  EXPECT_EQ(Patient("1 / 0"), "");
  EXPECT_EQ(Patient("2147483647 + 1"), "");
  EXPECT_EQ(Patient("2.power(31)"), "");
  EXPECT_EQ(Patient("2.power(10)"), "1024");
  EXPECT_EQ(Patient("1.5.power(2)"), "2.25");
  EXPECT_EQ(Patient("1234567890123.12345678 * 1.00000001"), "1234567902468.8023580112345678");
  EXPECT_EQ(Observation("component.value.ofType(Quantity).first().value > 9007199254740993.0"), "true");
  EXPECT_EQ(Observation("component.value.ofType(Quantity).first() = 9007199254740993.10 'mg'"), "true");
  EXPECT_EQ(Patient("(2.5).round()"), "3");
  EXPECT_EQ(Patient("(-2.5).round()"), "-3");
  EXPECT_EQ(Patient("(2).sqrt().round(5)"), "1.41421");
}

TEST_F(Path, ComparesQuantitiesAndDurations) {
  EXPECT_EQ(Observation("value >= 37.3 'Cel'"), "true");
  EXPECT_EQ(Observation("value > 37.3 'Cel'"), "false");
  EXPECT_EQ(Observation("value > 37.3 'K'"), "true");
  EXPECT_EQ(Observation("component.value.ofType(Quantity)[1] < 6 'mg'"), "");  // says only "less than 5"
  EXPECT_EQ(Patient("1 week = 7 days"), "true");
  EXPECT_EQ(Patient("24 hours = 1 'd'"), "true");
  EXPECT_EQ(Patient("1 year = 12 months"), "true");
  EXPECT_EQ(Patient("1 year = 1 'a'"), "");
  EXPECT_EQ(Patient("1 year ~ 1 'a'"), "true");
  EXPECT_EQ(Patient("1 'cm' < 1 's'"), "");
  EXPECT_EQ(Patient("2 'mg' + 3 'mg'"), "5 mg");
  EXPECT_EQ(Patient("6 'mg' / 2"), "3 mg");
  EXPECT_EQ(Patient("'3.5 \\'mg\\''.toQuantity()"), "3.5 mg");
  EXPECT_EQ(Patient("(36 hours).toQuantity('d')"), "1.5 d");
}

TEST_F(Path, ConvertsUnits) {
  EXPECT_EQ(Observation("value = 99.14 '[degF]'"), "true");
  EXPECT_EQ(Observation("value.toQuantity('K')"), "310.45 K");
  EXPECT_EQ(Observation("value = 37.3 'no unit'"), "");
  const Document other =
      Document::Parse(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[
    {"code":{"text":"a"},"valueQuantity":{"value":2,"unit":"tablet","system":"http://snomed.info/sct","code":"385055001"}},
    {"code":{"text":"b"},"valueQuantity":{"value":2,"unit":"m","system":"http://example.org/units","code":"m"}},
    {"code":{"text":"c"},"valueQuantity":{"value":2.0,"system":"http://example.org/units","code":"m"}},
    {"code":{"text":"d"},"valueQuantity":{"value":200,"unit":"cm"}}]})")
          .value();
  EXPECT_EQ(Run(other, "component[0].value > 1"),
            "");  // a code of another system is no number and no unit of UCUM
  EXPECT_EQ(Run(other, "component[1].value = 2 'm'"), "");
  EXPECT_EQ(Run(other, "component[1].value = component[2].value"), "true");
  EXPECT_EQ(Run(other, "component[3].value = 2 'm'"), "true");
  EXPECT_EQ(Patient("98.6 '[degF]' = 37 'Cel'"), "true");
  EXPECT_EQ(Patient("1 '[ft_us]' = 1200 'm' / 3937"),
            "false");  // the quotient of a decimal ends after 28 digits
  EXPECT_EQ(Patient("3937 '[ft_us]' = 1200 'm'"), "true");
  EXPECT_EQ(Patient("1 'g' + 1 'mg'"), "1001 mg");
  EXPECT_EQ(Patient("1 week - 1 day"), "6 day");
  EXPECT_EQ(Patient("2 years + 1 month"), "25 month");
  EXPECT_EQ(Patient("(30 months).toQuantity('years')"), "2.5 year");
  EXPECT_EQ(Patient("(1 month).toQuantity('d')"), "");
  EXPECT_EQ(Patient("(1 'g').convertsToQuantity('s')"), "false");
  EXPECT_EQ(Patient("'2015-02-04'.convertsToDate()"), "true");
  EXPECT_EQ(Patient("'2015-02-04T14:34:28Z'.convertsToDate()"), "false");
  EXPECT_EQ(Patient("'2015-02-04T14'.toDate()"), "");
  EXPECT_EQ(Patient("(@2015-02-04T14:34:28Z).toDate()"), "2015-02-04");
  EXPECT_EQ(Patient("(1 'g').convertsToQuantity('kg')"), "true");
  EXPECT_EQ(Patient("5 'mg/mL' * 2 'mL'"), "10 mg");
  EXPECT_EQ(Patient("1 'km' / 1 hour"), "1 km/h");
  EXPECT_EQ(Patient("6 'm' / 2 's' / 3 's'"), "1 m/s2");
  EXPECT_EQ(Patient("6 'Cel' * 2 'm'"), "");
  EXPECT_EQ(Patient("6 'tablet' * 2 'm'"), "");
  EXPECT_EQ(Patient("6 'tablet' * 2"), "12 tablet");
  EXPECT_EQ(Patient("1 / 4 's'"), "0.25 /s");
  EXPECT_EQ(Patient("0.5 = 50 '%'"), "true");
  EXPECT_EQ(
      Patient("(0.5 | 50 '%' | 1 'g' | 1000 'mg' | 1 'm' | 7 days | 1 week | 1 year | 12 months).count()"),
      "5");
  EXPECT_EQ(Patient("4 'g' ~ 4040 'mg'"), "true");
  EXPECT_EQ(Patient("4.04 'g' ~ 4060 'mg'"), "false");
  EXPECT_EQ(Patient("1 'a' ~ 365.25 'd'"), "true");
  EXPECT_EQ(Patient("1 'cm'.comparable(1 '[in_i]')"), "true");
  EXPECT_EQ(Patient("1 year.comparable(1 'a')"), "false");
}

TEST_F(Path, CountsWithDates) {
  EXPECT_EQ(Patient("today()"), "2026-11-18");
  EXPECT_EQ(Patient("now()"), "2026-11-18T19:06:40.123+08:00");
  EXPECT_EQ(Patient("birthDate + 45 years"), "2025-02-28");
  EXPECT_EQ(Patient("birthDate <= today() - 18 years"), "true");
  EXPECT_EQ(Patient("@2024-01-31 + 1 month"), "2024-02-29");
  EXPECT_EQ(Patient("@2024-03 - 1 month"), "2024-02");
  EXPECT_EQ(Patient("@2014 + 24 months"), "2016");
  EXPECT_EQ(Patient("@T23:30 + 2 hours"), "01:30");
  EXPECT_EQ(Patient("@0001-01-01 - 1 day"), "");
  EXPECT_EQ(Observation("effective > @2026-11-20"), "true");
  EXPECT_EQ(Observation("effective = @2026-11-21T00:30:00Z"), "true");
  EXPECT_EQ(Observation("effective < @2026-11-21T12:00:00"),
            "");  // the zone of the right side could be anywhere
  EXPECT_EQ(Observation("effective < @2026-11-23T00:00:00"), "true");
  EXPECT_EQ(Patient("@2026-02-30"), "incorrect, column 1: there is no such date or time");
  EXPECT_EQ(Patient("birthDate < @T10:00"), "invalid, column 11: \"<\" cannot compare values of these types");
}

TEST_F(Path, HandlesTextByCharacter) {
  EXPECT_EQ(Patient("'通康平台'.length()"), "4");
  EXPECT_EQ(Patient("'通康平台'.substring(1, 2)"), "康平");
  EXPECT_EQ(Patient("'通康平台'.indexOf('平')"), "2");
  EXPECT_EQ(Patient("'ab'.toChars()"), "a | b");
  EXPECT_EQ(Patient("'a,b,,c'.split(',').count()"), "4");
  EXPECT_EQ(Patient("name.use.join('/')"), "official/usual");
  EXPECT_EQ(Patient("'2026-11'.replaceMatches('(\\\\d+)-(\\\\d+)', '$2/$1')"), "11/2026");
  EXPECT_EQ(Patient("'x'.matches('(')"), "invalid, column 5: the pattern is not valid: missing ): (");
  EXPECT_EQ(Patient("'x'.matches('(' & '')"), "invalid, column 5: the pattern is not valid");
  EXPECT_EQ(Patient("'ABC'.matches('^b' & '', 'i') or 'ABC'.matches('b', 'i')"), "true");
  EXPECT_EQ(Patient("telecom.exists(system = 'fax') or telecom.exists(system = 'email')"), "true");
  EXPECT_EQ(Patient("'中'.encode('hex')"), "e4b8ad");
  EXPECT_EQ(Patient("'e4b8a'.decode('hex')"), "");
  EXPECT_EQ(Patient("'a' & {} & 'b'"), "ab");
  EXPECT_EQ(Patient("'a' + {}"), "");
}

TEST_F(Path, WorksOnCollections) {
  EXPECT_EQ(Patient("(1 | 2 | 2 | 3).tail()"), "2 | 3");
  EXPECT_EQ(Patient("(3 | 1 | 2).aggregate($this + $total, 10)"), "16");
  EXPECT_EQ(Patient("(5 | 6 | 7).where($index > 0)"), "6 | 7");
  EXPECT_EQ(Patient("(1 | 2 | 3).exclude(2).combine(1)"), "1 | 3 | 1");
  EXPECT_EQ(Patient("('A' | 'b') ~ ('B' | 'a')"), "true");
  EXPECT_EQ(Patient("(telecom | telecom.skip(1) | {}).count()"), "3");
  EXPECT_EQ(Patient("(descendants() | descendants()).count() = descendants().distinct().count()"), "true");
  EXPECT_EQ(Patient("name.repeat(given)"), "伟 | \"小\"");
  EXPECT_EQ(Patient("descendants().where($this is Reference).count()"), "6");
  EXPECT_EQ(Patient("telecom.all(value.exists()) and telecom.system.distinct().count() = 2"), "true");
  EXPECT_EQ(Patient("name.single()"), "invalid, column 6: expected one item at most, found 2");
  EXPECT_EQ(Patient("'official' in name.use"), "true");
  EXPECT_EQ(Patient("{} in name.use"), "");
  EXPECT_EQ(Patient("false implies {}"), "true");
  EXPECT_EQ(Patient("{} or {}"), "");
  EXPECT_EQ(Patient("name.given.subsetOf(name.given | 'x')"), "true");
}

TEST_F(Path, ChecksBeforeItRuns) {
  EXPECT_EQ(Patient("name.giveN"), "invalid, column 6: HumanName has no element \"giveN\"");
  EXPECT_EQ(Patient("Observation.code"), "invalid, column 1: the context is Patient, not Observation");
  EXPECT_EQ(Patient("name.frist()"), "invalid, column 6: there is no function frist()");
  EXPECT_EQ(Patient("name.take()"), "invalid, column 6: take() takes 1 arguments, not 0");
  EXPECT_EQ(Patient("name is HumanNam"), "invalid, column 6: there is no type \"HumanNam\"");
  EXPECT_EQ(Patient("slice('x', 'y')"), "invalid, column 1: slice() knows no profiles here");
  EXPECT_EQ(Patient("slice({}, 'y') | slice('x', {}) | contact.slice('x', 'y')"), "");
  EXPECT_EQ(Observation("valueQuantity.unit"),
            "invalid, column 1: Observation has no element \"valueQuantity\"");
  EXPECT_EQ(Patient("name.select(use.foo)"), "invalid, column 17: code has no element \"foo\"");
  EXPECT_EQ(Patient("%nothing"), "invalid, column 1: there is no variable %nothing");
  EXPECT_EQ(Patient("2147483650"),
            "incorrect, column 1: the number has more than 32 bits; write it with .0 or L");
}

TEST_F(Path, KnowsItsVariables) {
  environment_.variables = {{"limit", {DecimalItem(*Decimal::Parse("37.3"))}}};
  EXPECT_EQ(Observation("value.value >= %limit"), "true");
  EXPECT_EQ(Observation("%resource.status = %context.status"), "true");
  EXPECT_EQ(Patient("%ucum"), "http://unitsofmeasure.org");
  EXPECT_EQ(Patient("%\"vs-administrative-gender\""), "http://hl7.org/fhir/ValueSet/administrative-gender");
}

TEST_F(Path, SortsAndCoalesces) {
  EXPECT_EQ(Patient("(3 | 1 | 2).sort()"), "1 | 2 | 3");
  EXPECT_EQ(Patient("('b' | 'c' | 'a').sort(-$this)"), "c | b | a");
  EXPECT_EQ(Patient("telecom.sort(system, value desc).value"), "a@example.org | 0571-2 | 0571-1");
  EXPECT_EQ(Patient("name.sort(family).use"), "usual | official");  // nothing comes first
  EXPECT_EQ(Patient("(1 | 'a').sort()"), "invalid, column 11: sort() cannot compare values of these types");
  EXPECT_EQ(Patient("coalesce(name.where(use = 'nickname').family, name.family.where($this = '张'), 'x')"),
            "张");
  EXPECT_EQ(Patient("coalesce({}, {})"), "");
  EXPECT_EQ(Patient("(1 | 2 | 3).sum() = 6 and (1 | 2 | 3).avg() = 2 and ('b' | 'a').min() = 'a'"), "true");
  EXPECT_EQ(Patient("(1 'kg' | 500 'g').max()"), "1 kg");
  EXPECT_EQ(Patient("{}.sum()"), "");
  EXPECT_EQ(Patient("name.repeatAll(given).count()"), "2");
  environment_.work_max = 10'000;
  EXPECT_EQ(Patient("name.repeatAll($this)").substr(0, 9), "too-large");
}

TEST_F(Path, DefinesVariablesWithinTheirScope) {
  EXPECT_EQ(Patient("name.defineVariable('n').select(use & %n.count().toString())"), "official2 | usual2");
  EXPECT_EQ(Patient("name.defineVariable('one', first()).use.select($this & %one.family)"),
            "official张 | usual张");
  EXPECT_EQ(Patient("name.select(defineVariable('u', use).given.select(%u & $this))"),
            "official伟 | official\"小\"");
  EXPECT_EQ(Patient("name.select(defineVariable('u', use)).select(%u)"),
            "invalid, column 46: there is no variable %u");
  EXPECT_EQ(Patient("defineVariable('a', 1).select(%a) | %a"), "invalid, column 37: there is no variable %a");
  EXPECT_EQ(Patient("defineVariable('a', 1).defineVariable('a', 2)"),
            "invalid, column 39: %a is defined already: take another name");
  EXPECT_EQ(Patient("defineVariable('context', 1)"),
            "invalid, column 16: %context has a meaning of its own: take another name");
  EXPECT_EQ(Patient("defineVariable(use)"),
            "invalid, column 16: expected the name of the variable as a text, e.g. defineVariable('first')");
}

TEST_F(Path, MakesValuesThatOutliveTheEvaluation) {
  Collection result;
  {
    const Item context = ResourceItem(*r4_, patient_.Root());
    const auto expression = Expression::Compile(
        "%factory.HumanName('李', 'a' | 'b').given | name.type().name", *r4_, context.type);
    ASSERT_TRUE(expression.ok()) << expression.error().external;
    ASSERT_TRUE(expression->Evaluate(Environment{}, context, &result).ok());
  }
  ASSERT_EQ(result.size(), 3U);
  EXPECT_EQ(Text(result[0]) + Text(result[1]) + Text(result[2]), "abHumanName");
  EXPECT_EQ(Patient("%factory.Coding('s', 'c').code"), "c");
  EXPECT_EQ(Patient("%factory.code(' x')").substr(0, 7), "invalid");
  EXPECT_EQ(Patient("%factory.Nothing()"), "invalid, column 10: %factory makes no \"Nothing\"");
  EXPECT_EQ(Patient("%factory.withProperty(%factory.create(Period), 'start', @2026).start"), "2026");
}

TEST_F(Path, AsksTheDefinitions) {
  EXPECT_EQ(Patient("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')"), "true");
  EXPECT_EQ(Patient("conformsTo('http://hl7.org/fhir/StructureDefinition/Group')"), "false");
  EXPECT_EQ(Patient("conformsTo('http://example.org/x')"),
            "invalid, column 1: conformsTo() does not know this profile");
  EXPECT_EQ(Patient("name.select(use.memberOf('http://hl7.org/fhir/ValueSet/name-use'))"), "true | true");
  EXPECT_EQ(Patient("'x'.memberOf('http://hl7.org/fhir/ValueSet/name-use')"), "false");
  EXPECT_NE(Patient("'x'.memberOf('http://example.org/not-here')").find("does not know this value set"),
            std::string::npos);
  EXPECT_EQ(Patient("{}.memberOf('http://example.org/not-here')"), "");
  EXPECT_EQ(Patient("checkModifiers().active"), "true");
  EXPECT_EQ(Patient("'<div>'.htmlChecks()"), "false");
  EXPECT_EQ(Patient("gender.htmlChecks()"), "") << "no narrative";
  EXPECT_EQ(Patient("id is System.String and extension.url.all($this is System.String)"), "true");
  EXPECT_EQ(Patient("name[0].family is System.String"), "false");
}

TEST_F(Path, MeasuresWhatLiesBetween) {
  EXPECT_EQ(Patient("birthDate.duration(today(), 'years')"), "46");
  EXPECT_EQ(Patient("@2024-12-31.difference(@2025-01-01, 'years')"), "1");
  EXPECT_EQ(Patient("@2024-12-31.duration(@2025-01-01, 'years')"), "0");
  EXPECT_EQ(Patient("@2025-01-31.duration(@2025-01-01, 'week')"), "-4");
  EXPECT_EQ(Patient("@T10:30.difference(@T12:15, 'hours')"), "2");
  EXPECT_EQ(Patient("@2025-01.difference(@2025-02, 'days')"), "");
  EXPECT_EQ(Patient("@2025-01-01T23:00:00Z.duration(@2025-01-02T01:00:00+02:00, 'hours')"), "0");
}

TEST_F(Path, RefusesAnOrderThatNobodyPromises) {
  const auto compile = [&](std::string_view text, bool check) {
    return Expression::Compile(text, *r4_, r4_->FindType("Patient"), {.check_order = check}).ok();
  };
  for (const std::string_view text :
       {"children().skip(1)", "descendants()[0]", "children().where(true).first()"}) {
    EXPECT_TRUE(compile(text, false)) << text;
    EXPECT_FALSE(compile(text, true)) << text;
  }
  EXPECT_TRUE(compile("name.skip(1) | children().ofType(HumanName).sort(family).first()", true));
}

TEST_F(Path, BoundsItsWork) {
  environment_.work_max = 50'000;
  std::string doubled = "'aaaaaaaa'";
  for (int i = 0; i < 30; ++i) doubled += ".replace('a', 'aa')";
  EXPECT_EQ(Patient(doubled).substr(0, 9), "too-large");
  std::string nested = "1";
  for (int i = 0; i < 5; ++i) nested = "%resource.descendants().select(" + nested + ")";
  EXPECT_EQ(Patient(nested).substr(0, 9), "too-large");
}

TEST_F(Path, EndsAtItsDeadline) {
  environment_.deadline_us = 1;  // long ago
  EXPECT_EQ(Patient("name.family.first()"), "张");
  std::string nested = "1";
  for (int i = 0; i < 3; ++i) nested = "%resource.descendants().select(" + nested + ")";
  EXPECT_EQ(Patient(nested).substr(0, 7), "timeout");
}

TEST_F(Path, TestsAsACriterion) {
  const Item context = ResourceItem(*r4_, patient_.Root());
  const auto test = [&](std::string_view text) {
    return Expression::Compile(text, *r4_, context.type).value().Test(Environment{}, context);
  };
  EXPECT_TRUE(*test("active"));
  EXPECT_FALSE(*test("deceased"));
  EXPECT_FALSE(*test("photo.exists()"));
  EXPECT_FALSE(*test("photo.title = 'x'"));
  EXPECT_EQ(test("name").error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(*test("'x'"));  // one item that is no boolean: singleton evaluation
  EXPECT_TRUE(*test("name.count() * 0"));
  EXPECT_TRUE(*test("name.first()"));
  EXPECT_TRUE(*test("(name.family.first() as String) = '张'"));
  EXPECT_TRUE(*test("name.family.first().as(String) = '张'"));
  EXPECT_FALSE(*test("(name.family.first() as System.String) = '张'"));
  EXPECT_FALSE(*test("(name.family.first() as Boolean).exists()"));
}

TEST_F(Path, FollowsUntypedContextByItsJson) {
  const Document document = Document::Parse(R"({"a":[{"b":1},{"b":2.50}],"c":"x"})").value();
  EXPECT_EQ(Run(document, "a.b"), "1 | 2.50");
  EXPECT_EQ(Run(document, "a.where(b is Decimal).b + 1"), "3.50");
  EXPECT_EQ(Run(document, "nothing.at.all"), "");
}

TEST_F(Path, ResolvesContainedResourcesOfEntries) {
  const Document bundle = Document::Parse(R"({"resourceType":"Bundle","type":"collection","entry":[
    {"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"一"}],"managingOrganization":{"reference":"#o"}}},
    {"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"二","partOf":{"reference":"#q"}},
      {"resourceType":"Organization","id":"q","name":"三"}],"managingOrganization":{"reference":"#o"}}}]})")
                              .value();
  EXPECT_EQ(Run(bundle, "Bundle.entry.resource.ofType(Patient).managingOrganization.resolve().name"),
            "一 | 二");
  EXPECT_EQ(Run(bundle, "Bundle.entry[1].resource.contained.partOf.resolve().name"), "三");
  EXPECT_EQ(Run(bundle,
                "Bundle.entry.resource.ofType(Patient).managingOrganization.where(resolve() is "
                "Organization).count()"),
            "2");
}

TEST_F(Path, KnowsTheLettersOfAllScripts) {
  EXPECT_EQ(Patient("'éß-Иx'.upper()"), "ÉSS-ИX");
  EXPECT_EQ(Patient("'ÄÖ-И'.lower()"), "äö-и");
  EXPECT_EQ(Patient("'É' ~ 'é'"), "true");
  EXPECT_EQ(Patient("'Straße' ~ 'STRASSE'"), "true");
  EXPECT_EQ(Patient("'É' !~ 'E'"), "true");
  EXPECT_EQ(Patient("'É' = 'é'"), "false");
  EXPECT_EQ(Patient("'张伟'.upper()"), "张伟");
}

TEST_F(Path, MatchesWhatLooksAroundAndRefersBack) {
  EXPECT_EQ(Patient("'abc'.matches('a(?=b)')"), "true");
  EXPECT_EQ(Patient("'foobar'.matchesFull('^(?!foo).*$')"), "false");
  EXPECT_EQ(Patient("'barfoo'.matchesFull('^(?!foo).*$')"), "true");
  EXPECT_EQ(Patient("'aa'.matches('(a)\\\\1')"), "true");
  EXPECT_EQ(Patient("'张三三'.replaceMatches('(三)(?=三)', '<$1>')"), "张<三>三");
  EXPECT_EQ(Patient("'2026-11'.replaceMatches('(?<y>[0-9]{4})-(?<m>[0-9]{2})(?!-)', '${m}/${y}')"),
            "11/2026");
  EXPECT_EQ(Patient("'ab'.replaceMatches('(?=b)', '\\\\$')"), "a$b");
  EXPECT_EQ(Patient("'ab'.replaceMatches('(?=b)', '$1')"),
            "invalid, column 6: the replacement names a group that the pattern lacks");
  EXPECT_EQ(Patient("'a\\nb'.matches('^b', 'm')"), "true");
  EXPECT_EQ(Patient("'a\\nb'.matches('^b')"), "false");
  EXPECT_EQ(Patient("'x'.matches('(?=')").substr(0, 8), "invalid,");
  // A pattern that would take for ever ends at its limit.
  EXPECT_EQ(Patient("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(?=(a+)+$)a')"),
            "too-large, column 45: the pattern takes too many steps on this text");
}

TEST_F(Path, KeepsDecimalsOfSeconds) {
  EXPECT_EQ(Patient("@2015-02-28T10:00:00.000 + 1.5 seconds"), "2015-02-28T10:00:01.500");
  EXPECT_EQ(Patient("@2015-02-28T10:00:00.000 - 0.5 seconds"), "2015-02-28T09:59:59.500");
  EXPECT_EQ(Patient("@T10:00:00.000 + 1.5 seconds"), "10:00:01.500");
  EXPECT_EQ(Patient("@T10:00:00 + 1.00025 seconds"), "10:00:01.000250");
  EXPECT_EQ(Patient("@2015-02-28T10:00 + 90.5 seconds"), "2015-02-28T10:01");
  EXPECT_EQ(Patient("@2015-02-28T10:00:00.000 + 1.5 minutes"), "2015-02-28T10:01:00.000");
  EXPECT_EQ(Patient("@T10.highBoundary()"), "10:59:59.999");
  EXPECT_EQ(Patient("@T10.lowBoundary()"), "10:00:00.000");
}

// Of a resource without extensions they are not even asked.
TEST_F(Path, SetAsksForExtensionsWhereThereAreSome) {
  const Document with =
      Document::Parse(
          R"({"resourceType":"Patient","extension":[{"url":"http://x/e","valueCode":"a"}],"gender":"male"})")
          .value();
  const Document without =
      Document::Parse(
          R"({"resourceType":"Patient","gender":"male","name":[{"extension":[{"url":"http://x/e","valueCode":"a"}]}]})")
          .value();
  std::vector<Expression> expressions;
  for (const char* text : {"Patient.extension('http://x/e').value", "extension('http://x/e').value",
                           "(Patient.extension('http://x/e').value as code) | Patient.gender",
                           "Patient.name.extension('http://x/e')", "Patient.extension('http://x/other')",
                           "Patient.extension('http://x/e').exists()"})
    expressions.push_back(Expression::Compile(text, *r4_, r4_->FindType("Patient")).value());
  std::vector<const Expression*> pointers;
  for (const Expression& expression : expressions) pointers.push_back(&expression);
  const ExpressionSet set(pointers);
  const auto found = [&](const Document& document) {
    std::vector<std::pair<size_t, size_t>> out;
    const auto keep = [&](size_t i, const Collection& items) -> Status {
      out.emplace_back(i, items.size());
      return {};
    };
    EXPECT_TRUE(set.Evaluate(Environment{}, ResourceItem(*r4_, document.Root()), keep).ok());
    return out;
  };
  using Found = std::vector<std::pair<size_t, size_t>>;
  EXPECT_EQ(found(with), (Found{{0, 1}, {1, 1}, {2, 2}, {5, 1}}));
  EXPECT_EQ(found(without), (Found{{2, 1}, {3, 1}, {5, 1}}));
}

TEST_F(Path, SetFindsWhatEachFinds) {
  const Item context = ResourceItem(*r4_, patient_.Root());
  std::vector<Expression> expressions;
  for (const char* text : {"Patient.name.family", "Patient.photo.title", "Patient.deceased.exists()",
                           "Patient.birthDate | Patient.photo.creation", "Patient.deceased as boolean",
                           "Patient.contact.name"}) {
    expressions.push_back(Expression::Compile(text, *r4_, context.type).value());
  }
  std::vector<const Expression*> pointers;
  for (const Expression& expression : expressions) pointers.push_back(&expression);
  std::vector<size_t> found;
  const ExpressionSet set(pointers);
  ASSERT_TRUE(set.Evaluate(Environment{}, context,
                           [&](size_t i, const Collection&) -> Status {
                             found.push_back(i);
                             return {};
                           })
                  .ok());
  EXPECT_EQ(found, (std::vector<size_t>{0, 2, 3, 4}));
  const Status stopped = set.Evaluate(Environment{}, context, [](size_t, const Collection&) -> Status {
    return MakeError(ErrorCode::kConflict, "stop");
  });
  EXPECT_EQ(stopped.error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace tk::fhir::path
