"""What a list's filter builder and column chooser offer; the page asks for it when somebody opens one of them."""

from __future__ import annotations

from typing import Any

from admin_app.engine.addresses import address
from admin_app.engine.labels import labels
from admin_app.engine.listing.args import operators_of
from admin_app.engine.listing.listing import Listing
from admin_app.engine.site import site


def filter_fields(listing: Listing) -> list[dict[str, Any]]:
    """Fields with the comparisons that a filter on them offers, choices in the reader's words."""
    entity = listing.entity
    found = []
    for key, each in entity.fields.items():
        target = site().target(each) if each.reference else None
        ops = operators_of(each) if not each.reference or (target and len(target.key_kinds) == 1) else ()
        if not ops or key in listing.leave_out or not listing.fields.readable(key):
            continue
        choices = getattr(each.kind, "codes", ()) if not each.reference else ()
        found.append(
            {
                "key": key,
                "label": labels().field(entity.name, key),
                "kind": "reference" if each.reference else each.kind.name,
                "input_type": each.kind.input_type,
                "ops": [{"key": op.key, "label": str(op.label), "arity": op.arity} for op in ops],
                "choices": [(code, each.kind.cell(each.kind.parse(code)).text) for code in choices],
                "lookup_url": address(f"{entity.name}.ajax_lookup", name=key) if each.reference else None,
            }
        )
    return found


def choosable(listing: Listing) -> list[str]:
    """Fields that may be columns, those that are shown first; the title always stands there."""
    return [
        key
        for key in dict.fromkeys([*listing.column_keys(), *listing.entity.fields])
        if key not in listing.title_keys and key not in listing.leave_out and listing.fields.visible(key)
    ]


def column_choices(listing: Listing) -> list[dict[str, Any]]:
    """The choosable columns with their labels, and whether each is shown."""
    shown = listing.column_keys()
    return [
        {"key": key, "label": labels().field(listing.entity.name, key), "shown": key in shown}
        for key in choosable(listing)
    ]
