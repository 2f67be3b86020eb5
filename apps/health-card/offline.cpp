#include "apps/health-card/offline.h"

#include <algorithm>

#include "apps/health-card/bytes.h"

namespace tk::health_card {
namespace {

constexpr uint8_t kListHead = 0x11;
constexpr size_t kListSignatureBytes = std::tuple_size_v<crypto::Signature>;

Error NoList() {
  return MakeError(ErrorCode::kIncorrect,
                   "This is no list of revoked cards that a known key has signed: fetch it again.");
}

std::string Purposed(std::string_view body) { return std::string(kListPurpose) + std::string(body); }

Status ReadCards(ByteReader* in, Revocations* out) {
  const uint64_t count = in->Take(4);
  if (!in->ok() || count > std::min<uint64_t>(kListedMax, in->left()))
    return NoList();  // each takes a byte at least
  out->cards.reserve(count);
  uint64_t last = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t step = in->TakeVarint();
    if (!in->ok() || step >= uint64_t{1} << 40) return NoList();
    last = i == 0 ? step : last + step + 1;
    if (last >= uint64_t{1} << 40) return NoList();
    out->cards.push_back(last);
  }
  return in->left() == 0 ? Status() : Status(NoList());
}

}  // namespace

uint64_t ListedAs(const CardRef& card) { return ByteReader(AsText(card)).Take(5); }

bool Revocations::Holds(const CardRef& card) const {
  return std::binary_search(cards.begin(), cards.end(), ListedAs(card));
}

Result<std::string> SignList(const Revocations& list, const crypto::SigningKey& key) {
  const int64_t issued = list.issued_s - kCodeEpochSeconds, until = list.until_s - kCodeEpochSeconds;
  if (issued < 0 || until < issued || until > UINT32_MAX || list.cards.size() > kListedMax)
    return MakeError(ErrorCode::kIncorrect, "A part of the list is out of its range.");
  std::string body;
  PutBytes(kListHead, 1, &body);
  PutBytes(list.key, 2, &body);
  PutBytes(list.issuer, 3, &body);
  PutBytes(static_cast<uint64_t>(issued), 4, &body);
  PutBytes(static_cast<uint64_t>(until), 4, &body);
  PutBytes(list.cards.size(), 4, &body);
  uint64_t next = 0;
  for (const uint64_t card : list.cards) {
    CHECK(card >= next);
    PutVarint(card - next, &body);
    next = card + 1;
  }
  const crypto::Signature signature = TRY(key.Sign(AsBytes(Purposed(body))));
  return body + std::string(AsText(signature));
}

Result<Revocations> OpenList(std::string_view bytes, const KnownKeys& keys) {
  if (bytes.size() <= kListSignatureBytes) return NoList();
  const std::string_view body = bytes.substr(0, bytes.size() - kListSignatureBytes);
  ByteReader in(body);
  Revocations out;
  if (in.Take(1) != kListHead) return NoList();
  out.key = static_cast<uint16_t>(in.Take(2));
  const auto key =
      std::find_if(keys.begin(), keys.end(), [&](const KnownKey& each) { return each.number == out.key; });
  crypto::Signature signature{};
  std::copy_n(AsBytes(bytes).end() - kListSignatureBytes, kListSignatureBytes, signature.begin());
  if (key == keys.end() || key->revoked || !key->key.Verify(AsBytes(Purposed(body)), signature))
    return NoList();
  out.issuer = static_cast<uint32_t>(in.Take(3));
  out.issued_s = kCodeEpochSeconds + static_cast<int64_t>(in.Take(4));
  out.until_s = kCodeEpochSeconds + static_cast<int64_t>(in.Take(4));
  TRY(ReadCards(&in, &out));
  return out;
}

Result<OfflineVerifier> OfflineVerifier::Create(uint32_t issuer, int64_t skew_s, KnownKeys keys,
                                                std::string_view list) {
  OfflineVerifier made;
  made.list_ = TRY(OpenList(list, keys));
  if (made.list_.issuer != issuer) return MakeError(ErrorCode::kIncorrect, "The list is of another issuer.");
  made.issuer_ = issuer;
  made.skew_s_ = skew_s;
  made.keys_ = std::move(keys);
  return made;
}

Verdict OfflineVerifier::Check(std::string_view text, bool by_static, int64_t now_s) {
  if (now_s > list_.until_s) return Verdict::kStaleList;
  const auto parsed = ParseCode(text);
  if (!parsed.ok()) return Verdict::kMalformed;
  const Verdict judged = Judge(*parsed, keys_, {issuer_, now_s, skew_s_});
  if (judged != Verdict::kValid) return judged;
  if (list_.Holds(parsed->code.card)) return Verdict::kClosed;
  if (parsed->code.kind == CodeKind::kStatic) return by_static ? Verdict::kValid : Verdict::kNotAllowed;
  std::erase_if(seen_, [&](const auto& each) { return each.second < now_s; });
  const bool is_new = seen_.emplace(parsed->body, parsed->code.ends_s() + skew_s_).second;
  return is_new ? Verdict::kValid : Verdict::kUsedBefore;
}

}  // namespace tk::health_card
