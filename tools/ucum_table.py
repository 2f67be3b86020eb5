#!/usr/bin/env python3
"""Writes kernel/ucum/ucum_table.tsv from the official UCUM essence file.

Use:    tools/ucum_table.py ucum-essence.xml > kernel/ucum/ucum_table.tsv
Source: https://unitsofmeasure.org, the file ucum-essence.xml of an edition. Codes, names and values are taken as they are.
Each line is one entry, its fields parted by tabs ("-" = none). The first field is its sort:
  edition  version, date
  prefix   code, case-insensitive code, name, print symbol, value
  base     code, case-insensitive code, name, print symbol, property, dimension letter
  unit     code, case-insensitive code, name, print symbol, property, class, metric, arbitrary, special function, value, unit
Markup in print symbols (<sub>, <sup>, <i>, <r>) stays as it is in the source.
"""
import sys
import xml.etree.ElementTree as ET

SPACE = "{http://unitsofmeasure.org/ucum-essence}"

NOTICE = """# Units of measure: the prefixes, base units and units of the Unified Code for Units of Measure (UCUM).
# Source:  ucum-essence.xml, version {version} of {date}, https://unitsofmeasure.org; written by tools/ucum_table.py.
# Copyright 1999-2024 Regenstrief Institute, Inc. All rights reserved.
# Licensed under the UCUM License, Version 1.1 (the "License"); you may not use this file except in compliance with the
# License. You may obtain a copy of the License at https://unitsofmeasure.org/license
# Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.
# The content must not be changed: a new edition is a new run of the script."""


def inner(element):
    """Text of an element with its markup, on one line; "-" if it is empty or missing."""
    if element is None:
        return "-"
    parts = [element.text or ""]
    for child in element:
        name = child.tag.replace(SPACE, "")
        parts.append(f"<{name}>{inner(child)}</{name}>{child.tail or ''}")
    return " ".join("".join(parts).split()) or "-"


def one(element, name):
    return inner(element.find(SPACE + name))


def code_of(element, name):
    """A code; the essence leaves the case-insensitive one away where an older edition forgot it: then the code itself."""
    code = element.get(name) or element.get("Code").upper()
    if not code or any(c <= " " or c > "~" for c in code):
        sys.exit(f"ucum_table.py: code {code!r} is not of printable ASCII")
    return code


def lines_of(root):
    yield ["edition", root.get("version"), root.get("revision-date")]
    for prefix in root.findall(SPACE + "prefix"):
        yield ["prefix", code_of(prefix, "Code"), code_of(prefix, "CODE"), one(prefix, "name"), one(prefix, "printSymbol"),
               prefix.find(SPACE + "value").get("value")]
    for base in root.findall(SPACE + "base-unit"):
        yield ["base", code_of(base, "Code"), code_of(base, "CODE"), one(base, "name"), one(base, "printSymbol"),
               one(base, "property"), base.get("dim")]
    for unit in root.findall(SPACE + "unit"):
        value = unit.find(SPACE + "value")
        function = value.find(SPACE + "function")
        special = unit.get("isSpecial") == "yes"
        if special != (function is not None):
            sys.exit(f"ucum_table.py: {unit.get('Code')}: a special unit has a function, and no other has")
        source = function if special else value
        yield ["unit", code_of(unit, "Code"), code_of(unit, "CODE"), one(unit, "name"), one(unit, "printSymbol"),
               one(unit, "property"), unit.get("class"), "metric" if unit.get("isMetric") == "yes" else "-",
               "arbitrary" if unit.get("isArbitrary") == "yes" else "-", function.get("name") if special else "-",
               source.get("value"), source.get("Unit")]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = ET.parse(sys.argv[1]).getroot()
    if root.tag != SPACE + "root":
        sys.exit("ucum_table.py: this is not a UCUM essence file")
    out = [NOTICE.format(version=root.get("version"), date=root.get("revision-date"))]
    for fields in lines_of(root):
        if any(not field or "\t" in field for field in fields):
            sys.exit(f"ucum_table.py: an empty field or a tab in {fields}")
        out.append("\t".join(fields))
    sys.stdout.buffer.write(("\n".join(out) + "\n").encode())


if __name__ == "__main__":
    main()
