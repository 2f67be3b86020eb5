#include "server/notice_numbers.h"

#include <algorithm>

#include "kernel/access/accounts.h"
#include "kernel/access/factor/phone.h"
#include "kernel/base/diagnostics.h"
#include "kernel/workflow/notice.h"

namespace tk::server {

std::vector<std::string> NumbersOf(access::SignOn* sign_on, const std::string& folder,
                                   const view::Engine& engine, const view::Resource& notice,
                                   view::Ordinal ordinal) {
  std::vector<std::string> numbers;
  const auto accounts = access::LoadAccounts(folder);
  if (!accounts.ok()) {
    Say(LogLevel::kWarning, "sms-not-sent", {{"what", std::string_view("the accounts cannot be read")}});
    return numbers;
  }
  for (const access::Account& account : *accounts) {
    if (account.disabled || account.phone.empty() || account.kind != access::AccountKind::kPerson) continue;
    const auto addressed =
        workflow::IsAddressed(notice.document.Root(), account.name, account.record, account.post);
    if (addressed == workflow::Addressed::kNo) continue;
    if (addressed == workflow::Addressed::kPost) {
      const auto viewer = sign_on->ViewerOf(account.name);
      if (!viewer.ok() || !engine.directory().InScope(ordinal, (*viewer)->scope)) continue;
    }
    auto number = access::OpenPhone(sign_on->key(), account.name, account.phone);
    if (!number.ok() || std::find(numbers.begin(), numbers.end(), *number) != numbers.end()) continue;
    numbers.push_back(std::move(number).value());
    if (numbers.size() == kNoticeNumbersMax) break;
  }
  return numbers;
}

}  // namespace tk::server
