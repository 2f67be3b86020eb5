#include "kernel/exchange/reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/base/city_time.h"
#include "kernel/base/text.h"
#include "kernel/exchange/cells.h"
#include "kernel/exchange/table_import.h"
#include "kernel/interaction/write.h"

namespace tk::exchange {
namespace {

constexpr std::string_view kCough[] = {"干咳"};
constexpr std::string_view kThroat[] = {"咽痛", "咽喉痛"};
constexpr std::string_view kFatigue[] = {"乏力", "疲乏"};
constexpr std::string_view kDyspnea[] = {"呼吸困难", "气促", "胸闷"};
constexpr std::string_view kDiarrhea[] = {"腹泻"};
constexpr std::string_view kAnosmia[] = {"嗅觉减退", "味觉减退"};
constexpr std::string_view kTravel[] = {"外出史", "外地旅居"};
constexpr std::string_view kNone[] = {"无", "没有", "否", "无症状"};
constexpr Symptom kSymptoms[] = {{"cough", "咳嗽", kCough},         {"sore-throat", "嗓子疼", kThroat},
                                 {"fatigue", "没力气", kFatigue},   {"dyspnea", "喘不上气", kDyspnea},
                                 {"diarrhea", "拉肚子", kDiarrhea}, {"anosmia", "闻不到味", kAnosmia},
                                 {"travel", "去过外地", kTravel}};
constexpr Symptom kNoSymptom = {"none", "都没有", kNone};

bool IsMeant(const Symptom& symptom, std::string_view word) {
  return word == symptom.display || EqualsIgnoreCase(word, symptom.code) ||
         std::find(symptom.words.begin(), symptom.words.end(), word) != symptom.words.end();
}

/// Words with any of these between: , ; blanks and their wide forms.
std::vector<std::string_view> WordsOf(std::string_view text) {
  constexpr std::string_view kBetween[] = {",", ";", " ", "、", "，", "；", "/", "\n"};
  std::vector<std::string_view> words;
  while (!text.empty()) {
    size_t cut = text.size(), skip = 0;
    for (const std::string_view between : kBetween) {
      if (const size_t at = text.find(between); at < cut) {
        cut = at;
        skip = between.size();
      }
    }
    if (cut > 0) words.push_back(text.substr(0, cut));
    text.remove_prefix(std::min(text.size(), cut + skip));
  }
  return words;
}

Error Wrong(std::string text) { return MakeError(ErrorCode::kIncorrect, std::move(text)); }

std::string CodingJson(std::string_view system, std::string_view code, std::string_view display) {
  return fmt::format(R"({{"system":"{}","code":"{}","display":"{}"}})", system, code, display);
}

std::string ComponentsJson(const Reading& reading) {
  if (!reading.asked) return {};
  std::string json;
  const auto add = [&json](const Symptom& symptom) {
    json += fmt::format(R"({}{{"code":{{"coding":[{}]}},"valueBoolean":true}})", json.empty() ? "[" : ",",
                        CodingJson(kSymptomSystem, symptom.code, symptom.display));
  };
  for (size_t i = 0; i < std::size(kSymptoms); ++i) {
    if ((reading.symptoms >> i & 1) != 0) add(kSymptoms[i]);
  }
  if (json.empty()) add(kNoSymptom);
  return json + "]";
}

std::string_view DisplayOf(std::string_view channel) {
  if (channel == "screener") return "卡口登记";
  return channel == "self" ? "居民自报" : "单位填报";
}

std::string Written(const Reading& reading, const Channel& channel, std::string_view id,
                    std::string_view subject, fhir::Value before, std::string_view source,
                    std::string_view status) {
  const std::string category = fmt::format(
      R"([{{"coding":[{}]}},{{"coding":[{}]}}])",
      CodingJson("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "Vital Signs"),
      CodingJson(kChannelSystem, channel.code, DisplayOf(channel.code)));
  const std::string value =
      reading.temperature.empty()
          ? ""
          : fmt::format(R"({{"value":{},"unit":"°C","system":"http://unitsofmeasure.org","code":"Cel"}})",
                        reading.temperature);
  const std::pair<std::string_view, std::string> given[] = {
      {"status", JsonText(status)},
      {"category", category},
      {"code", fmt::format(R"({{"coding":[{}],"text":"体温"}})",
                           CodingJson("http://loinc.org", "8310-5", "Body temperature"))},
      {"subject", fmt::format(R"({{"reference":"Patient/{}"}})", subject)},
      {"effectiveDateTime", JsonText(reading.when)},
      {"performer",
       channel.performer.empty() ? "" : fmt::format(R"([{{"reference":"{}"}}])", channel.performer)},
      {"valueQuantity", value},
      {"component", ComponentsJson(reading)}};
  return Remade("Observation", id, before, {}, source, given);
}

}  // namespace

std::span<const Symptom> Symptoms() { return kSymptoms; }

Result<std::string> ReadTemperature(std::string_view text) {
  for (const std::string_view unit : {"℃", "°C", "度", "C", "c"}) {
    if (text.ends_with(unit)) text.remove_suffix(unit.size());
  }
  const auto degrees = ReadNumber(TrimSpace(text));
  if (!degrees) return Wrong("This is no temperature: write degrees Celsius, such as 36.6.");
  // A guard against slips of the finger, not a clinical limit: what a thermometer for people can show.
  constexpr double kLowest = 34.0, kHighest = 43.0;
  if (*degrees < kLowest || *degrees > kHighest)
    return Wrong("No thermometer for people shows this: it is between 34.0 and 43.0 degrees Celsius.");
  constexpr double kHundredths = 100;
  return fmt::format("{}",
                     static_cast<double>(static_cast<int64_t>(*degrees * kHundredths + 0.5)) / kHundredths);
}

Result<uint32_t> ReadSymptoms(std::string_view text) {
  uint32_t bits = 0;
  bool none = false;
  for (const std::string_view word : WordsOf(text)) {
    if (IsMeant(kNoSymptom, word)) {
      none = true;
      continue;
    }
    size_t i = 0;
    while (i < std::size(kSymptoms) && !IsMeant(kSymptoms[i], word)) ++i;
    if (i == std::size(kSymptoms))
      return Wrong(
          "A symptom is not known. Write 无, or of these, with commas between: 咳嗽, 嗓子疼, 没力气, "
          "喘不上气, 拉肚子, "
          "闻不到味, 去过外地.");
    bits |= uint32_t{1} << i;
  }
  if (none && bits != 0)
    return Wrong("It says that there are no symptoms, and names some: keep one of both.");
  return bits;
}

Result<std::string> ReadWhen(std::string_view text, Instant now_us) {
  const Error wrong = Wrong("There is no such time: write it as 2026-11-23 or 2026-11-23 08:30.");
  const size_t cut = std::min(text.size(), text.find_first_of("T "));
  const auto day = ReadDay(text.substr(0, cut));
  if (!day) return wrong;
  std::string when = DayText(*day);
  if (const std::string_view time = TrimSpace(text.substr(std::min(text.size(), cut + 1))); !time.empty()) {
    // What stands behind the time is an offset of its own.
    const size_t offset = time.find_first_of("+-Zz");
    std::string clock(time.substr(0, offset));
    if (clock.size() == 4) clock.insert(0, "0");  // 8:30
    if (clock.size() == 5) clock += ":00";
    when += "T" + clock + (offset == std::string_view::npos ? CityZone() : std::string(time.substr(offset)));
  }
  const auto range = ParseDateRange(when, CityOffsetMin());
  if (!range.ok()) return wrong;
  constexpr Instant kSlack = 600 * kSecondUs;  // of a clock that goes wrong
  if (range->low_us > now_us + kSlack) return Wrong("This time has not come yet.");
  return when;
}

std::string ObservationOf(const Reading& reading, const Channel& channel, std::string_view id,
                          std::string_view subject, fhir::Value before, std::string_view source) {
  if (!before.present()) return Written(reading, channel, id, subject, before, source, "final");
  const std::string status = before["status"].ToString();
  // Somebody said that it was a mistake: the same entry once more does not make it right.
  if (status == "entered-in-error") return std::string(before.Json());
  std::string same = Written(reading, channel, id, subject, before, source, status);
  const auto document = fhir::Document::Parse(same);
  const std::string kept_source = before["meta"]["source"].ToString();
  const bool is_same =
      source == kept_source ? document.ok() && interaction::IsMadeOf(before, document->Root()) : false;
  return is_same ? same : Written(reading, channel, id, subject, before, source, "corrected");
}

}  // namespace tk::exchange
