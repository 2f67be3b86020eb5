// How the C++ of an app asks the index for all records of a kind, and answers with JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/app/app.h"

namespace tk::app {

/// All that `criteria` (a search as in the API) finds at `position` and within `scope`, from the index alone, in its order.
/// Errors: of the search; kTooLarge over `max`. Cost: some µs and the records found.
Result<std::vector<view::Ordinal>> FindAll(const Context& context, std::string_view type,
                                           const std::string& criteria, const view::Scope& scope,
                                           const view::Position& position, size_t max);

interaction::Response JsonAnswer(int status, std::string body);

}  // namespace tk::app
