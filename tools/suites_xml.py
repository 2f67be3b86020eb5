#!/usr/bin/env python3
"""FHIR R4 resources from XML to JSON, for cases of public suites that are written so; the platform itself takes JSON.

    suites_xml.py DEFINITIONS FOLDER    beside each FOLDER/**/X.xml that is a resource: X.xml.json

DEFINITIONS is a folder of R4's StructureDefinition-*.json (npm package hl7.fhir.r4.examples): they say what is a list, a number, a boolean.
What is wrong in the XML stays wrong in the JSON: unknown elements and attributes keep their names, an element there twice becomes a list,
a number that is none stays a text, an element with nothing in it is empty. What only XML can say (the order of elements, two roots) is lost.
A file that is no well-formed XML, or no resource, gets no JSON. Source: FHIR R4 json.html, xml.html.
"""
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

FHIR = '{http://hl7.org/fhir}'
XHTML = 'http://www.w3.org/1999/xhtml'
XSI = '{http://www.w3.org/2001/XMLSchema-instance}'
TYPE_URL = 'http://hl7.org/fhir/StructureDefinition/'
SYSTEM_URL = 'http://hl7.org/fhirpath/System.'
NUMBERS = {'integer', 'positiveInt', 'unsignedInt', 'decimal'}
NUMBER = re.compile(r'-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?')


class Number(str):
    """A number in its own digits."""


def to_json(value):
    """JSON text; numbers keep their digits."""
    if isinstance(value, dict):
        return '{' + ','.join(json.dumps(name) + ':' + to_json(member) for name, member in value.items()) + '}'
    if isinstance(value, list):
        return '[' + ','.join(to_json(item) for item in value) + ']'
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


class Types:
    """What each element of each type is: its type, whether it is a list, where its own elements are described."""

    def __init__(self, folder):
        self.primitives, self.resources, self.elements = set(), set(), {}
        for path in sorted(Path(folder).glob('StructureDefinition-*.json')):
            definition = json.loads(path.read_text(encoding='utf-8'))
            if definition.get('derivation') == 'constraint' or definition['url'] != TYPE_URL + definition['type']:
                continue
            if definition['kind'] == 'primitive-type':
                self.primitives.add(definition['type'])
            elif definition['kind'] == 'resource':
                self.resources.add(definition['type'])
            for element in definition['snapshot']['element'][1:]:
                self.add(element)

    def add(self, element):
        owner, name = element['path'].rsplit('.', 1)
        members = self.elements.setdefault(owner, {})
        is_list = element.get('base', element)['max'] != '1'
        if 'contentReference' in element:
            members[name] = ('BackboneElement', is_list, element['contentReference'].split('#')[1])
            return
        for kind in element.get('type', []):
            code = kind['code']
            if code.startswith(SYSTEM_URL):
                code = 'string'
            own = name[:-3] + code[0].upper() + code[1:] if name.endswith('[x]') else name
            members[own] = (code, is_list, element['path'] if code in ('BackboneElement', 'Element') else code)


class Converter:
    """One document after another."""

    def __init__(self, types):
        self.types = types

    def resource(self, element):
        name = element.tag.removeprefix(FHIR)
        if name not in self.types.resources:
            raise ValueError(f'{element.tag} is no resource')
        return {'resourceType': name, **self.object(element, name)}

    def object(self, element, place, but=None):
        out = {}
        for name, value in element.attrib.items():
            if name != but and not name.startswith(XSI):
                out[name] = value
        for text in [element.text] + [child.tail for child in element]:
            if (text or '').strip():
                out['#text'] = text.strip()  # no element of FHIR has text of its own
        siblings = {}
        for child in element:
            if isinstance(child.tag, str):
                self.member(child, place, out, siblings)
        for name, given in siblings.items():
            is_one = not isinstance(given, list)
            if (is_one and given) or (not is_one and any(given)):
                out['_' + name] = given
            if not is_one and all(value is None for value in out[name]):
                del out[name]
        return out

    def member(self, child, place, out, siblings):
        name = child.tag.removeprefix(FHIR)
        if name == 'div' or child.tag == f'{{{XHTML}}}div':
            return self.put(out, 'div', self.markup(child), False)
        kind, is_list, own = self.types.elements.get(place, {}).get(name, (None, False, None))
        if kind in ('Resource', 'DomainResource'):
            for inner in child:
                self.put(out, name, self.resource(inner), is_list)
        elif kind in self.types.primitives or (kind is None and 'value' in child.attrib and len(child) == 0):
            self.primitive(child, name, kind, is_list, out, siblings)
        else:
            self.put(out, name, self.object(child, own), is_list)

    @staticmethod
    def put(out, name, value, is_list):
        if is_list:
            out.setdefault(name, []).append(value)
        elif name in out:  # twice, which only a list can say
            out[name] = (out[name] if isinstance(out[name], list) else [out[name]]) + [value]
        else:
            out[name] = value

    def primitive(self, child, name, kind, is_list, out, siblings):
        beside = self.object(child, 'Element', but='value')
        text = child.get('value')
        value = text
        if kind == 'boolean' and text in ('true', 'false'):
            value = text == 'true'
        elif kind in NUMBERS and NUMBER.fullmatch(text or ''):
            value = Number(text)
        if value is None and not beside:
            value = ''  # an element must say something
        if is_list:
            out.setdefault(name, []).append(value)
            siblings.setdefault(name, []).append(beside or None)
        else:
            if value is not None:
                self.put(out, name, value, False)
            if beside:
                siblings[name] = beside

    @staticmethod
    def markup(element):
        element.tail = None
        return ET.tostring(element, encoding='unicode')


def main(definitions, folder):
    ET.register_namespace('', XHTML)
    converter = Converter(Types(definitions))
    for path in sorted(Path(folder).rglob('*.xml')):
        try:
            root = ET.fromstring(path.read_bytes())
            resource = converter.resource(root)
        except (ET.ParseError, ValueError, LookupError):
            continue
        path.with_name(path.name + '.json').write_text(to_json(resource), encoding='utf-8')


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
