#include "kernel/base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <sstream>

namespace tk {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter* counter) : counter_(counter) {}
  void Increment(double by) override { counter_->Increment(by); }

 private:
  prometheus::Counter* counter_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_->Observe(value); }

 private:
  prometheus::Histogram* histogram_;
};

struct ReadMetric {
  std::string name, help;
  MetricLabels labels;
  std::function<double()> read;
  prometheus::MetricType type;
};

prometheus::Labels ToLabels(const MetricLabels& labels) { return {labels.begin(), labels.end()}; }

}  // namespace

struct Metrics::Impl {
  mutable std::mutex mutex;
  prometheus::Registry registry;
  // prometheus-cpp hands out the same object for the same labels; these are our faces of them.
  std::map<prometheus::Counter*, std::unique_ptr<PrometheusCounter>> counters;
  std::map<prometheus::Histogram*, std::unique_ptr<PrometheusHistogram>> histograms;
  std::vector<ReadMetric> reads;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter* Metrics::AddCounter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  const std::lock_guard<std::mutex> hold(impl_->mutex);
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
  prometheus::Counter* const made = &family.Add(ToLabels(labels));
  auto& face = impl_->counters[made];
  if (face == nullptr) face = std::make_unique<PrometheusCounter>(made);
  return face.get();
}

Histogram* Metrics::AddHistogram(const std::string& name, const std::string& help, const MetricLabels& labels,
                                 const std::vector<double>& bounds) {
  const std::lock_guard<std::mutex> hold(impl_->mutex);
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
  prometheus::Histogram* const made = &family.Add(ToLabels(labels), bounds);
  auto& face = impl_->histograms[made];
  if (face == nullptr) face = std::make_unique<PrometheusHistogram>(made);
  return face.get();
}

void Metrics::AddGauge(const std::string& name, const std::string& help, const MetricLabels& labels,
                       std::function<double()> read) {
  const std::lock_guard<std::mutex> hold(impl_->mutex);
  impl_->reads.push_back({name, help, labels, std::move(read), prometheus::MetricType::Gauge});
}

void Metrics::AddReadCounter(const std::string& name, const std::string& help, const MetricLabels& labels,
                             std::function<double()> read) {
  const std::lock_guard<std::mutex> hold(impl_->mutex);
  impl_->reads.push_back({name, help, labels, std::move(read), prometheus::MetricType::Counter});
}

std::string Metrics::Text() const {
  const std::lock_guard<std::mutex> hold(impl_->mutex);
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  std::map<std::string, size_t> at;
  for (const ReadMetric& metric : impl_->reads) {
    const auto [place, is_new] = at.emplace(metric.name, families.size());
    if (is_new) families.push_back({metric.name, metric.help, metric.type, {}});
    prometheus::ClientMetric value;
    for (const auto& [name, text] : metric.labels) value.label.push_back({name, text});
    if (metric.type == prometheus::MetricType::Gauge)
      value.gauge.value = metric.read();
    else
      value.counter.value = metric.read();
    families[place->second].metric.push_back(std::move(value));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace tk
