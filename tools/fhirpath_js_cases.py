"""The YAML cases of fhirpath.js as one JSON array on standard output, for kernel/fhir's wide test.

    fhirpath_js_cases.py FOLDER     FOLDER holds *.yaml

Groups are flattened; a case with several expressions becomes several. Every case has "file", "expression" and what its YAML says;
without a subject of its own it gets the subject of its file.
"""
import json
import re
import sys
from pathlib import Path

import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's core: `yes` and dates are texts."""


Loader.yaml_implicit_resolvers = {}
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?\d+$"), list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+\.\d+$"), list("-+0123456789"))
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


def text_keys(value):
    """JSON has texts as keys only."""
    if isinstance(value, dict):
        return {str(key): text_keys(item) for key, item in value.items()}
    return [text_keys(item) for item in value] if isinstance(value, list) else value


def cases_of(entries, inherited):
    for entry in entries:
        group = next((key for key in entry if str(key).startswith("group")), None)
        disabled = inherited or bool(entry.get("disable"))
        if group is not None:
            yield from cases_of(entry[group] or [], disabled)
        elif "expression" in entry:
            expressions = entry["expression"] if isinstance(entry["expression"], list) else [entry["expression"]]
            for expression in expressions:
                case = {**entry, "expression": expression}
                if isinstance(expression, dict):
                    case |= {"expression": expression["expression"], "base": expression["base"]}
                if disabled:
                    case["disable"] = True
                yield case


def main():
    cases = []
    for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
        document = text_keys(yaml.load(path.read_text(encoding="utf-8"), Loader=Loader))
        for case in cases_of(document["tests"], False):
            case["file"] = path.stem
            case["expression"] = str(case["expression"])
            if "inputfile" not in case and "subject" in document:
                case["subject"] = document["subject"]
            cases.append(case)
    json.dump(cases, sys.stdout, ensure_ascii=False)


main()
