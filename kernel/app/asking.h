// How the C++ of an app, and what a pack is served by, ask the interactions and the index, and answer with JSON.
#pragma once

#include <cstdint>
#include <memory>
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

/// The owners of these Patients (ids; "" and those that are not there are left out), as the audit is told of them (Response::audit_owners): of persons whom a
/// request named, wrote about or only looked up. Cost: a look-up in memory each.
std::vector<uint32_t> AuditOwnersOf(const Context& context, const std::vector<std::string>& patients);

/// The platform itself: it reads and writes everything.
std::shared_ptr<const access::Viewer> PlatformViewer();
/// Waits for the answer: of a read it is there at once.
interaction::Response Ask(const interaction::Interactions& interactions, interaction::Request request);

interaction::Response JsonAnswer(int status, std::string body);

}  // namespace tk::app
