// JSON Patch over a tree that is unfolded only along the paths the operations name; the rest stays a slice of its text.
#include "kernel/fhir/patch.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "kernel/fhir/json_text.h"

namespace tk::fhir {
namespace {

constexpr size_t kOperationsMax = 1000;
constexpr size_t kLevelsMax =
    200;  // the tree is walked by recursion; the result is parsed with the usual limit anyway
constexpr size_t kBytesMax = size_t{64} << 20;  // copy can double a document again and again

std::string Decoded(std::string_view raw) {
  std::string text;
  AppendUnescaped(raw, &text);
  return text;
}

/// A value that is changed: a slice of a document until something below it is touched.
struct Tree {
  struct Member;
  Value slice;  // when not unfolded
  bool unfolded = false;
  bool is_object = false;
  std::vector<Member> members;  // of an object, or items (names empty) of an array

  bool IsObject() const { return unfolded ? is_object : slice.is_object(); }
  bool IsArray() const { return unfolded ? !is_object : slice.is_array(); }
  void Unfold();
  void Print(std::string* out) const;
  size_t Size() const;
  size_t Levels() const;  // unfolded ones
};

struct Tree::Member {
  std::string name;      // characters
  std::string_view raw;  // as written, between the quotes; empty if `name` is to be written
  Tree value;
};

void Tree::Unfold() {
  if (unfolded) return;
  is_object = slice.is_object();
  for (const Value child : slice) {
    Member member;
    if (is_object) {
      member.raw = child.name_text();
      member.name = Decoded(member.raw);
    }
    member.value.slice = child;
    members.push_back(std::move(member));
  }
  unfolded = true;
}

void Tree::Print(std::string* out) const {
  if (!unfolded) {
    *out += slice.Json();
    return;
  }
  out->push_back(is_object ? '{' : '[');
  for (size_t i = 0; i < members.size(); ++i) {
    if (i != 0) out->push_back(',');
    if (is_object && members[i].raw.empty()) {
      AppendJsonString(members[i].name, out);
      out->push_back(':');
    } else if (is_object) {
      *out += '"';
      *out += members[i].raw;
      *out += "\":";
    }
    members[i].value.Print(out);
  }
  out->push_back(is_object ? '}' : ']');
}

size_t Tree::Size() const {
  if (!unfolded) return slice.Json().size();
  size_t size = 2;
  for (const Member& member : members) size += member.name.size() + 4 + member.value.Size();
  return size;
}

size_t Tree::Levels() const {
  size_t levels = 0;
  for (const Member& member : members) levels = std::max(levels, member.value.Levels());
  return unfolded ? levels + 1 : 0;
}

/// A number as sign, digits without zeros at either end, and power of ten: equal numbers have equal parts.
struct Decimal {
  bool negative = false;
  std::string digits;
  int64_t power = 0;
  bool operator==(const Decimal&) const = default;
};

Decimal ReadDecimal(std::string_view text) {
  Decimal d;
  d.negative = text.front() == '-';
  if (d.negative) text.remove_prefix(1);
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const size_t at = e + (text[e + 1] == '+' ? 2 : 1);
    const auto [end, failed] = std::from_chars(text.data() + at, text.data() + text.size(), d.power);
    constexpr int64_t kFar = int64_t{1} << 60;  // beyond what is told apart; such numbers are no quantities
    if (failed != std::errc()) d.power = text[at] == '-' ? -kFar : kFar;
    d.power = std::clamp(d.power, -kFar, kFar);
    text = text.substr(0, e);
  }
  for (size_t i = 0, point = text.find('.'); i < text.size(); ++i) {
    if (i == point) continue;
    d.digits += text[i];
    if (i > point && point != std::string_view::npos) --d.power;
  }
  d.digits.erase(0, d.digits.find_first_not_of('0'));
  while (!d.digits.empty() && d.digits.back() == '0') {
    d.digits.pop_back();
    ++d.power;
  }
  if (d.digits.empty()) return {};
  return d;
}

bool Equal(Value a, Value b);

bool EqualObjects(Value a, Value b) {
  std::vector<std::pair<std::string, Value>> left;
  std::vector<std::pair<std::string, Value>> right;
  for (const Value member : a) left.emplace_back(Decoded(member.name_text()), member);
  for (const Value member : b) right.emplace_back(Decoded(member.name_text()), member);
  const auto by_name = [](const auto& x, const auto& y) { return x.first < y.first; };
  std::sort(left.begin(), left.end(), by_name);
  std::sort(right.begin(), right.end(), by_name);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && Equal(x.second, y.second);
  });
}

/// Equality of RFC 6902 section 4.6: numbers by value, objects whatever the order of members.
bool Equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kNull:
    case Kind::kFalse:
    case Kind::kTrue:
      return true;
    case Kind::kNumber:
      return ReadDecimal(a.Number()) == ReadDecimal(b.Number());
    case Kind::kString:
      return a.ToString() == b.ToString();
    case Kind::kObject:
      return EqualObjects(a, b);
    case Kind::kArray:
      return std::equal(a.begin(), a.end(), b.begin(), b.end(), Equal);
  }
  return false;
}

using Pointer = std::vector<std::string>;

/// RFC 6901. nullopt if it is no JSON pointer.
std::optional<Pointer> ReadPointer(std::string_view text) {
  Pointer pointer;
  if (text.empty()) return pointer;
  if (text.front() != '/') return std::nullopt;
  for (const char c : text) {
    if (c == '/') {
      pointer.emplace_back();
    } else {
      pointer.back() += c;
    }
  }
  for (std::string& token : pointer) {
    std::string plain;
    for (size_t i = 0; i < token.size(); ++i) {
      if (token[i] != '~') {
        plain += token[i];
        continue;
      }
      if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
      plain += token[i] == '0' ? '~' : '/';
    }
    token = std::move(plain);
  }
  return pointer;
}

std::optional<size_t> ReadIndex(const std::string& token) {
  size_t index = 0;
  const auto [end, failed] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (failed != std::errc() || end != token.data() + token.size()) return std::nullopt;
  if (token.size() > 1 && token[0] == '0') return std::nullopt;
  return index;
}

class Patcher {
 public:
  explicit Patcher(Value target) : size_(target.Json().size()) { root_.slice = target; }

  Status Apply(size_t index, Value operation) {
    index_ = index;
    if (!operation.is_object()) return Malformed("must be an object");
    const std::string op = operation["op"].ToString();
    Pointer path;
    TRY(Read(operation, "path", &path));
    if (op == "remove") return Remove(path).ok_or_error();
    if (op == "move" || op == "copy") {
      Pointer from;
      TRY(Read(operation, "from", &from));
      return op == "move" ? Move(from, path) : Copy(from, path);
    }
    if (op != "add" && op != "replace" && op != "test")
      return Malformed("op must be add, remove, replace, move, copy or test");
    const Value value = operation["value"];
    if (!value.present()) return Malformed("value is missing");
    if (op == "test") return Test(path, value);
    Tree tree;
    tree.slice = value;
    TRY(Grow(value.Json().size()));
    return op == "add" ? Add(path, std::move(tree)) : Replace(path, std::move(tree));
  }

  std::string Print() const {
    std::string out;
    root_.Print(&out);
    return out;
  }

 private:
  struct Taken {
    Tree tree;
    std::unique_ptr<Error> error;
    Status ok_or_error() {
      if (error) return std::move(error);
      return {};
    }
  };

  std::string Where() const { return "[" + std::to_string(index_) + "]"; }
  Error Malformed(std::string_view text) const {
    return MakeIssue(ErrorCode::kIncorrect, "structure", Where(),
                     "JSON Patch, operation " + Where() + ": " + std::string(text));
  }
  Error Impossible(std::string_view text) const {
    return MakeIssue(ErrorCode::kInvalid, "processing", Where(),
                     "JSON Patch, operation " + Where() + ": " + std::string(text));
  }

  Status Read(Value operation, std::string_view member, Pointer* out) const {
    const Value value = operation[member];
    if (!value.is_string()) return Malformed(std::string(member) + " is missing or no string");
    auto pointer = ReadPointer(value.ToString());
    if (!pointer) return Malformed(std::string(member) + " is not a JSON pointer (RFC 6901)");
    *out = std::move(*pointer);
    return {};
  }

  Status Grow(size_t bytes) {
    size_ += bytes;
    if (size_ <= kBytesMax) return {};
    return MakeIssue(ErrorCode::kTooLarge, "too-long", Where(),
                     "JSON Patch: the result would be larger than 64 MB");
  }

  static Tree::Member* Child(Tree* tree, const std::string& token) {
    tree->Unfold();
    if (!tree->is_object) {
      const auto index = ReadIndex(token);
      return index && *index < tree->members.size() ? &tree->members[*index] : nullptr;
    }
    const auto found = std::find_if(tree->members.begin(), tree->members.end(),
                                    [&](const Tree::Member& member) { return member.name == token; });
    return found == tree->members.end() ? nullptr : &*found;
  }

  /// The tree at the first `depth` tokens; nullptr if there is none.
  Tree* Find(const Pointer& path, size_t depth) {
    Tree* tree = &root_;
    for (size_t i = 0; i < depth; ++i) {
      if (!tree->IsObject() && !tree->IsArray()) return nullptr;
      Tree::Member* const child = Child(tree, path[i]);
      if (child == nullptr) return nullptr;
      tree = &child->value;
    }
    return tree;
  }

  Status Add(const Pointer& path, Tree value) {
    if (path.size() + value.Levels() > kLevelsMax) return Impossible("the result would be nested too deeply");
    if (path.empty()) {
      root_ = std::move(value);
      return {};
    }
    Tree* const parent = Find(path, path.size() - 1);
    if (parent == nullptr) return Impossible("the place that path names has no parent");
    const std::string& token = path.back();
    if (parent->IsObject()) {
      if (Tree::Member* const known = Child(parent, token)) {
        known->value = std::move(value);
      } else {
        parent->members.push_back({token, {}, std::move(value)});
      }
      return {};
    }
    if (!parent->IsArray()) return Impossible("the parent of path is neither object nor array");
    parent->Unfold();
    const auto index = token == "-" ? parent->members.size() : ReadIndex(token);
    if (!index) return Impossible("path must end in an array index or -");
    if (*index > parent->members.size()) return Impossible("the array index of path is beyond the end");
    parent->members.insert(parent->members.begin() + static_cast<std::ptrdiff_t>(*index),
                           Tree::Member{{}, {}, std::move(value)});
    return {};
  }

  Taken Remove(const Pointer& path) {
    Taken taken;
    if (path.empty()) {
      taken.error = std::make_unique<Error>(Impossible("the whole document cannot be removed"));
      return taken;
    }
    Tree* const parent = Find(path, path.size() - 1);
    const bool holds = parent != nullptr && (parent->IsObject() || parent->IsArray());
    Tree::Member* const member = holds ? Child(parent, path.back()) : nullptr;
    if (member == nullptr) {
      taken.error = std::make_unique<Error>(Impossible("there is nothing at the path to take away"));
      return taken;
    }
    taken.tree = std::move(member->value);
    parent->members.erase(parent->members.begin() + (member - parent->members.data()));
    return taken;
  }

  Status Replace(const Pointer& path, Tree value) {
    Tree* const tree = Find(path, path.size());
    if (tree == nullptr) return Impossible("there is nothing at path to replace");
    *tree = std::move(value);
    return {};
  }

  Status Move(const Pointer& from, const Pointer& path) {
    if (from == path) {
      if (Find(from, from.size()) == nullptr) return Impossible("there is nothing at from");
      return {};
    }
    if (from.size() < path.size() && std::equal(from.begin(), from.end(), path.begin())) {
      return Impossible("a value cannot be moved into itself");
    }
    Taken taken = Remove(from);
    if (taken.error) return std::move(taken.error);
    return Add(path, std::move(taken.tree));
  }

  Status Copy(const Pointer& from, const Pointer& path) {
    const Tree* const tree = Find(from, from.size());
    if (tree == nullptr) return Impossible("there is nothing at from");
    TRY(Grow(tree->Size()));
    return Add(path, Tree(*tree));
  }

  Status Test(const Pointer& path, Value value) {
    const Tree* const tree = Find(path, path.size());
    if (tree == nullptr) return Impossible("there is nothing at path to test");
    bool same = false;
    if (!tree->unfolded) {
      same = Equal(tree->slice, value);
    } else {
      std::string text;
      tree->Print(&text);
      const Document now = TRY(Document::Parse(text));
      same = Equal(now.Root(), value);
    }
    if (!same) return Impossible("the value at path is not the one that test expects");
    return {};
  }

  Tree root_;
  size_t size_;
  size_t index_ = 0;
};

}  // namespace

Result<Document> ApplyJsonPatch(Value target, Value patch) {
  if (!patch.is_array()) {
    return MakeIssue(ErrorCode::kIncorrect, "structure", "", "JSON Patch: must be an array of operations");
  }
  if (patch.size() > kOperationsMax) {
    return MakeIssue(ErrorCode::kTooLarge, "too-long", "", "JSON Patch: has more than 1000 operations");
  }
  CHECK(target.present());
  Patcher patcher(target);
  size_t index = 0;
  for (const Value operation : patch) TRY(patcher.Apply(index++, operation));
  return Document::Parse(patcher.Print());
}

}  // namespace tk::fhir
