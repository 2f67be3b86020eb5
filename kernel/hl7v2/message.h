// An HL7 v2 message as it is written with bars: segments, fields, repetitions, components, subcomponents, escapes, charsets.
// Flow:   bytes of a frame → UTF-8 by MSH-18 (or by the bytes themselves) → delimiters of MSH-1 and MSH-2 → segments → places ("PID-3(2).1")
// The text becomes UTF-8 before it is split: in GBK and GB 18030 the second byte of a character may be that of a delimiter.
// Ends of segments: CR as the standard has it; LF and CRLF, which files and many senders have, too. Empty lines are skipped.
// What is not there is empty, wherever one asks; two quotes ("") are a value that is to be taken away (IsNull).
// Source: HL7 v2.5.1 chapter 2, sections 2.5 to 2.7; MSH-18: table 0211; truncation character: v2.7 section 2.5.5.2.
// Limits: kMessageBytesMax, kSegmentsMax, kFieldsMax. Cost: one pass and a copy; splitting below fields is done when asked.
// Errors: kIncorrect / kUnsupported / kTooLarge, with the place as the path; never with a value of the message.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace tk::hl7v2 {

inline constexpr size_t kMessageBytesMax = size_t{1} << 20, kSegmentsMax = 5000, kFieldsMax = 500;

struct Delimiters {
  char field = '|', component = '^', repetition = '~', escape = '\\', subcomponent = '&';
  char truncation = '\0';  // '\0': none
  bool operator==(const Delimiters&) const = default;
};

/// Part of a message: a field with its repetitions, one of these, a component, a subcomponent. Borrows from its message.
class Part {
 public:
  Part() = default;
  Part(std::string_view raw, const Delimiters* delimiters, bool literal = false)
      : raw_(raw), delimiters_(delimiters), literal_(literal) {}

  /// As it was sent, escapes and all.
  std::string_view raw() const { return raw_; }
  bool empty() const { return raw_.empty(); }
  /// "" written with two quotes: what was there is to be taken away.
  bool IsNull() const { return raw_ == "\"\""; }
  /// The first primitive of it, with its escapes undone; "" of a null too.
  std::string Text() const;
  /// All of it as one text, also where delimiters stand that the sender forgot to escape.
  std::string Whole() const;
  /// Counted from 1; an empty Part beyond the end.
  Part Repetition(size_t n) const;
  Part Component(size_t n) const;
  Part Subcomponent(size_t n) const;
  size_t Repetitions() const;  // 0 of an empty field

 private:
  Part Nth(char delimiter, size_t n) const;
  std::string_view raw_;
  const Delimiters* delimiters_ = nullptr;
  bool literal_ = false;  // MSH-1 and MSH-2: the delimiters themselves
};

struct Segment {
  std::string_view name;                 // "PID", "ZXY"
  std::vector<std::string_view> fields;  // [0] is the name; fields[n] is field n, of MSH too
  bool literal_msh = false;
};

/// Immutable, movable; its parts and segments live as long as it does.
class Message {
 public:
  static Result<Message> Parse(std::string_view bytes);

  const Delimiters& delimiters() const { return content_->delimiters; }
  const std::vector<Segment>& segments() const { return content_->segments; }
  /// What the bytes were: "utf-8", "gb18030" or "8859/1"; ASCII is told as "utf-8".
  std::string_view charset() const { return content_->charset; }
  /// The whole in UTF-8, segments ended by what they were ended by.
  std::string_view text() const { return content_->text; }
  /// The nth segment of this name, from 1; nullptr if there is none.
  const Segment* Find(std::string_view name, size_t nth = 1) const;
  /// Empty if there is no such segment or field.
  Part Field(std::string_view segment, size_t field) const;
  Part FieldOf(const Segment& segment, size_t field) const;
  /// MSH-9.1 and MSH-9.2: "ADT", "A01".
  std::string type() const { return Field("MSH", 9).Component(1).Text(); }
  std::string event() const { return Field("MSH", 9).Component(2).Text(); }
  std::string control_id() const { return Field("MSH", 10).Text(); }
  std::string version() const { return Field("MSH", 12).Component(1).Text(); }

 private:
  struct Content {
    std::string text;
    std::string_view charset;
    Delimiters delimiters;
    std::vector<Segment> segments;
  };
  static Status Split(Content* content);
  std::shared_ptr<const Content> content_;
};

/// A place as people write it: "PID-3", "PID-3.4", "PID-3(2).4.1"; of the segment's first occurrence.
struct Place {
  std::string segment;
  size_t field = 0, repetition = 0, component = 0, subcomponent = 0;  // 0: not said
};
std::optional<Place> ReadPlace(std::string_view text);
/// What stands there. Without a repetition: the first.
Part At(const Message& message, const Place& place);
/// The same in one segment of that name; null: nothing.
Part At(const Message& message, const Segment* segment, const Place& place);

/// `text` with what would be a delimiter escaped, for writing one. Line breaks become \.br\ , other control characters spaces.
std::string Escaped(std::string_view text, const Delimiters& delimiters);

}  // namespace tk::hl7v2
