#include "kernel/access/factor/phone.h"

#include "kernel/access/factor/seal.h"
#include "kernel/access/token.h"
#include "kernel/base/text.h"
#include "kernel/person/identifier.h"

namespace tk::access {
namespace {

constexpr std::string_view kPhonePurpose = "phone", kPhoneMarkPurpose = "phone mark";
constexpr size_t kMobileDigits = 11;

}  // namespace

Result<std::string> ReadMobile(std::string_view text) {
  const person::Identifier read = person::Classify(text, person::IdKind::kMobile);
  if (read.kind == person::IdKind::kMobile && !read.remarks.faults() && read.value().size() == kMobileDigits)
    return std::string(read.value());
  return MakeError(ErrorCode::kIncorrect, "a mobile number has 11 digits and begins with 1");
}

std::string PhoneMark(const AccessKey& key, std::string_view mobile) {
  const AccessKey own = DeriveKey(key, kPhoneMarkPurpose);
  return ToHex(Bytes(DigestOf({Bytes(own), AsBytes(mobile)})).first(16));
}

std::string SealPhone(const AccessKey& key, std::string_view account, std::string_view mobile) {
  return SealFor(key, kPhonePurpose, account, mobile);
}

Result<std::string> OpenPhone(const AccessKey& key, std::string_view account, std::string_view sealed) {
  return OpenFor(key, kPhonePurpose, account, sealed, "the phone");
}

Status SetPhone(const AccessKey& key, std::string_view text, Account* account) {
  if (text.empty()) {
    account->phone.clear();
    account->phone_mark.clear();
    account->sms_factor = false;
    return {};
  }
  const std::string mobile = TRY(ReadMobile(text));
  account->phone = SealPhone(key, account->name, mobile);
  account->phone_mark = PhoneMark(key, mobile);
  return {};
}

}  // namespace tk::access
