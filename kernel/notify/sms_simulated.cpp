#include <fcntl.h>
#include <unistd.h>

#include <mutex>

#include "kernel/base/diagnostics.h"
#include "kernel/base/text.h"
#include "kernel/notify/sms.h"

namespace tk::notify {
namespace {

class SmsSimulated final : public SmsService {
 public:
  explicit SmsSimulated(std::string file) : file_(std::move(file)) {}

  void Send(std::string mobile, std::string text) override {
    std::string line = "{\"to\":";
    AppendJsonString(mobile, &line);
    line += ",\"text\":";
    AppendJsonString(text, &line);
    line += "}\n";
    const std::lock_guard<std::mutex> hold(mutex_);
    const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool written =
        fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (fd >= 0) ::close(fd);
    (written ? counts_.sent : counts_.failed) += 1;
    if (!written)
      Say(LogLevel::kWarning, "sms-not-sent", {{"reason", std::string_view("the file cannot be written")}});
  }
  SmsCounts counts() const override {
    const std::lock_guard<std::mutex> hold(mutex_);
    return counts_;
  }

 private:
  const std::string file_;
  mutable std::mutex mutex_;
  SmsCounts counts_;
};

}  // namespace

std::unique_ptr<SmsService> MakeSmsSimulated(std::string file) {
  return std::make_unique<SmsSimulated>(std::move(file));
}

}  // namespace tk::notify
