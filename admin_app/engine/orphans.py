"""Grants for one record end with the record: a number that is given again must open nothing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Rows, acting
from admin_app.engine.site import Site
from models.grant import AccessGrant


def drop_orphaned_grants(session: Session, site: Site) -> int:
    """Delete the manual grants whose single record is gone, and flush; whoever deletes records calls it after that.

    It looks at all such grants, since a database takes parts along that nobody named.

    Returns:
        How many there were. One statement, and one for each kind of record that is named.
    """
    dropped = 0
    with acting(session, SYSTEM):
        named: dict[str, list[AccessGrant]] = {}
        for grant in session.scalars(select(AccessGrant).where(AccessGrant.record_key.is_not(None))):
            named.setdefault(grant.entity, []).append(grant)
        for name, grants in named.items():
            entity = site.by_name.get(name)
            if entity is None:
                continue
            rows = Rows(keys=frozenset((name, grant.record_key or "") for grant in grants))
            within = site.access.criterion(entity.model, rows)
            there = {tuple(row) for row in session.execute(select(*entity.key_attributes).where(within))}
            for grant in grants:
                key = Rows(keys=frozenset({(name, grant.record_key or "")}))
                if not entity.guard.keys(key) & there:
                    session.delete(grant)
                    dropped += 1
        if dropped:
            session.flush()
    return dropped
