#include "kernel/http/proxies.h"

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include "kernel/base/text.h"

namespace tk::http {
namespace {

using Ip = boost::asio::ip::address;

// IPv4 within IPv6 is IPv4: one address has one text.
std::optional<Ip> ParseIp(std::string_view text) {
  boost::system::error_code error;
  const Ip ip = boost::asio::ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  if (ip.is_v6() && ip.to_v6().is_v4_mapped())
    return Ip(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6()));
  return ip;
}

std::array<uint8_t, 16> BytesOf(const Ip& ip) {
  const auto v6 =
      ip.is_v4() ? boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, ip.to_v4()) : ip.to_v6();
  return v6.to_bytes();
}

/// "1.2.3.4", "1.2.3.4:5678", "2001:db8::1", "[2001:db8::1]" and "[2001:db8::1]:5678" are what proxies write.
std::optional<Ip> ParseHop(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : ParseIp(text.substr(1, end - 1));
  }
  if (const size_t colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':'))
    return ParseIp(text.substr(0, colon));
  return ParseIp(text);
}

Error Wrong(std::string_view item, std::string_view why) {
  return MakeError(ErrorCode::kIncorrect,
                   fmt::format("trusted-proxies: '{}' {}; write addresses and networks with commas between, "
                               "such as 10.0.0.5, 192.168.7.0/24",
                               item, why));
}

}  // namespace

Result<TrustedProxies> TrustedProxies::Parse(std::string_view list) {
  TrustedProxies out;
  if (TrimSpace(list).empty()) return out;
  for (bool more = true; more;) {
    const size_t comma = list.find(',');
    const std::string_view item = TrimSpace(list.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) list.remove_prefix(comma + 1);
    const size_t slash = item.find('/');
    const auto ip = ParseIp(item.substr(0, slash));
    if (!ip) return Wrong(item, "is no address");
    const int all = ip->is_v4() ? 32 : 128;
    int bits = all;
    if (slash != std::string_view::npos) {
      const std::string_view digits = item.substr(slash + 1);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
      if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || bits < 0 ||
          bits > all)
        return Wrong(item, fmt::format("has no length of 1 to {} behind its /", all));
      if (bits == 0) return Wrong(item, "would believe everybody");
    }
    out.networks_.push_back({BytesOf(*ip), bits + 128 - all});
  }
  return out;
}

bool TrustedProxies::Has(const Address& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const auto whole = static_cast<size_t>(network.bits / 8);
    const auto rest = static_cast<unsigned>(network.bits % 8);
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                    network.address.begin()))
      return false;
    if (rest == 0) return true;
    const unsigned mask = 0xFFu << (8 - rest) & 0xFFu;
    return (address[whole] & mask) == (network.address[whole] & mask);
  });
}

bool TrustedProxies::Has(std::string_view address) const {
  const auto ip = ParseIp(address);
  return ip && Has(BytesOf(*ip));
}

bool TrustedProxies::Holds(const TrustedProxies& others) const {
  return std::all_of(others.networks_.begin(), others.networks_.end(), [this](const Network& other) {
    TrustedProxies narrower;
    for (const Network& own : networks_) {
      if (own.bits <= other.bits) narrower.networks_.push_back(own);
    }
    return narrower.Has(other.address);
  });
}

std::string TrustedProxies::ClientOf(std::string_view peer, std::string_view forwarded_for) const {
  auto hop = ParseIp(peer);
  if (!hop || !Has(BytesOf(*hop))) return std::string(peer);
  while (!forwarded_for.empty()) {
    const size_t comma = forwarded_for.rfind(',');
    const size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
    const auto next = ParseHop(TrimSpace(forwarded_for.substr(begin)));
    if (!next) break;
    hop = next;
    if (!Has(BytesOf(*hop))) break;
    forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  return hop->to_string();
}

Status CheckPublicUrl(std::string_view url) {
  if (url.empty()) return {};
  std::string_view rest = url;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (rest.starts_with(scheme)) {
      rest.remove_prefix(scheme.size());
      break;
    }
  }
  const bool has_scheme = rest.size() < url.size();
  const bool has_host = !rest.empty() && rest.front() != '/' && rest.front() != ':';
  const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~:/[]%").find(c) != std::string_view::npos;
  });
  if (has_scheme && has_host && plain && rest.back() != '/') return {};
  return MakeError(ErrorCode::kIncorrect,
                   "public-url must be the address that clients use, as https://health.example or "
                   "http://10.0.0.5:8080/city, without a / at its end");
}

}  // namespace tk::http
