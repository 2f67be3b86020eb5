#include "server/listening.h"

#include "kernel/http/proxies.h"

namespace tk::server {

Result<std::shared_ptr<const http::MllpSenders>> MllpSendersOf(const Settings& settings) {
  std::shared_ptr<const http::MllpSenders> none;
  if (settings.Text("mllp-listen").empty()) return none;
  auto senders =
      std::make_shared<http::MllpSenders>(TRY(http::MllpSenders::Parse(settings.Text("mllp-senders"))));
  if (senders->empty())
    return MakeError(ErrorCode::kIncorrect, "mllp-listen needs mllp-senders: nobody could send anything");
  const bool tls = !settings.Text("tls-cert").empty();
  TRY(senders->CheckWire(tls));
  if (!tls && !settings.Text("mllp-client-ca").empty())
    return MakeError(ErrorCode::kIncorrect,
                     "mllp-client-ca needs tls-cert and tls-key: without TLS nobody shows a certificate");
  return std::shared_ptr<const http::MllpSenders>(std::move(senders));
}

Status CheckListening(const Settings& settings) {
  TRY(http::CheckPublicUrl(settings.Text("public-url")));
  TRY(MllpSendersOf(settings));
  return {};
}

}  // namespace tk::server
