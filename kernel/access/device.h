// From where somebody signs in, for his own list of sessions: few words that he knows his devices by, never the address or what the browser tells in full.
#pragma once

#include <string>
#include <string_view>

namespace tk::access {

struct SignInFrom {
  std::string address;  // for locks and limits; not kept
  std::string device;   // DeviceOf
};

/// "Chrome, Windows" of a User-Agent header; "" if it says nothing that is known here. At most 40 bytes, of words of ours only.
std::string DeviceOf(std::string_view user_agent);
/// "here" (the machine itself), "local" (a private network), "internet". Source: RFC 1918, 4193, 4291, 6598.
std::string_view PlaceOf(std::string_view address);

}  // namespace tk::access
