// The resource value: an immutable parsed tree over its own minified JSON bytes, with cheap typed access.
// One generic value for every type, standard or platform; no class per type.
// Flow:   bytes → Parse → Document (text + nodes) → Value handles → validate, FHIRPath, search extraction, patch
// Nothing is lost: numbers keep their digits, members keep their order, strings their characters.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::fhir {

/// An interned member name. Names of the definitions are known ahead; 0 is "no name" (array items, the root).
/// A name that the table does not know is kUnknownName, and its text is read from the document.
using NameId = uint16_t;
inline constexpr NameId kNoName = 0;
inline constexpr NameId kUnknownName = 0xffff;

/// The process-wide table of member names. Definitions add to it while they load; look-ups are lock-free.
/// At most 65,534 names.
class Names {
 public:
  static NameId Find(std::string_view name);    // kUnknownName if absent
  static NameId Intern(std::string_view name);  // adds; only while definitions load
  static std::string_view Text(NameId id);
};

enum class Kind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kObject, kArray };

inline constexpr uint8_t kEscapedValue = 1;
inline constexpr uint8_t kEscapedName = 2;
inline constexpr uint8_t kHasSiblings = 4;

/// One node; 16 bytes. Children of a container follow it directly; `end` is the index just past its subtree.
struct Node {
  uint32_t at;    // first byte of the value in the document's text (for strings: after the quote)
  uint32_t size;  // bytes of the value in the text (for strings: between the quotes, escapes not undone)
  uint32_t end;   // index of the next sibling
  NameId name;    // the member's name, or kNoName
  Kind kind;
  /// Flags. kEscapedValue: the string contains a backslash; kEscapedName: the member's name does; kHasSiblings: a member of this object
  /// may have a name that begins with "_", as the extensions of primitives have. Without it none has.
  uint8_t escaped;
};
static_assert(sizeof(Node) == 16);

class Value;
struct TextEdit;

/// Owns the text and the nodes. Immutable after Parse; share by shared_ptr<const Document> or move.
class Document {
 public:
  struct Limits {
    size_t bytes_max = size_t{64} << 20;
    int depth_max = 64;
    size_t nodes_max = 16u << 20;
  };
  /// Parses and minifies. Errors: kIncorrect with line and column (and the element path when it is known) for broken JSON,
  /// bad UTF-8, duplicate members, trailing text; kTooLarge over a limit. Cost: about 1 µs per KB.
  static Result<Document> Parse(std::string_view json, const Limits& limits);
  static Result<Document> Parse(std::string_view json) { return Parse(json, Limits{}); }
  /// `part` (an object that names its resourceType) as a document of its own, changed by `edits`: within the contents of strings, `at`
  /// counted from the part's first byte, sorted. `new_id` != "": gets a member id behind resourceType. As if the edited text were parsed,
  /// for the cost of a copy. Errors: as Parse, where a replacement holds what a JSON string may not.
  static Result<Document> OfPart(Value part, std::vector<TextEdit> edits, std::string_view new_id);

  Value Root() const;
  /// The minified JSON of the whole.
  std::string_view Text() const { return text_; }
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  friend class Value;
  friend class DocumentBuilder;
  friend class PartBuilder;
  std::string text_;
  std::vector<Node> nodes_;
};

/// A handle on one node; two words, copied freely; valid while its Document lives. A default Value is "absent":
/// every question to it has the empty answer, so paths may be followed without checks.
class Value {
 public:
  Value() = default;
  Value(const Document* document, uint32_t index) : document_(document), index_(index) {}

  bool present() const { return document_ != nullptr; }
  explicit operator bool() const { return present(); }
  Kind kind() const { return present() ? node().kind : Kind::kNull; }
  bool is_object() const { return present() && node().kind == Kind::kObject; }
  bool is_array() const { return present() && node().kind == Kind::kArray; }
  bool is_string() const { return present() && node().kind == Kind::kString; }
  NameId name() const { return present() ? node().name : kNoName; }
  /// The member's name as text (also for names that the table does not know).
  std::string_view name_text() const;

  /// The member with this name; absent if there is none or this is no object. Cost: members before it.
  Value operator[](NameId name) const;
  Value operator[](std::string_view name) const;  // one table look-up more
  /// The item at `i` of an array; absent if out of range.
  Value At(size_t i) const;
  size_t size() const;  // number of children

  /// The value's JSON as it stands in the text, e.g. `"a\"b"`, `1.50`, `{...}`.
  std::string_view Json() const;
  /// A string without escapes is returned in place; otherwise it is decoded into `scratch`. "" if this is no string.
  std::string_view String(std::string& scratch) const;
  std::string ToString() const;  // a copy of the decoded string
  /// The digits of a number as written, e.g. "1.50". "" if this is no number.
  std::string_view Number() const;
  bool IsTrue() const { return present() && node().kind == Kind::kTrue; }

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Value;
    Iterator() = default;
    Iterator(const Document* d, uint32_t i) : document_(d), index_(i) {}
    Value operator*() const { return Value(document_, index_); }
    Iterator& operator++() {
      index_ = document_->nodes_[index_].end;
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Document* document_ = nullptr;
    uint32_t index_ = 0;
  };
  /// Children in order (members of an object, items of an array).
  Iterator begin() const;
  Iterator end() const;

  const Document* document() const { return document_; }
  uint32_t index() const { return index_; }
  const Node& node() const { return document_->nodes_[index_]; }
  bool operator==(const Value& other) const = default;

 private:
  const Document* document_ = nullptr;
  uint32_t index_ = 0;
};

inline Value Document::Root() const { return nodes_.empty() ? Value() : Value(this, 0); }
inline Value::Iterator Value::begin() const {
  return present() && (is_object() || is_array()) ? Iterator(document_, index_ + 1) : Iterator(document_, 0);
}
inline Value::Iterator Value::end() const {
  return present() && (is_object() || is_array()) ? Iterator(document_, node().end) : Iterator(document_, 0);
}

/// Appends JSON text piece by piece: commas and quotes are its business. For answers, outcomes, bundles and resources
/// that the platform itself makes. Misuse (a member outside an object) is a CHECK.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}
  JsonWriter& Object();
  JsonWriter& Array();
  JsonWriter& End();  // closes the innermost object or array
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view text);
  JsonWriter& Int(int64_t number);
  JsonWriter& Bool(bool value);
  /// JSON that is already JSON (a stored resource, a decimal's digits).
  JsonWriter& Raw(std::string_view json);
  JsonWriter& Member(std::string_view name, std::string_view text) { return Key(name).String(text); }

 private:
  void BeforeValue();
  std::string* out_;
  std::string open_;  // '{' or '[' of each level; up to 15 without an allocation
  bool need_comma_ = false;
  bool after_key_ = false;
};

/// Appends `text` as a JSON string with quotes.
void AppendJsonString(std::string_view text, std::string* out);

/// Replaces byte ranges of `text`; the way to change a stored text. Errors: kInternal for edits that are not sorted by `at`, overlap or lie outside.
struct TextEdit {
  uint32_t at;
  uint32_t size;
  std::string replacement;
};
Result<std::string> ApplyEdits(std::string_view text, const std::vector<TextEdit>& edits);

}  // namespace tk::fhir
