// A small made-up population for the tests of the matcher: persons with families, and records of them with errors.
#pragma once

#include <string>
#include <vector>

#include "kernel/base/random.h"
#include "kernel/person/linkage/index.h"

namespace tk::person::linkage {

inline NameValue TestName(const std::string& family, const std::string& given) {
  NameValue name;
  name.family = family;
  name.given = given;
  name.family_sound = family.empty() ? 0 : HashOf("s" + family);
  name.given_sound = given.empty() ? 0 : HashOf("s" + given);
  name.whole_sound[0] = HashOf("s" + family + given);
  return name;
}

/// A valid number of the division that nobody has.
inline std::string TestResidentId(int32_t birth, uint32_t sequence) {
  std::string body = "380102" + std::to_string(birth);
  for (uint32_t place = 100; place > 0; place /= 10) body += static_cast<char>('0' + sequence / place % 10);
  return body + ResidentCheckDigit(body);
}
inline IdValue TestId(const std::string& number) { return {Classify(number, IdKind::kResidentId), 0}; }

inline Record TestPerson(const std::string& family, const std::string& given, int32_t birth,
                         uint32_t sequence) {
  Record record;
  record.names.push_back(TestName(family, given));
  record.births.push_back(birth);
  record.sex = sequence % 2 == 1 ? Sex::kMale : Sex::kFemale;
  record.ids.push_back(TestId(TestResidentId(birth, sequence)));
  record.phones.push_back(19900000000 + sequence + static_cast<uint64_t>(birth % 10000) * 1000);
  record.addresses.push_back(
      {380102, "东湖路" + std::to_string(sequence) + "号" + std::to_string(birth % 100) + "室"});
  return record;
}

/// `persons` persons, three records each, of which two have something missing or wrong. `whose`: the person of each.
inline std::vector<Record> TestPopulation(size_t persons, uint64_t seed, std::vector<size_t>* whose) {
  static const std::vector<std::string> families = {"王", "李", "张", "刘", "陈", "赵", "黄", "周", "吴"};
  static const std::vector<std::string> givens = {"伟", "芳", "轩", "涵", "秀", "建",
                                                  "明", "雪", "梅", "国", "英", "强"};
  SeededRandom random(seed);
  const auto given = [&] {
    return givens[random.Below(givens.size())] + givens[random.Below(givens.size())];
  };
  std::vector<Record> records;
  for (size_t i = 0; i < persons; ++i) {
    const auto birth =
        static_cast<int32_t>(19400101 + random.Below(80) * 10000 + random.Below(12) * 100 + random.Below(28));
    const Record whole = TestPerson(families[random.Below(families.size())], given(), birth,
                                    static_cast<uint32_t>(1 + random.Below(990)));
    for (size_t copy = 0; copy < 3; ++copy) {
      Record record = whole;
      if (copy > 0 && random.Below(3) == 0) record.ids.clear();
      if (copy > 0 && random.Below(4) == 0) record.phones.clear();
      if (copy > 0 && random.Below(4) == 0)
        record.births[0] = birth / 100 * 100 + static_cast<int32_t>(1 + random.Below(28));
      if (copy > 0 && random.Below(6) == 0) record.names[0] = TestName(record.names[0].family, given());
      if (copy > 0 && random.Below(3) == 0) record.addresses.clear();
      records.push_back(std::move(record));
      whose->push_back(i);
    }
  }
  return records;
}

}  // namespace tk::person::linkage
