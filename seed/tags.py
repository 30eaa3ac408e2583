"""The tag library of the demo company: four families, and their tags."""

from __future__ import annotations

from sqlalchemy import select

from models.tag import Tag, TagFamily
from seed.bulk import Loader, Row
from seed.names import INDUSTRY_NAMES, PUBLIC_INDUSTRY

_INDUSTRIES_EN = (
    "Machinery",
    "Logistics",
    "Retail",
    "Health",
    "Software",
    "Energy",
    "Food and farming",
    "Construction",
    "Culture and education",
    "Public services",
)
_FAMILIES = (
    (
        "industry",
        "行业",
        "Industry",
        "#3b6ea5",
        tuple(zip((*INDUSTRY_NAMES, PUBLIC_INDUSTRY), _INDUSTRIES_EN, strict=True)),
    ),
    (
        "amount",
        "交易金额",
        "Amount",
        "#8a5a2b",
        (
            ("百万以上", "Over a million"),
            ("十万至百万", "100,000 to a million"),
            ("十万以下", "Under 100,000"),
        ),
    ),
    (
        "frequency",
        "交易频率",
        "Frequency",
        "#3f7d58",
        (("每月", "Monthly"), ("每季", "Quarterly"), ("每年", "Yearly"), ("偶尔", "Now and then")),
    ),
    (
        "preference",
        "产品偏好",
        "Preference",
        "#7a4b8c",
        (
            ("设备", "Equipment"),
            ("软件", "Software"),
            ("服务", "Services"),
            ("耗材", "Supplies"),
            ("定制", "Bespoke"),
        ),
    ),
)


def load_tags(loader: Loader) -> dict[str, list[int]]:
    """Write the families and tags that are not there yet; returns the keys of the tags by family code, in order."""
    stamps = {"version": 1, "created_at": loader.moment, "updated_at": loader.moment}
    families = {row.code: row.id for row in loader.connection.execute(select(TagFamily.code, TagFamily.id))}
    stored = {
        (row.family_id, row.name_zh): row.id
        for row in loader.connection.execute(select(Tag.family_id, Tag.name_zh, Tag.id))
    }
    found: dict[str, list[int]] = {}
    for code, name_zh, name_en, colour, tags in _FAMILIES:
        if code not in families:
            (families[code],) = loader.keys(TagFamily.__table__, 1)
            family: Row = {
                "id": families[code],
                "code": code,
                "name_zh": name_zh,
                "name_en": name_en,
                **stamps,
            }
            loader.write(TagFamily.__table__, [family])
        missing: list[Row] = []
        for tag_zh, tag_en in tags:
            key = families[code], tag_zh
            if key not in stored:
                (stored[key],) = loader.keys(Tag.__table__, 1)
                missing.append(
                    {
                        "id": stored[key],
                        "family_id": key[0],
                        "name_zh": tag_zh,
                        "name_en": tag_en,
                        "colour": colour,
                        **stamps,
                    }
                )
        loader.write(Tag.__table__, missing)
        found[code] = [stored[families[code], tag_zh] for tag_zh, _ in tags]
    return found
