#include "kernel/http/proxies.h"

#include <gtest/gtest.h>

namespace tk::http {
namespace {

TrustedProxies Trusted(std::string_view list) {
  auto parsed = TrustedProxies::Parse(list);
  EXPECT_TRUE(parsed.ok()) << parsed.error().external;
  return std::move(parsed).value();
}

TEST(TrustedProxies, TheLastUntrustedHopIsTheClient) {
  const TrustedProxies ours = Trusted("10.0.0.5, 192.168.7.0/24,fd00::/8");
  EXPECT_EQ(ours.ClientOf("10.0.0.5", "203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(ours.ClientOf("10.0.0.5", "1.1.1.1, 203.0.113.9, 192.168.7.200"), "203.0.113.9")
      << "what stands before it is the client's own word";
  EXPECT_EQ(ours.ClientOf("::ffff:10.0.0.5", "203.0.113.9:4711"), "203.0.113.9");
  EXPECT_EQ(ours.ClientOf("fd12::1", "[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(ours.ClientOf("fd12::1", "2001:db8:0:0::1"), "2001:db8::1") << "one address has one text";
  EXPECT_EQ(ours.ClientOf("10.0.0.5", "::ffff:203.0.113.9"), "203.0.113.9");
}

TEST(TrustedProxies, OthersAreNotBelieved) {
  const TrustedProxies ours = Trusted("10.0.0.5,192.168.7.0/25");
  EXPECT_EQ(ours.ClientOf("10.0.0.6", "203.0.113.9"), "10.0.0.6");
  EXPECT_EQ(ours.ClientOf("192.168.7.128", "203.0.113.9"), "192.168.7.128");
  EXPECT_EQ(Trusted("").ClientOf("10.0.0.5", "203.0.113.9"), "10.0.0.5");
}

TEST(TrustedProxies, WhatIsNoAddressEndsTheWalk) {
  const TrustedProxies ours = Trusted("10.0.0.0/8");
  EXPECT_EQ(ours.ClientOf("10.0.0.5", ""), "10.0.0.5");
  for (const char* broken : {"unknown", "_hidden", "[", "[::1", "", " ", "1.2.3"}) {
    EXPECT_EQ(ours.ClientOf("10.0.0.5", std::string(broken) + ", 10.2.0.1"), "10.2.0.1") << broken;
  }
  EXPECT_EQ(ours.ClientOf("10.0.0.5", "10.1.1.1, 10.2.0.1"), "10.1.1.1") << "all ours: the farthest";
}

TEST(TrustedProxies, WrongSettingsAreRefused) {
  for (const char* wrong : {"proxy.example", "10.0.0.5,", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x",
                            "10.0.0.0/-1", "0.0.0.0/0", "::/0", "10.0.0.5 10.0.0.6"}) {
    const auto parsed = TrustedProxies::Parse(wrong);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::kIncorrect);
  }
}

TEST(PublicUrl, IsAnAddressOfTheWeb) {
  for (const char* good :
       {"", "https://health.example", "http://10.0.0.5:8080", "https://h.example/city", "http://[::1]:80"})
    EXPECT_TRUE(CheckPublicUrl(good).ok()) << good;
  for (const char* bad :
       {"foo", "health.example", "ftp://h", "https://", "https:///x", "http://:80", "https://h/",
        "https://h?x", "https://h#x", "https://h x", "https://u@h", "HTTPS"}) {
    const Status refused = CheckPublicUrl(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kIncorrect);
  }
}

}  // namespace
}  // namespace tk::http
