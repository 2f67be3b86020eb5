#include "kernel/access/password_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "kernel/base/text.h"

namespace tk::access {
namespace {

// Distinct characters below which a password is a repetition, and characters that must be left without runs and words.
constexpr size_t kDistinctMin = 5;
constexpr size_t kRestMin = 6;
constexpr size_t kRunMin = 4;

// Along which fingers run: "qwertyuiop", "98765".
constexpr std::array<std::string_view, 6> kRuns = {
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb"};
constexpr std::array<std::string_view, 6> kWords = {"tongkang", "password", "mima",
                                                    "admin",    "health",   "anhe"};

std::vector<std::string_view> CharactersOf(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(1, Utf8CharLength(text));
    out.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

bool Follows(char left, char right) {
  if (left == right) return true;
  for (const std::string_view run : kRuns) {
    for (size_t at = run.find(left); at != std::string_view::npos; at = run.find(left, at + 1)) {
      if ((at + 1 < run.size() && run[at + 1] == right) || (at > 0 && run[at - 1] == right)) return true;
    }
  }
  return false;
}

/// Without runs of at least kRunMin along the alphabet, the digits, a row of keys or one key: of each its first character stays.
std::string WithoutRuns(std::string_view text) {
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    while (end < text.size() && Follows(text[end - 1], text[end])) ++end;
    out += text.substr(begin, end - begin >= kRunMin ? 1 : end - begin);
    begin = end;
  }
  return out;
}

void Remove(std::string_view word, std::string* text) {
  if (word.size() < 3) return;
  for (size_t at = text->find(word); at != std::string::npos; at = text->find(word, at))
    text->erase(at, word.size());
}

}  // namespace

Status CheckPasswordRules(std::string_view password, std::string_view account) {
  const auto wrong = [](std::string text) { return MakeError(ErrorCode::kIncorrect, std::move(text)); };
  const auto characters = CharactersOf(password);
  if (characters.size() < kPasswordCharsMin || password.size() > kPasswordBytesMax)
    return wrong(fmt::format("a password has at least {} characters and at most {} bytes", kPasswordCharsMin,
                             kPasswordBytesMax));
  if (std::set<std::string_view>(characters.begin(), characters.end()).size() < kDistinctMin)
    return wrong(
        fmt::format("the password repeats itself: use at least {} different characters", kDistinctMin));
  std::string rest = ToLower(password);
  for (const std::string_view word : kWords) Remove(word, &rest);
  Remove(ToLower(account), &rest);
  rest = WithoutRuns(rest);
  if (CharactersOf(rest).size() < kRestMin)
    return wrong(
        "the password is easily guessed: besides the account's name, words such as \"password\", and runs "
        "such "
        "as 12345 or qwerty too little is left; a few words that do not belong together are good");
  return {};
}

}  // namespace tk::access
