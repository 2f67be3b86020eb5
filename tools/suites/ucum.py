"""The functional tests of UCUM, in each edition that the corpus has. tk-target: kernel_ucum_test

The tests of kernel/ucum run them; here their lines are taken up. Data: TK_SHARED/corpora/terminology.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUM = re.compile(r'^UCUM functional tests, (?P<file>.+)\.xml: (?P<passed>\d+) of (?P<total>\d+) pass')
FAILED = re.compile(r'^  (?P<case>\w+ [\w.-]+): (?!not counted|\d+ of )')


def main():
    corpora = Path(os.environ.get('TK_SHARED', ROOT / '../shared')).resolve() / 'corpora'
    if not (corpora / 'terminology').exists():
        print(f'UCUM not here: {corpora}/terminology')
        return 0
    program = Path(os.environ.get('TK_BUILD', ROOT / 'build/release')) / 'kernel/ucum/kernel_ucum_test'
    done = subprocess.run([program, '--gtest_filter=FunctionalTests.EveryCasePasses'], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, 'TK_CORPORA': str(corpora)}, check=False)
    failing = []
    sums = 0
    for line in done.stdout.splitlines():
        case = FAILED.match(line)
        total = SUM.match(line)
        if case:
            failing.append(case['case'])
        if total:
            sums += 1
            listed = f", failing: {'; '.join(failing)}" if failing else ''
            print(f"UCUM {total['file']} {total['passed']}/{total['total']}{listed}")
            failing = []
    if sums == 0:
        print(done.stdout[-4000:], file=sys.stderr)
        return 2
    return 0 if done.returncode == 0 else 1


sys.exit(main())
