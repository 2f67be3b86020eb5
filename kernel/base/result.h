// Result<T>: a value or an Error. TRY(expr) gives the value or returns the error from the enclosing function.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "kernel/base/error.h"

namespace tk {

template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : value_(std::move(value)) {}                               // NOLINT: implicit by design
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT
  Result(std::unique_ptr<Error> error) : error_(std::move(error)) {}          // NOLINT

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& value() & {
    CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    CHECK(ok());
    return *value_;
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() {
    CHECK(error_ != nullptr);
    return *error_;
  }
  const Error& error() const {
    CHECK(error_ != nullptr);
    return *error_;
  }
  std::unique_ptr<Error> TakeError() {
    CHECK(error_ != nullptr);
    return std::move(error_);
  }
  T ValueOr(T other) && { return ok() ? std::move(*value_) : std::move(other); }

 private:
  std::optional<T> value_;
  std::unique_ptr<Error> error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT
  Result(std::unique_ptr<Error> error) : error_(std::move(error)) {}          // NOLINT
  bool ok() const { return error_ == nullptr; }
  explicit operator bool() const { return ok(); }
  void value() const { CHECK(ok()); }
  Error& error() {
    CHECK(error_ != nullptr);
    return *error_;
  }
  const Error& error() const {
    CHECK(error_ != nullptr);
    return *error_;
  }
  std::unique_ptr<Error> TakeError() {
    CHECK(error_ != nullptr);
    return std::move(error_);
  }

 private:
  std::unique_ptr<Error> error_;
};
using Status = Result<void>;

namespace internal {
template <class T>
T TakeValue(Result<T>& r) {
  return std::move(r).value();
}
inline void TakeValue(Result<void>&) {}
}  // namespace internal

// A GNU statement expression (both compilers have it): usable inside expressions, e.g. auto x = TRY(Parse(text)); may be nested.
#define TRY(...) TK_TRY_(TK_CONCAT_(try_result_, __COUNTER__), return, __VA_ARGS__)
// The same inside a coroutine.
#define CO_TRY(...) TK_TRY_(TK_CONCAT_(try_result_, __COUNTER__), co_return, __VA_ARGS__)
#define TK_CONCAT_(a, b) TK_CONCAT2_(a, b)
#define TK_CONCAT2_(a, b) a##b
#define TK_TRY_(name, leave, ...)    \
  (__extension__({                   \
    auto name = (__VA_ARGS__);       \
    if (!name.ok()) [[unlikely]]     \
      leave name.TakeError();        \
    ::tk::internal::TakeValue(name); \
  }))

}  // namespace tk
