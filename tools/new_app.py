#!/usr/bin/env python3
"""Makes the folder of a new business app. Use: tools/new_app.py NAME [--root DIR]   (./tk new-app NAME)

The folder builds and passes the checks as it is; nothing elsewhere is edited: the build finds it by glob.
"""
import argparse
import json
import os
import re
import sys

README = """# {name}

Who uses it, which rows of docs/systems.md it makes work, what it reads and what it writes.

- **People**: name the posts of `manifest.json` and what each does here.
- **Reads / writes**: the FHIR types of `manifest.json`, and why each is needed.
- **Rules and sources**: every threshold with source, edition and date.

| folder | holds |
|---|---|
| `types/ forms/ terminology/ rules/ workflows/ indicators/ reports/` | the app as data |
| `operations/` | C++, only where data cannot say it |
| `tests/` | `*.case.json` (given / when / then) and `*_test.cpp` |
| `ui/` | this app's pages; they import only `ui/` and their own |
"""

CMAKE = """tk_room(apps/{name} TEST_DEPS kernel/fhir)
"""

TEST = """// The manifest says truly what this app is and touches.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "kernel/fhir/definitions.h"
#include "kernel/fhir/value.h"

namespace tk {{
namespace {{

fhir::Document ReadManifest() {{
  std::ifstream file(TK_SOURCE_DIR "/apps/{name}/manifest.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto document = fhir::Document::Parse(text);
  EXPECT_TRUE(document.ok());
  return std::move(document).value();
}}

TEST(Manifest, NamesItsFolder) {{
  const fhir::Document manifest = ReadManifest();
  EXPECT_EQ(manifest.Root()["id"].ToString(), "{name}");
}}

TEST(Manifest, ReadsAndWritesKnownTypes) {{
  const fhir::Document manifest = ReadManifest();
  const auto definitions = fhir::Definitions::R4();
  for (const char* list : {{"reads", "writes"}}) {{
    ASSERT_TRUE(manifest.Root()[list].is_array()) << list;
    for (const fhir::Value type : manifest.Root()[list]) {{
      const std::string name = type.ToString();
      EXPECT_TRUE(definitions->IsResource(definitions->FindType(name))) << list << ": " << name;
    }}
  }}
}}

}}  // namespace
}}  // namespace tk
"""


def make(root, name):
    """Writes the folder and returns its files; raises ValueError when the name is bad or taken."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > 40:
        raise ValueError(f"'{name}': a name is lower case letters, digits and single '_', at most 40, such as home_nursing")
    folder = os.path.join(root, "apps", name)
    if os.path.exists(folder):
        raise ValueError(f"apps/{name} exists already")
    words = name.replace("_", " ").capitalize()
    manifest = {"id": name, "title": {"zh-CN": words, "en": words}, "version": "0.1.0",
                "reads": ["Patient"], "writes": [], "doors": []}
    files = {
        "README.md": README.format(name=name),
        "manifest.json": json.dumps(manifest, indent=2) + "\n",
        "CMakeLists.txt": CMAKE.format(name=name),
        "tests/manifest_test.cpp": TEST.format(name=name),
    }
    for path, text in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as out:
            out.write(text)
    return [f"apps/{name}/{path}" for path in files]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    parser.add_argument("name")
    args = parser.parse_args()
    try:
        files = make(args.root, args.name)
    except ValueError as error:
        print(f"new-app: {error}", file=sys.stderr)
        return 1
    print("\n".join(files))
    print(f"next: write apps/{args.name}/README.md, then ./tk build && ctest --test-dir build/dev -L apps/{args.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
