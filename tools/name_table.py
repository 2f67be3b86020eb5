#!/usr/bin/env python3
"""Writes the table of characters that comparing names needs: folding, readings, shape. Linked into kernel/person as bytes.

Use:    name_table.py UNIHAN_FOLDER names.tsv OUTPUT      UNIHAN_FOLDER holds Unihan_*.txt.bz2, of Debian's unicode-data.
Source: Unicode Character Database, Unihan 15.0.0: kSimplifiedVariant, kTraditionalVariant, kZVariant, kSemanticVariant,
        kTGHZ2013, kMandarin, kXHC1983, kCangjie, kFourCornerCode, kTotalStrokes. Which fields serve what, and why: docs/decisions/0025-characters-of-names.md.
Form:   numbers little-endian; a header of 32-bit numbers, then sections in its order (kernel/person/name_table.cpp reads them):
        characters  10 bytes: what it folds to (characters are numbered from 1), readings (place in `readings`), shape (32 bits), corners
        extras      32-bit code points, rising, of the characters after the dense ones (U+3400 to U+9FFF)
        syllables   8 bytes: up to 6 letters, number of the syllable that all similar ones share
        readings    16 bits: how many, then numbers of syllables, the usual one first
        surnames    16 bits each: character, readings         sorted by character
        compounds   16 bits each: two characters, their readings    sorted
        pairs       alias, translit, shape: 32 bits, a << 16 | b, both directions, sorted
        words       text: lines "P name", "C suffix", "N short<TAB>long"
        shape = five letters of Cangjie, 5 bits each from the lowest (1 to 26, 0: none), strokes from bit 25; corners = four digits and 1.
"""
import bz2
import os
import struct
import sys
import unicodedata

FIRST, LAST = 0x3400, 0x9FFF
FIELDS = {
    "Variants": ("kSimplifiedVariant", "kTraditionalVariant", "kSemanticVariant", "kZVariant"),
    "Readings": ("kTGHZ2013", "kMandarin", "kXHC1983"),
    "DictionaryLikeData": ("kCangjie", "kFourCornerCode"),
    "IRGSources": ("kTotalStrokes",),
}
# Sounds that hands and ears exchange: of initials, of finals.
INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("r", "l"), ("h", "f"))


def unihan(folder, folds=()):
    fields = {name: {} for names in FIELDS.values() for name in names}
    for part, names in FIELDS.items():
        path = os.path.join(folder, f"Unihan_{part}.txt.bz2")
        if not os.path.exists(path):
            sys.exit(f"{path} is missing: it comes with Debian's package unicode-data; ./tk deps installs it")
        with bz2.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                parts = line.rstrip("\n").split("\t")
                if len(parts) == 3 and parts[1] in fields:
                    fields[parts[1]][int(parts[0][2:], 16)] = parts[2]
    fields["backwards"] = backwards(fields)
    fields["ours"] = {ord(a): ord(b) for a, b in folds}
    return fields


def points(value):
    """Code points of a field of variants, without their sources."""
    return [int(item.split("<")[0][2:], 16) for item in (value or "").split()]


def toneless(pinyin):
    plain = "".join(c for c in unicodedata.normalize("NFD", pinyin) if not unicodedata.combining(c) or c == "\u0308")
    return plain.replace("u\u0308", "v").replace("e\u0302", "e").lower()


def syllables_of(fields, point):
    """All readings of a character today, the usual one first."""
    found = [toneless(one) for one in fields["kMandarin"].get(point, "").split()[:1]]
    standard = fields["kTGHZ2013"].get(point) or fields["kXHC1983"].get(point, "")
    for item in standard.split():
        found += [toneless(one) for one in item.split(":")[1].split(",")]
    return [one for one in dict.fromkeys(found) if one.isascii() and one.isalpha() and len(one) <= 6]


def similar(syllable):
    initial = next((i for i in ("zh", "ch", "sh") if syllable.startswith(i)), syllable[:1])
    final = syllable[len(initial):]
    initial = dict(INITIALS).get(initial, initial)
    if final.endswith(("ang", "eng", "ing")):
        final = final[:-1]
    return initial + final


def backwards(fields):
    """Of a traditional character: the standard ones that name it as theirs."""
    found = {}
    for point, value in fields["kTraditionalVariant"].items():
        if point in fields["kTGHZ2013"]:
            for one in points(value):
                found.setdefault(one, []).append(point)
    return found


def target(fields, point):
    """What a character is written as in the standard characters of today; itself if it is one of them."""
    standard = fields["kTGHZ2013"]
    if point in fields["ours"]:
        return fields["ours"][point]
    if point in standard:
        return point
    simplified = points(fields["kSimplifiedVariant"].get(point))
    near = simplified + fields["backwards"].get(point, [])
    others = points(fields["kZVariant"].get(point)) + points(fields["kSemanticVariant"].get(point))
    further = [] if simplified else [one for other in others for one in points(fields["kSimplifiedVariant"].get(other))]
    return next((one for one in near + others + further if one in standard), simplified[0] if simplified else point)


class Table:
    def __init__(self, fields, rows):
        self.fields = fields
        wanted = set(fields["kTGHZ2013"]) | {ord(c) for row in rows for c in "".join(row[1:])}
        self.extras = sorted(p for p in wanted if p > LAST and p in fields["kTotalStrokes"])
        self.number = {p: p - FIRST + 1 for p in range(FIRST, LAST + 1)}
        self.number.update({p: LAST + 2 - FIRST + i for i, p in enumerate(self.extras)})
        self.syllables, self.readings, self.places = {}, [0], {(): 0}

    def syllable(self, text):
        return self.syllables.setdefault(text, len(self.syllables))

    def place(self, readings):
        """Where a list of readings stands; 0: none."""
        key = tuple(self.syllable(one) for one in readings)
        if key not in self.places:
            self.places[key] = len(self.readings)
            self.readings += [len(key), *key]
        return self.places[key]

    def shape(self, point):
        value = 0
        for i, letter in enumerate(self.fields["kCangjie"].get(point, "")[:5]):
            value |= (ord(letter) - 64) << 5 * i
        strokes = min(63, int(self.fields["kTotalStrokes"].get(point, "0").split()[0]))
        return value | strokes << 25

    def corners(self, point):
        code = self.fields["kFourCornerCode"].get(point, "").split(" ")[0][:4]
        return int(code) + 1 if code.isdigit() else 0

    def characters(self):
        out = bytearray()
        for point in sorted(self.number):
            fold = target(self.fields, point)
            fold = fold if fold in self.number else point
            readings = self.place(syllables_of(self.fields, fold) or syllables_of(self.fields, point))
            out += struct.pack("<HHIH", self.number[fold], readings, self.shape(point), self.corners(point))
        return bytes(out)

    def of(self, character):
        return self.number[target(self.fields, ord(character))]


def sections(table, rows):
    def rows_of(kind):
        return [row[1:] for row in rows if row[0] == kind]

    def pairs(kind):
        both = {(table.of(a), table.of(b)) for a, b in rows_of(kind)}
        both |= {(b, a) for a, b in both}
        return struct.pack(f"<{len(both)}I", *sorted(a << 16 | b for a, b in both if a != b))

    def usual(character):
        return syllables_of(table.fields, target(table.fields, ord(character)))

    characters = table.characters()
    surnames = {}
    for character, syllable in rows_of("surname"):
        surnames[table.of(character)] = table.place(list(dict.fromkeys([syllable] + usual(character))))
    compounds = []
    for row in rows_of("compound"):
        first, second = row[0]
        spoken = row[1].split() if len(row) > 1 else [usual(first)[0], usual(second)[0]]
        compounds.append((table.of(first), table.of(second), table.place([spoken[0]]), table.place([spoken[1]])))
    shared = {}
    for text in list(table.syllables):
        shared.setdefault(similar(text), table.syllables[text])
    spoken = b"".join(struct.pack("<6sH", text.encode(), shared[similar(text)]) for text in table.syllables)
    words = "".join(f"P {row[0]}\n" for row in rows_of("placeholder"))
    words += "".join(f"C {row[0]}\n" for row in sorted(rows_of("child"), key=lambda row: -len(row[0])))
    words += "".join(f"N {row[0]}\t{row[1]}\n" for row in rows_of("nickname"))
    return [
        characters,
        struct.pack(f"<{len(table.extras)}I", *table.extras),
        spoken,
        struct.pack(f"<{len(table.readings)}H", *table.readings),
        b"".join(struct.pack("<HH", *item) for item in sorted(surnames.items())),
        b"".join(struct.pack("<HHHH", *item) for item in sorted(compounds)),
        pairs("alias"), pairs("translit"), pairs("shape"),
        words.encode(),
    ]


def read_rows(path):
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            row = line.rstrip("\n").split("\t")
            fields = {"compound": (2, 3), "placeholder": (2,), "child": (2,)}.get(row[0], (3,))
            kinds = ("fold", "compound", "surname", "alias", "translit", "shape", "placeholder", "child", "nickname")
            if row[0] not in kinds or len(row) not in fields:
                sys.exit(f"{path}:{number}: a kind of {', '.join(kinds)} and its fields, parted by tabs, are wanted")
            rows.append(row)
    return rows


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    rows = read_rows(sys.argv[2])
    table = Table(unihan(sys.argv[1], [row[1:] for row in rows if row[0] == "fold"]), rows)
    parts = sections(table, rows)
    if len(table.number) > 0xFFFF or len(table.readings) > 0xFFFF:
        sys.exit("more characters or readings than 16 bits can number")
    header = struct.pack(f"<{len(parts) + 2}I", FIRST, LAST, *(len(part) for part in parts))
    body = b"".join(part + b"\0" * (-len(part) % 8) for part in parts)
    with open(sys.argv[3], "wb") as file:
        file.write(header + b"\0" * (-len(header) % 8) + body)


if __name__ == "__main__":
    main()
