// HL7 v2 over TCP, framed by MLLP: one connection, message after message, each answered before the next is read.
// Flow:   <VT> message <FS><CR> → a Call to kMllpTarget, as the account of the sender → pipeline (audit, limits, turns, rights) → <VT> ACK <FS><CR>
// Senders: MLLP has no sign-on, so an account is bound to the address that a sender connects from (setting mllp-senders); whoever connects from elsewhere is
//         told nothing and closed. What is given there is a device's or a program's account, and may what its post may.
// Wire:   TLS when the server has a certificate (with --mllp-client-ca a sender needs one too); without TLS only addresses that no router passes on from
//         outside are taken as senders (CheckWire). Decided in docs/decisions/0049.
// Answers: always an ACK. What the pipeline refuses (429, 503, no right) is AR, so that the sender sends it again; bytes that are no message are AE.
// Limits: kFrameBytesMax; `body_ms` from the first byte of a frame to its end; `idle_ms` between frames; the byte
//         budget of all connections. A frame over a limit is answered and the connection closed, as nobody knows where the next one begins.
// Source: HL7 Transport Specification: MLLP, Release 1 (2005); HL7 v2.5.1 appendix C.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/http/proxies.h"
#include "kernel/http/session.h"

namespace tk::http {

inline constexpr std::string_view kMllpTarget = "/app/exchange/hl7v2", kMllpType = "application/hl7-v2";
inline constexpr size_t kFrameBytesMax = size_t{1} << 20;

/// Which account speaks from where.
class MllpSenders {
 public:
  /// "10.1.2.3=his-east, 10.4.0.0/16=his-west"; the first that fits counts. Errors: kIncorrect, which one and how to mend it.
  static Result<MllpSenders> Parse(std::string_view list);
  /// "" if nobody speaks from there.
  std::string_view AccountOf(std::string_view address) const;
  /// May they speak without TLS? Errors: kIncorrect with the first who is no loopback or private address.
  Status CheckWire(bool tls) const;
  bool empty() const { return senders_.empty(); }

 private:
  struct Sender {
    std::string from, account;
    TrustedProxies networks;
  };
  std::vector<Sender> senders_;
};

/// Cuts frames out of bytes as they come.
class MllpFrames {
 public:
  enum class State : uint8_t { kNothing, kPart, kWhole, kTooLarge, kGarbage };
  void Add(std::string_view bytes) { in_.append(bytes); }
  /// kWhole: `*message` is the next one, without its frame. Bytes between frames are skipped if they are blanks; others are garbage.
  State Next(std::string* message);
  /// What came of the frame that is not whole yet.
  std::string_view part() const { return in_; }

 private:
  std::string in_;
  size_t seen_ = 0;  // of in_, without the end
};

boost::asio::awaitable<void> ServeMllpPlain(Loop* loop, PlainStream socket, bool too_many);
boost::asio::awaitable<void> ServeMllpTls(Loop* loop, TlsStream stream, bool too_many);

}  // namespace tk::http
