#include "kernel/fhir/path/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>
#include <re2/re2.h>

#include <algorithm>

namespace tk::fhir::path {
namespace {

Error NoSuchGroup() {
  return MakeError(ErrorCode::kIncorrect, "the replacement names a group that the pattern lacks");
}
Error TooLong() { return MakeError(ErrorCode::kTooLarge, "the text is too long"); }

class LinearPattern final : public Pattern {
 public:
  LinearPattern(const std::string& pattern, std::string_view flags)
      : expression_(pattern, OptionsOf(flags)) {}
  const RE2& expression() const { return expression_; }

  // A text of every byte's states: RE2 goes on without a table when that grows too large.
  uint64_t WorkFor(size_t bytes) const override { return bytes / 8 * (1 + states() / 256) + 1; }
  uint64_t making_work() const override { return 20 + states(); }

  Result<bool> Matches(std::string_view text, bool full) const override {
    const re2::StringPiece piece(text.data(), text.size());
    return full ? RE2::FullMatch(piece, expression_) : RE2::PartialMatch(piece, expression_);
  }
  Result<std::string> ReplaceAll(std::string_view text, std::string_view substitution,
                                 size_t bytes_max) const override {
    const std::string rewrite = Rewrite(substitution);
    std::string why;
    if (!expression_.CheckRewriteString(rewrite, &why)) return NoSuchGroup();
    std::string result(text);
    if (!expression_.pattern().empty()) RE2::GlobalReplace(&result, expression_, rewrite);
    if (result.size() > bytes_max) return TooLong();
    return result;
  }

 private:
  uint64_t states() const { return static_cast<uint64_t>(std::max(0, expression_.ProgramSize())); }
  static RE2::Options OptionsOf(std::string_view flags) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(8 << 20);
    options.set_dot_nl(true);
    options.set_case_sensitive(flags.find('i') == std::string_view::npos);
    return options;
  }
  /// FHIRPath writes groups as $1 and ${name}, RE2 as \1.
  std::string Rewrite(std::string_view substitution) const {
    std::string out;
    for (size_t i = 0; i < substitution.size(); ++i) {
      const char c = substitution[i];
      const char next = i + 1 < substitution.size() ? substitution[i + 1] : '\0';
      if (c == '\\' && next == '$') {
        out += '$';
        ++i;
      } else if (c == '\\') {
        out += "\\\\";
      } else if (c == '$' && next >= '0' && next <= '9') {
        out += '\\';
      } else if (c == '$' && next == '{' && substitution.find('}', i) != std::string_view::npos) {
        const size_t end = substitution.find('}', i);
        const auto& groups = expression_.NamedCapturingGroups();
        const auto group = groups.find(std::string(substitution.substr(i + 2, end - i - 2)));
        // RE2 rewrites with nine groups at most.
        if (group == groups.end() || group->second > 9) return "\\9";
        out += fmt::format("\\{}", group->second);
        i = end;
      } else {
        out += c;
      }
    }
    return out;
  }

  const RE2 expression_;
};

class SteppedPattern final : public Pattern {
 public:
  static Result<std::unique_ptr<const Pattern>> Make(std::string_view pattern, std::string_view flags) {
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C;
    if (flags.find('i') != std::string_view::npos) options |= PCRE2_CASELESS;
    if (flags.find('m') != std::string_view::npos) options |= PCRE2_MULTILINE;
    int error = 0;
    size_t at = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                                     &error, &at, nullptr);
    if (code == nullptr) {
      PCRE2_UCHAR text[256];
      pcre2_get_error_message(error, text, sizeof(text));
      return MakeError(ErrorCode::kIncorrect,
                       fmt::format("{} (at its character {})", reinterpret_cast<const char*>(text), at));
    }
    return std::unique_ptr<const Pattern>(new SteppedPattern(code));
  }
  ~SteppedPattern() override {
    pcre2_match_context_free(limits_);
    pcre2_code_free(code_);
  }

  // Up to kStepsMax steps, a millisecond or two, whatever the text.
  uint64_t WorkFor(size_t bytes) const override { return 1000 + bytes; }
  uint64_t making_work() const override { return 500; }

  Result<bool> Matches(std::string_view text, bool full) const override {
    const Found found(code_);
    const uint32_t how = full ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
    return TRY(Match(text, 0, how, found)) > 0;
  }
  Result<std::string> ReplaceAll(std::string_view text, std::string_view substitution,
                                 size_t bytes_max) const override {
    const Found found(code_);
    std::string out;
    size_t at = 0;
    while (at <= text.size() && TRY(Match(text, at, 0, found)) > 0) {
      const size_t* const ends = pcre2_get_ovector_pointer(found.data);
      if (ends[1] < ends[0]) break;  // \K within a look-ahead: what it would mean to replace is not defined
      out.append(text.substr(at, ends[0] - at));
      TRY(AppendReplacement(text, substitution, found, &out));
      const bool nothing = ends[1] == ends[0];
      at = ends[1];
      // An empty match moves on by one whole character.
      for (bool first = true; nothing && at < text.size() && (first || (text[at] & 0xc0) == 0x80);
           first = false)
        out += text[at++];
      if (nothing && ends[1] == text.size()) ++at;
      if (out.size() > bytes_max) return TooLong();
    }
    if (at < text.size()) out.append(text.substr(at));
    if (out.size() > bytes_max) return TooLong();
    return out;
  }

 private:
  static constexpr uint32_t kStepsMax = 200'000, kHeapKbMax = 8 << 10;

  struct Found {
    explicit Found(const pcre2_code* code) : data(pcre2_match_data_create_from_pattern(code, nullptr)) {}
    ~Found() { pcre2_match_data_free(data); }
    Found(const Found&) = delete;
    Found& operator=(const Found&) = delete;
    pcre2_match_data* const data;
  };

  explicit SteppedPattern(pcre2_code* code) : code_(code), limits_(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(limits_, kStepsMax);
    pcre2_set_depth_limit(limits_, kStepsMax);
    pcre2_set_heap_limit(limits_, kHeapKbMax);
  }
  /// > 0: found.
  Result<int> Match(std::string_view text, size_t from, uint32_t how, const Found& found) const {
    const int got = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, how,
                                found.data, limits_);
    if (got > 0) return got;
    if (got == PCRE2_ERROR_NOMATCH) return 0;
    return MakeError(ErrorCode::kTooLarge, "the pattern takes too many steps on this text");
  }
  Status AppendReplacement(std::string_view text, std::string_view substitution, const Found& found,
                           std::string* out) const {
    const size_t* const ends = pcre2_get_ovector_pointer(found.data);
    const uint32_t groups = pcre2_get_ovector_count(found.data);
    const auto group = [&](uint32_t number) -> Status {
      if (number >= groups) return NoSuchGroup();
      if (ends[2 * number] != PCRE2_UNSET)
        out->append(text.substr(ends[2 * number], ends[2 * number + 1] - ends[2 * number]));
      return {};
    };
    for (size_t i = 0; i < substitution.size(); ++i) {
      const char c = substitution[i];
      const char next = i + 1 < substitution.size() ? substitution[i + 1] : '\0';
      if (c == '\\' && next == '$') {
        *out += '$';
        ++i;
      } else if (c == '$' && next >= '0' && next <= '9') {
        TRY(group(static_cast<uint32_t>(next - '0')));
        ++i;
      } else if (c == '$' && next == '{' && substitution.find('}', i) != std::string_view::npos) {
        const size_t end = substitution.find('}', i);
        const std::string name(substitution.substr(i + 2, end - i - 2));
        const int number =
            pcre2_substring_number_from_name(code_, reinterpret_cast<PCRE2_SPTR>(name.c_str()));
        if (number < 0) return NoSuchGroup();
        TRY(group(static_cast<uint32_t>(number)));
        i = end;
      } else {
        *out += c;
      }
    }
    return {};
  }

  pcre2_code* const code_;
  pcre2_match_context* const limits_;
};

/// RE2 writes named groups as (?P<name>…), and flag "m" as (?m).
std::string InWordsOfRe2(std::string_view pattern, std::string_view flags) {
  std::string own = flags.find('m') == std::string_view::npos ? "" : "(?m)";
  for (size_t i = 0; i < pattern.size(); ++i) {
    own += pattern[i];
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      own += pattern[++i];
    } else if (pattern.substr(i, 3) == "(?<" && i + 3 < pattern.size() && pattern[i + 3] != '=' &&
               pattern[i + 3] != '!') {
      own += "?P";
      ++i;
    }
  }
  return own;
}

/// \u4e00, as JavaScript and Java write a character, is \x{4e00} in both engines.
std::string WithCharacters(std::string_view pattern) {
  constexpr size_t kDigits = 4;
  std::string own;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      own += pattern[i];
      continue;
    }
    const std::string_view digits = pattern.substr(i + 2, kDigits);
    const bool is_character = pattern[i + 1] == 'u' && digits.size() == kDigits &&
                              digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    if (is_character)
      own.append("\\x{").append(digits).append("}");
    else
      own.append(pattern.substr(i, 2));
    i += is_character ? 1 + kDigits : 1;
  }
  return own;
}

}  // namespace

Result<std::unique_ptr<const Pattern>> Pattern::Make(std::string_view given, std::string_view flags) {
  const std::string pattern = WithCharacters(given);
  auto linear = std::make_unique<LinearPattern>(InWordsOfRe2(pattern, flags), flags);
  const RE2& expression = linear->expression();
  if (expression.ok()) return std::unique_ptr<const Pattern>(std::move(linear));
  const RE2::ErrorCode code = expression.error_code();
  const bool not_linear =
      code == RE2::ErrorBadPerlOp || code == RE2::ErrorBadEscape || code == RE2::ErrorRepeatArgument;
  if (not_linear) return SteppedPattern::Make(pattern, flags);
  return MakeError(ErrorCode::kIncorrect, expression.error());
}

}  // namespace tk::fhir::path
