// What comes from a camera or a keyboard, and lists from a stranger's server: parsed, judged, or refused; never more.
#include <cstddef>
#include <cstdint>

#include "apps/health-card/code.h"
#include "apps/health-card/offline.h"
#include "kernel/base/base32.h"

using namespace tk;
using namespace tk::health_card;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const crypto::SigningKey key =
      crypto::SigningKey::FromSecret(crypto::Suite::kInternational, {1}).value();
  static const KnownKeys keys = {{7, key.verifying(), 0, 0, false}};
  const std::string_view text = AsText({data, size});
  const auto judge = [](std::string_view given) {
    const auto parsed = ParseCode(given);
    if (!parsed.ok()) return;
    CHECK(Judge(*parsed, keys, {380'100, 1'795'000'000, 5}) != Verdict::kValid);
    // There is one text for a code: written again it is the same.
    std::string all = parsed->body + std::string(AsText(parsed->signature));
    CHECK(ParseCode(std::string(kCodePrefix) + ToBase32(AsBytes(all)))->body == parsed->body);
  };
  judge(text);
  judge(std::string(kCodePrefix) + ToBase32({data, size}));
  CHECK(!OpenList(text, keys).ok());
  return 0;
}
