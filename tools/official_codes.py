#!/usr/bin/env python3
"""The official value sets and code systems, reduced to which codes they have and what these are called: linked into kernel/terminology.

Use: official_codes.py FOLDER OUTPUT     FOLDER holds ValueSet-*.json and CodeSystem-*.json, one resource a file.
A line: type, url, version, the resource as JSON, with tabs between. Source: npm hl7.fhir.r4.examples 4.0.1 (CC0).
"""
import json
import os
import sys

KEPT = ("resourceType", "id", "url", "version", "status", "content", "caseSensitive", "compositional", "compose")
PROPERTIES = ("parent", "child", "subsumedBy", "status", "inactive")


def concepts(items):
    """Codes with what they are called, what places them and whether they are in use, without definitions."""
    out = []
    for item in items:
        concept = {"code": item["code"]}
        if item.get("display"):
            concept["display"] = item["display"]
        designations = [{"value": d["value"]} for d in item.get("designation", []) if d.get("value")]
        if designations:
            concept["designation"] = designations
        properties = [p for p in item.get("property", []) if p["code"] in PROPERTIES]
        if properties:
            concept["property"] = properties
        if item.get("concept"):
            concept["concept"] = concepts(item["concept"])
        out.append(concept)
    return out


def compose(value):
    """A compose whose concepts are codes alone."""
    value = json.loads(json.dumps(value))
    for part in value.get("include", []) + value.get("exclude", []):
        part.pop("extension", None)
        if "concept" in part:
            part["concept"] = [{"code": item["code"]} for item in part["concept"]]
    return value


def line(resource):
    kept = {name: resource[name] for name in KEPT if name in resource}
    if "compose" in kept:
        kept["compose"] = compose(kept["compose"])
    if "concept" in resource:
        kept["concept"] = concepts(resource["concept"])
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    fields = [resource["resourceType"], resource["url"], resource.get("version", ""), text]
    if any(c in field for field in fields for c in "\t\n"):
        raise ValueError(f"{resource['url']}: a tab or line break")
    return "\t".join(fields)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, output = sys.argv[1:]
    lines = []
    for name in sorted(os.listdir(folder)):
        if name.startswith(("ValueSet-", "CodeSystem-")) and name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                resource = json.load(file)
            if resource.get("url"):
                lines.append(line(resource))
    if not lines:
        sys.exit(f"{folder}: no value sets found; ./tk deps fetches them")
    with open(output, "w", encoding="utf-8") as file:
        file.write("".join(text + "\n" for text in lines))


if __name__ == "__main__":
    main()
