#!/usr/bin/env python3
"""Adds up JUnit files, and closing lines in .txt files, and prints the sum as the last line: `N passed, N failed`.

Skipped tests are counted on their own and named with their reason, so that what did not run is seen.
A missing or empty file, or --broken 1 (a runner that ended badly without naming a failed test), counts as a failure.
"""
import argparse
import datetime
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def read_closing_line(path):
    """The same rows from a runner's closing line: `what ran: 3 passed, 1 failed, 2 skipped`."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = re.findall(r"^(.*): (\d+) passed, (\d+) failed, (\d+) skipped$", text, re.MULTILINE)
    if not found:
        return []
    what, *counts = found[-1]
    reasons = {"failed": re.findall(r"^failed test: (.*)$", text, re.MULTILINE)}
    return [(f"{what}, {state} {number + 1}", state, 0.0, (reasons.get(state, [])[number:number + 1] or ["see its own output"])[0])
            for state, count in zip(("passed", "failed", "skipped"), counts) for number in range(int(count))]


def read_warnings(path):
    """What a runner had to play twice: told at the end, though it passed."""
    if not path.endswith(".txt") or not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        return re.findall(r"^failed the first time: .*$", file.read(), re.MULTILINE)


def read(path):
    """Lists (name, state, seconds, detail) of a JUnit file; state is passed, failed or skipped."""
    if path.endswith(".txt"):
        return read_closing_line(path)
    rows = []
    with open(path, encoding="utf-8", errors="replace") as file:
        # Runners copy a failure's text as it was, terminal colours and all; XML knows no such characters.
        text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", file.read())
    for case in ElementTree.fromstring(text.encode()).iter("testcase"):
        state, detail = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                state, detail = "failed", child.get("message", "")
            elif child.tag == "skipped":
                state, detail = "skipped", child.get("message", "")
        if case.get("status") in ("notrun", "disabled"):
            state = "skipped"
        rows.append((case.get("name", "?"), state, float(case.get("time") or 0), detail))
    return rows


def collect(paths):
    rows, broken = [], []
    for path in paths:
        try:
            found = read(path)
        except (OSError, ElementTree.ParseError) as error:
            broken.append(f"{path}: {error}")
            continue
        if not found:
            broken.append(f"{path}: no tests in it")
        rows += found
    return rows, broken


def write_report(path, rows, counts):
    slow = sorted(rows, key=lambda row: -row[2])[:20]
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"# All tests, the long ones too, {datetime.date.today()}\n\n")
        out.write(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped\n\n")
        for name, state, _, detail in rows:
            if state != "passed":
                out.write(f"- {state}: {name} {detail}\n")
        out.write("\n| slowest | seconds |\n|---|---|\n")
        for name, _, seconds, _ in slow:
            out.write(f"| {name} | {seconds:.2f} |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("--report")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    rows, broken = collect(args.files)
    counts = {state: sum(row[1] == state for row in rows) for state in ("passed", "failed", "skipped")}
    if args.broken and counts["failed"] == 0 and not broken:
        broken.append("a test runner ended badly without naming a failed test")
    for name, state, _, detail in rows:
        if state != "passed":
            print(f"{state}: {name}  {detail}".rstrip())
    for line in (line for path in args.files for line in read_warnings(path)):
        print(line)
    for line in broken:
        print(f"failed: {line}")
    counts["failed"] += len(broken)
    if args.report:
        write_report(args.report, rows, counts)
        print(f"report: {os.path.relpath(args.report)}")
    if counts["skipped"]:
        print(f"{counts['skipped']} skipped")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
