#include "kernel/person/characters.h"

#include "kernel/base/text.h"

namespace tk::person {

char32_t TakeCharacter(std::string_view* text) {
  const std::string_view from = *text;
  const size_t length = Utf8CharLength(from);
  text->remove_prefix(length == 0 ? 1 : length);
  const auto at = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(from[i])); };
  switch (length) {
    case 1:
      return at(0);
    case 2:
      return (at(0) & 0x1F) << 6 | (at(1) & 0x3F);
    case 3:
      return (at(0) & 0x0F) << 12 | (at(1) & 0x3F) << 6 | (at(2) & 0x3F);
    case 4:
      return (at(0) & 0x07) << 18 | (at(1) & 0x3F) << 12 | (at(2) & 0x3F) << 6 | (at(3) & 0x3F);
    default:
      return 0xFFFD;
  }
}

bool IsBlank(char32_t c) {
  return c <= ' ' || c == 0x7F || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202F) || c == 0x205F || c == 0x2060 || c == 0xFEFF;
}

}  // namespace tk::person
