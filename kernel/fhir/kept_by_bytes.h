// What was asked for by name is kept as long as all of it together is not too large; then all of it goes, and is made anew when it is asked for.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace tk::fhir {

/// Not thread-safe. What is larger than `bytes_max` by itself is kept alone.
template <class T>
class KeptByBytes {
 public:
  explicit KeptByBytes(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// nullptr: not kept. It may be known that there is none: a null pointer is kept.
  const std::shared_ptr<const T>* Find(const std::string& name) const {
    const auto known = kept_.find(name);
    return known == kept_.end() ? nullptr : &known->second;
  }
  /// `bytes`: of `value`, about. Returns it.
  std::shared_ptr<const T> Put(const std::string& name, std::shared_ptr<const T> value, size_t bytes = 0) {
    constexpr size_t kEach = 128;  // of the table
    bytes += kEach + name.size();
    if (bytes_ + bytes > bytes_max_) {
      kept_.clear();
      bytes_ = 0;
    }
    if (kept_.emplace(name, value).second) bytes_ += bytes;
    return value;
  }
  size_t bytes() const { return bytes_; }

 private:
  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const T>> kept_;
};

}  // namespace tk::fhir
