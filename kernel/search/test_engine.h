// For tests of the rooms above: the real engine with the real index, on SQLite in a folder of the test's.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "kernel/search/index.h"
#include "kernel/view/engine.h"

namespace tk::search {

/// Makes further views, of rooms above, for the slots behind the index.
using MoreTestViews = std::function<void(const view::Directory& directory, const HashKey& key,
                                         std::vector<std::unique_ptr<view::View>>* views)>;
/// `*index` is the engine's and lives as long as it.
inline Result<std::unique_ptr<view::Engine>> OpenTestEngine(
    const std::filesystem::path& folder, const Clock* clock, Index** index,
    const std::shared_ptr<const fhir::Definitions>& definitions = fhir::Definitions::R4(),
    const MoreTestViews& more = {}, const view::HiddenMarks& marks = {}) {
  view::EngineOptions options;
  options.folder = folder;
  options.log.folder = folder;
  options.definitions = definitions;
  options.clock = clock;
  options.hidden_marks = marks;
  return view::Engine::Create(options, [&](const view::Directory& directory, const HashKey& key) {
    IndexOptions index_options;
    index_options.folder = folder / "views/search";
    index_options.hash_key = key;
    auto made = Index::CreateRebuildable(definitions, index_options, &directory);
    *index = made.get();
    std::vector<std::unique_ptr<view::View>> views;
    views.push_back(std::move(made));
    if (more) more(directory, key, &views);
    return views;
  });
}

}  // namespace tk::search
