"""Separation of duties: what must not come together in one position, one person, or on one record.

A rule names two duties, or two actions on an entity. Duties clash where both are held with R or A: who supervises or
assists neither does the work nor answers for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.engine.access import SYSTEM, Policy, acting
from admin_app.engine.access.compile import posts_in_force
from admin_app.engine.access.world import World
from admin_app.engine.language import lang
from admin_app.errors import Refused
from models.conflict import DutyConflict
from models.deed import Deed
from models.organisation import Post, User

#: The letters that do a duty or answer for it.
HOLDING: Final = ("R", "A")
#: The entity whose records are the rules.
RULES: Final = DutyConflict.__tablename__


@dataclass(frozen=True, slots=True)
class Rule:
    """A stored rule: its name by language, and either two duties (ids) or two actions on an entity."""

    id: int
    names: Mapping[str, str]
    reach: str
    duties: tuple[int, int] | None
    entity: str | None
    actions: tuple[str, str] | None

    @property
    def name(self) -> str:
        """The rule's name in the reader's language."""
        return self.names[lang()]


@dataclass(frozen=True, slots=True)
class Clash:
    """A rule that is broken: by one position, or by one person through several; `cells` are (position, duty) ids.

    `user` and `person` are empty where a position breaks it by itself.
    """

    rule: Rule
    cells: tuple[tuple[int, int], tuple[int, int]]
    user: int | None = None
    person: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two clashes the same."""
        return self.rule.id, self.cells, self.user


def read_rules(session: Session) -> list[Rule]:
    """All rules in the order in which they were declared; one statement."""
    with acting(session, SYSTEM):
        return [
            Rule(
                each.id,
                {"zh": each.name_zh, "en": each.name_en},
                each.reach,
                (each.duty_id, each.other_duty_id) if each.duty_id and each.other_duty_id else None,
                each.entity,
                (each.action, each.other_action) if each.action and each.other_action else None,
            )
            for each in session.scalars(select(DutyConflict).order_by(DutyConflict.id))
        ]


def matrix_conflicts(session: Session, world: World) -> list[Clash]:
    """The positions that break a rule by themselves; one statement."""
    return _of_positions(read_rules(session), world)


def person_conflicts(session: Session, world: World, today: date) -> list[Clash]:
    """The people who break a rule through several posts in force, where none of the posts does so alone."""
    return _of_people(session, read_rules(session), world, today)


def new_conflicts(session: Session, before: World, after: World, today: date) -> list[Clash]:
    """What another matrix would break that the present one does not: in positions, then in people."""
    rules = read_rules(session)
    if not any(rule.reach != "record" for rule in rules):
        return []
    known = {clash.key for clash in _of_positions(rules, before)}
    known |= {clash.key for clash in _of_people(session, rules, before, today)}
    found = _of_positions(rules, after) + _of_people(session, rules, after, today)
    return [clash for clash in found if clash.key not in known]


def refuse_edits(session: Session, before: World, after: World, today: date) -> None:
    """Raise Refused, with the rules' names, where another matrix would break a rule that is kept now."""
    found = new_conflicts(session, before, after, today)
    if found:
        raise Refused(_incompatible(found), see=rules_of(found))


def appointment_conflicts(
    session: Session,
    world: World,
    user: int,
    position: int,
    first: date,
    last: date | None,
    leave_out: int | None = None,
) -> list[Clash]:
    """What a post would break, alone or beside the person's other posts of the same days.

    `leave_out` is the post itself when it is stored already.
    """
    rules = [rule for rule in read_rules(session) if rule.reach != "record"]
    if not rules:
        return []
    beside = select(Post.position_id).where(
        Post.user_id == user, or_(Post.valid_to.is_(None), Post.valid_to >= first)
    )
    if last is not None:
        beside = beside.where(Post.valid_from <= last)
    if leave_out is not None:
        beside = beside.where(Post.id != leave_out)
    with acting(session, SYSTEM), session.no_autoflush:
        others = sorted(set(session.scalars(beside)) - {position})
    found = []
    for rule in rules:
        alone = _broken(world, rule, [position])
        pairs = [alone] if alone else []
        if rule.reach == "person" and not alone:
            pairs = [
                pair
                for other in others
                if (pair := _broken(world, rule, [position, other]))
                and {position, other} == {cell[0] for cell in pair}
            ]
        found += [Clash(rule, pair, user) for pair in pairs]
    return found


def refuse_appointment(
    session: Session,
    world: World,
    user: int,
    position: int,
    first: date,
    last: date | None,
    leave_out: int | None = None,
) -> None:
    """Raise Refused at the field "position", with the rules' names, where the post would break any."""
    found = appointment_conflicts(session, world, user, position, first, last, leave_out)
    if found:
        raise Refused(_incompatible(found), "position", rules_of(found))


def rules_of(found: Iterable[Clash]) -> list[tuple[str, int]]:
    """The records of the rules that are broken, (entity, key), each once."""
    return list(dict.fromkeys((RULES, clash.rule.id) for clash in found))


def _incompatible(found: Iterable[Clash]) -> str:
    names = dict.fromkeys(clash.rule.name for clash in found)
    return str(_("Duties that must stay apart would come together: %(rules)s.", rules="; ".join(names)))


def _of_positions(rules: Iterable[Rule], world: World) -> list[Clash]:
    return [
        Clash(rule, pair)
        for rule in rules
        if rule.reach != "record"
        for position in sorted(world.positions)
        if (pair := _broken(world, rule, [position]))
    ]


def _of_people(session: Session, rules: Iterable[Rule], world: World, today: date) -> list[Clash]:
    wanted = [rule for rule in rules if rule.reach == "person"]
    if not wanted:
        return []
    with acting(session, SYSTEM):
        names = {
            row.id: row.name for row in session.execute(select(User.id, User.name).where(User.is_active))
        }
    held: dict[int, set[int]] = {}
    for post in posts_in_force(session, today):
        if post.user in names:
            held.setdefault(post.user, set()).add(post.position)
    return [
        Clash(rule, pair, user, names[user])
        for rule in wanted
        for user, positions in sorted(held.items())
        if len(positions) > 1
        and not any(_broken(world, rule, [each]) for each in positions)
        and (pair := _broken(world, rule, sorted(positions)))
    ]


def _broken(
    world: World, rule: Rule, positions: Iterable[int]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The first two cells of these positions that the rule keeps apart, or None."""
    firsts: list[tuple[int, int]] = []
    seconds: list[tuple[int, int]] = []
    for position in positions:
        for duty, cell in sorted(world.duties_of(position)):
            if rule.duties:
                if cell.letter in HOLDING and duty in rule.duties:
                    (firsts if duty == rule.duties[0] else seconds).append((position, duty))
            elif rule.actions and rule.entity in world.entities.get(duty, ()):
                profile = world.profiles.get(cell.letter)
                given = profile.actions if profile else frozenset()
                firsts += [(position, duty)] * (rule.actions[0] in given)
                seconds += [(position, duty)] * (rule.actions[1] in given)
    return (firsts[0], seconds[0]) if firsts and seconds else None


# One record: who did the one does not do the other.
Fact = Callable[[Session, Any], Iterable[int | None]]
_FACTS: Final[dict[tuple[str, str], Fact]] = {}


def known_by(entity: str, action: str) -> Callable[[Fact], Fact]:
    """Declare a function (session, record) -> user ids that knows from the record who did `action` on it."""

    def declare(fact: Fact) -> Fact:
        _FACTS[entity, action] = fact
        return fact

    return declare


def performed(session: Session, entity: str, record: Any, action: str) -> frozenset[int]:
    """Who did `action` on this record (user ids): what was noted then, and what the record itself tells.

    Empty where nobody knows: the rule then keeps nobody away.
    """
    statement = select(Deed.user_id).where(
        Deed.entity == entity, Deed.record_key == str(record.id), Deed.action == action
    )
    with acting(session, SYSTEM), session.no_autoflush:
        found: set[int | None] = set(session.scalars(statement)) if record.id is not None else set()
        fact = _FACTS.get((entity, action))
        if fact is not None:
            found.update(fact(session, record))
    return frozenset(user for user in found if user is not None)


def note(session: Session, policy: Policy, entity: str, records: Iterable[Any], action: str) -> None:
    """Keep that this person did `action` on these flushed records; what is known already is left as it is."""
    if policy.user_id is None:
        return
    keys = [str(record.id) for record in records]
    statement = select(Deed.record_key).where(
        Deed.entity == entity, Deed.action == action, Deed.user_id == policy.user_id
    )
    with acting(session, SYSTEM):
        known = set(session.scalars(statement.where(Deed.record_key.in_(keys)))) if len(keys) == 1 else set()
        session.add_all(
            Deed(entity=entity, record_key=key, action=action, user_id=policy.user_id)
            for key in keys
            if key not in known
        )


def refuse_second(
    session: Session, policy: Policy, entity: str, record: Any, action: str, key: str = ""
) -> None:
    """Raise Refused at field `key` where this person did on this record what excludes `action`."""
    if policy.user_id is None:
        return
    for rule in read_rules(session):
        if rule.reach != "record" or rule.entity != entity or not rule.actions or action not in rule.actions:
            continue
        other = rule.actions[1] if rule.actions[0] == action else rule.actions[0]
        if policy.user_id in performed(session, entity, record, other):
            words = _("Somebody else has to do this: %(rule)s.", rule=rule.name)
            raise Refused(words, key, [(RULES, rule.id)])
