#include "kernel/access/device.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <utility>

namespace tk::access {
namespace {

using Known = std::pair<std::string_view, std::string_view>;  // what stands in the header, how it is called

// In this order: nearly every browser also says that it is Chrome and Safari.
constexpr std::array<Known, 10> kBrowsers = {{{"MicroMessenger/", "WeChat"},
                                              {"Edg", "Edge"},
                                              {"OPR/", "Opera"},
                                              {"QQBrowser/", "QQ Browser"},
                                              {"HuaweiBrowser/", "Huawei Browser"},
                                              {"Firefox/", "Firefox"},
                                              {"FxiOS/", "Firefox"},
                                              {"Chrome/", "Chrome"},
                                              {"CriOS/", "Chrome"},
                                              {"Safari/", "Safari"}}};
constexpr std::array<Known, 8> kSystems = {{{"HarmonyOS", "HarmonyOS"},
                                            {"OpenHarmony", "HarmonyOS"},
                                            {"Android", "Android"},
                                            {"iPhone", "iPhone"},
                                            {"iPad", "iPad"},
                                            {"Windows", "Windows"},
                                            {"Macintosh", "macOS"},
                                            {"Linux", "Linux"}}};

template <size_t kCount>
std::string_view FirstIn(const std::array<Known, kCount>& known, std::string_view text) {
  for (const auto& [part, name] : known) {
    if (text.find(part) != std::string_view::npos) return name;
  }
  return {};
}

std::string_view PlaceOfFour(const uint8_t* bytes) {
  if (bytes[0] == 127) return "here";
  const bool own = bytes[0] == 10 || (bytes[0] == 172 && bytes[1] >> 4 == 1) ||
                   (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254) ||
                   (bytes[0] == 100 && bytes[1] >> 6 == 1);
  return own ? "local" : "internet";
}

}  // namespace

std::string DeviceOf(std::string_view user_agent) {
  user_agent = user_agent.substr(0, 512);
  const std::string_view browser = FirstIn(kBrowsers, user_agent), system = FirstIn(kSystems, user_agent);
  std::string out(browser);
  if (!browser.empty() && !system.empty()) out += ", ";
  return out.append(system);
}

std::string_view PlaceOf(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return PlaceOfFour(bytes.data());
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return "internet";
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0)
    return PlaceOfFour(bytes.data() + kMapped.size());
  constexpr std::array<uint8_t, 16> kSelf = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (bytes == kSelf) return "here";
  const bool own = (bytes[0] & 0xfeu) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0u) == 0x80);
  return own ? "local" : "internet";
}

}  // namespace tk::access
