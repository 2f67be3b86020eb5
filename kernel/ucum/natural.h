// Natural numbers of up to 4,608 bits, without allocation: what exact factors of units are made of.
// Why:    128 bits do not hold them. The number [pi] of the unit table alone has 65 digits, "rad" to degrees divides by it, and
//         comparing two quantities multiplies two such factors crosswise. A general library for big numbers would be one more
//         dependency for four operations, and would allocate in every comparison.
// Shape:  limbs of 32 bits, lowest first; `size` of them count, the highest is not zero; zero has none.
// Limit:  a result over kBitsMax becomes "overflowed", and so does every result made from it: the caller asks once, at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tk::ucum {

class Natural {
 public:
  static constexpr uint32_t kLimbsMax = 144;
  static constexpr uint32_t kBitsMax = kLimbsMax * 32;

  Natural() { std::memset(limb_, 0, kShort * sizeof(uint32_t)); }  // and not all limbs, as `= default` would
  explicit Natural(uint64_t value);
  Natural(const Natural& other) { CopyFrom(other); }
  Natural& operator=(const Natural& other) {
    if (this != &other) CopyFrom(other);
    return *this;
  }
  static Natural OverflowedValue();
  /// Decimal digits only; anything else, or none, is overflowed.
  static Natural FromDigits(std::string_view digits);
  static Natural PowerOfTen(uint32_t exponent);

  bool overflowed() const { return size_ > kLimbsMax; }
  bool zero() const { return size_ == 0; }
  bool one() const { return size_ == 1 && limb_[0] == 1; }
  /// Position of the highest bit, from 1; 0 for zero.
  uint32_t bits() const;
  uint32_t trailing_zeros() const;  // of a number that is not zero
  /// The value modulo 2^64.
  uint64_t low() const;
  bool fits_64() const { return size_ <= 2; }
  std::string ToDigits() const;

  friend int Compare(const Natural& a, const Natural& b);
  friend Natural operator*(const Natural& a, const Natural& b);
  friend Natural operator+(const Natural& a, const Natural& b);
  friend Natural operator-(const Natural& a, const Natural& b);  // a >= b
  friend void Divide(const Natural& a, const Natural& b, Natural* quotient, Natural* rest);
  friend bool operator==(const Natural& a, const Natural& b) { return Compare(a, b) == 0; }

  void MultiplySmall(uint32_t factor);
  /// Divides in place and returns the rest.
  uint32_t DivideSmall(uint32_t divisor);
  void ShiftRight(uint32_t bits);
  void ShiftLeft(uint32_t bits);

 private:
  void CopyFrom(const Natural& other) {
    size_ = other.size_;
    if (size_ <= kShort) {
      std::memcpy(limb_, other.limb_, kShort * sizeof(uint32_t));
    } else {
      CopyLong(other);
    }
  }
  void CopyLong(const Natural& other);
  void Push(uint32_t limb);
  void Trim();

  static constexpr uint32_t kShort =
      4;  // so many limbs are always copied, in one step: most numbers are short
  uint32_t size_ = 0;
  uint32_t limb_[kLimbsMax];  // those from size_ on do not count
};

int Compare(const Natural& a, const Natural& b);
Natural operator*(const Natural& a, const Natural& b);
Natural operator+(const Natural& a, const Natural& b);
Natural operator-(const Natural& a, const Natural& b);
/// a = quotient × b + rest. b is not zero. Cost: O(limbs of the quotient × limbs of b).
/// Source: Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D.
void Divide(const Natural& a, const Natural& b, Natural* quotient, Natural* rest);
Natural GreatestCommonDivisor(Natural a, Natural b);

}  // namespace tk::ucum
