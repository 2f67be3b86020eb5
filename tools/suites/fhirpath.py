"""The FHIRPath suites: HL7's for R4, and the cases of fhirpath.js. tk-target: kernel_fhir_wide_test

The tests of kernel/fhir run them; here their lines are taken up. Why a case fails is told by kernel/fhir/path/fhirpath_js_failing.tsv.
Data: TK_SHARED/corpora/fhirpath-r4; python3-yaml reads the second.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r'^SUITE (?P<name>[^/]+) (?P<passed>\d+)/(?P<total>\d+), failing: (?P<failing>.*)$')


def main():
    shared = Path(os.environ.get('TK_SHARED', ROOT / '../shared')).resolve()
    corpus = shared / 'corpora/fhirpath-r4/fhirpath-r4.tar.zst'
    if not corpus.exists():
        print(f'FHIRPath not here: {corpus}')
        return 0
    program = Path(os.environ.get('TK_BUILD', ROOT / 'build/release')) / 'kernel/fhir/kernel_fhir_wide_test'
    done = subprocess.run([program, '--gtest_filter=Suite.*:FhirPathJs.*'], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, 'TK_SHARED': str(shared)}, check=False)
    lines = [match for match in map(LINE.match, done.stdout.splitlines()) if match]
    for match in lines:
        failing = '' if match['failing'] == 'none' else f", failing: {match['failing']}"
        print(f"{match['name']} {match['passed']}/{match['total']}{failing}")
    if len(lines) != 2:  # a suite that was skipped or died has no line
        print(done.stdout[-4000:], file=sys.stderr)
        return 2
    return 0 if done.returncode == 0 else 1


sys.exit(main())
