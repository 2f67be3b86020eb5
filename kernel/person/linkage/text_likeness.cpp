#include "kernel/person/linkage/text_likeness.h"

#include <algorithm>
#include <array>

namespace tk::person::linkage {

int Slips(std::string_view a, std::string_view b, int most) {
  a = a.substr(0, kLikenessMax);
  b = b.substr(0, kLikenessMax);
  const auto gap = static_cast<int>(std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
  if (gap > most) return most + 1;
  std::array<std::array<int, kLikenessMax + 1>, 3> rows;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], most + 1);
}

std::string LatinSound(std::string_view text) {
  //                                  abcdefghijklmnopqrstuvwxyz
  constexpr std::string_view kSounds = "01230120022455012623010202";
  std::string sound;
  char last = '0';
  for (const char c : text) {
    if (c < 'a' || c > 'z') continue;
    const char now = kSounds[static_cast<size_t>(c - 'a')];
    if (now != '0' && now != last) sound += now;
    if (c != 'h' && c != 'w') last = now;
    if (sound.size() == 6) break;
  }
  return sound;
}

bool IsLatin(std::string_view text) {
  return !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z') ||
                           static_cast<unsigned char>(text[0]) < 0xE0);
}

}  // namespace tk::person::linkage
