// A part of a document as a document of its own: text and nodes are copied and moved, nothing is parsed again.
#include <algorithm>

#include "kernel/fhir/value.h"

namespace tk::fhir {
namespace {

bool IsPlain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
}

}  // namespace

class PartBuilder {
 public:
  PartBuilder(Value part, std::vector<TextEdit> edits, std::string_view new_id)
      : part_(part), edits_(std::move(edits)) {
    if (new_id.empty()) return;
    const Value type = part_["resourceType"];  // by its text: the table of names may not know it yet
    id_name_ = Names::Find("id");
    simple_ = type.is_string() && id_name_ != kUnknownName && IsPlain(new_id);
    if (!type.is_string()) return;
    id_place_ = type.index() + 1 - part_.index();
    id_size_ = static_cast<uint32_t>(new_id.size());
    TextEdit insertion;
    insertion.at = insert_at_ = type.node().at + type.node().size + 1 - part_.node().at;
    insertion.size = 0;
    insertion.replacement.append(R"(,"id":")").append(new_id).append("\"");
    const auto place = std::lower_bound(edits_.begin(), edits_.end(), insertion,
                                        [](const TextEdit& a, const TextEdit& b) { return a.at < b.at; });
    edits_.insert(place, std::move(insertion));
  }

  Result<Document> Build() {
    if (!part_.is_object() || !Simple()) return Document::Parse(TRY(ApplyEdits(part_.Json(), edits_)));
    Document out;
    out.text_ = TRY(ApplyEdits(part_.Json(), edits_));
    Measure();
    const uint32_t first = part_.index();
    const uint32_t count = part_.node().end - first;
    const std::vector<Node>& nodes = part_.document()->nodes_;
    const bool adds_id = id_place_ != 0;
    out.nodes_.resize(count + (adds_id ? 1 : 0));
    Node* to = out.nodes_.data();
    for (uint32_t i = 0; i < count; ++i) {
      if (adds_id && i == id_place_) *to++ = IdNode();
      *to++ = Moved(nodes[first + i]);
    }
    if (adds_id && id_place_ == count) *to = IdNode();
    out.nodes_[0].name = kNoName;
    out.nodes_[0].escaped &= kHasSiblings;
    out.nodes_[0].end = static_cast<uint32_t>(out.nodes_.size());
    return out;
  }

 private:
  bool Simple() const {
    for (const TextEdit& edit : edits_) {
      if (edit.size == 0 && edit.at != insert_at_) return false;
      if (edit.size != 0 && !IsPlain(edit.replacement)) return false;
    }
    return simple_;
  }

  // ends_[i] = the first byte after edit i, shifts_[i] = how far what follows it moves.
  void Measure() {
    int64_t shift = 0;
    for (const TextEdit& edit : edits_) {
      shift += static_cast<int64_t>(edit.replacement.size()) - edit.size;
      ends_.push_back(edit.at + edit.size);
      shifts_.push_back(shift);
    }
  }

  uint32_t MovedTo(uint32_t at) const {
    size_t behind = ends_.size();
    if (behind > 8) {
      behind = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin());
    } else {
      while (behind > 0 && ends_[behind - 1] > at) --behind;
    }
    return behind == 0 ? at : static_cast<uint32_t>(at + shifts_[behind - 1]);
  }

  bool IsReplaced(uint32_t at, uint32_t size) const {
    return std::any_of(edits_.begin(), edits_.end(),
                       [&](const TextEdit& edit) { return edit.at == at && edit.size == size; });
  }

  Node Moved(Node node) const {
    const uint32_t at = node.at - part_.node().at;
    if ((node.escaped & kEscapedValue) != 0 && IsReplaced(at, node.size)) node.escaped &= kEscapedName;
    node.size = MovedTo(at + node.size);
    node.at = MovedTo(at);
    node.size -= node.at;
    node.end -= part_.index();
    if (id_place_ != 0 && node.end > id_place_) ++node.end;
    return node;
  }

  Node IdNode() const {
    return {MovedTo(insert_at_) - id_size_ - 1, id_size_, id_place_ + 1, id_name_, Kind::kString, 0};
  }

  const Value part_;
  std::vector<TextEdit> edits_;
  bool simple_ = true;
  uint32_t id_place_ = 0;  // among the part's nodes; 0 = none is put in
  uint32_t insert_at_ = 0, id_size_ = 0;
  NameId id_name_ = kNoName;
  std::vector<uint32_t> ends_;
  std::vector<int64_t> shifts_;
};

Result<Document> Document::OfPart(Value part, std::vector<TextEdit> edits, std::string_view new_id) {
  return PartBuilder(part, std::move(edits), new_id).Build();
}

}  // namespace tk::fhir
