// Characters of a text, one after another. Inside the room only.
#pragma once

#include <cstddef>
#include <string_view>

namespace tk::person {

/// Takes the first character off `text`, which is not empty; what is not UTF-8 is U+FFFD, one byte at a time.
char32_t TakeCharacter(std::string_view* text);
bool IsBlank(char32_t c);

}  // namespace tk::person
