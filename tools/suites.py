#!/usr/bin/env python3
"""Runs the public suites in tools/suites/ and adds up what they print.

A suite is a program (*.py, *.mjs, *.sh) that prints, among whatever else, lines of the form
    NAME passed/total
    NAME passed/total, failing: case; case; ...
    NAME not here: where the data were looked for
It finds the build in TK_BUILD and the data in TK_SHARED (default ../shared). A line "tk-target: X" in it names what must be built before.
Ends with 1 when a case failed or a suite broke.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNNERS = {'.py': [sys.executable, '-B'], '.mjs': ['node'], '.sh': ['bash']}
RESULT = re.compile(r'^(?P<name>[\w .+-]+?) (?P<passed>\d+)/(?P<total>\d+)(?:, failing: (?P<failing>.*))?$')
ABSENT = re.compile(r'^(?P<name>[\w .+-]+?) not here: (?P<where>.*)$')
TARGET = re.compile(r'tk-target: *(\S+)')


def suites(names):
    found = sorted(path for path in (ROOT / 'tools/suites').iterdir() if path.suffix in RUNNERS)
    if names:
        found = [path for path in found if path.stem in names]
        for name in names:
            if all(path.stem != name for path in found):
                sys.exit(f'suites: there is no {name}')
    return found


def targets(paths):
    """What must be built, each once."""
    out = []
    for path in paths:
        for target in TARGET.findall(path.read_text(encoding='utf-8')):
            if target not in out:
                out.append(target)
    return out


def read_line(line, results, absent):
    """Takes up a line's result; True if it was one."""
    result = RESULT.match(line)
    if result:
        results.append((result['name'], int(result['passed']), int(result['total']), result['failing'] or ''))
        return True
    missing = ABSENT.match(line)
    if missing:
        absent.append((missing['name'], missing['where']))
    return bool(missing)


def run(path, results, absent):
    """Runs one suite, its lines shown as they come. An error text, or ''."""
    before = len(results) + len(absent)
    with subprocess.Popen(RUNNERS[path.suffix] + [str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end='', flush=True)
            read_line(line.rstrip('\n'), results, absent)
        code = process.wait()
    if len(results) + len(absent) == before:
        return f'{path.name} printed no result (it ended with {code})'
    return '' if code in (0, 1) else f'{path.name} ended with {code}'


def summary(results, absent, broken):
    lines = ['']
    for name, passed, total, failing in results:
        rate = 100 * passed / total if total else 100
        lines.append(f'{name:<28} {passed:>6}/{total:<6} {rate:6.2f} %' + (f'  failing: {failing}' if failing else ''))
    for name, where in absent:
        lines.append(f'{name:<28} not run: its data are not here ({where})')
    lines += [f'BROKEN: {text}' for text in broken]
    passed, total = sum(r[1] for r in results), sum(r[2] for r in results)
    lines.append(f'{"all suites":<28} {passed:>6}/{total:<6}')
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--targets', action='store_true', help='only print what must be built')
    parser.add_argument('names', nargs='*', help='of suites; all without any')
    options = parser.parse_args()
    paths = suites(options.names)
    if options.targets:
        print(' '.join(targets(paths)))
        return 0
    os.environ.setdefault('TK_SHARED', str((ROOT / '../shared').resolve()))
    results, absent, broken = [], [], []
    for path in paths:
        print(f'== {path.stem}', flush=True)
        error = run(path, results, absent)
        if error:
            broken.append(error)
    print(summary(results, absent, broken))
    return 1 if broken or any(passed < total for _, passed, total, _ in results) else 0


if __name__ == '__main__':
    sys.exit(main())
