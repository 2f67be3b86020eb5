#include "kernel/ucum/natural.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernel/base/result.h"

namespace tk::ucum {
namespace {

constexpr uint32_t kBillion = 1'000'000'000;  // the highest power of ten in a limb: nine digits

/// u[0 … n] -= factor × v[0 … n - 1]; true if that went below zero, modulo the limbs then.
bool SubtractMultiple(uint32_t* u, const uint32_t* v, uint32_t n, uint64_t factor) {
  int64_t borrow = 0;
  uint64_t carry = 0;
  for (uint32_t i = 0; i < n; ++i) {
    carry += factor * v[i];
    borrow += int64_t{u[i]} - static_cast<int64_t>(carry & 0xffffffffU);
    u[i] = static_cast<uint32_t>(borrow);
    borrow >>= 32;
    carry >>= 32;
  }
  borrow += int64_t{u[n]} - static_cast<int64_t>(carry);
  u[n] = static_cast<uint32_t>(borrow);
  return borrow < 0;
}

void AddBack(uint32_t* u, const uint32_t* v, uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; ++i) {
    sum += uint64_t{u[i]} + v[i];
    u[i] = static_cast<uint32_t>(sum);
    sum >>= 32;
  }
  u[n] += static_cast<uint32_t>(sum);
}

}  // namespace

Natural::Natural(uint64_t value) : Natural() {
  for (; value != 0; value >>= 32) limb_[size_++] = static_cast<uint32_t>(value);
}

Natural Natural::OverflowedValue() {
  Natural out;
  out.size_ = kLimbsMax + 1;
  return out;
}

void Natural::CopyLong(const Natural& other) {
  std::memcpy(limb_, other.limb_, std::min(size_, kLimbsMax) * sizeof(uint32_t));
}

void Natural::Push(uint32_t limb) {
  if (size_ >= kLimbsMax) {
    size_ = kLimbsMax + 1;
  } else {
    limb_[size_++] = limb;
  }
}

void Natural::Trim() {
  while (size_ > 0 && size_ <= kLimbsMax && limb_[size_ - 1] == 0) --size_;
}

Natural Natural::FromDigits(std::string_view digits) {
  if (digits.empty()) return OverflowedValue();
  Natural out;
  for (const char c : digits) {
    if (c < '0' || c > '9') return OverflowedValue();
    out.MultiplySmall(10);
    out = out + Natural(static_cast<uint64_t>(c - '0'));
  }
  return out;
}

Natural Natural::PowerOfTen(uint32_t exponent) {
  Natural out(1);
  for (; exponent >= 9 && !out.overflowed(); exponent -= 9) out.MultiplySmall(kBillion);
  for (; exponent > 0 && !out.overflowed(); --exponent) out.MultiplySmall(10);
  return out;
}

uint32_t Natural::bits() const {
  if (size_ == 0 || overflowed()) return 0;
  return size_ * 32 - static_cast<uint32_t>(std::countl_zero(limb_[size_ - 1]));
}

uint32_t Natural::trailing_zeros() const {
  for (uint32_t i = 0; i < size_ && !overflowed(); ++i) {
    if (limb_[i] != 0) return i * 32 + static_cast<uint32_t>(std::countr_zero(limb_[i]));
  }
  return 0;
}

uint64_t Natural::low() const {
  if (overflowed() || size_ == 0) return 0;
  return size_ == 1 ? limb_[0] : (uint64_t{limb_[1]} << 32 | limb_[0]);
}

std::string Natural::ToDigits() const {
  if (zero() || overflowed()) return "0";
  std::string reversed;
  Natural rest = *this;
  while (!rest.zero()) {
    uint32_t group = rest.DivideSmall(kBillion);
    for (int i = 0; i < 9 && (group != 0 || !rest.zero()); ++i) {
      reversed.push_back(static_cast<char>('0' + group % 10));
      group /= 10;
    }
  }
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

int Compare(const Natural& a, const Natural& b) {
  if (a.size_ != b.size_) return a.size_ < b.size_ ? -1 : 1;
  if (a.overflowed()) return 0;
  for (uint32_t i = a.size_; i-- > 0;) {
    if (a.limb_[i] != b.limb_[i]) return a.limb_[i] < b.limb_[i] ? -1 : 1;
  }
  return 0;
}

Natural operator*(const Natural& a, const Natural& b) {
  if (a.overflowed() || b.overflowed()) return Natural::OverflowedValue();
  if (a.zero() || b.zero()) return Natural();
  if (a.size_ == 1 && b.size_ == 1) return Natural(uint64_t{a.limb_[0]} * b.limb_[0]);
  if (a.one()) return b;
  if (b.one()) return a;
  if (a.bits() + b.bits() > Natural::kBitsMax) return Natural::OverflowedValue();
  Natural out;
  out.size_ = std::min(a.size_ + b.size_, Natural::kLimbsMax);
  std::memset(out.limb_, 0, out.size_ * sizeof(uint32_t));
  for (uint32_t i = 0; i < a.size_; ++i) {
    uint64_t carry = 0;
    for (uint32_t j = 0; j < b.size_; ++j) {
      carry += uint64_t{a.limb_[i]} * b.limb_[j] + out.limb_[i + j];
      out.limb_[i + j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) out.limb_[i + b.size_] = static_cast<uint32_t>(carry);
  }
  out.Trim();
  return out;
}

Natural operator+(const Natural& a, const Natural& b) {
  if (a.overflowed() || b.overflowed()) return Natural::OverflowedValue();
  const Natural& longer = a.size_ >= b.size_ ? a : b;
  const Natural& shorter = a.size_ >= b.size_ ? b : a;
  Natural out;
  out.size_ = longer.size_;
  uint64_t carry = 0;
  for (uint32_t i = 0; i < longer.size_; ++i) {
    carry += uint64_t{longer.limb_[i]} + (i < shorter.size_ ? shorter.limb_[i] : 0);
    out.limb_[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) out.Push(static_cast<uint32_t>(carry));
  return out;
}

Natural operator-(const Natural& a, const Natural& b) {
  if (a.overflowed() || b.overflowed()) return Natural::OverflowedValue();
  CHECK(Compare(a, b) >= 0);
  Natural out;
  out.size_ = a.size_;
  int64_t borrow = 0;
  for (uint32_t i = 0; i < a.size_; ++i) {
    borrow += int64_t{a.limb_[i]} - (i < b.size_ ? int64_t{b.limb_[i]} : 0);
    out.limb_[i] = static_cast<uint32_t>(borrow);
    borrow >>= 32;
  }
  out.Trim();
  return out;
}

void Natural::MultiplySmall(uint32_t factor) {
  if (overflowed()) return;
  uint64_t carry = 0;
  for (uint32_t i = 0; i < size_; ++i) {
    carry += uint64_t{limb_[i]} * factor;
    limb_[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) Push(static_cast<uint32_t>(carry));
  Trim();
}

uint32_t Natural::DivideSmall(uint32_t divisor) {
  if (overflowed()) return 0;
  uint64_t rest = 0;
  for (uint32_t i = size_; i-- > 0;) {
    rest = rest << 32 | limb_[i];
    limb_[i] = static_cast<uint32_t>(rest / divisor);
    rest %= divisor;
  }
  Trim();
  return static_cast<uint32_t>(rest);
}

void Natural::ShiftRight(uint32_t bits) {
  if (overflowed()) return;
  const uint32_t limbs = std::min(bits / 32, size_);
  const uint32_t rest = bits % 32;
  for (uint32_t i = limbs; i < size_; ++i) {
    const uint64_t high = i + 1 < size_ ? limb_[i + 1] : 0;
    limb_[i - limbs] = static_cast<uint32_t>((high << 32 | limb_[i]) >> rest);
  }
  size_ -= limbs;
  Trim();
}

void Natural::ShiftLeft(uint32_t bits) {
  if (overflowed() || size_ == 0) return;
  if (this->bits() + bits > kBitsMax) {
    *this = OverflowedValue();
    return;
  }
  const uint32_t limbs = bits / 32;
  const uint32_t rest = bits % 32;
  uint32_t carry = 0;
  Natural out;
  out.size_ = size_ + limbs;
  std::memset(out.limb_, 0, limbs * sizeof(uint32_t));
  for (uint32_t i = 0; i < size_; ++i) {
    const uint64_t wide = uint64_t{limb_[i]} << rest;
    out.limb_[i + limbs] = static_cast<uint32_t>(wide) | carry;
    carry = static_cast<uint32_t>(wide >> 32);
  }
  if (carry != 0) out.Push(carry);
  *this = out;
}

void Divide(const Natural& a, const Natural& b, Natural* quotient, Natural* rest) {
  if (a.overflowed() || b.overflowed()) {
    *quotient = *rest = Natural::OverflowedValue();
    return;
  }
  CHECK(!b.zero());
  if (Compare(a, b) < 0) {
    *rest = a;
    *quotient = Natural();
    return;
  }
  if (b.size_ == 1) {
    *quotient = a;
    *rest = Natural(quotient->DivideSmall(b.limb_[0]));
    return;
  }
  // Both are shifted so that the divisor's highest limb has its highest bit set; then a guess from two limbs is at most 2 too big.
  const auto shift = static_cast<uint32_t>(std::countl_zero(b.limb_[b.size_ - 1]));
  Natural divisor = b;
  divisor.ShiftLeft(shift);
  const uint32_t n = b.size_;
  const uint32_t m = a.size_ - n;
  uint32_t u[Natural::kLimbsMax + 1];
  u[a.size_] = 0;
  for (uint32_t i = a.size_; i-- > 0;) {
    const uint64_t wide = uint64_t{a.limb_[i]} << shift;
    u[i + 1] |= static_cast<uint32_t>(wide >> 32);
    u[i] = static_cast<uint32_t>(wide);
  }
  const uint64_t top = divisor.limb_[n - 1];
  const uint64_t second = divisor.limb_[n - 2];
  Natural q;
  q.size_ = m + 1;
  for (uint32_t j = m + 1; j-- > 0;) {
    const uint64_t numerator = uint64_t{u[j + n]} << 32 | u[j + n - 1];
    uint64_t guess = numerator / top;
    uint64_t left = numerator % top;
    while (guess >> 32 != 0 || guess * second > (left << 32 | u[j + n - 2])) {
      --guess;
      left += top;
      if (left >> 32 != 0) break;
    }
    if (SubtractMultiple(u + j, divisor.limb_, n,
                         guess)) {  // the guess was one too big: give one divisor back
      --guess;
      AddBack(u + j, divisor.limb_, n);
    }
    q.limb_[j] = static_cast<uint32_t>(guess);
  }
  q.Trim();
  Natural r;
  r.size_ = n;
  std::memcpy(r.limb_, u, n * sizeof(uint32_t));
  r.Trim();
  r.ShiftRight(shift);
  *quotient = q;
  *rest = r;
}

Natural GreatestCommonDivisor(Natural a, Natural b) {
  Natural quotient;
  Natural rest;
  while (!b.zero() && !b.overflowed()) {
    Divide(a, b, &quotient, &rest);
    a = b;
    b = rest;
  }
  return a;
}

}  // namespace tk::ucum
