#include "kernel/search/code_nodes.h"

#include <algorithm>

#include "kernel/search/key_walk.h"

namespace tk::search {
namespace {

constexpr uint64_t kTextsBeforeSet = 500;       // of one question, before its entries are gathered
constexpr uint64_t kSetEntriesMax = 2'000'000;  // beyond which texts are read all the same

class CodesNode final : public Node {
 public:
  CodesNode(const Ground& ground, const Criterion& criterion, std::vector<uint64_t> keys)
      : ground_(ground),
        criterion_(criterion),
        keys_(std::move(keys)),
        matcher_(ground.setting.extractor, ground.type, criterion),
        negated_(criterion.modifier == "not-in") {}

  uint64_t Estimate() const override { return negated_ ? kNever : Entries(); }
  void Gather(const std::function<bool(const Candidate&)>& each) const override {
    for (const uint64_t key : keys_) {
      if (!ground_.meter.Tick(criterion_.name) || !GatherKey(ground_.look, key, each)) return;
    }
  }
  bool Holds(Candidate& candidate) const override {
    if (!has_set_ && (!ground_.texts.offered() || ++asked_ > kTextsBeforeSet)) MakeSet();
    if (has_set_) return std::binary_search(set_.begin(), set_.end(), candidate.ordinal) != negated_;
    const view::Resource* resource = ground_.texts.Read(candidate.ordinal);
    return resource != nullptr && matcher_.Holds(resource->document.Root());
  }
  bool ReadsTexts() const override { return true; }
  bool in_time() const override { return !negated_; }

 private:
  uint64_t Entries() const {
    if (entries_ != kNever) return entries_;
    uint64_t total = 0;
    for (const uint64_t key : keys_) {
      if (!ground_.meter.Tick(criterion_.name)) break;
      total += ground_.look.equality.CountAdds({key, 0}, {key | ~kKeyMask, ~uint64_t{0}});
    }
    return entries_ = total;
  }
  void MakeSet() const {
    if (ground_.texts.offered() && Entries() > kSetEntriesMax) return;
    has_set_ = true;
    Gather([this](const Candidate& candidate) {
      set_.push_back(candidate.ordinal);
      return ground_.meter.Keep(criterion_.name) && ground_.meter.Tick(criterion_.name);
    });
    std::sort(set_.begin(), set_.end());
  }
  const Ground& ground_;
  const Criterion& criterion_;
  const std::vector<uint64_t> keys_;
  const Matcher matcher_;
  const bool negated_;
  mutable uint64_t entries_ = kNever, asked_ = 0;
  mutable bool has_set_ = false;
  mutable std::vector<Ordinal> set_;  // of the resources that have one of the keys: sorted
};

}  // namespace

std::unique_ptr<Node> MakeCodesNode(const Ground& ground, const Criterion& criterion,
                                    std::vector<uint64_t> keys) {
  return std::make_unique<CodesNode>(ground, criterion, std::move(keys));
}

}  // namespace tk::search
