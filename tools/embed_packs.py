#!/usr/bin/env python3
"""Writes the C++ source that holds the apps' data files. Use: embed_packs.py --root DIR --out FILE apps/x/manifest.json ..."""
import argparse
import collections
import os
import sys

PIECE = 12000  # compilers limit the length of one literal


def literal(data):
    """C string pieces of `data`, every byte that is not plain ASCII escaped in octal."""
    pieces = []
    for start in range(0, max(len(data), 1), PIECE):
        text = "".join(
            chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in data[start:start + PIECE])
        pieces.append(f'"{text}"')
    return "\n    ".join(pieces)


def write(root, out, paths):
    packs = collections.OrderedDict()
    for path in sorted(paths):
        parts = path.split("/", 2)
        if len(parts) != 3 or parts[0] != "apps":
            raise ValueError(f"{path}: not a file of an app")
        with open(os.path.join(root, path), "rb") as file:
            packs.setdefault(parts[1], []).append((parts[2], file.read()))
    lines = ["// Made by tools/embed_packs.py.", '#include <array>', '#include "kernel/app/app.h"', "namespace tk::app {", "namespace {"]
    for number, files in enumerate(packs.values()):
        lines.append(f"const std::array<File, {len(files)}> kFiles{number} = {{{{")
        for path, data in files:
            lines.append(f'  {{"{path}", std::string_view({literal(data)}, {len(data)})}},')
        lines.append("}};")
    lines.append(f"const std::array<Pack, {len(packs)}> kPacks = {{{{")
    for number, name in enumerate(packs):
        lines.append(f'  {{"{name}", kFiles{number}}},')
    lines += ["}};", "}  // namespace", "std::span<const Pack> InstalledPacks() { return kPacks; }", "}  // namespace tk::app", ""]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    try:
        write(options.root, options.out, options.files)
    except (OSError, ValueError) as error:
        sys.exit(f"embed_packs: {error}")


if __name__ == "__main__":
    main()
