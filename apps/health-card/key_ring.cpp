#include "apps/health-card/key_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kernel/base/file.h"
#include "kernel/base/random.h"
#include "kernel/base/text.h"
#include "kernel/fhir/value.h"

namespace tk::health_card {
namespace {

constexpr size_t kWrapBytes = 32;
constexpr size_t kKeysMax = 60'000;
constexpr size_t kFileBytesMax = size_t{32} << 20;

Error Damaged(const std::string& folder) {
  return MakeError(
      ErrorCode::kCorrupt,
      fmt::format("{}: the keys of health cards cannot be read; restore keys.json and wrap.key from their "
                  "backup. Without them no code that was handed out can be verified",
                  folder));
}

Result<int64_t> NumberOf(fhir::Value value, const std::string& folder) {
  const std::string_view digits = value.Number();
  int64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size())
    return Damaged(folder);
  return number;
}

/// The cipher of the key's own set, under as many bytes of wrap.key as it takes.
Bytes WrapOf(crypto::Suite suite, const std::string& wrap) {
  return AsBytes(wrap).first(crypto::AeadKeyBytes(suite));
}
std::string AboutOf(uint16_t number, crypto::Suite suite, int64_t from_s) {
  return fmt::format("{}|{}|{}", number, crypto::NameOf(suite), from_s);
}

std::string SealedOf(uint16_t number, int64_t from_s, const crypto::SigningKey& key,
                     const std::string& wrap) {
  crypto::AeadNonce nonce{};
  SystemRandom(nonce);
  const crypto::Suite suite = key.verifying().suite();
  return std::string(AsText(nonce)) + crypto::Seal(suite, WrapOf(suite, wrap), nonce,
                                                   AsBytes(AboutOf(number, suite, from_s)), key.secret());
}

Result<crypto::SigningKey> OpenKey(std::string_view sealed, uint16_t number, crypto::Suite suite,
                                   int64_t from_s, const std::string& wrap, const std::string& folder) {
  crypto::AeadNonce nonce{};
  if (sealed.size() < nonce.size()) return Damaged(folder);
  std::copy_n(AsBytes(sealed).begin(), nonce.size(), nonce.begin());
  const auto opened = crypto::Open(suite, WrapOf(suite, wrap), nonce, AsBytes(AboutOf(number, suite, from_s)),
                                   AsBytes(sealed.substr(nonce.size())));
  crypto::Secret secret{};
  if (!opened.ok() || opened->size() != secret.size()) return Damaged(folder);
  std::copy_n(AsBytes(*opened).begin(), secret.size(), secret.begin());
  return crypto::SigningKey::FromSecret(suite, secret);
}

}  // namespace

Result<std::unique_ptr<KeyRing>> KeyRing::Open(const Options& options, int64_t now_s) {
  TRY(MakeFolder(options.folder));
  auto ring = std::unique_ptr<KeyRing>(new KeyRing(options));
  TRY(ring->Load());
  std::vector<Key> keys = ring->keys_;
  if (keys.empty()) {
    TRY(ring->Add(now_s, &keys));
  } else if (keys.back().key->verifying().suite() != options.suite) {
    TRY(ring->Add(now_s + options.overlap_s, &keys));
  } else {
    return ring;
  }
  TRY(ring->Save(keys));
  ring->keys_ = std::move(keys);
  return ring;
}

Status KeyRing::Load() {
  const std::string wrap_file = options_.folder + "/wrap.key", keys_file = options_.folder + "/keys.json";
  if (!FileExists(keys_file)) {
    wrap_key_.resize(kWrapBytes);
    SystemRandom({reinterpret_cast<uint8_t*>(wrap_key_.data()), wrap_key_.size()});
    return WriteFileDurable(wrap_file, wrap_key_);
  }
  auto wrap = ReadFile(wrap_file, kWrapBytes);
  if (!wrap.ok() || wrap->size() != kWrapBytes) return Damaged(options_.folder);
  wrap_key_ = std::move(*wrap);
  const auto document = fhir::Document::Parse(TRY(ReadFile(keys_file, kFileBytesMax)));
  if (!document.ok()) return Damaged(options_.folder);
  for (const fhir::Value each : document->Root()["keys"]) {
    Key key;
    const int64_t number = TRY(NumberOf(each["number"], options_.folder));
    const auto suite = crypto::ParseSuite(each["suite"].ToString());
    const auto sealed = FromBase64Url(each["sealed"].ToString());
    if (number < 1 || number > UINT16_MAX || !suite.ok() || !sealed) return Damaged(options_.folder);
    key.number = static_cast<uint16_t>(number);
    key.from_s = TRY(NumberOf(each["from"], options_.folder));
    key.revoked = each["revoked"].IsTrue();
    key.key = std::make_shared<const crypto::SigningKey>(
        TRY(OpenKey(*sealed, key.number, *suite, key.from_s, wrap_key_, options_.folder)));
    if (!keys_.empty() && keys_.back().number >= key.number) return Damaged(options_.folder);
    keys_.push_back(std::move(key));
  }
  return keys_.empty() ? Status(Damaged(options_.folder)) : Status();
}

Status KeyRing::Save(const std::vector<Key>& keys) const {
  std::string text;
  fhir::JsonWriter out(&text);
  out.Object().Key("keys").Array();
  for (const Key& key : keys) {
    out.Object().Key("number").Int(key.number);
    out.Member("suite", crypto::NameOf(key.key->verifying().suite())).Key("from").Int(key.from_s);
    out.Key("revoked").Bool(key.revoked);
    out.Member("public", ToBase64Url(key.key->verifying().point()));
    out.Member("sealed", ToBase64Url(AsBytes(SealedOf(key.number, key.from_s, *key.key, wrap_key_)))).End();
  }
  out.End().End();
  return WriteFileDurable(options_.folder + "/keys.json", text);
}

Status KeyRing::Add(int64_t from_s, std::vector<Key>* keys) const {
  if (keys->size() >= kKeysMax)
    return MakeError(ErrorCode::kTooLarge, "There are too many keys of health cards.");
  Key key;
  key.number = keys->empty() ? uint16_t{1} : static_cast<uint16_t>(keys->back().number + 1);
  key.from_s = from_s;
  key.key = std::make_shared<const crypto::SigningKey>(TRY(crypto::SigningKey::Generate(options_.suite)));
  keys->push_back(std::move(key));
  return {};
}

const KeyRing::Key* KeyRing::Signing(const std::vector<Key>& keys, int64_t now_s) const {
  const auto at = std::find_if(keys.rbegin(), keys.rend(),
                               [&](const Key& key) { return !key.revoked && key.from_s <= now_s; });
  return at == keys.rend() ? nullptr : &*at;
}

Result<KeyRing::Signer> KeyRing::SignerAt(int64_t now_s) const {
  const std::lock_guard lock(mutex_);
  const Key* const key = Signing(keys_, now_s);
  if (key == nullptr)
    return MakeError(ErrorCode::kUnavailable,
                     "No key of health cards is in force: make a new one (rotate-key).");
  return Signer{key->number, key->key};
}

std::shared_ptr<const KnownKeys> KeyRing::Known(int64_t now_s) const {
  auto known = std::make_shared<KnownKeys>();
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < keys_.size(); ++i) {
    KnownKey each{keys_[i].number, keys_[i].key->verifying(), keys_[i].from_s, 0, keys_[i].revoked};
    // The one after it takes over; between the two, and while clocks differ, both are right.
    const auto next = std::find_if(keys_.begin() + static_cast<ptrdiff_t>(i) + 1, keys_.end(),
                                   [](const Key& key) { return !key.revoked; });
    if (next != keys_.end()) each.signs_until_s = std::max(next->from_s, each.from_s);
    if (each.signs_until_s != 0 && each.signs_until_s + options_.static_life_s < now_s) continue;
    known->push_back(std::move(each));
  }
  return known;
}

Result<uint16_t> KeyRing::Rotate(int64_t now_s) {
  const std::lock_guard lock(mutex_);
  std::vector<Key> keys = keys_;
  TRY(Add(Signing(keys, now_s) == nullptr ? now_s : now_s + options_.overlap_s, &keys));
  TRY(Save(keys));
  keys_ = std::move(keys);
  return keys_.back().number;
}

Status KeyRing::Revoke(uint16_t number, int64_t now_s) {
  const std::lock_guard lock(mutex_);
  std::vector<Key> keys = keys_;
  const auto at =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.number == number; });
  if (at == keys.end()) return MakeError(ErrorCode::kNotFound, "There is no key of this number.");
  at->revoked = true;
  if (Signing(keys, now_s) == nullptr) TRY(Add(now_s, &keys));
  TRY(Save(keys));
  keys_ = std::move(keys);
  return {};
}

}  // namespace tk::health_card
