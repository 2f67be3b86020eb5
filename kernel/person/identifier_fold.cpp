#include <algorithm>
#include <cstring>

#include "kernel/person/characters.h"
#include "kernel/person/identifier_parts.h"

namespace tk::person {
namespace {

bool IsDash(char32_t c) {
  return c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFF0D || c == 0xFE63 || c == 0x2043;
}

/// What is written for the check digit X: small, Roman ten, Cyrillic and Greek letters, signs of multiplication.
bool IsCheckSign(char32_t c) {
  return c == 0x2169 || c == 0x2179 || c == 0x425 || c == 0x445 || c == 0x3A7 || c == 0x3C7 || c == 0xD7 ||
         c == 0x2715 || c == 0x2573;
}

void Push(char32_t c, FoldedText* out) {
  if (out->n < FoldedText::kMax) {
    out->c[out->n++] = c;
  } else {
    out->too_long = true;
  }
}

void FoldOther(char32_t c, FoldedText* out) {
  if (IsBlank(c)) return;
  if (IsDash(c)) return Push('-', out);
  if (IsCheckSign(c)) {
    out->remarks.Add(Remark::kCheckSign);
    return Push('X', out);
  }
  if (c >= 0xFF01 && c <= 0xFF5E) {  // full width
    out->remarks.Add(Remark::kFolded);
    c -= 0xFEE0;
    if (c >= 'a' && c <= 'z') c -= 'a' - 'A';
  }
  Push(c, out);
}

}  // namespace

FoldedText Fold(std::string_view text) {
  FoldedText out;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    if (IsDigit(c) || IsCapital(c)) {
      Push(c, &out);
      text.remove_prefix(1);
    } else if (c >= 'a' && c <= 'z') {
      Push(static_cast<char32_t>(c - ('a' - 'A')), &out);
      text.remove_prefix(1);
    } else {
      FoldOther(TakeCharacter(&text), &out);
    }
  }
  return out;
}

CompactText Compact(const FoldedText& folded) {
  CompactText out;
  for (size_t i = 0; i < folded.n; ++i) {
    const char32_t c = folded.c[i];
    if (c == '-') {
      out.dash_at = out.n;
    } else if (c == '(' || c == ')') {
      out.brackets = i + 1 == folded.n && c == ')';
    } else if (IsDigit(c) || IsCapital(c) || c == '*') {
      out.digits += IsDigit(c) ? 1 : 0;
      out.letters += IsCapital(c) ? 1 : 0;
      out.stars += c == '*' ? 1 : 0;
      out.c[out.n++] = static_cast<char>(c);
    } else {
      out.plain = false;
    }
  }
  return out;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

uint32_t NumberOf(std::string_view digits) {
  uint32_t number = 0;
  for (const char c : digits) number = number * 10 + static_cast<uint32_t>(c - '0');
  return number;
}

bool IsFiller(std::string_view text) {
  if (text.size() < 4) return false;
  bool rising = true, falling = true, turning = true;
  for (size_t i = 1; i < text.size(); ++i) {
    const int step = (text[i] - text[i - 1] + 10) % 10;
    rising = rising && step == 1;
    falling = falling && step == 9;
    turning = turning && (i < 2 || text[i] == text[i - 2]);
  }
  return rising || falling || turning;  // one digit only is turning too
}

void SetValue(Identifier* id, std::string_view value) {
  size_t size = std::min(value.size(), kIdValueMax);
  if (size < value.size()) {
    id->remarks.Add(Remark::kTooLong);
    while (size > 0 && (static_cast<unsigned char>(value[size]) & 0xC0) == 0x80) --size;  // whole characters
  }
  std::memcpy(id->text.data(), value.data(), size);
  id->size = static_cast<uint8_t>(size);
}

void Settle(Identifier* id, Grade grade) {
  const Remarks& remarks = id->remarks;
  const bool nobody = remarks.Has(Remark::kEmpty) || remarks.Has(Remark::kPlaceholder) ||
                      remarks.Has(Remark::kHotValue) || remarks.Has(Remark::kFillerBirthDate) ||
                      remarks.Has(Remark::kMasked) || remarks.Has(Remark::kServiceNumber);
  if (nobody) {
    id->grade = Grade::kNothing;
  } else {
    id->grade = remarks.faults() ? std::min(grade, Grade::kBroken) : grade;
  }
}

}  // namespace tk::person
