#!/usr/bin/env python3
"""The rules of the house, checked as a test: layers, banned calls, sizes, leftovers, personal data, apps, lists.

Use:   tools/tidy.py [--root DIR] [--rule NAME ...]      one line per finding: path:line: rule: what, and how to mend.
Rules: see RULES at the end; each has a bad sample in tidy_test.py that must be found.
Sizes: tidy_ratchet.json names what was too long when the rule came; entries only shrink. It began empty.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tomllib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cpp_text  # noqa: E402

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70

SOURCE = (".cpp", ".h", ".c", ".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".sh", ".cmake")
CPP = (".cpp", ".h")
BINARY = (".png", ".jpg", ".ico", ".woff2", ".zst", ".gz", ".pdf", ".db", ".xlsx", ".bin")


class Tree:
    """The files under version control (and new ones not ignored), read once."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self._cache = {}
        self.paths = sorted(path for path in self._list() if os.path.isfile(os.path.join(self.root, path)))

    def _list(self):
        command = ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0:
            return set(done.stdout.decode().split("\0")) - {""}
        found = []
        for folder, names, files in os.walk(self.root):
            names[:] = [name for name in names if name not in ("build", "node_modules", "dist", ".git")]
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in files]
        return found

    def text(self, path):
        if path not in self._cache:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
                self._cache[path] = file.read()
        return self._cache[path]

    def code(self, path):
        key = "\0" + path
        if key not in self._cache:
            self._cache[key] = cpp_text.blank(self.text(path))
        return self._cache[key]

    def having(self, endings, under=""):
        return [path for path in self.paths if path.endswith(endings) and path.startswith(under)]

    def source(self):
        names = ("tk", "CMakeLists.txt")
        return [path for path in self.paths
                if path.endswith(SOURCE) or os.path.basename(path) in names or path.startswith((".ci/", "packaging/"))]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


# ---- layers ----------------------------------------------------------------------------------------------------------

def room_of(path, tiers):
    """The room a file belongs to: kernel/base, apps/screening, server; None for folders beside the layers."""
    parts = path.split("/")
    if parts[0] in ("kernel", "apps") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0] if parts[0] in tiers else None


def load_layers(tree):
    layers = tomllib.loads(tree.text("layers.toml"))["layers"]
    tiers = {room: number for number, tier in enumerate(layers["order"]) for room in tier}
    return tiers, layers["outside"]


def tier_of(room, tiers):
    return tiers.get("apps/*" if room.startswith("apps/") else room)


def check_layers(tree):
    tiers, outside = load_layers(tree)
    for path in tree.having(CPP):
        own = room_of(path, tiers)
        for match in re.finditer(r'^\s*#\s*include\s*"([^"]+)"', tree.text(path), re.MULTILINE):
            target, line = match.group(1), line_of(tree.text(path), match.start())
            if ".." in target.split("/"):
                yield path, line, f"include {target}: write the path from the root instead of '..'"
                continue
            if own is None:
                continue
            theirs = room_of(target, tiers)
            if theirs is None:
                if target.split("/")[0] in outside:
                    yield path, line, f"{own} includes {target}: no room may include that folder"
                continue
            if theirs == own:
                continue
            own_tier, their_tier = tier_of(own, tiers), tier_of(theirs, tiers)
            if own_tier is None or their_tier is None:
                yield path, line, f"room {own if own_tier is None else theirs} is not in layers.toml"
            elif their_tier >= own_tier:
                word = "apps never include apps" if theirs.startswith("apps/") and own.startswith("apps/") else \
                    "arrows go down only (layers.toml)"
                yield path, line, f"{own} includes {theirs}: {word}"


def check_app_pages(tree):
    for path in tree.having((".ts", ".tsx"), "apps/"):
        own = "/".join(path.split("/")[:2]) + "/"
        for match in re.finditer(r"""(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]""", tree.text(path)):
            target = os.path.normpath(os.path.join(os.path.dirname(path), match.group(1)))
            if not target.startswith((own, "ui/")):
                yield path, line_of(tree.text(path), match.start()), f"imports {target}: an app's pages import only ui/ and their own"


# ---- banned calls ----------------------------------------------------------------------------------------------------

# (pattern, folders where it is allowed, what to do instead); matched against code without comments and strings.
BANNED = [
    (r"\bsqlite3_\w+\s*\(", ("kernel/log/",), "SQLite is reached only through kernel/log/log.h"),
    (r"\bPQ[a-z]\w+\s*\(", ("kernel/log/",), "PostgreSQL is reached only through kernel/log/log.h"),
    (r"\bsystem_clock::now\b|\bgettimeofday\s*\(|\bclock_gettime\s*\(|(?<![\w.>])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)",
     ("kernel/base/",), "take the time from the injected Clock (kernel/base/clock.h)"),
    (r"\brandom_device\b|(?<![\w.>:])s?rand\s*\(", ("kernel/base/",), "take randomness from the injected Random (kernel/base/random.h)"),
    (r"(?<![\w.>:])(?:std::)?(?:localtime|gmtime|strtok|asctime|ctime)\s*\(", (), "not thread-safe: use kernel/base/clock.h"),
    (r"\bstd::sto(?:i|l|ll|ul|ull|f|d|ld)\s*\(", (), "throws on bad input: use std::from_chars"),
    (r"\bstd::w?s?regex\b", (), "slow and may overflow the stack: use RE2"),
    (r"(?<![\w.>:])(?:sprintf|vsprintf|strcpy|strcat|gets)\s*\(", (), "unbounded: use fmt or std::string"),
    (r"(?<![\w.>:])assert\s*\(", (), "off in release: use CHECK (kernel/base/result.h)"),
    (r"\bstd::(?:cout|cerr)\b", ("server/", "tools/", "bench/", "tests/", "city/", "fuzz/"), "use the log of the room or print in server/"),
]


def check_banned(tree):
    for path in tree.having(CPP):
        code = tree.code(path)
        for pattern, allowed, instead in BANNED:
            if path.startswith(allowed) and allowed:
                continue
            for match in re.finditer(pattern, code):
                yield path, line_of(code, match.start()), f"{match.group(0).strip()}: {instead}"


def check_throw(tree):
    for path in tree.having(CPP):
        # A test may stop itself by throwing: GoogleTest is what catches it.
        if path.endswith(("_adapter.cpp", "_test.cpp", "/test_support.h")):
            continue
        lines = tree.text(path).split("\n")
        code = tree.code(path)
        for match in re.finditer(r"\bthrow\b(?!\s*\()", code):
            number = line_of(code, match.start())
            if "// adapter:" not in lines[number - 1]:
                yield path, number, "throw: return an Error; only *_adapter.cpp, or a line marked '// adapter: why', may throw"


# ---- sizes -----------------------------------------------------------------------------------------------------------

def load_ratchet(tree):
    if "tools/tidy_ratchet.json" in tree.paths:
        return json.loads(tree.text("tools/tidy_ratchet.json"))
    return {}


def measured_sizes(tree):
    """Yields (path, line, key, what, lines, allowed) for everything whose length is limited."""
    for path in tree.having(SOURCE):
        yield path, 1, path, "file", tree.text(path).count("\n"), FILE_LINES_MAX
    for path in tree.having(CPP):
        for name, line, lines in cpp_text.functions(tree.text(path)):
            yield path, line, f"{path}:{name}", f"function {name}", lines, FUNCTION_LINES_MAX


def check_size(tree):
    ratchet = load_ratchet(tree)
    used = set()
    for path, line, key, what, lines, allowed in measured_sizes(tree):
        if lines <= allowed:
            continue
        used.add(key)
        if key not in ratchet:
            yield path, line, f"{what} has {lines} lines, the limit is {allowed}: split it"
        elif lines > ratchet[key]:
            yield path, line, f"{what} grew to {lines} lines, its ratchet is {ratchet[key]}: shrink it, never raise the ratchet"
        elif lines < ratchet[key]:
            yield path, line, f"{what} shrank to {lines} lines: lower its ratchet from {ratchet[key]}"
    for key in sorted(set(ratchet) - used):
        yield "tools/tidy_ratchet.json", 1, f"{key} is short enough now: remove its entry"


# ---- leftovers, personal data ----------------------------------------------------------------------------------------

def check_leftovers(tree):
    words = re.compile(r"\b(?:" + "|".join(("FIX" + "ME", "TO" + "DO", "X" * 3)) + r")\b")
    for path in tree.source():
        for match in words.finditer(tree.text(path)):
            yield path, line_of(tree.text(path), match.start()), f"{match.group(0)}: do it, or open an issue"


def check_machine_paths(tree):
    folders = re.compile(r"""(?<![\w.}$)*?+\\-])/(?:home|root|work|Users|mnt)/\w""")
    for path in tree.source() + tree.having((".md", ".json", ".toml")):
        for match in folders.finditer(tree.text(path)):
            yield path, line_of(tree.text(path), match.start()), "a folder of one machine: make it relative or an argument"


# A resident id: 6 digits of division, a birth date, 3 of sequence, check digit. Ours use division 3801xx, which nobody has.
RESIDENT_ID = re.compile(r"(?<![\w.])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\w.])")
MOBILE = re.compile(r"(?<![\w.+/-])(?:\+?86[ -]?)?(1[3-9]\d{9})(?![\w.])")


def check_personal(tree):
    for path in tree.paths:
        if path.endswith(BINARY) or path.endswith("package-lock.json"):
            continue
        text = tree.text(path)
        for match in RESIDENT_ID.finditer(text):
            if not match.group(0).startswith("3801"):
                yield path, line_of(text, match.start()), "looks like a resident id: synthetic ones begin with 3801"
        for match in MOBILE.finditer(text):
            if not match.group(1).startswith("1990000"):
                yield path, line_of(text, match.start()), "looks like a mobile number: synthetic ones are 1990000xxxx"


# ---- headers, apps, lists --------------------------------------------------------------------------------------------

def check_headers(tree):
    included = set()
    for path in tree.having(CPP):
        included.update(re.findall(r'#\s*include\s*"([^"]+)"', tree.text(path)))
    for path in tree.having(".h"):
        text = tree.text(path)
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield path, 1, "no '#pragma once'"
        if re.search(r"^\s*using namespace\b", tree.code(path), re.MULTILINE):
            yield path, 1, "'using namespace' in a header: spell the names"
        if path.startswith(("kernel/", "apps/")):
            if path not in included:
                yield path, 1, "no file includes this header: use it or remove it"
            if not text.startswith("//"):
                yield path, 1, "a header is a contract: begin with what it is for"


DOORS = ("work", "m", "me", "city", "ops", "home")


def strings(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def manifest_faults(tree, folder, manifest):
    """Yields what is wrong with a parsed manifest."""
    if not isinstance(manifest, dict) or manifest.get("id") != os.path.basename(folder):
        yield f'"id" must be the folder\'s name, "{os.path.basename(folder)}"'
        return
    title = manifest.get("title")
    if not isinstance(title, dict) or not title.get("zh-CN") or not title.get("en"):
        yield '"title" must have "zh-CN" and "en"'
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(manifest.get("version"))):
        yield '"version" must be like 1.0.0: a record keeps the version it was made under'
    for key in ("reads", "writes"):
        if not strings(manifest.get(key)):
            yield f'"{key}" must be a list of type names (it may be empty)'
    for key in ("roles", "operations"):
        if not strings(manifest.get(key, [])):
            yield f'"{key}" must be a list of strings'
    for number, door in enumerate(manifest.get("doors", [])):
        if not isinstance(door, dict) or door.get("door") not in DOORS or not str(door.get("path")).startswith("/"):
            yield f'"doors"[{number}] needs "door" (one of {", ".join(DOORS)}) and "path" (from /)'
        elif f"{folder}/{door.get('entry')}" not in tree.paths:
            yield f'"doors"[{number}]: there is no {folder}/{door.get("entry")}'


def check_manifest(tree, folder):
    path = f"{folder}/manifest.json"
    try:
        manifest = json.loads(tree.text(path))
    except json.JSONDecodeError as error:
        yield path, error.lineno, f"not JSON: {error.msg}"
        return
    for fault in manifest_faults(tree, folder, manifest):
        yield path, 1, fault


def check_apps(tree):
    for folder in sorted({"/".join(path.split("/")[:2]) for path in tree.having("", "apps/") if path.count("/") > 1}):
        for name in ("README.md", "manifest.json", "CMakeLists.txt"):
            if f"{folder}/{name}" not in tree.paths:
                yield folder, 1, f"no {name}"
        if not any(re.search(r"(_test\.cpp|\.case\.json)$", path) for path in tree.having("", f"{folder}/tests/")):
            yield folder, 1, "no tests: tests/*_test.cpp or tests/*.case.json"
        if f"{folder}/manifest.json" in tree.paths:
            yield from check_manifest(tree, folder)


SYSTEMS = {"A": 11, "B": 14, "C": 11, "D": 18, "E": 6}
STATES = ("works", "part", "not yet")


def check_systems(tree):
    path = "docs/systems.md"
    if path not in tree.paths:
        yield path, 1, "the list of systems is missing"
        return
    rows = {}
    for number, line in enumerate(tree.text(path).split("\n"), 1):
        match = re.match(r"\|\s*([A-E]\d+)\s*\|(.*)\|\s*$", line)
        if match:
            if match.group(1) in rows:
                yield path, number, f"row {match.group(1)} stands twice"
            rows[match.group(1)] = match.group(2).split("|")[-1].strip()
            if rows[match.group(1)] not in STATES:
                yield path, number, f"row {match.group(1)}: state must be one of {', '.join(STATES)}"
    for letter, count in SYSTEMS.items():
        for number in range(1, count + 1):
            if f"{letter}{number}" not in rows:
                yield path, 1, f"row {letter}{number} is missing"


def direct_dependencies(tree):
    """Yields (path, name) of every library and npm package that we name ourselves."""
    for line in tree.text("tools/deps/debian.txt").split("\n"):
        if line.startswith("lib") or line.endswith("-dev"):
            yield "tools/deps/debian.txt", line.strip()
    for path in tree.having("package.json"):
        package = json.loads(tree.text(path))
        for key in ("dependencies", "devDependencies", "optionalDependencies"):
            for name in package.get(key, {}):
                yield path, name


def check_third_party(tree):
    if "THIRD-PARTY.md" not in tree.paths:
        yield "THIRD-PARTY.md", 1, "missing"
        return
    listed = tree.text("THIRD-PARTY.md")
    for path, name in direct_dependencies(tree):
        if f"`{name}`" not in listed:
            yield path, 1, f"{name} has no line in THIRD-PARTY.md (name in backquotes, licence, why)"


RULES = {
    "layers": check_layers,
    "app-pages": check_app_pages,
    "banned": check_banned,
    "throw": check_throw,
    "size": check_size,
    "leftovers": check_leftovers,
    "machine-paths": check_machine_paths,
    "personal": check_personal,
    "headers": check_headers,
    "apps": check_apps,
    "systems": check_systems,
    "third-party": check_third_party,
}


def findings(tree, rules):
    for rule in rules:
        for path, line, message in RULES[rule](tree):
            yield f"{path}:{line}: {rule}: {message}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    parser.add_argument("--rule", action="append", choices=sorted(RULES))
    args = parser.parse_args()
    tree = Tree(args.root)
    if not tree.paths:
        print(f"no files under {tree.root}", file=sys.stderr)
        return 1
    found = list(findings(tree, args.rule or RULES))
    print("\n".join(found + [f"{len(tree.paths)} files, {len(found)} findings"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
