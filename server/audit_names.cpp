#include "server/audit_names.h"

#include "kernel/base/clock.h"

namespace tk::server {
namespace {
constexpr int64_t kAgeMaxUs = 5 * kSecondUs;
}

http::AuditName AuditNames::Get(const std::string& account, const std::string& post) {
  const std::lock_guard hold(mutex_);
  const int64_t now_us = MonotonicUs();
  if (read_at_us_ == 0 || now_us - read_at_us_ > kAgeMaxUs) {
    read_at_us_ = now_us;
    if (auto accounts = access::LoadAccounts(folder_); accounts.ok()) accounts_ = std::move(accounts).value();
    if (auto posts = access::Posts::Load(folder_); posts.ok()) posts_ = std::move(posts).value();
  }
  http::AuditName name;
  if (const access::Account* const found = access::FindAccount(accounts_, account); found != nullptr)
    name.display = found->display;
  if (const auto found = posts_.Find(post); found != nullptr) {
    name.title_zh = found->title_zh;
    name.title_en = found->title_en;
  }
  return name;
}

}  // namespace tk::server
