"""A site that names something wrong does not start, and the refusal says what."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from admin_app.checks import BrokenSite
from admin_app.engine.entity import Entity
from admin_app.engine.labels import Labels
from admin_app.engine.site import Group, Site
from admin_app.factory import create_app
from models.tag import Tag
from views.site import build_site

SITE = build_site()
TAG = next(entity for entity in SITE.entities if entity.model is Tag)


def refusal(site: Site, folder: Path) -> str:
    """Why the app does not start."""
    settings = {"DATA_DIR": folder, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'x.sqlite'}"}
    with pytest.raises(BrokenSite) as caught:
        create_app(site, config=settings)
    return str(caught.value)


def with_tag(**declared: Any) -> Site:
    """The site with another declaration of tags."""
    changed = dataclasses.replace(TAG, **declared)
    return dataclasses.replace(
        SITE, entities=tuple(changed if each is TAG else each for each in SITE.entities)
    )


@pytest.mark.parametrize(
    ("declared", "named"),
    [
        ({"columns": ("color",)}, "tag: columns names color"),
        ({"facts": ("shade",)}, "tag: facts names shade"),
        ({"search": ("nickname",)}, "tag: search names nickname"),
        ({"optional": ("nothing",)}, "tag: optional names nothing"),
        ({"title": ("family", "nome")}, "tag: title names nome"),
        ({"tones": {"mood": {}}}, "tag: tones names mood"),
        ({"code": "number"}, "tag: code names number"),
        ({"label": "name"}, "tag: label names name"),
        ({"follows": "customer"}, "customer"),
        ({"sections": {"basic": ("family", "size")}}, "tag: section basic names size"),
        ({"sections": {"basic": ("created_at",)}}, "tag: section basic names created_at"),
        ({"sort": "colour"}, "tag: sort names colour"),
        ({"sort": "-nonsense"}, "tag: sort names nonsense"),
        ({"group": "nowhere"}, "tag: there is no group nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_wrong_name_in_a_declaration_stops_the_start(
    tmp_path: Path, declared: dict[str, Any], named: str
) -> None:
    assert named in refusal(with_tag(**declared), tmp_path)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("entity", "tag", "label"), "tag: no label in"),
        (("entity", "tag", "plural"), "tag: no plural in"),
        (("entity", "tag", "field", "colour"), "tag.colour: no label in"),
        (("entity", "customer", "choice", "lifecycle", "loyal"), "customer.lifecycle: no label for loyal in"),
        (("group", "business"), "group business: no label in"),
        (("page", "matrix"), "page matrix: no label in"),
    ],
    ids=lambda value: value if isinstance(value, str) else ".".join(value),
)
def test_a_missing_label_stops_the_start(
    tmp_path: Path, path: tuple[str, ...], named: str, language: str
) -> None:
    tables = {code: _without(table, path) if code == language else table for code, table in _tables().items()}
    assert f"{named} {language}" in refusal(dataclasses.replace(SITE, labels=Labels(tables)), tmp_path)


def _tables() -> dict[str, Any]:
    return dict(SITE.labels.tables)


def _without(table: Any, path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    assert first in table, f"nobody labels {path}"
    if not rest:
        return {key: value for key, value in table.items() if key != first}
    return {**table, first: _without(table[first], tuple(rest))}


def test_a_page_in_no_group_stops_the_start(tmp_path: Path) -> None:
    pages = tuple(dataclasses.replace(page, group="nowhere") for page in SITE.pages)
    assert "there is no group nowhere" in refusal(dataclasses.replace(SITE, pages=pages), tmp_path)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    site = dataclasses.replace(
        with_tag(columns=("color", "size")), groups=(*SITE.groups, Group("extra", "x"))
    )
    found = refusal(site, tmp_path)
    for part in ("names color", "names size", "group extra: no label in zh", "group extra: no label in en"):
        assert part in found


class Point(UserDefinedType[Any]):
    """A type that no screen knows."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "POINT"


class _Base(DeclarativeBase):
    pass


class Place(_Base):
    """A table with a column that cannot be shown."""

    __tablename__ = "place"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    position: Mapped[Any] = mapped_column(Point())


class Cube(_Base):
    """A table with an array of arrays."""

    __tablename__ = "cube"

    id: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[Any] = mapped_column(sa.ARRAY(sa.Integer, dimensions=3))


@pytest.mark.parametrize(("model", "column"), [(Place, "place.position"), (Cube, "cube.cells")])
def test_a_column_that_no_screen_can_show_stops_the_start(
    tmp_path: Path, model: type[Any], column: str
) -> None:
    site = dataclasses.replace(SITE, entities=(*SITE.entities, Entity(model, adopted=True)))
    found = refusal(site, tmp_path)
    assert column in found
    assert "no screen knows the type" in found


def test_two_entities_of_one_name_stop_the_start(tmp_path: Path) -> None:
    assert "tag: declared 2 times" in refusal(
        dataclasses.replace(SITE, entities=(*SITE.entities, TAG)), tmp_path
    )
