// Random resources and random questions: the index agrees with an evaluator that knows neither entries nor expressions. Each resource is made from
// a small record, each criterion with its predicate on such a record in whole numbers.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "kernel/base/random.h"
#include "kernel/search/test_house.h"

namespace tk::search {
namespace {

constexpr const char* kUcum4 = "|http://unitsofmeasure.org|";
constexpr const char* kUnits[] = {"ug", "mg", "g"};
constexpr int64_t kNanograms[] = {1'000, 1'000'000, 1'000'000'000};

/// digits / 10^places of a unit; all comparisons are of `Scaled`, 2,000 parts of a nanogram (or of 1, when units do not count).
struct Amount {
  int64_t digits = 0;
  int places = 0;
  size_t unit = 0;
  std::string Text() const {
    std::string text = std::to_string(digits);
    if (places == 0) return text;
    while (text.size() <= static_cast<size_t>(places)) text.insert(text.begin(), '0');
    return text.insert(text.size() - static_cast<size_t>(places), ".");
  }
  int64_t OfLast(bool with_unit) const {
    const int64_t whole = with_unit ? kNanograms[unit] : 1;
    return whole * 2000 / (places == 0 ? 1 : places == 1 ? 10 : 100);
  }
  int64_t Scaled(bool with_unit) const { return digits * OfLast(with_unit); }
};

/// Days [low, high) from 2020-01-01.
struct Days {
  int low = 0, high = 0;
  std::string text;
};

struct Part {
  std::string code;
  std::optional<Amount> amount;
};

struct ObservationRecord {
  std::string id, status, subject, subject_number, text, tag;
  std::string
      elsewhere;  // the subject is a record of another server, or (unless it says so) of whatever type
  Part main;
  std::vector<Part> parts;
  std::optional<Days> date;
  view::Ordinal ordinal = 0;
};

bool IsAboutAGroup(const ObservationRecord& r) { return r.elsewhere.find("/Group/") != std::string::npos; }
/// As it is sorted by.
std::string SubjectOf(const ObservationRecord& r) {
  return r.subject.empty() ? r.elsewhere : "Patient/" + r.subject;
}

using Holds = std::function<bool(const ObservationRecord&)>;
struct RandomAsked {
  std::string text;
  Holds holds;
};

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}
  size_t Below(size_t n) { return random_.Below(n); }

  Amount MakeAmount() { return {static_cast<int64_t>(1 + Below(60)), static_cast<int>(Below(3)), Below(3)}; }
  Days MakeDays() {
    constexpr int kMonths[] = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366};
    if (Below(6) == 0) return {0, 366, "2020"};
    const size_t month = Below(12);
    if (Below(3) == 0) return {kMonths[month], kMonths[month + 1], fmt::format("2020-{:02}", month + 1)};
    const int day = static_cast<int>(Below(28));
    return {kMonths[month] + day, kMonths[month] + day + 1,
            fmt::format("2020-{:02}-{:02}", month + 1, day + 1)};
  }
  ObservationRecord MakeRecord() {
    constexpr const char* kStatus[] = {"final", "preliminary", "amended"};
    constexpr const char* kGlucoseTexts[] = {"", "Glucose in blood", "Glucose", "Blood glucose"};
    ObservationRecord out;
    out.id = fmt::format("o{:02}", Below(60));
    out.status = kStatus[Below(3)];
    if (Below(4) == 0)
      out.subject_number = std::to_string(Below(5));
    else if (Below(4) == 0)
      out.elsewhere = MakeElsewhere();
    else
      out.subject = std::to_string(Below(5));
    out.text = kGlucoseTexts[Below(4)];
    if (Below(4) == 0) out.tag = std::to_string(Below(2));
    out.main = MakePart();
    for (size_t i = Below(4); i > 0; --i) out.parts.push_back(MakePart());
    if (Below(5) != 0) out.date = MakeDays();
    return out;
  }
  std::string MakeElsewhere() {
    constexpr const char* kAddresses[] = {"http://other.org/fhir/Patient/", "http://other.org/fhir/Group/",
                                          "urn:oid:1.2."};
    return kAddresses[Below(3)] + std::to_string(Below(2));
  }
  Part MakePart() {
    Part out;
    out.code = std::string(1, static_cast<char>('a' + Below(3)));
    if (Below(3) != 0) out.amount = MakeAmount();
    return out;
  }
  RandomAsked MakeCriterion();
  RandomAsked AmountTerm();
  RandomAsked DateTerm();
  RandomAsked CodesTerm();

 private:
  /// On what a composite's part asks of an amount.
  std::pair<std::string, std::function<bool(const std::optional<Amount>&)>> AmountCheck();
  SeededRandom random_;
};

std::string Json(const ObservationRecord& r) {
  auto part = [](const Part& p, const std::string& text) {
    std::string out = fmt::format(R"("code":{{"coding":[{{"system":"s","code":"{}"}}]{}}})", p.code,
                                  text.empty() ? "" : R"(,"text":")" + text + "\"");
    if (p.amount)
      out +=
          fmt::format(R"(,"valueQuantity":{{"value":{},"system":"http://unitsofmeasure.org","code":"{}"}})",
                      p.amount->Text(), kUnits[p.amount->unit]);
    return out;
  };
  std::string out = fmt::format(R"({{"resourceType":"Observation","id":"{}","status":"{}",{})", r.id,
                                r.status, part(r.main, r.text));
  if (!r.tag.empty()) out += R"(,"meta":{"tag":[{"system":"t","code":")" + r.tag + R"("}]})";
  if (!r.elsewhere.empty())
    out += R"(,"subject":{"reference":")" + r.elsewhere + "\"}";
  else
    out += r.subject.empty()
               ? R"(,"subject":{"identifier":{"system":"n","value":")" + r.subject_number + R"("}})"
               : R"(,"subject":{"reference":"Patient/)" + r.subject + R"("})";
  if (r.date) out += R"(,"effectiveDateTime":")" + r.date->text + "\"";
  std::string parts;
  for (const Part& p : r.parts) parts += (parts.empty() ? "{" : ",{") + part(p, "") + "}";
  if (!parts.empty()) out += R"(,"component":[)" + parts + "]";
  return out + "}";
}

std::pair<std::string, std::function<bool(const std::optional<Amount>&)>> Maker::AmountCheck() {
  const Amount asked = MakeAmount();
  constexpr const char* kPrefixes[] = {"", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
  const size_t prefix = Below(9), form = Below(3);
  const bool by_meaning = form == 0;
  std::string text = kPrefixes[prefix] + asked.Text();
  if (form == 0) text += std::string(kUcum4) + kUnits[asked.unit];
  if (form == 1) text += std::string("||") + kUnits[asked.unit];
  return {text, [=](const std::optional<Amount>& own) {
            if (!own || (form == 1 && own->unit != asked.unit)) return false;
            const int64_t x = own->Scaled(by_meaning), y = asked.Scaled(by_meaning),
                          half = asked.OfLast(by_meaning) / 2;
            const bool inside = x >= y - half && x < y + half;
            switch (prefix) {
              case 0:
                return inside;
              case 1:
                return !inside;
              case 2:
              case 6:
                return x > y;
              case 3:
              case 7:
                return x < y;
              case 4:
                return x >= y;
              case 5:
                return x <= y;
              default:
                return x * 10 >= y * 9 && x * 10 <= y * 11;
            }
          }};
}

RandomAsked Maker::AmountTerm() {
  auto [text, check] = AmountCheck();
  const std::string code(1, static_cast<char>('a' + Below(3)));
  const auto pair = [check = check, code](const Part& p) { return p.code == code && check(p.amount); };
  const auto any = [pair](const ObservationRecord& r) {
    return std::any_of(r.parts.begin(), r.parts.end(), pair);
  };
  const std::string value = (Below(2) == 0 ? "s|" : "") + code + "$" + text;
  switch (Below(5)) {
    case 0:
      return {"code-value-quantity=" + value, [pair](const ObservationRecord& r) { return pair(r.main); }};
    case 1:
      return {"component-code-value-quantity=" + value, any};
    case 2:
      return {"combo-code-value-quantity=" + value,
              [pair, any](const ObservationRecord& r) { return pair(r.main) || any(r); }};
    case 3:
      return {"component-value-quantity=" + text, [check = check](const ObservationRecord& r) {
                return std::any_of(r.parts.begin(), r.parts.end(),
                                   [&](const Part& p) { return check(p.amount); });
              }};
    default:
      return {"value-quantity=" + text,
              [check = check](const ObservationRecord& r) { return check(r.main.amount); }};
  }
}

RandomAsked Maker::DateTerm() {
  const Days asked = MakeDays();
  constexpr const char* kPrefixes[] = {"", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
  const size_t prefix = Below(8);
  return {std::string("date=") + kPrefixes[prefix] + asked.text, [=](const ObservationRecord& r) {
            if (!r.date) return false;
            const bool inside = r.date->low >= asked.low && r.date->high <= asked.high;
            switch (prefix) {
              case 0:
                return inside;
              case 1:
                return !inside;
              case 2:
                return r.date->high > asked.high;
              case 3:
                return r.date->low < asked.low;
              case 4:
                return inside || r.date->high > asked.high;
              case 5:
                return inside || r.date->low < asked.low;
              case 6:
                return r.date->low >= asked.high;
              default:
                return r.date->high <= asked.low;
            }
          }};
}

/// The code system: c alone, a above b and above 40 others that nothing has. Of the value sets, v/wide is a and all below it, v/few is b and c.
constexpr const char* kFewSet =
    R"({"resourceType":"ValueSet","url":"http://v/few","compose":{"include":[{"system":"s","concept":[{"code":"b"},{"code":"c"}]}]}})";
constexpr const char* kWideSet =
    R"({"resourceType":"ValueSet","url":"http://v/wide","compose":{"include":[{"system":"s","filter":[{"property":"concept","op":"is-a","value":"a"}]}]}})";
constexpr const char* kStatusSet =
    R"({"resourceType":"ValueSet","url":"http://v/status","compose":{"include":[{"system":"http://hl7.org/fhir/observation-status"}],)"
    R"("exclude":[{"system":"http://hl7.org/fhir/observation-status","concept":[{"code":"final"}]}]}})";
std::string CodeSystemText() {
  std::string text =
      R"({"resourceType":"CodeSystem","url":"s","content":"complete","concept":[{"code":"c"},{"code":"a","concept":[{"code":"b"})";
  for (int i = 0; i < 40; ++i) text += fmt::format(R"(,{{"code":"x{}"}})", i);
  return text + "]}]}";
}

RandomAsked Maker::CodesTerm() {
  struct Codes {
    const char* value;
    const char* modifier;
    const char* codes;
  };
  constexpr Codes kCodes[] = {{"http://v/wide", "in", "ab"}, {"http://v/few", "in", "bc"},
                              {"s|a", "below", "ab"},        {"s|b", "below", "b"},
                              {"s|b", "above", "ab"},        {"s|b,s|c", "below", "bc"},
                              {"s|a,s|c", "below", "abc"},   {"http://v/few,http://v/wide", "in", "abc"}};
  const Codes asked = kCodes[Below(8)];
  const std::string codes = asked.codes;
  const bool negated = std::string_view(asked.modifier) == "in" && Below(2) == 0;
  const auto fits = [codes](const Part& p) { return codes.find(p.code) != std::string::npos; };
  const auto any = [fits](const ObservationRecord& r) {
    return std::any_of(r.parts.begin(), r.parts.end(), fits);
  };
  const std::string end = std::string(":") + (negated ? "not-in" : asked.modifier) + "=" + asked.value;
  switch (Below(4)) {
    case 0:
      return {"code" + end, [=](const ObservationRecord& r) { return fits(r.main) != negated; }};
    case 1:
      return {"component-code" + end, [=](const ObservationRecord& r) { return any(r) != negated; }};
    case 2:
      return {"combo-code" + end,
              [=](const ObservationRecord& r) { return (fits(r.main) || any(r)) != negated; }};
    default:
      return {negated ? "status:not-in=http://v/status" : "status:in=http://v/status",
              [=](const ObservationRecord& r) { return (r.status != "final") != negated; }};
  }
}

RandomAsked Maker::MakeCriterion() {
  const std::string digit = std::to_string(Below(5)), code(1, static_cast<char>('a' + Below(3)));
  const auto has_part = [code](const Part& p) { return p.code == code; };
  switch (Below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return AmountTerm();
    case 4:
      return DateTerm();
    case 5:
      return {"code=" + code, [=](const ObservationRecord& r) { return r.main.code == code; }};
    case 6:
      return {"code:not=s|" + code, [=](const ObservationRecord& r) { return r.main.code != code; }};
    case 7:
      return {"combo-code=" + code, [=](const ObservationRecord& r) {
                return has_part(r.main) || std::any_of(r.parts.begin(), r.parts.end(), has_part);
              }};
    case 8:
      return {"subject:Patient=" + digit, [=](const ObservationRecord& r) { return r.subject == digit; }};
    case 9:
      return {"subject:identifier=n|" + digit,
              [=](const ObservationRecord& r) { return r.subject_number == digit; }};
    case 10:
      return {"code:text=glucose",
              [](const ObservationRecord& r) { return r.text.rfind("Glucose", 0) == 0; }};
    case 11:
      return {"component-code-value-quantity:missing=false", [](const ObservationRecord& r) {
                return std::any_of(r.parts.begin(), r.parts.end(),
                                   [](const Part& p) { return p.amount.has_value(); });
              }};
    case 12:
      return {"_tag=t|1", [](const ObservationRecord& r) { return r.tag == "1"; }};
    case 13:
    case 14:
    case 15:
      return CodesTerm();
    case 16: {
      const bool missing = Below(2) == 0;
      return {std::string("patient:missing=") + (missing ? "true" : "false"),
              [=](const ObservationRecord& r) { return IsAboutAGroup(r) == missing; }};
    }
    case 17: {
      const std::string where = MakeElsewhere();
      const bool of_patient = Below(2) == 0;
      return {(of_patient ? "patient=" : "subject=") + where, [=](const ObservationRecord& r) {
                return r.elsewhere == where && !(of_patient && IsAboutAGroup(r));
              }};
    }
    default: {
      // Two alternatives of one parameter.
      RandomAsked one = AmountTerm();
      RandomAsked other = AmountTerm();
      const auto name = [](const RandomAsked& a) { return a.text.substr(0, a.text.find('=')); };
      while (name(one) != name(other)) other = AmountTerm();
      return {one.text + "," + other.text.substr(other.text.find('=') + 1),
              [=](const ObservationRecord& r) { return one.holds(r) || other.holds(r); }};
    }
  }
}

std::string Escaped(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 3) text.replace(at, 1, "%7C");
  return text;
}

class RandomQueries {
 public:
  explicit RandomQueries(uint64_t seed) : maker_(seed) {
    for (const std::string& text :
         {CodeSystemText(), std::string(kFewSet), std::string(kWideSet), std::string(kStatusSet)})
      house_.Store(text);
    for (int i = 0; i < 150; ++i) {
      ObservationRecord record = maker_.MakeRecord();
      std::erase_if(records_, [&](const ObservationRecord& r) { return r.id == record.id; });
      if (maker_.Below(8) == 0 && house_.current.contains("Observation/" + record.id)) {
        house_.Delete("Observation", record.id);
        continue;
      }
      record.ordinal = house_.Put(Json(record));
      records_.push_back(std::move(record));
    }
  }

  void Ask() {
    std::string text;
    std::vector<Holds> all;
    for (size_t i = 1 + maker_.Below(3); i > 0; --i) {
      RandomAsked asked = maker_.MakeCriterion();
      text += (text.empty() ? "" : "&") + Escaped(asked.text);
      all.push_back(asked.holds);
    }
    std::vector<ObservationRecord> wanted;
    for (const ObservationRecord& r : records_) {
      if (std::all_of(all.begin(), all.end(), [&](const Holds& holds) { return holds(r); }))
        wanted.push_back(r);
    }
    const size_t order = maker_.Below(4);
    if (order > 0)
      text += order == 1 ? "&_sort=status,-_id" : order == 2 ? "&_sort=-subject,_id" : "&_sort=date,_id";
    Compare(text, Ordered(std::move(wanted), order), order > 0);
  }

 private:
  static std::vector<view::Ordinal> Ordered(std::vector<ObservationRecord> records, size_t order) {
    std::sort(records.begin(), records.end(),
              [order](const ObservationRecord& x, const ObservationRecord& y) {
                if (order == 1 && x.status != y.status) return x.status < y.status;
                if (order == 1) return x.id > y.id;
                const std::string a = SubjectOf(x), b = SubjectOf(y);
                if (order == 2 && a.empty() != b.empty()) return b.empty();
                if (order == 2 && a != b) return a > b;
                if (order == 3 && x.date.has_value() != y.date.has_value()) return x.date.has_value();
                if (order == 3 && x.date &&
                    std::pair(x.date->low, x.date->high) != std::pair(y.date->low, y.date->high))
                  return std::pair(x.date->low, x.date->high) < std::pair(y.date->low, y.date->high);
                return order == 0 ? x.ordinal < y.ordinal : x.id < y.id;
              });
    std::vector<view::Ordinal> out;
    for (const ObservationRecord& r : records) out.push_back(r.ordinal);
    return out;
  }
  void Compare(const std::string& text, const std::vector<view::Ordinal>& wanted, bool in_order) {
    bool good = true;
    auto found = house_.AskAll("Observation", text, 1 + maker_.Below(7), &good);
    if (!in_order) std::sort(found.begin(), found.end());
    ASSERT_TRUE(good) << text;
    ASSERT_EQ(found, wanted) << text;
    const auto counted = house_.Ask("Observation", text + "&_summary=count");
    ASSERT_TRUE(counted.ok()) << counted.error().ToString();
    ASSERT_EQ(counted->total, wanted.size()) << text;
  }

  Maker maker_;
  House house_;
  std::vector<ObservationRecord> records_;
};

TEST(RandomQuery, AgreesWithAnEvaluatorThatKnowsNoIndex) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    RandomQueries queries(seed);
    for (int i = 0; i < 400; ++i) {
      ASSERT_NO_FATAL_FAILURE(queries.Ask()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tk::search
