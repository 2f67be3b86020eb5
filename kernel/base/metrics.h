// Counters, histograms and gauges for /metrics, in the text format of Prometheus. No personal data: labels are routes, types,
// statuses; never ids, names or accounts.
// Flow:   rooms take a handle once → Increment / Observe on the hot path → Metrics::Text on a scrape
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4), by prometheus-cpp.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tk {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// Grows only. Thread-safe; one atomic addition.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Increment(double by = 1) = 0;
};
/// Distribution over buckets that were fixed when it was made. Thread-safe; about 30 ns.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

/// Owns everything; handles live as long as it does. Thread-safe. Asking twice for the same name and labels gives the same handle.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter* AddCounter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  /// `bounds`: upper bounds, growing.
  Histogram* AddHistogram(const std::string& name, const std::string& help, const MetricLabels& labels,
                          const std::vector<double>& bounds);
  /// `read` is called at each scrape; it must be thread-safe and outlive this object's use.
  void AddGauge(const std::string& name, const std::string& help, const MetricLabels& labels,
                std::function<double()> read);
  /// A sum kept elsewhere (e.g. Engine::Statistics), shown as a counter.
  void AddReadCounter(const std::string& name, const std::string& help, const MetricLabels& labels,
                      std::function<double()> read);

  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tk
