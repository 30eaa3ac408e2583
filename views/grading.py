"""Rule sets that grade customers, with their parts; a draft is edited line by line, a version in force never."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.engine.access import Policy
from admin_app.engine.entity import Entity, Step
from admin_app.services.grade_rules import (
    ACTIONS,
    after_part_changed,
    after_rule_deleted,
    before_part_saved,
    before_rule_saved,
)
from models.grading import GradeBand, GradeDimension, GradeRate, GradeRule, GradeStep
from views.grading_page import may_try


def trial_steps(policy: Policy, key: str) -> list[Step]:
    """From a rule set to what it would say of the customers."""
    if not may_try(policy):
        return []
    return [Step(_("Try it"), url_for("grading.index", set=key), "scale")]


def _part(model: type[Any], icon: str, whole: str, title: str, columns: Sequence[str], **more: Any) -> Entity:
    """A kind of line: it follows its whole, and is written only while that is a draft."""
    return Entity(
        model,
        icon=icon,
        title=(whole, title),
        columns=(*columns, "updated_at"),
        sections={"basic": tuple(dict.fromkeys((whole, title, *columns)))},
        follows=whole,
        before_save=before_part_saved,
        after_save=after_part_changed,
        after_delete=after_part_changed,
        **more,
    )


ENTITIES = (
    Entity(
        GradeRule,
        group="customer",
        icon="stairs-up",
        label="name",
        columns=("customer_class", "number", "state", "active_from", "active_to", "updated_at"),
        facts=("state", "customer_class", "number", "currency", "active_from", "active_to"),
        search=("name",),
        sections={
            "basic": ("customer_class", "name", "currency", "note"),
            "limits": ("floor", "ceiling", "margin", "min_stay_days"),
        },
        tones={"state": {"draft": "muted", "active": "ok", "retired": "lapse"}},
        # One version at a time: two that become active together would retire each other.
        forbids=("bulk",),
        before_save=before_rule_saved,
        after_delete=after_rule_deleted,
        actions=ACTIONS,
        steps=trial_steps,
    ),
    _part(GradeStep, "stairs", "rule", "grade", ("points",)),
    _part(GradeDimension, "ruler-measure", "rule", "kind", ("months", "weight")),
    _part(GradeBand, "ruler", "dimension", "threshold", ("points",)),
    _part(GradeRate, "currency-yuan", "rule", "currency", ("rate",), label="currency"),
)
