#include "kernel/access/sessions.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/text.h"

namespace tk::access {
namespace {

constexpr size_t kJournalBytesMax = size_t{1} << 30;
constexpr size_t kJournalLinesSpare = 10'000;
constexpr int64_t kUpkeepSeconds = 30;

using Text = std::string Session::*;
constexpr std::pair<const char*, Text> kTexts[] = {
    {"id", &Session::id},         {"account", &Session::account}, {"client", &Session::client},
    {"scope", &Session::scope},   {"patient", &Session::patient}, {"issuer", &Session::issuer},
    {"parent", &Session::parent}, {"code", &Session::code},       {"methods", &Session::methods},
    {"device", &Session::device}, {"place", &Session::place}};
using Number = int64_t Session::*;
constexpr std::pair<const char*, Number> kNumbers[] = {
    {"generation", &Session::generation}, {"client_generation", &Session::client_generation},
    {"begun", &Session::begun_s},         {"signed_in", &Session::signed_in_s},
    {"expires", &Session::expires_s},     {"turns", &Session::turns}};

std::string OpenLine(const Session& session) {
  std::string out = "{\"open\":{";
  for (const auto& [name, member] : kTexts) {
    if ((session.*member).empty()) continue;
    out += fmt::format("\"{}\":", name);
    AppendJsonString(session.*member, &out);
    out += ',';
  }
  for (const auto& [name, member] : kNumbers) out += fmt::format("\"{}\":{},", name, session.*member);
  out.back() = '}';
  return out + "}\n";
}

std::string EndLine(std::string_view id) { return fmt::format("{{\"end\":\"{}\"}}\n", id); }
std::string SeenLine(std::string_view id, int64_t at_s) {
  return fmt::format("{{\"seen\":\"{}\",\"at\":{}}}\n", id, at_s);
}
std::string UsedLine(std::string_view what, int64_t until_s) {
  std::string out = "{\"used\":";
  AppendJsonString(what, &out);
  return out + fmt::format(",\"until\":{}}}\n", until_s);
}

Session ReadSession(const simdjson::dom::element& open) {
  Session session;
  for (const auto& [name, member] : kTexts) {
    std::string_view text;
    if (open[name].get(text) == simdjson::SUCCESS) session.*member = text;
  }
  for (const auto& [name, member] : kNumbers) {
    int64_t number = 0;
    if (open[name].get(number) == simdjson::SUCCESS) session.*member = number;
  }
  return session;
}

Sessions::LivePtr MakeLive(Session session, int64_t seen_s) {
  auto live = std::make_shared<Sessions::Live>();
  live->turns = session.turns;
  live->seen_s = seen_s;
  live->session = std::move(session);
  return live;
}

}  // namespace

Sessions::Sessions(std::string folder, const Clock* clock, int64_t idle_seconds)
    : path_(std::move(folder) + "/sessions.jsonl"), clock_(clock), idle_seconds_(idle_seconds) {}

Sessions::~Sessions() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<Sessions>> Sessions::Open(const std::string& folder, const Clock* clock,
                                                 int64_t idle_seconds) {
  std::unique_ptr<Sessions> made(new Sessions(folder, clock, idle_seconds));
  TRY(made->Load());
  TRY(made->Rewrite());
  return made;
}

Status Sessions::Load() {
  auto text = ReadFile(path_, kJournalBytesMax);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::kNotFound) return {};
    return text.TakeError();
  }
  size_t number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;  // torn: nobody was answered
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    ++number;
    if (Status good = ReadLine(line); !good.ok()) {
      return MakeError(
          ErrorCode::kCorrupt,
          fmt::format("{}:{}: the line is damaged. Restore the file, or delete it: everybody signs in "
                      "anew, and programs are granted their access anew",
                      path_, number));
    }
  }
  return {};
}

Status Sessions::ReadLine(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::element document, open;
  const simdjson::padded_string padded(line);
  const Error damaged = MakeError(ErrorCode::kCorrupt, "damaged");
  if (parser.parse(padded).get(document) != simdjson::SUCCESS) return damaged;
  std::string_view id;
  int64_t number = 0;
  const auto at = [&]() -> Live* {
    const auto found = live_.find(std::string(id));
    return found == live_.end() ? nullptr : found->second.get();
  };
  if (document["open"].get(open) == simdjson::SUCCESS) {
    Session session = ReadSession(open);
    if (session.id.empty()) return damaged;
    const std::string name = session.id;
    const int64_t begun_s = session.begun_s;
    live_[name] = MakeLive(std::move(session), begun_s);
  } else if (document["turn"].get(id) == simdjson::SUCCESS) {
    if (document["n"].get(number) != simdjson::SUCCESS) return damaged;
    if (Live* live = at()) live->turns = number;
  } else if (document["seen"].get(id) == simdjson::SUCCESS) {
    if (document["at"].get(number) != simdjson::SUCCESS) return damaged;
    if (Live* live = at()) live->seen_s = number;
  } else if (document["end"].get(id) == simdjson::SUCCESS) {
    live_.erase(std::string(id));
  } else if (document["used"].get(id) == simdjson::SUCCESS) {
    if (document["until"].get(number) != simdjson::SUCCESS) return damaged;
    used_[std::string(id)] = number;
  } else {
    return damaged;
  }
  return {};
}

// What is over goes; the rest stands in the file once.
Status Sessions::Rewrite() {
  const int64_t now_s = NowS();
  std::string text;
  size_t lines = 0;
  {
    const std::unique_lock<std::shared_mutex> hold(mutex_);
    for (auto at = live_.begin(); at != live_.end();)
      at = IsOver(*at->second) ? live_.erase(at) : std::next(at);
    for (auto at = used_.begin(); at != used_.end();)
      at = at->second <= now_s ? used_.erase(at) : std::next(at);
    written_.clear();
    for (const auto& [id, live] : live_) {
      Session session = live->session;
      session.turns = live->turns;
      const int64_t seen_s = live->seen_s;
      text += OpenLine(session) + SeenLine(id, seen_s);
      written_[id] = seen_s;
      lines += 2;
    }
    for (const auto& [what, until_s] : used_) {
      text += UsedLine(what, until_s);
      ++lines;
    }
  }
  TRY(WriteFileDurable(path_, text, 0600));
  const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path_, errno);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  lines_ = lines;
  return {};
}

// Under journal_mutex_. What could not be written whole is cut off, so that the next line begins on a line of its own.
Status Sessions::Append(const std::string& lines, bool sync) {
  const off_t before = ::lseek(fd_, 0, SEEK_END);
  const bool written = ::write(fd_, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()) &&
                       (!sync || ::fdatasync(fd_) == 0);
  if (!written) {
    const int reason = errno;
    if (before >= 0 && ::ftruncate(fd_, before) != 0) Say(LogLevel::kError, "sessions-torn", {});
    return SystemError("write", path_, reason);
  }
  lines_ += static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
  return {};
}

bool Sessions::IsOver(const Live& live) const {
  const int64_t now_s = NowS();
  if (live.ended.load(std::memory_order_relaxed) || live.session.expires_s <= now_s) return true;
  return live.session.client.empty() && now_s - live.seen_s.load(std::memory_order_relaxed) > idle_seconds_;
}

Status Sessions::Begin(Session session) {
  const std::lock_guard<std::mutex> writing(journal_mutex_);
  TRY(Append(OpenLine(session), true));
  const int64_t now_s = NowS();
  const std::unique_lock<std::shared_mutex> hold(mutex_);
  const std::string id = session.id;
  written_[id] = session.begun_s;
  live_[id] = MakeLive(std::move(session), now_s);
  return {};
}

Sessions::LivePtr Sessions::Find(std::string_view id) const {
  const std::shared_lock<std::shared_mutex> hold(mutex_);
  const auto at = live_.find(std::string(id));
  return at == live_.end() || IsOver(*at->second) ? nullptr : at->second;
}

void Sessions::Touch(Live* live) const {
  const int64_t now_s = NowS();
  if (live->seen_s.load(std::memory_order_relaxed) < now_s)
    live->seen_s.store(now_s, std::memory_order_relaxed);
}

Status Sessions::Turn(const LivePtr& live, int64_t turn) {
  const std::lock_guard<std::mutex> writing(journal_mutex_);
  if (IsOver(*live)) return MakeError(ErrorCode::kUnauthenticated, "the grant has ended");
  if (live->turns.load() != turn) return MakeError(ErrorCode::kConflict, "this is not the token that is due");
  TRY(Append(fmt::format("{{\"turn\":\"{}\",\"n\":{}}}\n", live->session.id, turn + 1), true));
  live->turns = turn + 1;
  Touch(live.get());
  return {};
}

// Under journal_mutex_.
Status Sessions::EndThese(const std::vector<LivePtr>& list) {
  if (list.empty()) return {};
  std::string lines;
  for (const LivePtr& live : list) lines += EndLine(live->session.id);
  TRY(Append(lines, true));
  const std::unique_lock<std::shared_mutex> hold(mutex_);
  for (const LivePtr& live : list) {
    live->ended = true;
    live_.erase(live->session.id);
    written_.erase(live->session.id);
  }
  return {};
}

Status Sessions::End(std::string_view id) {
  const std::lock_guard<std::mutex> writing(journal_mutex_);
  std::vector<LivePtr> list;
  {
    const std::shared_lock<std::shared_mutex> hold(mutex_);
    for (const auto& [name, live] : live_) {
      if (name == id || (!live->session.parent.empty() && live->session.parent == id)) list.push_back(live);
    }
  }
  return EndThese(list);
}

Result<size_t> Sessions::EndAll(std::string_view account, std::string_view except) {
  const std::lock_guard<std::mutex> writing(journal_mutex_);
  std::vector<LivePtr> list;
  for (const LivePtr& live : Of(account)) {
    if (live->session.id != except) list.push_back(live);
  }
  TRY(EndThese(list));
  return list.size();
}

Sessions::LivePtr Sessions::OfCode(std::string_view digest) const {
  const std::shared_lock<std::shared_mutex> hold(mutex_);
  const auto at = std::find_if(live_.begin(), live_.end(), [&](const auto& each) {
    return !each.second->session.code.empty() && each.second->session.code == digest;
  });
  return at == live_.end() ? nullptr : at->second;
}

Status Sessions::UseOnce(std::string_view what, int64_t until_s) {
  const std::lock_guard<std::mutex> writing(journal_mutex_);
  const std::string name(what);
  {
    const std::shared_lock<std::shared_mutex> hold(mutex_);
    const auto at = used_.find(name);
    if (at != used_.end() && at->second > NowS())
      return MakeError(ErrorCode::kConflict, "it was used before");
  }
  TRY(Append(UsedLine(what, until_s), true));
  const std::unique_lock<std::shared_mutex> hold(mutex_);
  used_[name] = until_s;
  return {};
}

std::vector<Sessions::LivePtr> Sessions::Of(std::string_view account) const {
  std::vector<LivePtr> list;
  const std::shared_lock<std::shared_mutex> hold(mutex_);
  for (const auto& [id, live] : live_) {
    if (live->session.account == account && !IsOver(*live)) list.push_back(live);
  }
  std::sort(list.begin(), list.end(), [](const LivePtr& a, const LivePtr& b) {
    return std::tie(a->session.begun_s, a->session.id) < std::tie(b->session.begun_s, b->session.id);
  });
  return list;
}

void Sessions::Upkeep() {
  const std::unique_lock<std::mutex> writing(journal_mutex_, std::try_to_lock);
  const int64_t now_s = NowS();
  if (!writing.owns_lock() || (now_s >= upkept_s_ && now_s - upkept_s_ < kUpkeepSeconds)) return;
  upkept_s_ = now_s;
  std::string lines;
  size_t live_lines = 0;
  {
    const std::unique_lock<std::shared_mutex> hold(mutex_);
    for (auto at = live_.begin(); at != live_.end();) {
      const int64_t seen_s = at->second->seen_s;
      if (IsOver(*at->second)) {
        lines += EndLine(at->first);
        written_.erase(at->first);
        at = live_.erase(at);
        continue;
      }
      if (int64_t& written = written_[at->first]; at->second->session.client.empty() && written < seen_s) {
        lines += SeenLine(at->first, seen_s);
        written = seen_s;
      }
      ++at;
    }
    for (auto at = used_.begin(); at != used_.end();)
      at = at->second <= now_s ? used_.erase(at) : std::next(at);
    live_lines = 2 * live_.size() + used_.size();
  }
  // A crash may lose the last of these lines: a cookie then ends a little earlier.
  Status kept = lines.empty() ? Status() : Append(lines, false);
  if (kept.ok() && lines_ > 4 * live_lines + kJournalLinesSpare) kept = Rewrite();
  if (!kept.ok()) SayError("sessions-not-written", kept.error());
}

}  // namespace tk::access
