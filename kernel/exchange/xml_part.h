// XML from outside, read as it comes: elements are told as they begin and end, and nothing of the document is kept.
// Limits: no document type (so no entities of its own), a depth, and a size of one tag with its attributes.
// Source: XML 1.0 (5th edition) by Expat.
#pragma once

#include <memory>
#include <string_view>

#include "kernel/exchange/zip_file.h"

namespace tk::exchange {

inline constexpr size_t kXmlDepthMax = 64;
inline constexpr size_t kXmlTagBytesMax = size_t{1} << 20;

/// name, value, name, value …, nullptr, as Expat gives them.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** all) : all_(all) {}
  /// By its name without a prefix; "" if it is not there.
  std::string_view Of(std::string_view name) const;

 private:
  const char** all_;
};

/// Names come without their prefixes: what the files that are read mean does not depend on them.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual void Begin(std::string_view name, const XmlAttributes& attributes) = 0;
  virtual void End(std::string_view name) = 0;
  virtual void Text(std::string_view text) = 0;
};

class XmlPart {
 public:
  /// `handler` must outlive it.
  XmlPart(ZipFile::Part part, XmlHandler* handler);
  XmlPart(XmlPart&&) noexcept;
  XmlPart& operator=(XmlPart&&) noexcept;
  ~XmlPart();
  /// Reads some 64 KB more. False at the end. Errors: kIncorrect with line and column, kTooLarge.
  Result<bool> Step();
  Status ReadAll();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tk::exchange
