"""Fill admin_app/static/vendor/ from the installed npm packages. Standard library only.

    python3 tools/assets.py             copy, compare with the manifest, build the icon sprite
    python3 tools/assets.py --manifest  write the manifest anew after a package has been changed on purpose

The manifest names each file that browsers get, where in node_modules/ it comes from and its SHA-256, so a
package whose content has changed is noticed before it reaches anybody. The sprite is built here from the
names in icons.txt, so it has no line in the manifest; its source package is held by package-lock.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SVG = "http://www.w3.org/2000/svg"

#: Target in vendor/ -> source in node_modules/.
FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "tom-select.bootstrap5.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "tom-select.complete.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
}

#: What a <symbol> keeps of the drawing's own attributes; size and class are the page's business.
SYMBOL_ATTRIBUTES = ("viewBox", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin")


class AssetError(Exception):
    """One sentence that says what is wrong with the assets and what to do."""


def read_sources(modules: Path) -> dict[str, bytes]:
    """The content of each file of FILES by its target name; AssetError names the first that is missing."""
    contents = {}
    for target, source in FILES.items():
        path = modules / source
        if not path.is_file():
            raise AssetError(f"{source} is not in node_modules: run make assets.")
        contents[target] = path.read_bytes()
    return contents


def manifest_of(contents: dict[str, bytes]) -> dict[str, dict[str, str]]:
    """Target name -> {source, sha256} for the contents that read_sources returns."""
    return {
        target: {"source": FILES[target], "sha256": hashlib.sha256(content).hexdigest()}
        for target, content in contents.items()
    }


def check_manifest(contents: dict[str, bytes], manifest: dict[str, dict[str, str]]) -> None:
    """Raise AssetError when the contents are not exactly what the manifest says."""
    found = manifest_of(contents)
    for target in sorted(found.keys() | manifest.keys()):
        if found.get(target) != manifest.get(target):
            raise AssetError(
                f"{target} is not the file that manifest.json describes: "
                "compare the package, then run make assets-manifest if the change is wanted."
            )


def icon_names(text: str) -> list[str]:
    """The names in icons.txt, sorted and each once; empty lines and lines that begin with # do not count."""
    lines = (line.strip() for line in text.splitlines())
    return sorted({line for line in lines if line and not line.startswith("#")})


def symbol(name: str, drawing: str) -> ElementTree.Element:
    """One <symbol id=name> out of the SVG text of one icon."""
    root = ElementTree.fromstring(drawing)  # noqa: S314 - a drawing that package-lock.json holds by its hash
    kept = {key: root.attrib[key] for key in SYMBOL_ATTRIBUTES if key in root.attrib}
    element = ElementTree.Element(f"{{{SVG}}}symbol", {"id": name, **kept})
    for child in root:
        # The first path of each icon is the empty 24 x 24 frame, which draws nothing.
        if child.attrib.get("stroke") != "none" or child.attrib.get("fill", "none") != "none":
            child.tail = None
            element.append(child)
    return element


def build_sprite(names: list[str], icons: Path) -> str:
    """The sprite's SVG text; AssetError on an unknown name.

    A name is that of an outline icon, or NAME-filled for a filled one.
    """
    ElementTree.register_namespace("", SVG)
    sprite = ElementTree.Element(f"{{{SVG}}}svg")
    for name in names:
        path = icons / "outline" / f"{name}.svg"
        if not path.is_file() and name.endswith("-filled"):
            path = icons / "filled" / f"{name.removesuffix('-filled')}.svg"
        if not path.is_file():
            raise AssetError(f"Tabler has no icon named {name}: correct that line of icons.txt.")
        sprite.append(symbol(name, path.read_text(encoding="utf-8")))
    return ElementTree.tostring(sprite, encoding="unicode") + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Copy, check and build; 0 when the folder is complete, 1 after one sentence on stderr."""
    parser = argparse.ArgumentParser(description="Fill admin_app/static/vendor/ from node_modules/.")
    parser.add_argument("--manifest", action="store_true", help="write manifest.json anew from node_modules/")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for tests)")
    options = parser.parse_args(arguments)
    modules = options.root / "node_modules"
    static = options.root / "admin_app" / "static"
    manifest_path = static / "manifest.json"
    try:
        contents = read_sources(modules)
        if options.manifest:
            manifest_path.write_text(json.dumps(manifest_of(contents), indent=2) + "\n", encoding="utf-8")
        check_manifest(contents, json.loads(manifest_path.read_text(encoding="utf-8")))
        names = icon_names((static / "icons.txt").read_text(encoding="utf-8"))
        sprite = build_sprite(names, modules / "@tabler" / "icons" / "icons")
    except AssetError as error:
        print(error, file=sys.stderr)
        return 1
    vendor = static / "vendor"
    vendor.mkdir(exist_ok=True)
    for target, content in contents.items():
        (vendor / target).write_bytes(content)
    (vendor / "icons.svg").write_text(sprite, encoding="utf-8")
    print(f"{len(contents)} files and {len(names)} icons in {vendor.relative_to(options.root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
