#include "kernel/fhir/xhtml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "kernel/fhir/xhtml_entities.h"

namespace tk::fhir {
namespace {

constexpr size_t kDepthMax = 200;

constexpr std::array<std::string_view, 54> kElements = {
    "a",  "abbr",    "acronym", "address", "area",   "b",        "bdo", "big",   "blockquote",
    "br", "caption", "cite",    "code",    "col",    "colgroup", "dd",  "dfn",   "div",
    "dl", "dt",      "em",      "h1",      "h2",     "h3",       "h4",  "h5",    "h6",
    "hr", "i",       "img",     "kbd",     "li",     "map",      "ol",  "p",     "pre",
    "q",  "samp",    "small",   "span",    "strong", "sub",      "sup", "table", "tbody",
    "td", "tfoot",   "th",      "thead",   "tr",     "tt",       "u",   "ul",    "var"};

constexpr std::array<std::string_view, 57> kAttributes = {
    "abbr",        "accesskey",   "align",   "alt",      "axis",    "background", "bgcolor", "border",
    "cellpadding", "cellspacing", "char",    "charoff",  "charset", "cite",       "class",   "clear",
    "color",       "cols",        "colspan", "compact",  "coords",  "dir",        "face",    "frame",
    "headers",     "height",      "href",    "hreflang", "hspace",  "id",         "ismap",   "lang",
    "longdesc",    "name",        "noshade", "nowrap",   "rel",     "rev",        "rowspan", "rules",
    "scope",       "shape",       "size",    "span",     "src",     "start",      "style",   "summary",
    "tabindex",    "target",      "title",   "type",     "usemap",  "valign",     "value",   "vspace",
    "width"};

// What a byte may be, looked up: narratives are the longest texts that are checked character by character.
enum CharClass : uint8_t { kSpace = 1, kNameChar = 2, kSpecial = 4 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 0; c < 256; ++c) {
    const bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == ':' || c == '-' || c == '_' || c == '.';
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    const bool special = c == '<' || c == '&' || c == 0xEF || (c < 32 && !space);
    classes[c] =
        static_cast<uint8_t>((space ? kSpace : 0) | (name ? kNameChar : 0) | (special ? kSpecial : 0));
  }
  return classes;
}();

bool IsClass(CharClass wanted, char c) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; }
bool IsXmlSpace(char c) { return IsClass(kSpace, c); }
bool IsNameChar(char c) { return IsClass(kNameChar, c); }

/// A fixed set of words in a hash table that is filled at compile time.
template <size_t kCount>
class WordSet {
 public:
  constexpr explicit WordSet(const std::array<std::string_view, kCount>& words) {
    for (const std::string_view word : words) {
      size_t slot = Slot(word);
      while (!slots_[slot % kSlots].empty()) ++slot;
      slots_[slot % kSlots] = word;
    }
  }
  bool Has(std::string_view word) const {
    if (word.empty()) return false;
    for (size_t slot = Slot(word);; ++slot) {
      const std::string_view known = slots_[slot % kSlots];
      if (known.empty() || known == word) return !known.empty();
    }
  }

 private:
  static constexpr size_t kSlots = 256;
  static constexpr size_t Slot(std::string_view word) {
    const auto at = [word](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(word[i])); };
    return word.size() * 61 + at(0) * 7 + at(word.size() - 1) * 31 + at(word.size() / 2) * 113;
  }
  std::array<std::string_view, kSlots> slots_{};
};

constexpr WordSet kElementSet(kElements);
constexpr WordSet kAttributeSet(kAttributes);

bool StartsWithNoCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

/// A link or an image source that a browser would run as a program. Spaces and control characters are skipped, as browsers do.
bool IsActive(std::string_view url) {
  std::string plain;
  for (const char c : url) {
    if (static_cast<unsigned char>(c) > ' ') plain += c;
  }
  return StartsWithNoCase(plain, "javascript:") || StartsWithNoCase(plain, "vbscript:") ||
         StartsWithNoCase(plain, "data:text/html") || plain.find("&#") != std::string::npos;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : rest_(text) {}

  const char* Run() {
    SkipSpace();
    if (rest_.substr(0, 4) != "<div") return "must be one <div> element";
    while (problem_ == nullptr && !rest_.empty()) {
      if (rest_.front() == '<') {
        Markup();
      } else {
        Characters();
      }
      if (open_.empty()) break;
    }
    if (problem_ != nullptr) return problem_;
    if (!open_.empty()) return "an element is not closed";
    SkipSpace();
    if (!rest_.empty()) return "something follows the </div> that closes it";
    return nullptr;
  }

 private:
  void Fail(const char* problem) { problem_ = problem; }
  void SkipSpace() {
    while (!rest_.empty() && IsXmlSpace(rest_.front())) rest_.remove_prefix(1);
  }
  bool Take(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string_view Name() {
    size_t n = 0;
    while (n < rest_.size() && IsNameChar(rest_[n])) ++n;
    const std::string_view name = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return name;
  }

  void Markup() {
    if (Take("<!--")) {
      const size_t end = rest_.find("--");
      if (end == std::string_view::npos || rest_.substr(end, 3) != "-->")
        return Fail("a comment is not closed, or contains --");
      rest_.remove_prefix(end + 3);
    } else if (rest_.substr(0, 2) == "<!" || rest_.substr(0, 2) == "<?") {
      Fail("declarations, CDATA and processing instructions are not permitted");
    } else if (Take("</")) {
      const std::string_view name = Name();
      SkipSpace();
      if (!Take(">")) return Fail("an end tag is not closed");
      if (open_.empty() || open_.back() != name) return Fail("an end tag does not match the open element");
      open_.pop_back();
    } else {
      rest_.remove_prefix(1);
      StartTag();
    }
  }

  void StartTag() {
    const std::string_view name = Name();
    if (!kElementSet.Has(name)) return Fail("an element is not permitted in a narrative");
    const bool is_root = open_.empty();
    bool has_namespace = false;
    std::vector<std::string_view> seen;
    for (;;) {
      const bool space = !rest_.empty() && IsXmlSpace(rest_.front());
      SkipSpace();
      if (rest_.empty()) return Fail("a tag is not closed");
      if (rest_.front() == '>' || rest_.front() == '/') break;
      if (!space) return Fail("attributes must be parted by a space");
      const std::string_view attribute = Name();
      if (std::find(seen.begin(), seen.end(), attribute) != seen.end())
        return Fail("an attribute occurs twice in a tag");
      seen.push_back(attribute);
      if (!Attribute(attribute, &has_namespace)) return;
    }
    if (is_root && !has_namespace) return Fail("the <div> needs xmlns=\"http://www.w3.org/1999/xhtml\"");
    if (Take("/>")) return;
    if (!Take(">")) return Fail("a tag is not closed");
    if (open_.size() >= kDepthMax) return Fail("nested too deeply");
    open_.push_back(name);
  }

  bool Attribute(std::string_view name, bool* has_namespace) {
    SkipSpace();
    if (name.empty() || !Take("=")) return Fail("an attribute needs a name and a value"), false;
    SkipSpace();
    if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\''))
      return Fail("an attribute's value needs quotes"), false;
    const char quote = rest_.front();
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return Fail("an attribute's value is not closed"), false;
    const std::string_view value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (!IsText(value)) return false;
    if (name == "xmlns") {
      if (value != "http://www.w3.org/1999/xhtml")
        return Fail("xmlns must be http://www.w3.org/1999/xhtml"), false;
      *has_namespace = true;
      return true;
    }
    if (name != "xml:lang" && name != "xml:space" && !kAttributeSet.Has(name)) {
      return Fail("an attribute is not permitted in a narrative"), false;
    }
    if ((name == "href" || name == "src" || name == "cite" || name == "background" || name == "longdesc") &&
        IsActive(value)) {
      return Fail("a link must not run a program"), false;
    }
    if (name == "style" && (value.find("expression(") != std::string_view::npos || IsActive(value))) {
      return Fail("a style must not run a program"), false;
    }
    return true;
  }

  /// Characters and references, as XML wants them.
  bool IsText(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (!IsClass(kSpecial, c)) continue;
      if (c == '<') return Fail("< must be written as &lt;"), false;
      if (static_cast<unsigned char>(c) < 32) return Fail("contains a control character"), false;
      if (c == '\xEF' && (text.substr(i, 3) == "\xEF\xBF\xBE" || text.substr(i, 3) == "\xEF\xBF\xBF")) {
        return Fail("contains a character that XML does not permit"), false;
      }
      if (c == '&' && !IsReference(text.substr(i + 1, 34)))
        return Fail("has an & that begins no entity of HTML 4 or character of XML: & alone is &amp;"), false;
    }
    return true;
  }

  static bool IsReference(std::string_view text) {
    const size_t end = text.find(';');
    if (end == std::string_view::npos || end == 0) return false;
    text = text.substr(0, end);
    if (text.front() != '#') return IsXhtmlEntity(text);
    text.remove_prefix(1);
    const bool hex = !text.empty() && text.front() == 'x';
    if (hex) text.remove_prefix(1);
    uint32_t character = 0;
    const auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), character, hex ? 16 : 10);
    return error == std::errc() && stop == text.data() + text.size() && IsXmlChar(character);
  }

  /// XML 1.0 section 2.2.
  static bool IsXmlChar(uint32_t c) {
    return c == 9 || c == 10 || c == 13 || (c >= 32 && c < 0xD800) || (c >= 0xE000 && c < 0xFFFE) ||
           (c >= 0x10000 && c <= 0x10FFFF);
  }

  void Characters() {
    const size_t end = std::min(rest_.find('<'), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    IsText(text);
  }

  std::string_view rest_;
  std::vector<std::string_view> open_;
  const char* problem_ = nullptr;
};

}  // namespace

bool NarrativeHasContent(std::string_view text) {
  while (!text.empty()) {
    const size_t open = std::min(text.find('<'), text.size());
    if (text.substr(0, open).find_first_not_of(" \t\r\n") != std::string_view::npos) return true;
    text.remove_prefix(open);
    if (text.substr(0, 4) == "<img") return true;
    const std::string_view end = text.substr(0, 4) == "<!--" ? "-->" : ">";
    const size_t close = text.find(end);
    text.remove_prefix(close == std::string_view::npos ? text.size() : close + end.size());
  }
  return false;
}

NarrativeTargets ReadNarrativeTargets(std::string_view text) {
  NarrativeTargets out;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    if (text.substr(at, 4) == "<!--") {
      at = text.find("-->", at);
      if (at == std::string_view::npos) break;
      continue;
    }
    const size_t name_end = text.find_first_of(" \t\r\n/>", ++at);
    const std::string_view element = text.substr(at, name_end == std::string_view::npos ? 0 : name_end - at);
    for (at = name_end; at < text.size() && text[at] != '>';) {
      const size_t start = text.find_first_not_of(" \t\r\n/", at);
      const size_t quote = text.find_first_of("\"'>", at);
      if (start == std::string_view::npos || quote == std::string_view::npos) return out;
      at = quote;
      if (text[quote] == '>') break;
      const size_t end = text.find(text[quote], quote + 1);
      if (end == std::string_view::npos) return out;
      const std::string_view name = text.substr(start, text.find_first_of(" \t\r\n=", start) - start);
      const std::string_view value = text.substr(quote + 1, end - quote - 1);
      if (name == "href") out.links.push_back(value);
      if (name == "src") out.images.push_back(value);
      if (name == "id" || (name == "name" && element == "a")) out.anchors.push_back(value);
      at = end + 1;
    }
  }
  return out;
}

const char* NarrativeProblem(std::string_view text) { return Checker(text).Run(); }

}  // namespace tk::fhir
