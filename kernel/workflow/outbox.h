// Notices that go out of the house: the SMS of an urgent one (notice.h), to those who are its recipients.
// Flow:   log, in order → a new notice with an SMS → in quiet hours it waits → the fact that it is sent, in the log, keyed by the notice → the provider
// At most once: the fact comes first. A crash between the two loses the text and never repeats it; the notice stays unread in the inbox, and a limit on
//         that (notice.h) is what does not forget. A rebuild sends nothing, since it writes nothing; nor does a restore: in another life of the log the
//         outbox begins at the head, and whoever restores an older state finds the notices that were sent since neither there nor here.
// Quiet hours: urgent waits until they end; stat does not wait. What waits is in memory and, after a restart, read from the log again.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernel/access/factor/sms_codes.h"
#include "kernel/base/clock.h"
#include "kernel/view/engine.h"

namespace tk::workflow {

/// Of a notice: how many texts were given to the provider, and when. No number stands in it.
inline constexpr std::string_view kSentExtension =
    "http://tongkang.dev/fhir/StructureDefinition/notice-sms-sent";

struct QuietHours {
  int from_min = 22 * 60, until_min = 7 * 60;  // of the local day; equal: there are none
  int offset_min = 480;
  /// When it may be sent that would be sent now.
  Instant NextAllowed(Instant now_us) const;
};

class Outbox {
 public:
  struct Options {
    view::Engine* engine = nullptr;
    const Clock* clock = nullptr;
    access::SmsSender* sms = nullptr;  // outlives this
    /// Mobile numbers of those whom the notice reaches; each once.
    std::function<std::vector<std::string>(const view::Resource& notice, view::Ordinal ordinal)> numbers_of;
    QuietHours quiet;
    std::string folder;  // keeps "outbox.position" here
    int64_t look_ms = 250;
    std::function<void(const std::string&)> report;
  };
  static Result<std::unique_ptr<Outbox>> Start(Options options);
  ~Outbox();

  struct Statistics {
    uint64_t t = 0, notices = 0, texts = 0, nobody = 0, waiting = 0;
  };
  Statistics statistics() const;

 private:
  struct Waiting {
    view::ResourcePtr notice;
    uint64_t t = 0;
    Instant not_before_us = 0;
  };
  Outbox(Options options, uint64_t from_t);
  void Loop();
  void TakeIn(const view::Committed& committed);
  void SendDue();
  /// False: try again.
  bool SendOne(const view::Resource& notice);
  void SavePosition();

  const Options options_;
  const std::string position_file_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> t_{0}, notices_{0}, texts_{0}, nobody_{0}, waiting_count_{0};
  uint64_t read_t_ = 0, saved_t_ = ~0ull;
  std::deque<Waiting> waiting_;  // the thread's own
  std::thread thread_;
};

}  // namespace tk::workflow
