#include "kernel/access/sign_on.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "kernel/access/keeping.h"
#include "kernel/access/oauth/access_token.h"
#include "kernel/access/oauth/scopes.h"
#include "kernel/access/policies.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/view/directory.h"

namespace tk::access {
namespace {

constexpr size_t kShards = 16;
constexpr size_t kShardEntriesMax = 4096;
constexpr size_t kFailureEntriesMax = 65536;
constexpr size_t kRightSecretsMax = 4096;

/// What files say; replaced as a whole.
struct State {
  Accounts accounts;
  Posts posts;
  std::shared_ptr<const Policies> policies;
  std::set<std::string, std::less<>> signed_out;
  std::shared_ptr<const oauth::SigningKeys> keys;
  std::string stamp;  // of the files it was read from
};

struct CacheEntry {
  std::string token;
  TokenKind kind;
  int64_t expires_us;
  uint64_t epoch;
  ViewerPtr viewer;
  Sessions::LivePtr session;  // of a cookie or a program's grant
};
struct alignas(64) Shard {
  std::shared_mutex mutex;
  std::unordered_map<uint64_t, CacheEntry> entries;
};

struct Failures {
  int count = 0;
  int64_t since_us = 0;  // of the first
  int64_t tried_us = 0;  // when the last one came that was let through although there were too many
};

/// One who tries to sign in, as keyed hashes.
struct Tries {
  uint64_t pair, address, account;
};

std::string StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "-;";
  // The time of the last change of its rights counts too: it may be what makes it readable.
  return fmt::format("{}.{}.{}.{}.{}.{};", info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

std::string StampOfFolder(const std::string& folder) {
  return StampOf(folder + "/accounts.toml") + StampOf(folder + "/posts.toml") +
         StampOf(PackPostsPath(folder)) + StampOf(folder + "/policies.toml") +
         StampOf(folder + "/signed_out") + StampOf(oauth::SigningKeysPath(folder));
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

/// A city's own post that no policy names is bound as [unnamed] says: it is told, for it may be one that acts by law.
void WarnOfUnnamed(const State& state) {
  for (const std::string& name : state.posts.Names()) {
    const std::shared_ptr<const Post> post = state.posts.Find(name);
    if (post->is_of_pack || state.policies->IsNamed(name) || (post->reads.empty() && post->writes.empty()))
      continue;
    Say(LogLevel::kWarning, "post-without-policy",
        {{"post", std::string_view(name)},
         {"text",
          "no table of policies.toml says how it is bound: a Consent closes to it, and special diseases it "
          "sees without their content; give it a table [open." +
              name + "], or, if it acts by law, [by_law." + name + "] with the source"}});
  }
}

Result<std::shared_ptr<const State>> LoadState(const std::string& folder, int64_t now_s) {
  auto state = std::make_shared<State>();
  state->stamp = StampOfFolder(folder);  // before reading: a change meanwhile is seen next time
  state->posts = TRY(Posts::Load(folder));
  state->policies = TRY(Policies::Load(folder));
  state->accounts = TRY(LoadAccounts(folder));
  state->signed_out = TRY(LoadSignedOut(folder, now_s));
  state->keys = std::make_shared<const oauth::SigningKeys>(TRY(oauth::LoadSigningKeys(folder)));
  for (const Account& account : state->accounts) {
    if (!account.post.empty() && state->posts.Find(account.post) == nullptr) {
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("accounts.toml: account '{}' has the unknown post '{}'; posts are: {}",
                                   account.name, account.post, fmt::join(state->posts.Names(), ", ")));
    }
  }
  for (const std::string& post : state->policies->Posts()) {
    if (state->posts.Find(post) != nullptr) continue;
    return MakeError(
        ErrorCode::kIncorrect,
        fmt::format("policies.toml: a table is for the post '{}', which is unknown; posts are: {}", post,
                    fmt::join(state->posts.Names(), ", ")));
  }
  WarnOfUnnamed(*state);
  return std::shared_ptr<const State>(std::move(state));
}

Error NothingKnown() {
  return MakeError(ErrorCode::kUnavailable,
                   "the accounts cannot be read, so nobody is let in; the program's own log says why "
                   "(accounts-not-reloaded)");
}

Error NotSignedIn() {
  return MakeError(ErrorCode::kUnauthenticated, "not signed in, or the sign-on has ended; sign in again");
}

/// He, and nobody else, wherever his area is; within an area, as long as he is in it.
void NarrowTo(uint32_t owner, view::Scope* scope) {
  scope->everything = false;
  scope->only_owner = owner;
}

Result<std::shared_ptr<Viewer>> MakeViewer(const State& state, const SignOnOptions& options,
                                           const Account& account, const Claims& claims) {
  auto viewer = std::make_shared<Viewer>();
  viewer->account = account.name;
  viewer->display = account.display;
  viewer->area = account.area;
  viewer->organization = account.organization;
  viewer->post = state.posts.Find(account.post);
  if (viewer->post == nullptr) return NotSignedIn();  // a program that has no rights of its own
  viewer->policies = state.policies;
  viewer->masks = state.policies->MasksOf(account.post);
  viewer->kind = account.kind;
  viewer->record = account.record;
  viewer->bound_us = account.record_bound_us;
  if (!account.area.empty()) {
    const auto [low, high] = TRY(view::AreaRange(account.area));
    viewer->scope.everything = false;
    viewer->scope.area_low = low;
    viewer->scope.area_high = high;
  }
  if (account.kind == AccountKind::kResident) {
    // Whoever has no record yet sees nobody: without an owner the empty area counts.
    viewer->patient = account.record.substr(account.record.find('/') + 1);
    NarrowTo(options.owner_of_patient ? options.owner_of_patient(viewer->patient) : 0, &viewer->scope);
  }
  viewer->session = claims.session;
  viewer->by_cookie = claims.kind == TokenKind::kCookie || claims.kind == TokenKind::kDoor;
  viewer->expires_us = claims.expires_s * kSecondUs;
  return viewer;
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
  std::string seen_stamp;                   // also of a state that was refused, so that it is told once
  std::atomic<int64_t> unread_since_us{0};  // since when the files cannot be read; 0: they can
  std::mutex failures_mutex;
  std::unordered_map<uint64_t, Failures> failures;
  std::unordered_set<uint64_t> known;  // accounts with addresses from which they have signed in
  std::atomic<int> hashing{0};
  std::mutex sign_out_mutex;
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<SmsCodes> sms_codes;
  std::mutex secrets_mutex;
  std::unordered_set<std::string> right_secrets;  // digests of hash and secret that belong together

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
  void CatchUp(std::string_view token);
  Result<CacheEntry> VerifyOwn(const State& current, std::string_view token, TokenKind kind);
  Result<CacheEntry> VerifyAccess(const State& current, std::string_view token);
  Result<std::shared_ptr<Viewer>> Narrowed(const State& current, const Account& account,
                                           const Account& client, const oauth::JwtClaims& claims);
  Status CheckHash(const Tries& tries, std::string_view hash, std::string_view secret, int64_t* wait_seconds);
  Files StateOfFiles() const;
  Tries TriesOf(std::string_view name, std::string_view address) const;
  Failures* FailuresOf(uint64_t who, int64_t now_us);
  uint64_t CodesOf(std::string_view name) const;
  int64_t WaitUs(const Tries& tries);
  void CountFailure(const Tries& tries);
  void Forgive(const Tries& tries);
};

// At most once a second, and only one thread of those that come by.
void SignOn::Impl::Look(bool at_once) {
  const int64_t now_us = NowUs();
  int64_t looked = looked_us.load(std::memory_order_relaxed);
  if (!at_once && now_us >= looked && now_us - looked < kSecondUs) return;
  if (!looked_us.compare_exchange_strong(looked, now_us) && !at_once) return;
  const std::lock_guard<std::mutex> hold(load_mutex);
  if (sessions != nullptr) sessions->Upkeep();
  const std::string stamp = StampOfFolder(options.folder);
  const bool unread = unread_since_us.load(std::memory_order_relaxed) != 0, seen = stamp == seen_stamp;
  if (seen && !unread) return;
  seen_stamp = stamp;
  auto fresh = LoadState(options.folder, now_us / kSecondUs);
  if (!fresh.ok()) {
    if (!unread) unread_since_us.store(now_us, std::memory_order_relaxed);
    if (!seen || !unread) SayError("accounts-not-reloaded", fresh.error());
    return;
  }
  Install(*fresh);
  unread_since_us.store(0, std::memory_order_relaxed);
  if (unread) Say(LogLevel::kWarning, "accounts-reloaded", {});
}

SignOn::Files SignOn::Impl::StateOfFiles() const {
  const int64_t since_us = unread_since_us.load(std::memory_order_relaxed);
  if (since_us == 0) return Files::kGood;
  return NowUs() - since_us > options.stale_seconds_max * kSecondUs ? Files::kTooOld : Files::kOld;
}

SignOn::Files SignOn::files() {
  impl_->Look(false);
  return impl_->StateOfFiles();
}

Result<CacheEntry> SignOn::Impl::VerifyOwn(const State& current, std::string_view token, TokenKind kind) {
  const Claims claims = TRY(ReadToken(key, token));
  const Account* const account = FindAccount(current.accounts, claims.account);
  const int64_t now_s = NowUs() / kSecondUs;
  if (claims.kind != kind || claims.expires_s <= now_s || account == nullptr || account->disabled ||
      account->generation != claims.generation || current.signed_out.contains(claims.session)) {
    return NotSignedIn();
  }
  CacheEntry entry;
  if (kind != TokenKind::kBearer) {
    entry.session = sessions->Find(claims.session);
    if (entry.session == nullptr) return NotSignedIn();
  }
  entry.expires_us = claims.expires_s * kSecondUs;
  entry.viewer = TRY(MakeViewer(current, options, *account, claims));
  return entry;
}

// RFC 9068: a token of our making, for this audience, whose account, program and grant are as they were.
Result<CacheEntry> SignOn::Impl::VerifyAccess(const State& current, std::string_view token) {
  const oauth::Jwt jwt = TRY(oauth::ReadJwt(token));
  const int64_t now_s = NowUs() / kSecondUs;
  const oauth::SigningKey* const signer =
      jwt.typ == oauth::kAccessType ? current.keys->Find(jwt.kid, now_s) : nullptr;
  if (signer == nullptr || !signer->Verify(jwt.algorithm, jwt.message, jwt.signature)) return NotSignedIn();
  const oauth::JwtClaims claims = TRY(oauth::ClaimsOf(jwt));
  const Account* const account = FindAccount(current.accounts, claims.subject);
  const Account* const client = FindAccount(current.accounts, claims.client);
  const bool meant = std::find(claims.audience.begin(), claims.audience.end(),
                               oauth::AudienceOf(claims.issuer)) != claims.audience.end();
  if (!meant || claims.expires_s <= now_s || account == nullptr || account->disabled ||
      account->generation != claims.generation || client == nullptr || client->disabled ||
      client->kind != AccountKind::kProgram || current.signed_out.contains(claims.session)) {
    return NotSignedIn();
  }
  CacheEntry entry;
  if (account != client) {
    entry.session = sessions->Find(claims.session);
    if (entry.session == nullptr || entry.session->session.client_generation != client->generation)
      return NotSignedIn();
  }
  entry.expires_us = claims.expires_s * kSecondUs;
  entry.viewer = TRY(Narrowed(current, *account, *client, claims));
  return entry;
}

Result<std::shared_ptr<Viewer>> SignOn::Impl::Narrowed(const State& current, const Account& account,
                                                       const Account& client,
                                                       const oauth::JwtClaims& claims) {
  auto viewer = TRY(
      MakeViewer(current, options, account,
                 {account.name, account.generation, claims.expires_s, claims.session, TokenKind::kBearer}));
  viewer->client = client.name;
  viewer->issuer = claims.issuer;
  // What the program may have is asked anew: less since then is less now.
  viewer->granted = std::make_shared<const oauth::Scopes>(
      oauth::Intersect(TRY(oauth::ParseScopes(claims.scope)), TRY(oauth::ParseScopes(client.scopes))));
  if (viewer->granted->Has(oauth::Level::kPatient)) {
    const uint32_t owner = options.owner_of_patient ? options.owner_of_patient(claims.patient) : 0;
    const uint32_t self = viewer->scope.only_owner;
    if (owner == 0 || (account.kind == AccountKind::kResident && owner != self)) return NotSignedIn();
    NarrowTo(owner, &viewer->scope);
  }
  if (!claims.patient.empty()) viewer->patient = claims.patient;
  return viewer;
}

/// A token that we signed for an account or a generation that is not known here is of the second since the files were looked at: whoever was
/// added just now is let in at once. Of a token that was revoked the generation is older, so nothing is looked at for it.
void SignOn::Impl::CatchUp(std::string_view token) {
  const auto claims = ReadToken(key, token);
  if (!claims.ok()) return;
  const auto current = Current();
  const Account* const account = FindAccount(current->accounts, claims->account);
  if (account == nullptr || account->generation < claims->generation) Look(true);
}

Result<ViewerPtr> SignOn::Impl::VerifySlow(std::string_view token, TokenKind kind) {
  const bool own = kind != TokenKind::kBearer || token.starts_with(kOwnTokenPrefix);
  if (own) CatchUp(token);
  const uint64_t epoch_before = epoch.load(std::memory_order_acquire);
  const auto current = Current();
  CacheEntry entry = own ? TRY(VerifyOwn(*current, token, kind)) : TRY(VerifyAccess(*current, token));
  entry.token = token;
  entry.kind = kind;
  entry.epoch = epoch_before;
  if (entry.session != nullptr) sessions->Touch(entry.session.get());
  ViewerPtr viewer = entry.viewer;
  const uint64_t hash = KeyedHash(cache_key, token);
  Shard& shard = shards[hash % kShards];
  const std::unique_lock<std::shared_mutex> hold(shard.mutex);
  if (shard.entries.size() >= kShardEntriesMax) shard.entries.clear();
  shard.entries[hash] = std::move(entry);
  return viewer;
}

Result<ViewerPtr> SignOn::Verify(std::string_view token, TokenKind kind) {
  impl_->Look(false);
  if (impl_->StateOfFiles() == Files::kTooOld) return NothingKnown();
  const uint64_t hash = KeyedHash(impl_->cache_key, token);
  Shard& shard = impl_->shards[hash % kShards];
  {
    const std::shared_lock<std::shared_mutex> hold(shard.mutex);
    const auto at = shard.entries.find(hash);
    if (at != shard.entries.end() && at->second.token == token && at->second.kind == kind &&
        at->second.epoch == impl_->epoch.load(std::memory_order_acquire) &&
        at->second.expires_us > impl_->NowUs()) {
      if (at->second.session == nullptr) return at->second.viewer;
      if (impl_->sessions->IsOver(*at->second.session)) return NotSignedIn();
      impl_->sessions->Touch(at->second.session.get());
      return at->second.viewer;
    }
  }
  return impl_->VerifySlow(token, kind);
}

Tries SignOn::Impl::TriesOf(std::string_view name, std::string_view address) const {
  return {KeyedHash(cache_key, fmt::format("{}\x1f{}", name, address)),
          KeyedHash(cache_key, fmt::format("\x1f{}", address)),
          KeyedHash(cache_key, fmt::format("{}\x1f", name))};
}

/// Null when there are none within the window. Under failures_mutex.
Failures* SignOn::Impl::FailuresOf(uint64_t who, int64_t now_us) {
  const auto at = failures.find(who);
  if (at == failures.end()) return nullptr;
  if (now_us - at->second.since_us <= options.failure_window_seconds * kSecondUs) return &at->second;
  failures.erase(at);
  return nullptr;
}

/// How long it must wait; 0: it may try now.
int64_t SignOn::Impl::WaitUs(const Tries& tries) {
  const int64_t now_us = NowUs(), window_us = options.failure_window_seconds * kSecondUs;
  const std::lock_guard<std::mutex> hold(failures_mutex);
  const Failures* const own = FailuresOf(tries.pair, now_us);
  if (own != nullptr && own->count >= options.failures_max)
    return std::clamp<int64_t>(own->since_us + window_us - now_us, 1, window_us);
  // Others cannot shut out whom we know to come from there.
  if (known.contains(tries.pair)) return 0;
  std::array<Failures*, 2> many = {FailuresOf(tries.address, now_us), FailuresOf(tries.account, now_us)};
  if (many[0] != nullptr && many[0]->count < options.address_failures_max) many[0] = nullptr;
  if (many[1] != nullptr && many[1]->count < options.account_failures_max) many[1] = nullptr;
  const int64_t slow_us = options.slow_seconds * kSecondUs;
  int64_t wait_us = 0;
  for (const Failures* each : many) {
    if (each != nullptr)
      wait_us = std::max(wait_us, std::clamp<int64_t>(each->tried_us + slow_us - now_us, 0, slow_us));
  }
  if (wait_us > 0) return wait_us;
  for (Failures* each : many) {
    if (each != nullptr) each->tried_us = now_us;
  }
  return 0;
}

void SignOn::Impl::CountFailure(const Tries& tries) {
  const int64_t now_us = NowUs();
  const std::lock_guard<std::mutex> hold(failures_mutex);
  if (failures.size() >= kFailureEntriesMax)
    failures.clear();  // bounded; an attacker with that many addresses gains five tries
  for (const uint64_t who : {tries.pair, tries.address, tries.account}) {
    Failures& entry = failures[who];
    if (entry.count++ == 0) entry.since_us = now_us;
    entry.tried_us = now_us;
  }
}

void SignOn::Impl::Forgive(const Tries& tries) {
  const std::lock_guard<std::mutex> hold(failures_mutex);
  failures.erase(tries.pair);
  if (known.size() >= kFailureEntriesMax) known.clear();
  known.insert(tries.pair);
}

// A wrong one is counted, a right one forgives; the time is the same for an empty hash.
Status SignOn::Impl::CheckHash(const Tries& tries, std::string_view hash, std::string_view secret,
                               int64_t* wait_seconds) {
  const auto wait = [wait_seconds](int64_t seconds) {
    if (wait_seconds != nullptr) *wait_seconds = seconds;
  };
  if (hashing.fetch_add(1) >= options.hashes_at_once_max) {
    hashing.fetch_sub(1);
    wait(1);
    return MakeError(ErrorCode::kBusy, "many people are signing in; try again in a second");
  }
  if (const int64_t wait_us = WaitUs(tries); wait_us > 0) {
    hashing.fetch_sub(1);
    const int64_t seconds = (wait_us + kSecondUs - 1) / kSecondUs;
    wait(seconds);
    return MakeError(ErrorCode::kBusy,
                     fmt::format("too many failed sign-ins; try again in {} seconds", seconds));
  }
  const bool right = VerifyPassword(hash, secret);
  hashing.fetch_sub(1);
  if (!right) {
    CountFailure(tries);
    return MakeError(ErrorCode::kUnauthenticated, "account or password is wrong");
  }
  Forgive(tries);
  return {};
}

Status SignOn::CheckPassword(std::string_view name, std::string_view password, std::string_view address,
                             int64_t* wait_seconds) {
  // Not within the second: whoever was added just now is let in, and what was changed just now holds. The hash costs a thousand times as much.
  impl_->Look(true);
  if (impl_->StateOfFiles() == Files::kTooOld) return NothingKnown();
  const auto current = impl_->Current();
  const Account* const account = FindAccount(current->accounts, name);
  const bool may = account != nullptr && !account->disabled;
  return impl_->CheckHash(impl_->TriesOf(name, address), may ? account->password_hash : std::string(),
                          password, wait_seconds);
}

uint64_t SignOn::Impl::CodesOf(std::string_view name) const {
  return KeyedHash(cache_key, fmt::format("code\x1f{}", name));
}

// Looked up and counted under one lock, before it is known whether the code is right: of a hundred at once not one more than the limit is tried.
Status SignOn::CountCode(std::string_view name, int64_t* wait_seconds) {
  const uint64_t who = impl_->CodesOf(name);
  const int64_t now_us = impl_->NowUs();
  const std::lock_guard<std::mutex> hold(impl_->failures_mutex);
  const Failures* const before = impl_->FailuresOf(who, now_us);
  if (before != nullptr && before->count >= impl_->options.code_failures_max) {
    const int64_t end_us = before->since_us + impl_->options.failure_window_seconds * kSecondUs;
    const int64_t seconds = std::max<int64_t>(1, (end_us - now_us + kSecondUs - 1) / kSecondUs);
    if (wait_seconds != nullptr) *wait_seconds = seconds;
    return MakeError(ErrorCode::kBusy, fmt::format("too many wrong codes; try again in {} seconds", seconds));
  }
  Failures& entry = impl_->failures[who];
  if (entry.count++ == 0) entry.since_us = now_us;
  entry.tried_us = now_us;
  return {};
}

void SignOn::ForgiveCodes(std::string_view name) {
  const std::lock_guard<std::mutex> hold(impl_->failures_mutex);
  impl_->failures.erase(impl_->CodesOf(name));
}

Result<SignOn::Grant> SignOn::Start(const Account& account, std::string_view methods, TokenKind kind,
                                    const SignInFrom& from) {
  const auto current = impl_->Current();
  const Account* const now = FindAccount(current->accounts, account.name);
  if (now == nullptr || now->disabled || now->generation != account.generation) return NotSignedIn();
  const int64_t seconds = impl_->options.cookie_seconds, now_s = impl_->NowUs() / kSecondUs;
  const Claims claims{account.name, account.generation, now_s + seconds, NewSessionName(), kind};
  ViewerPtr viewer = TRY(MakeViewer(*current, impl_->options, *now, claims));
  Session session;
  session.id = claims.session;
  session.account = account.name;
  session.generation = account.generation;
  session.methods = methods;
  session.device = from.device;
  session.place = PlaceOf(from.address);
  session.begun_s = session.signed_in_s = now_s;
  session.expires_s = claims.expires_s;
  TRY(impl_->sessions->Begin(std::move(session)));
  return Grant{MakeToken(impl_->key, claims), std::move(viewer), seconds};
}

bool SignOn::WantsSecondFactor(const Account& account) {
  return !account.totp.empty() || account.sms_factor ||
         impl_->Current()->posts.WantsSecondFactor(account.post);
}

bool SignOn::WantsNewPassword(const Account& account) {
  const int64_t days = impl_->options.password_days, now_s = impl_->NowUs() / kSecondUs;
  return account.must_change || (days > 0 && now_s - account.password_set_s > days * 86400);
}

Result<Account> SignOn::SetPassword(const Account& account, std::string_view password) {
  const std::string hash = TRY(HashPassword(password, account.name));
  Account changed;
  TRY(EditAccounts(impl_->options.folder, [&](Accounts* accounts) -> Status {
    Account* const found = FindAccount(accounts, account.name);
    if (found == nullptr || found->generation != account.generation) return NotSignedIn();
    found->password_hash = hash;
    found->password_set_s = impl_->NowUs() / kSecondUs;
    found->must_change = false;
    ++found->generation;
    changed = *found;
    return {};
  }));
  impl_->Look(true);
  TRY(impl_->sessions->EndAll(account.name, ""));
  return changed;
}

Result<Account> SignOn::Keep(const Viewer& viewer, std::string_view name,
                             const std::function<Status(Accounts*)>& edit) {
  impl_->Look(true);
  const auto current = impl_->Current();
  Account kept;
  int64_t generation = 0;
  TRY(EditAccounts(impl_->options.folder, [&](Accounts* accounts) -> Status {
    const Accounts before = *accounts;
    TRY(edit(accounts));
    TRY(CheckKeeping(viewer, current->posts, before, *accounts, name));
    const Account* const was = FindAccount(before, name);
    generation = was == nullptr ? 0 : was->generation;
    kept = *FindAccount(accounts, name);
    const bool is_placed = !kept.area.empty() && (was == nullptr || was->area != kept.area);
    if (is_placed && impl_->options.check_area) TRY(impl_->options.check_area(kept.area));
    return {};
  }));
  impl_->Look(true);
  if (generation != 0 && generation != kept.generation) TRY(impl_->sessions->EndAll(name, ""));
  return kept;
}

Accounts SignOn::Kept(const Viewer& viewer) {
  impl_->Look(true);
  Accounts accounts = impl_->Current()->accounts;
  std::erase_if(accounts, [&](const Account& each) { return !KeepsAreaOf(viewer, each); });
  std::sort(accounts.begin(), accounts.end(),
            [](const Account& left, const Account& right) { return left.name < right.name; });
  return accounts;
}

std::optional<Account> SignOn::FindByPhone(std::string_view mark) {
  impl_->Look(true);
  const auto current = impl_->Current();
  const auto has = [&](const Account& each) {
    return each.kind == AccountKind::kResident && each.phone_mark == mark;
  };
  const auto end = current->accounts.end();
  const auto at = std::find_if(current->accounts.begin(), end, has);
  const bool alone = at != end && std::find_if(at + 1, end, has) == end;
  return alone && !at->disabled ? std::optional(*at) : std::nullopt;
}

void SignOn::LookAgain() { impl_->Look(true); }
SmsCodes* SignOn::sms_codes() { return impl_->sms_codes.get(); }

Status SignOn::CheckSecret(std::string_view name, std::string_view secret, std::string_view address,
                           int64_t* wait_seconds) {
  std::string hash, known;
  // Once with what is known, and once more with what the files say now: only where the hash would be counted, which costs far more.
  for (const bool at_once : {false, true}) {
    impl_->Look(at_once);
    if (impl_->StateOfFiles() == Files::kTooOld) return NothingKnown();
    const auto current = impl_->Current();
    const Account* const account = FindAccount(current->accounts, name);
    const bool may = account != nullptr && !account->disabled;
    hash = may ? account->secret_hash : std::string();
    const Digest digest = DigestOf({Bytes(impl_->key), AsBytes(hash), AsBytes(secret)});
    known = AsText(digest);
    const std::lock_guard<std::mutex> hold(impl_->secrets_mutex);
    if (!hash.empty() && impl_->right_secrets.contains(known)) return {};
  }
  TRY(impl_->CheckHash(impl_->TriesOf(name, address), hash, secret, wait_seconds));
  const std::lock_guard<std::mutex> hold(impl_->secrets_mutex);
  if (impl_->right_secrets.size() >= kRightSecretsMax) impl_->right_secrets.clear();
  impl_->right_secrets.insert(known);
  return {};
}

std::optional<Account> SignOn::Find(std::string_view name) {
  impl_->Look(false);
  const auto current = impl_->Current();
  const Account* const account = FindAccount(current->accounts, name);
  return account == nullptr ? std::nullopt : std::optional(*account);
}
std::shared_ptr<const Post> SignOn::PostOf(const Account& account) {
  return impl_->Current()->posts.Find(account.post);
}
Posts SignOn::posts() {
  impl_->Look(false);
  return impl_->Current()->posts;
}
std::shared_ptr<const oauth::SigningKeys> SignOn::signing_keys() {
  impl_->Look(false);
  return impl_->Current()->keys;
}
const AccessKey& SignOn::key() const { return impl_->key; }
const SignOnOptions& SignOn::options() const { return impl_->options; }
Sessions* SignOn::sessions() { return impl_->sessions.get(); }

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
  TRY(impl_->sessions->End(viewer.session));
  impl_->Look(true);
  return {};
}

Result<ViewerPtr> SignOn::ViewerOf(std::string_view name) {
  const auto current = impl_->Current();
  const Account* const account = FindAccount(current->accounts, name);
  if (account == nullptr) return MakeError(ErrorCode::kNotFound, "There is no account with this name.");
  return ViewerPtr(TRY(MakeViewer(*current, impl_->options, *account,
                                  Claims{account->name, account->generation, 0, {}, TokenKind::kBearer})));
}

Result<ViewerPtr> SignOn::ViewerOfMachine(std::string_view name) {
  impl_->Look(false);
  if (impl_->StateOfFiles() == Files::kTooOld) return NothingKnown();
  const auto current = impl_->Current();
  const Account* const account = FindAccount(current->accounts, name);
  const bool is_machine =
      account != nullptr && (account->kind == AccountKind::kDevice || account->kind == AccountKind::kProgram);
  if (!is_machine || account->disabled) return NotSignedIn();
  return ViewerPtr(TRY(MakeViewer(*current, impl_->options, *account,
                                  Claims{account->name, account->generation, 0, {}, TokenKind::kBearer})));
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
  impl->sessions = TRY(Sessions::Open(options.folder, options.clock, options.idle_seconds));
  if (options.sms != nullptr)
    impl->sms_codes = std::make_unique<SmsCodes>(options.sms, options.clock, options.sms_limits);
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
