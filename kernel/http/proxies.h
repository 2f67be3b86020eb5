// Which proxies are believed when they say for whom they ask.
// Flow:   setting trusted-proxies → TrustedProxies → pipeline: peer and X-Forwarded-For → the client's address
// A proxy appends the address that it saw to what it was sent, so only what stands behind the last untrusted hop was written by ours; the
// rest is the client's own word.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::http {

class TrustedProxies {
 public:
  /// Is it one of them, or in one of the networks? False of what is no address.
  bool Has(std::string_view address) const;
  /// Is each of those wholly within one of these?
  bool Holds(const TrustedProxies& others) const;
  /// Addresses and networks with commas between: "10.0.0.5, 192.168.7.0/24, fd00::/8"; "" trusts nobody.
  /// Errors: kIncorrect, which one and why; /0 would believe everybody.
  static Result<TrustedProxies> Parse(std::string_view list);

  bool empty() const { return networks_.empty(); }
  /// The last hop that is no proxy of ours, as text without port; `peer` unless `peer` is one. What is no address ends the walk: then the
  /// hop before it is taken. `forwarded_for`: the header's values joined by commas.
  std::string ClientOf(std::string_view peer, std::string_view forwarded_for) const;

 private:
  using Address = std::array<uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Network {
    Address address;
    int bits;
  };
  bool Has(const Address& address) const;
  std::vector<Network> networks_;
};

/// The setting public-url: http:// or https://, a host, a port or path if wanted, without "/" at its end; "" when there is none.
/// Errors: kIncorrect, with what is expected.
Status CheckPublicUrl(std::string_view url);

}  // namespace tk::http
