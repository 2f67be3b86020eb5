#!/usr/bin/env python3
"""Splink (PyPI, test-time only) beside ./tk bench linkage, on fake_1000, with the settings of its own two demos of that set.

Use:    bench/linkage_splink.py FOLDER/splink/fake_1000.csv      a Python that has `splink` (tested with 5.0.0)
Prints: rows of Markdown: fixed (match probability 0.5, its default in its accuracy demo) and best (threshold chosen with the labels); true
        pairs that its blocking did not bring together count as missed, as they do for us.
Source: settings after moj-analytical-services/splink docs/demos: tutorials/04 and examples/duckdb/accuracy_analysis_from_labels_column.
"""
import csv
import importlib.metadata
import logging
import sys
from collections import Counter

import duckdb
import splink.comparison_library as cl
from splink import ColumnExpression, DuckDBAPI, Linker, SettingsCreator, block_on

RULES_ACCURACY = [
    "l.first_name = r.first_name and levenshtein(r.dob::VARCHAR, l.dob::VARCHAR) <= 1",
    "l.surname = r.surname and levenshtein(r.dob::VARCHAR, l.dob::VARCHAR) <= 1",
    "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
    "l.email = r.email",
]
RULES_TUTORIAL = [
    block_on("first_name", "dob"),
    "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
    block_on("email"),
]


def of_accuracy_demo():
    return {
        "name": "accuracy demo",
        "comparisons": [
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=False),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        "blocking": [block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        "rules": RULES_ACCURACY,
        "without_tf": True,
        "train": [block_on("dob"), block_on("email"), block_on("first_name", "surname")],
    }


def of_tutorial():
    return {
        "name": "tutorial",
        "comparisons": [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.LevenshteinAtThresholds(ColumnExpression("dob").cast_to_string(), 1),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        "blocking": [block_on("first_name", "city"), block_on("surname")],
        "rules": RULES_TUTORIAL,
        "without_tf": False,
        "train": [block_on("first_name", "surname"), block_on("dob")],
    }


def of_all_pairs():
    """The accuracy demo's comparisons of every pair of records, so that its blocking is not what limits it."""
    every = of_accuracy_demo()
    every["name"] = "accuracy demo, all pairs"
    every["blocking"] = ["1=1"]
    return every


def scored(file, setting):
    connection = duckdb.connect()
    connection.execute(f"create table people as select * from read_csv_auto('{file}')")
    data = connection.table("people")
    api = DuckDBAPI(connection)
    frame = api.register(data)
    settings = SettingsCreator(link_type="dedupe_only", comparisons=setting["comparisons"],
                               blocking_rules_to_generate_predictions=setting["blocking"])
    linker = Linker(frame, settings)
    linker.training.estimate_probability_two_random_records_match(setting["rules"], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=5)
    for rule in setting["train"]:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=setting["without_tf"])
    predicted = linker.inference.predict()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=0.5)
    pairs = [(r["match_probability"], r["unique_id_l"], r["unique_id_r"]) for r in predicted.as_record_list()]
    return pairs, {r["unique_id"]: r["cluster_id"] for r in clusters.as_record_list()}


def accuracy(right, found, total):
    return right / found if found else 0.0, right / total, 2 * right / (found + total)


def pairs_within(names):
    return sum(n * (n - 1) // 2 for n in Counter(names).values())


def main():
    logging.getLogger("splink").setLevel(logging.ERROR)
    file = sys.argv[1]
    with open(file, encoding="utf-8") as source:
        person = {int(row["unique_id"]): row["cluster"] for row in csv.DictReader(source)}
    total = pairs_within(person.values())
    print("\n| on fake_1000 | records | true pairs | reached | pairs compared | fixed: precision | recall | F1 "
          "| best: precision | recall | F1 | clusters at 0.5: precision | recall | F1 |\n" + "|---" * 14 + "|")
    for setting in (of_accuracy_demo(), of_tutorial(), of_all_pairs()):
        found_pairs, cluster = scored(file, setting)
        pairs = sorted(((p, person[a] == person[b]) for p, a, b in found_pairs), reverse=True)
        right = found = 0
        best, fixed = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
        for i, (probability, same) in enumerate(pairs):
            right, found = right + same, found + 1
            if i + 1 < len(pairs) and pairs[i + 1][0] == probability:
                continue
            here = accuracy(right, found, total)
            best = max(best, here, key=lambda a: a[2])
            if probability >= 0.5:
                fixed = here
        joined = accuracy(pairs_within((cluster[i], person[i]) for i in person), pairs_within(cluster.values()), total)
        print(f"| Splink {importlib.metadata.version('splink')}, {setting['name']} | {len(person)} | {total} | "
              f"{sum(s for _, s in pairs)} | {len(pairs)} | " + " | ".join(f"{x:.4f}" for x in fixed) + " | "
              + " | ".join(f"{x:.4f}" for x in best) + " | " + " | ".join(f"{x:.4f}" for x in joined) + " |")


if __name__ == "__main__":
    main()
