#include "kernel/exchange/person_cells.h"

#include <fmt/format.h>

#include <vector>

#include "kernel/exchange/table_import.h"
#include "kernel/person/identifier.h"
#include "kernel/person/patient_record.h"

namespace tk::exchange {
namespace {

constexpr std::string_view kNameHeads[] = {"name", "姓名"};
constexpr std::string_view kNumberHeads[] = {"number", "证件号码", "身份证号", "身份证号码"};
constexpr std::string_view kPhoneHeads[] = {"phone", "电话", "手机", "手机号", "联系电话"};
constexpr std::string_view kBirthHeads[] = {"birth", "出生日期"};
constexpr std::string_view kGenderHeads[] = {"gender", "性别"};
constexpr size_t kPersonNameBytesMax = 300;

std::string_view GenderOf(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {{"男", "male"},   {"女", "female"},
                                                                      {"male", "male"}, {"female", "female"},
                                                                      {"1", "male"},    {"2", "female"}};
  for (const auto& [written, meant] : kWords) {
    if (word == written) return meant;
  }
  return {};
}

bool HasControls(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') return true;
  }
  return false;
}

std::optional<PersonFault> ReadResidentNumber(std::string_view text, PersonRow* row) {
  const person::Identifier number = person::Classify(text, person::IdKind::kResidentId);
  if (number.kind != person::IdKind::kResidentId || number.remarks.faults())
    return PersonFault{PersonField::kNumber,
                       "This is no valid resident number (18 characters, the last one checks the others): "
                       "compare it with the document."};
  row->number = number.value();
  row->birth = number.birth_date;
  row->gender = number.sex == person::IdSex::kMale     ? "male"
                : number.sex == person::IdSex::kFemale ? "female"
                                                       : "";
  return std::nullopt;
}

}  // namespace

std::span<const std::string_view> HeadsOf(PersonField field) {
  switch (field) {
    case PersonField::kName:
      return kNameHeads;
    case PersonField::kNumber:
      return kNumberHeads;
    case PersonField::kPhone:
      return kPhoneHeads;
    case PersonField::kBirth:
      return kBirthHeads;
    case PersonField::kGender:
      return kGenderHeads;
  }
  return {};
}

std::optional<PersonFault> ReadPerson(const PersonTexts& texts, PersonRow* row) {
  row->name = texts.name;
  if (row->name.empty()) return PersonFault{PersonField::kName, "The name is missing."};
  if (row->name.size() > kPersonNameBytesMax)
    return PersonFault{PersonField::kName, "The name is longer than 300 bytes."};
  if (HasControls(row->name))
    return PersonFault{PersonField::kName,
                       "The name has characters that are no letters: a line end, or a tab."};
  if (!texts.birth.empty()) {
    const auto birth = ReadDay(texts.birth);
    if (!birth) return PersonFault{PersonField::kBirth, "There is no such day: write it as 2024-06-30."};
    row->birth = *birth;
  }
  if (!texts.number.empty()) {
    if (const auto fault = ReadResidentNumber(texts.number, row)) return fault;
  }
  row->phone = texts.phone;
  if (!row->phone.empty() && person::Classify(row->phone, person::IdKind::kMobile).remarks.faults())
    return PersonFault{PersonField::kPhone,
                       "This is no phone number: write it with its area code, or 11 digits of a mobile."};
  if (row->number.empty() && (row->phone.empty() || row->birth == 0))
    return PersonFault{PersonField::kNumber,
                       "Without a number phone and birth must be there: nobody is found by a name alone."};
  if (!texts.gender.empty()) {
    row->gender = GenderOf(texts.gender);
    if (row->gender.empty()) return PersonFault{PersonField::kGender, "Write male 男 or female 女."};
  }
  return std::nullopt;
}

std::string KeyOf(const PersonRow& row) {
  return !row.number.empty() ? "number|" + row.number
                             : fmt::format("person|{}|{}|{}", row.name, row.phone, row.birth);
}

std::string PatientOf(const PersonRow& row, std::string_view id, fhir::Value before,
                      std::string_view area_code, std::string_view address, std::string_view source) {
  std::vector<std::pair<std::string_view, std::string>> given;
  if (!row.number.empty())
    given.emplace_back("identifier", IdentifiersWith(before, kResidentIdSystem, row.number));
  if (!before["active"].present()) given.emplace_back("active", "true");
  given.emplace_back("name", fmt::format(R"([{{"text":{}}}])", JsonText(row.name)));
  if (!row.phone.empty())
    given.emplace_back("telecom", fmt::format(R"([{{"system":"phone","value":{}}}])", JsonText(row.phone)));
  if (!row.gender.empty()) given.emplace_back("gender", JsonText(row.gender));
  if (row.birth != 0) given.emplace_back("birthDate", JsonText(DayText(row.birth)));
  if (!address.empty()) given.emplace_back("address", fmt::format(R"([{{"text":{}}}])", JsonText(address)));
  return Remade("Patient", id, before, area_code, source, given);
}

person::linkage::PatientText TextOf(const PersonRow& row, std::string_view area_code,
                                    std::string_view address) {
  using person::linkage::Sex;
  person::linkage::PatientText text;
  text.names.push_back({row.name, {}, {}});
  if (!row.number.empty()) text.ids.push_back({row.number, person::KindOfSystem(kResidentIdSystem)});
  if (row.birth != 0) text.birth = DayText(row.birth);
  text.sex = row.gender == "male" ? Sex::kMale : row.gender == "female" ? Sex::kFemale : Sex::kUnknown;
  if (!row.phone.empty()) text.phones.push_back(row.phone);
  if (!address.empty()) text.addresses.push_back({std::string(address), person::DivisionOfArea(area_code)});
  return text;
}

}  // namespace tk::exchange
