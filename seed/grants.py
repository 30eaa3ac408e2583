"""A grant by hand in the demo company: the service supervisor looks after contracts for half a year.

The service department is about to take over contracts of its customers; the supervisor holds already what the
duty CTR4 will give, and so may give it to the people of the department in the matrix.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from models.access import LetterProfile
from models.grant import AccessGrant
from seed.bulk import Loader

DAYS = 180
_ENTITIES = ("contract", "obligation", "performance", "attachment")
_REASON = (
    "服务部从下季度起自己维护并归档客户合同，先由主管试行 · "
    "The service department will maintain its own customers' contracts; the supervisor tries it first"
)


def grant_contracts(loader: Loader, today: date, department: int, user: int, approver: int) -> None:
    """Write grants to `user` in `department`, tree included, by `approver`, in force from `today` for DAYS days.

    They give what the letter R gives in this company, so that whoever holds them may give an R.
    """
    profile = loader.connection.execute(
        select(LetterProfile.actions, LetterProfile.field_level).where(LetterProfile.letter == "R")
    ).one_or_none()
    if profile is None:
        return
    keys = loader.keys(AccessGrant.__table__, len(_ENTITIES))
    loader.write(
        AccessGrant.__table__,
        [
            {
                "id": key,
                "user_id": user,
                "entity": entity,
                "actions": profile.actions,
                "rows": "department_tree",
                "department_id": department,
                "field_level": profile.field_level,
                "reason": _REASON,
                "approver_id": approver,
                "valid_from": today,
                "valid_to": today + timedelta(days=DAYS),
                "version": 1,
                "created_at": loader.moment,
                "updated_at": loader.moment,
            }
            for key, entity in zip(keys, _ENTITIES, strict=True)
        ],
    )
