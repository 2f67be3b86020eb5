#include "kernel/access/sign_on.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/directory.h"

namespace tk::access {
namespace {

constexpr size_t kShards = 16;
constexpr size_t kShardEntriesMax = 4096;
constexpr size_t kFailureEntriesMax = 65536;

/// What files say; replaced as a whole.
struct State {
  Accounts accounts;
  Posts posts;
  std::set<std::string, std::less<>> signed_out;
  std::string stamp;  // of the files it was read from
};

struct CacheEntry {
  std::string token;
  TokenKind kind;
  int64_t expires_us;
  uint64_t epoch;
  ViewerPtr viewer;
};
struct alignas(64) Shard {
  std::shared_mutex mutex;
  std::unordered_map<uint64_t, CacheEntry> entries;
};

struct Failures {
  int count = 0;
  int64_t since_us = 0;
};

std::string StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "-;";
  return fmt::format("{}.{}.{}.{};", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

std::string StampOfFolder(const std::string& folder) {
  return StampOf(folder + "/accounts.toml") + StampOf(folder + "/posts.toml") +
         StampOf(folder + "/signed_out");
}

// Lines "session expires_s"; what expired is of no interest, a torn last line is from a crash during a sign-out that was not answered.
Result<std::set<std::string, std::less<>>> LoadSignedOut(const std::string& folder, int64_t now_s) {
  std::set<std::string, std::less<>> out;
  auto text = ReadFile(folder + "/signed_out", size_t{256} << 20);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::kNotFound) return out;
    return text.TakeError();
  }
  for (std::string_view rest = *text; !rest.empty();) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const size_t space = line.find(' ');
    int64_t expires_s = 0;
    if (space == std::string_view::npos) continue;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), expires_s);
    if (expires_s > now_s) out.emplace(line.substr(0, space));
  }
  return out;
}

Result<std::shared_ptr<const State>> LoadState(const std::string& folder, int64_t now_s) {
  auto state = std::make_shared<State>();
  state->stamp = StampOfFolder(folder);  // before reading: a change meanwhile is seen next time
  state->posts = TRY(Posts::Load(folder));
  state->accounts = TRY(LoadAccounts(folder));
  state->signed_out = TRY(LoadSignedOut(folder, now_s));
  for (const Account& account : state->accounts) {
    if (state->posts.Find(account.post) == nullptr) {
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("accounts.toml: account '{}' has the unknown post '{}'; posts are: {}",
                                   account.name, account.post, fmt::join(state->posts.Names(), ", ")));
    }
  }
  return std::shared_ptr<const State>(std::move(state));
}

Result<ViewerPtr> MakeViewer(const State& state, const Account& account, const Claims& claims) {
  auto viewer = std::make_shared<Viewer>();
  viewer->account = account.name;
  viewer->display = account.display;
  viewer->area = account.area;
  viewer->post = state.posts.Find(account.post);
  CHECK(viewer->post != nullptr);
  if (!account.area.empty()) {
    const auto [low, high] = TRY(view::AreaRange(account.area));
    viewer->scope.everything = false;
    viewer->scope.area_low = low;
    viewer->scope.area_high = high;
  }
  viewer->session = claims.session;
  viewer->by_cookie = claims.kind == TokenKind::kCookie;
  viewer->expires_us = claims.expires_s * kSecondUs;
  return ViewerPtr(std::move(viewer));
}

Error NotSignedIn() {
  return MakeError(ErrorCode::kUnauthenticated, "not signed in, or the sign-on has ended; sign in again");
}

}  // namespace

struct SignOn::Impl {
  SignOnOptions options;
  AccessKey key{};
  HashKey cache_key{};
  std::array<Shard, kShards> shards;
  std::atomic<uint64_t> epoch{1};
  std::atomic<int64_t> looked_us{0};
  std::mutex load_mutex;  // one thread looks at the files at a time
  std::shared_mutex state_mutex;
  std::shared_ptr<const State> state;
  std::string seen_stamp;  // also of a state that was refused, so that it is told once
  std::mutex failures_mutex;
  std::unordered_map<uint64_t, Failures> failures;
  std::atomic<int> hashing{0};
  std::mutex sign_out_mutex;

  int64_t NowUs() const { return options.clock->NowUs(); }
  std::shared_ptr<const State> Current() {
    const std::shared_lock<std::shared_mutex> hold(state_mutex);
    return state;
  }
  void Install(std::shared_ptr<const State> fresh) {
    const std::unique_lock<std::shared_mutex> hold(state_mutex);
    state = std::move(fresh);
    epoch.fetch_add(1, std::memory_order_release);
  }
  void Look(bool at_once);
  Result<ViewerPtr> VerifySlow(std::string_view token, TokenKind kind);
  bool TooMany(uint64_t who, int max);
  void CountFailure(uint64_t who);
};

// At most once a second, and only one thread of those that come by.
void SignOn::Impl::Look(bool at_once) {
  const int64_t now_us = NowUs();
  int64_t looked = looked_us.load(std::memory_order_relaxed);
  if (!at_once && now_us >= looked && now_us - looked < kSecondUs) return;
  if (!looked_us.compare_exchange_strong(looked, now_us) && !at_once) return;
  const std::lock_guard<std::mutex> hold(load_mutex);
  const std::string stamp = StampOfFolder(options.folder);
  if (stamp == seen_stamp) return;
  seen_stamp = stamp;
  auto fresh = LoadState(options.folder, now_us / kSecondUs);
  if (!fresh.ok()) return SayError("accounts-not-reloaded", fresh.error());
  Install(*fresh);
}

Result<ViewerPtr> SignOn::Impl::VerifySlow(std::string_view token, TokenKind kind) {
  const Claims claims = TRY(ReadToken(key, token));
  const uint64_t epoch_before = epoch.load(std::memory_order_acquire);
  const auto current = Current();
  const Account* const account = FindAccount(current->accounts, claims.account);
  const int64_t now_s = NowUs() / kSecondUs;
  if (claims.kind != kind || claims.expires_s <= now_s || account == nullptr || account->disabled ||
      account->generation != claims.generation || current->signed_out.contains(claims.session)) {
    return NotSignedIn();
  }
  ViewerPtr viewer = TRY(MakeViewer(*current, *account, claims));
  const uint64_t hash = KeyedHash(cache_key, token);
  Shard& shard = shards[hash % kShards];
  const std::unique_lock<std::shared_mutex> hold(shard.mutex);
  if (shard.entries.size() >= kShardEntriesMax) shard.entries.clear();
  shard.entries[hash] = {std::string(token), kind, claims.expires_s * kSecondUs, epoch_before, viewer};
  return viewer;
}

Result<ViewerPtr> SignOn::Verify(std::string_view token, TokenKind kind) {
  impl_->Look(false);
  const uint64_t hash = KeyedHash(impl_->cache_key, token);
  Shard& shard = impl_->shards[hash % kShards];
  {
    const std::shared_lock<std::shared_mutex> hold(shard.mutex);
    const auto at = shard.entries.find(hash);
    if (at != shard.entries.end() && at->second.token == token && at->second.kind == kind &&
        at->second.epoch == impl_->epoch.load(std::memory_order_acquire) &&
        at->second.expires_us > impl_->NowUs()) {
      return at->second.viewer;
    }
  }
  return impl_->VerifySlow(token, kind);
}

bool SignOn::Impl::TooMany(uint64_t who, int max) {
  const std::lock_guard<std::mutex> hold(failures_mutex);
  const auto at = failures.find(who);
  if (at == failures.end()) return false;
  if (NowUs() - at->second.since_us > options.failure_window_seconds * kSecondUs) {
    failures.erase(at);
    return false;
  }
  return at->second.count >= max;
}

void SignOn::Impl::CountFailure(uint64_t who) {
  const std::lock_guard<std::mutex> hold(failures_mutex);
  if (failures.size() >= kFailureEntriesMax)
    failures.clear();  // bounded; an attacker with that many addresses gains five tries
  Failures& entry = failures[who];
  if (entry.count++ == 0) entry.since_us = NowUs();
}

Result<SignOn::Grant> SignOn::SignIn(std::string_view name, std::string_view password,
                                     std::string_view address) {
  impl_->Look(false);
  const uint64_t pair = KeyedHash(impl_->cache_key, fmt::format("{}\x1f{}", name, address));
  const uint64_t from = KeyedHash(impl_->cache_key, fmt::format("\x1f{}", address));
  if (impl_->TooMany(pair, impl_->options.failures_max) ||
      impl_->TooMany(from, impl_->options.failures_max * 10)) {
    return MakeError(ErrorCode::kBusy, fmt::format("too many failed sign-ins; try again within {} minutes",
                                                   impl_->options.failure_window_seconds / 60));
  }
  if (impl_->hashing.fetch_add(1) >= impl_->options.hashes_at_once_max) {
    impl_->hashing.fetch_sub(1);
    return MakeError(ErrorCode::kBusy, "many people are signing in; try again in a second");
  }
  const auto current = impl_->Current();
  const Account* const account = FindAccount(current->accounts, name);
  const bool may = account != nullptr && !account->disabled;
  const bool right = VerifyPassword(may ? account->password_hash : std::string(), password);
  impl_->hashing.fetch_sub(1);
  if (!right) {
    impl_->CountFailure(pair);
    impl_->CountFailure(from);
    return MakeError(ErrorCode::kUnauthenticated, "account or password is wrong");
  }
  const int64_t seconds = impl_->options.cookie_seconds;
  const Claims claims{account->name, account->generation, impl_->NowUs() / kSecondUs + seconds,
                      NewSessionName(), TokenKind::kCookie};
  return Grant{MakeToken(impl_->key, claims), TRY(MakeViewer(*current, *account, claims)), seconds};
}

Status SignOn::SignOut(const Viewer& viewer) {
  const std::lock_guard<std::mutex> hold(impl_->sign_out_mutex);
  const std::string path = impl_->options.folder + "/signed_out";
  const std::string line = fmt::format("{} {}\n", viewer.session, viewer.expires_us / kSecondUs);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("open", path, errno);
  const bool written =
      ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  const int reason = errno;
  ::close(fd);
  if (!written) return SystemError("write", path, reason);
  impl_->Look(true);
  return {};
}

bool SignOn::IsAccount(std::string_view name) {
  return FindAccount(impl_->Current()->accounts, name) != nullptr;
}

SignOn::SignOn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SignOn::~SignOn() = default;

Result<std::unique_ptr<SignOn>> SignOn::Create(const SignOnOptions& options) {
  CHECK(options.clock != nullptr);
  TRY(PrepareFolder(options.folder));
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->key = TRY(LoadAccessKey(options.folder));
  SystemRandom(impl->cache_key);
  impl->state = TRY(LoadState(options.folder, impl->NowUs() / kSecondUs));
  impl->seen_stamp = impl->state->stamp;
  impl->looked_us = impl->NowUs();
  (void)VerifyPassword(
      "", "warm");  // makes the decoy hash, so that the first unknown account is not told by its time
  return std::unique_ptr<SignOn>(new SignOn(std::move(impl)));
}

Result<std::string> IssueBearer(const std::string& folder, std::string_view account, int64_t seconds,
                                const Clock& clock) {
  TRY(PrepareFolder(folder));
  const Accounts accounts = TRY(LoadAccounts(folder));
  const AccessKey key = TRY(LoadAccessKey(folder));
  const Account* const found = FindAccount(accounts, account);
  if (found == nullptr) {
    return MakeError(ErrorCode::kNotFound,
                     fmt::format("there is no account '{}' in {}/accounts.toml", account, folder));
  }
  if (found->disabled)
    return MakeError(ErrorCode::kForbidden, fmt::format("account '{}' is disabled", account));
  return MakeToken(key, {found->name, found->generation, clock.NowUs() / kSecondUs + seconds,
                         NewSessionName(), TokenKind::kBearer});
}

}  // namespace tk::access
