#include "kernel/log/training.h"

#include <zdict.h>

#include <algorithm>
#include <array>

namespace tk::log {
namespace {

constexpr size_t kTextBytesMax = size_t{64} << 10;
constexpr size_t kSamplesOfOwnerMax = 16;
constexpr size_t kValuesMax = 50'000;
constexpr size_t kValueBytesMax = 200;
constexpr uint32_t kNoValue = 0xffffffff;

// Past the closing quote of the string that begins at `at`.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return text.size();
}

}  // namespace

bool IsCodedMember(std::string_view name) {
  constexpr std::array<std::string_view, 12> kCoded = {"system", "code",         "display", "unit",
                                                       "url",    "resourceType", "status",  "use",
                                                       "intent", "profile",      "mode",    "type"};
  return std::find(kCoded.begin(), kCoded.end(), name) != kCoded.end();
}

uint32_t Trainer::Remember(OwnerNumber owner, std::string_view value) {
  if (value.size() > kValueBytesMax) return kNoValue;
  auto it = value_index_.find(std::string(value));
  if (it == value_index_.end()) {
    if (values_.size() >= kValuesMax) return kNoValue;
    it = value_index_.emplace(std::string(value), static_cast<uint32_t>(values_.size())).first;
    values_.push_back({std::string(value), {}});
  }
  auto& owners = values_[it->second].owners;
  if (owners.size() < kOwnersMin && std::find(owners.begin(), owners.end(), owner) == owners.end())
    owners.push_back(owner);
  return it->second;
}

// One pass over the tokens. Strings that are not member names are left out (coded ones remembered), numbers become 0.
void Trainer::Add(OwnerNumber owner, std::string_view text) {
  if (text.size() > kTextBytesMax || full()) return;
  uint32_t& given = owners_[owner];
  if (owner != 0 && given >= kSamplesOfOwnerMax) return;
  ++given;
  Sample sample;
  std::string_view member;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const size_t end = SkipString(text, at);
      if (end < text.size() && text[end] == ':') {
        member = text.substr(at + 1, end - at - 2);
        sample.text += text.substr(at, end - at);
      } else {
        sample.text += '"';
        const uint32_t value = IsCodedMember(member) && end >= at + 2
                                   ? Remember(owner, text.substr(at + 1, end - at - 2))
                                   : kNoValue;
        if (value != kNoValue) sample.slots.push_back({static_cast<uint32_t>(sample.text.size()), value});
        sample.text += '"';
      }
      at = end;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      while (at < text.size() && std::string_view("+-.eE0123456789").find(text[at]) != std::string_view::npos)
        ++at;
      sample.text += '0';
    } else {
      sample.text += c;
      ++at;
    }
  }
  bytes_ += sample.text.size() + sample.slots.size() * sizeof(Slot);
  samples_.push_back(std::move(sample));
}

std::string Trainer::Blanked(size_t i) const {
  const Sample& sample = samples_[i];
  std::string out;
  size_t done = 0;
  for (const Slot& slot : sample.slots) {
    out.append(sample.text, done, slot.at - done);
    done = slot.at;
    if (values_[slot.value].owners.size() >= kOwnersMin) out += values_[slot.value].text;
  }
  out.append(sample.text, done);
  return out;
}

Result<std::string> Trainer::Train(size_t bytes_max) const {
  std::string all;
  std::vector<size_t> sizes;
  for (size_t i = 0; i < samples_.size(); ++i) {
    const std::string text = Blanked(i);
    if (text.size() < 8) continue;  // ZDICT refuses shorter samples
    all += text;
    sizes.push_back(text.size());
  }
  // More dictionary than about an eighth of what it was learnt from is only copied text.
  std::string dictionary(std::clamp<size_t>(all.size() / 8, 1024, bytes_max), '\0');
  const size_t size = ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), all.data(), sizes.data(),
                                            static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(size) != 0) {
    return MakeError(ErrorCode::kIncorrect, "The samples do not give a compression dictionary.",
                     ZDICT_getErrorName(size));
  }
  dictionary.resize(size);
  return dictionary;
}

}  // namespace tk::log
