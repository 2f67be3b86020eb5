#include "city/lives_tables.h"

#include "city/table_node.h"
#include "kernel/base/error.h"

namespace tk::city {
namespace {

/// The place of a name in a list; a fault when it has none.
template <class List, class Key>
size_t PlaceOf(const List& list, Key key, const Node& name) {
  const std::string wanted = name.Text();
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].*key == wanted) return i;
  }
  name.Fail(name.path(), "names what the table does not have");
  return 0;
}

std::vector<uint32_t> AgesOf(const Node& node) {
  std::vector<uint32_t> ages;
  for (const Node& item : node.Items()) ages.push_back(item.Count(120));
  if (ages.empty() || ages[0] != 0 || !std::is_sorted(ages.begin(), ages.end()))
    node.Fail(node.path(), "must be rising ages from 0");
  return ages;
}

template <class List, class Key>
std::vector<Chosen> ChosenOf(const Node& node, const List& list, Key key) {
  std::vector<Chosen> all;
  for (const Node& item : node.Items()) {
    const auto parts = item.Items();
    if (parts.size() != 2) {
      item.Fail(item.path(), "must be a name and a share");
      continue;
    }
    all.push_back({PlaceOf(list, key, parts[0]), parts[1].Count(100)});
  }
  return all;
}

Drug DrugOf(const Node& node) {
  return {node["code"].Text(),   node["text"].Text(),    node["unit"].Text(),
          node["dose"].Number(), node["times"].Count(9), node["days"].Count(90)};
}

/// Without what diseases do to it: conditions and measures name each other.
Measure MeasureFrom(const Node& node) {
  Measure measure{};
  measure.kind = node["kind"].Text();
  measure.code = node["code"].Text();
  measure.text = node["text"].Text();
  measure.unit = node["unit"].Text();
  measure.decimals = static_cast<int>(node["decimals"].Count(2));
  measure.has_range = node.Has("low");
  if (measure.has_range) {
    const auto low = node["low"].Numbers(2), high = node["high"].Numbers(2);
    measure.low = {low[0], low[1]};
    measure.high = {high[0], high[1]};
  }
  measure.mean = {node["female"].Number(), node["male"].Number()};
  measure.per_year = node["per_year"].Signed();
  measure.sd = node["sd"].Number();
  measure.noise = node["noise"].Number();
  measure.least = node["least"].Number();
  measure.most = node["most"].Number();
  measure.fever = node.Has("fever") ? node["fever"].Number() : 1;
  return measure;
}

ConditionKind ConditionFrom(const Node& node, const LivesTables& lives) {
  ConditionKind condition{};
  condition.kind = node["kind"].Text();
  condition.code = node["code"].Text();
  condition.text = node["text"].Text();
  const auto ages = AgesOf(node["from"]);
  condition.per_10000 = {Steps{ages, node["female"].Counts(ages.size())},
                         Steps{ages, node["male"].Counts(ages.size())}};
  condition.diagnosed_per_1000 = node["diagnosed_per_1000"].Count(1000);
  condition.treated_per_1000 = node["treated_per_1000"].Count(1000);
  condition.controlled_per_1000 = node["controlled_per_1000"].Count(1000);
  condition.visits_per_year = node["visits_per_year"].Count(52);
  condition.metabolic = node["metabolic"].Truth();
  condition.departments = node["departments"].Texts();
  condition.drugs = ChosenOf(node["drugs"], lives.drugs, &Drug::code);
  for (const Node& test : node["tests"].Items())
    condition.tests.push_back(PlaceOf(lives.measures, &Measure::kind, test));
  return condition;
}

void ReadEffects(const Node& node, const LivesTables& lives, Measure* measure) {
  for (const Node& row : node["with"].Items()) {
    const auto parts = row.Items();
    if (parts.size() != 4) return row.Fail(row.path(), "must be a disease and three numbers");
    measure->with.push_back({PlaceOf(lives.conditions, &ConditionKind::kind, parts[0]), parts[1].Number(),
                             parts[2].Number(), parts[3].Signed()});
  }
}

void ReadIllnesses(const Node& node, LivesTables* lives) {
  std::vector<std::vector<double>> weights(lives->visits_per_100_years.from.size());
  for (const Node& item : node.Items()) {
    Illness illness;
    illness.code = item["code"].Text();
    illness.text = item["text"].Text();
    illness.fever_percent = item["fever_percent"].Count(100);
    illness.departments = item["departments"].Texts();
    illness.drugs = ChosenOf(item["drugs"], lives->drugs, &Drug::code);
    illness.tests = ChosenOf(item["tests"], lives->measures, &Measure::kind);
    const auto weight = item["weight"].Numbers(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) weights[i].push_back(weight[i]);
    lives->illnesses.push_back(std::move(illness));
  }
  for (auto& weight : weights) {
    double sum = 0;
    for (const double one : weight) sum += one;
    if (sum <= 0) {
      node.Fail(node.path(), "must have a weight at every age");
      weight.assign(1, 1);
    }
    lives->illness.emplace_back(weight);
  }
}

Vaccine VaccineOf(const Node& node) {
  return {node["code"].Text(),
          node["text"].Text(),
          node["dose"].Count(9),
          node["days"].Count(10000),
          node["percent"].Count(100),
          node.Has("born_from") ? node["born_from"].Count(3000) : 0,
          node.Has("born_before") ? node["born_before"].Count(3000) : 9999};
}

Growth GrowthOf(const Node& node) {
  Growth growth;
  for (const Node& day : node["days"].Items()) growth.days.push_back(day.Count(10000));
  growth.percent = node["percent"].Count(100);
  growth.head_until_days = node["head_until_days"].Count(10000);
  const auto medians = [&](const char* what) {
    return std::array{node[what]["female"].Numbers(growth.days.size()),
                      node[what]["male"].Numbers(growth.days.size())};
  };
  growth.weight = medians("weight");
  growth.length = medians("length");
  growth.head = medians("head");
  return growth;
}

PregnancyTable PregnancyOf(const Node& node) {
  PregnancyTable table;
  const auto ages = AgesOf(node["from"]);
  table.births_per_10000_years = {ages, node["births_per_10000_years"].Counts(ages.size())};
  for (const Node& week : node["visit_weeks"].Items()) table.visit_weeks.push_back(week.Count(42));
  table.percent_seen = node["percent_seen"].Count(100);
  table.diabetes_per_1000 = node["diabetes_per_1000"].Count(1000);
  for (const Node& week : node["weeks"].Items()) table.weeks.push_back(week.Count(42));
  table.week = Weighted(node["weeks_weight"].Numbers(table.weeks.size()));
  return table;
}

}  // namespace

size_t LivesTables::MeasureOf(std::string_view kind) const {
  const auto found =
      std::find_if(measures.begin(), measures.end(), [&](const Measure& m) { return m.kind == kind; });
  CHECK(found != measures.end());
  return static_cast<size_t>(found - measures.begin());
}

LivesTables LivesOf(const Node& node) {
  LivesTables lives{};
  for (const Node& item : node["drugs"].Items()) lives.drugs.push_back(DrugOf(item));
  const auto measures = node["measures"].Items();
  for (const Node& item : measures) lives.measures.push_back(MeasureFrom(item));
  for (const Node& item : node["conditions"].Items()) lives.conditions.push_back(ConditionFrom(item, lives));
  if (lives.conditions.size() > kConditionsMax) node.Fail(node.path() + ".conditions", "are too many");
  for (size_t i = 0; i < measures.size(); ++i) ReadEffects(measures[i], lives, &lives.measures[i]);
  for (const Node& test : node["annual_tests"].Items())
    lives.annual_tests.push_back(PlaceOf(lives.measures, &Measure::kind, test));
  lives.years_of_results = node["years_of_results"].Count(20);
  lives.exam_from_age = node["older"]["from_age"].Count(120);
  lives.exam_percent = node["older"]["exam_percent"].Count(100);
  const auto ages = AgesOf(node["visits"]["from"]);
  lives.visits_per_100_years = {ages, node["visits"]["per_100_years"].Counts(ages.size())};
  ReadIllnesses(node["illnesses"], &lives);
  for (const Node& item : node["vaccines"].Items()) lives.vaccines.push_back(VaccineOf(item));
  lives.growth = GrowthOf(node["growth"]);
  lives.pregnancy = PregnancyOf(node["pregnancy"]);
  return lives;
}

}  // namespace tk::city
