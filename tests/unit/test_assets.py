"""The browser assets: checked against the manifest, and an icon sprite that a page can draw from."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tools import assets

DRAWING = (
    f'<svg xmlns="{assets.SVG}" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="2" class="icon"><path stroke="none" d="M0 0h24v24H0z" fill="none"/><path d="M4 4l2 2"/></svg>'
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository with every package file and two icons."""
    modules = tmp_path / "node_modules"
    for source in assets.FILES.values():
        (modules / source).parent.mkdir(parents=True, exist_ok=True)
        (modules / source).write_text(source, encoding="utf-8")
    for kind, name in (("outline", "plus"), ("filled", "star")):
        folder = modules / "@tabler" / "icons" / "icons" / kind
        folder.mkdir(parents=True)
        (folder / f"{name}.svg").write_text(DRAWING, encoding="utf-8")
    static = tmp_path / "admin_app" / "static"
    static.mkdir(parents=True)
    (static / "icons.txt").write_text("# names\nstar-filled\nplus\n\nplus\n", encoding="utf-8")
    return tmp_path


def run(root: Path, *arguments: str) -> int:
    return assets.main([*arguments, "--root", str(root)])


def test_the_folder_is_filled_and_the_sprite_built(root: Path) -> None:
    assert run(root, "--manifest") == 0
    vendor = root / "admin_app" / "static" / "vendor"
    assert {path.name for path in vendor.iterdir()} == {*assets.FILES, "icons.svg"}
    symbols = list(ElementTree.parse(vendor / "icons.svg").getroot())
    assert [symbol.attrib["id"] for symbol in symbols] == ["plus", "star-filled"]
    assert symbols[0].attrib["viewBox"] == "0 0 24 24"
    assert symbols[0].attrib["stroke"] == "currentColor"
    assert "class" not in symbols[0].attrib
    assert [path.attrib["d"] for path in symbols[0]] == ["M4 4l2 2"]


def test_a_changed_package_is_noticed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(root, "--manifest")
    (root / "node_modules" / assets.FILES["tabler.min.js"]).write_text("something else", encoding="utf-8")
    assert run(root) == 1
    assert capsys.readouterr().err.startswith("tabler.min.js is not the file that manifest.json describes")


def test_a_missing_package_and_an_unknown_icon_are_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(root, "--manifest")
    (root / "admin_app" / "static" / "icons.txt").write_text("pluss\n", encoding="utf-8")
    assert run(root) == 1
    assert capsys.readouterr().err == "Tabler has no icon named pluss: correct that line of icons.txt.\n"
    (root / "node_modules" / assets.FILES["echarts.min.js"]).unlink()
    assert run(root) == 1
    assert capsys.readouterr().err == "echarts/dist/echarts.min.js is not in node_modules: run make assets.\n"


def test_the_committed_manifest_lists_exactly_what_is_copied() -> None:
    manifest = json.loads((assets.ROOT / "admin_app/static/manifest.json").read_text(encoding="utf-8"))
    assert {target: entry["source"] for target, entry in manifest.items()} == assets.FILES
