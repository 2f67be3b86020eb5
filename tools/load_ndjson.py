#!/usr/bin/env python3
"""Puts a folder of resources (one a line, Type.ndjson) into a running server, by transactions of PUTs: the city that ./tk city wrote, say.

Use:   tools/load_ndjson.py --base http://127.0.0.1:8080 --token-file FILE FOLDER
Order: types that others refer to go first. A second run makes new versions of the same resources and no new resources.
Exit:  0 done, 1 refused (the server's own words are printed).
"""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import demo_seed  # noqa: E402

FIRST = ("Location", "Organization", "HealthcareService", "Practitioner", "PractitionerRole", "Patient", "Encounter")
AT_ONCE = 500


def types_in(folder):
    found = [name[:-len(".ndjson")] for name in os.listdir(folder) if name.endswith(".ndjson")]
    return sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def load(args, path):
    """Sends a file; answers how many resources it had."""
    count, some = 0, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            some.append(json.loads(line))
            if len(some) == AT_ONCE:
                demo_seed.send(args, some)
                count, some = count + len(some), []
    demo_seed.send(args, some)
    return count + len(some)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="http://127.0.0.1:8080")
    parser.add_argument("--token-file", required=True)
    parser.add_argument("folder")
    args = parser.parse_args()
    types = types_in(args.folder)
    if not types:
        sys.exit(f"{args.folder} has no file called Type.ndjson")
    for name in types:
        print(f"{name}: {load(args, os.path.join(args.folder, name + '.ndjson'))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
