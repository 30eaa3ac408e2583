"""Four sites over the real models: the same entities, read and followed in different ways."""

from __future__ import annotations

from typing import Any

from admin_app.engine.entity import Entity
from admin_app.engine.labels import Labels
from admin_app.engine.site import Site
from models.contact import Contact
from models.contract import Contract, Obligation
from models.customer import Customer
from models.tag import Tag, TagFamily

MODELS: dict[str, type[Any]] = {
    "customer": Customer,
    "contact": Contact,
    "contract": Contract,
    "obligation": Obligation,
    "tag_family": TagFamily,
    "tag": Tag,
}
#: Attribute and entity of a part's whole, where it follows one.
WHOLES = {"obligation": ("contract", "contract"), "tag": ("family", "tag_family")}
GROUPS = {
    "customer": {"contact": ("phone", "email")},
    "contact": {"private": ("birthday",)},
    "contract": {"money": ("amount",)},
    "obligation": {"money": ("amount",)},
}
#: Per site: how each entity is read (granted unless said), which parts follow their whole, what nobody may do.
KINDS: tuple[dict[str, Any], ...] = (
    {"reading": {}, "follows": ("obligation", "tag"), "forbids": {"obligation": ("edit", "delete")}},
    {
        "reading": {"customer": "directory", "tag_family": "directory"},
        "follows": ("obligation",),
        "forbids": {},
    },
    {"reading": {"contract": "open"}, "follows": ("obligation", "tag"), "forbids": {"customer": ("export",)}},
    {
        "reading": {"tag_family": "open", "contract": "directory", "contact": "open"},
        "follows": ("obligation", "tag"),
        "forbids": {"contract": ("view",)},
    },
)


def _declared(kind: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "reading": kind["reading"].get(name, "granted"),
        "follows": WHOLES[name] if name in kind["follows"] else (None, None),
        "forbids": kind["forbids"].get(name, ()),
    }


def _site(kind: dict[str, Any]) -> Site:
    entities = []
    for name, model in MODELS.items():
        declared = _declared(kind, name)
        entities.append(
            Entity(
                model,
                label="description" if name == "obligation" else None,
                reading=declared["reading"],
                follows=declared["follows"][0],
                forbids=declared["forbids"],
                field_groups=GROUPS.get(name, {}),
            )
        )
    return Site(name={}, labels=Labels({}), entities=entities)


SITES = tuple(_site(kind) for kind in KINDS)


def entities_of(kind: int) -> dict[str, dict[str, Any]]:
    """The declarations of one site, as the oracle reads them."""
    return {
        name: {
            "reading": declared["reading"],
            "follows": declared["follows"][1],
            "forbids": declared["forbids"],
            "owned": name in ("customer", "contact", "contract"),
            "groups": {field: group for group, fields in GROUPS.get(name, {}).items() for field in fields},
        }
        for name in MODELS
        for declared in [_declared(KINDS[kind], name)]
    }
