// Texts on their way out: to a provider by HTTP POST, or, simulated, into a file for tests and demonstrations.
// Flow:   Send → queue → one thread: POST with a time limit, once more after a failure → counted; a failure is told in the log, never the number
// Nobody waits for a text: whoever signs in asks for another one. What is in the queue at the end of the program is not sent.
// Shape:  the body is a template with {number} and {text}, escaped as its media type wants it: JSON (within quotes) or a form.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "kernel/access/factor/sms_codes.h"

namespace tk::notify {

struct SmsProvider {
  std::string url;  // "https://sms.example.cn/v1/send"; http only to the machine itself
  std::string body = R"({"to":"{number}","text":"{text}"})";
  std::string media_type = "application/json";  // or application/x-www-form-urlencoded
  std::string authorization;                    // "Bearer …"; "" = none
  int64_t time_ms = 5000;                       // for one try
  int64_t again_ms = 1000;                      // before the second try
  size_t queue_max = 1000;
};

struct SmsCounts {
  uint64_t sent = 0, failed = 0, dropped = 0;  // dropped: the queue was full
};

class SmsService : public access::SmsSender {
 public:
  virtual SmsCounts counts() const = 0;
};

/// Errors: kIncorrect, what is wrong with the address, the media type or the template.
Result<std::unique_ptr<SmsService>> MakeSmsPost(const SmsProvider& provider);
/// Appends {"to","text"} to the file, one a line, mode 0600. For tests and demonstrations only: whoever reads the file signs in as others.
std::unique_ptr<SmsService> MakeSmsSimulated(std::string file);

}  // namespace tk::notify
