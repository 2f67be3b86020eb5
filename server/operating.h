// What the program tells of itself to whoever runs it: what cannot be answered though all else is, and what works without being asked.
#pragma once

#include <string>
#include <vector>

#include "kernel/app/app.h"
#include "kernel/base/metrics.h"
#include "kernel/workflow/clerk.h"
#include "kernel/workflow/outbox.h"

namespace tk::server {

/// A sentence of each, appended; nothing of persons.
void AddLosses(const view::Engine& engine, std::vector<std::string>* reasons);

struct Workers {
  const view::Engine* engine = nullptr;
  const app::Runtime* apps = nullptr;
  const workflow::Clerk* clerk = nullptr;
  const workflow::Outbox* outbox = nullptr;  // null: no texts are sent
};
/// {"t": the log's last transaction, "rules": {"t", "fired", "made", "failed", "too_deep"}, "limits": {"t", "begun", "passed", "failed", "late_s_max"},
///  "texts": {"t", "notices", "texts", "nobody", "waiting"} (left out where none are sent), "told": [{"at", "level", "event", …}]}
/// Numbers are since the start; told: warnings and errors, newest first (base/diagnostics.h). t: up to where each has read the log.
std::string JobsJson(const Workers& workers);
/// The same as metrics. What is pointed to outlives them.
void AddJobMetrics(const Workers& workers, Metrics* metrics);

}  // namespace tk::server
