"""Rule sets that grade customers, with their parts; a draft is edited line by line, a version in force never."""

from __future__ import annotations

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
    Entity(
        GradeStep,
        icon="stairs",
        title=("rule", "grade"),
        columns=("points", "updated_at"),
        sections={"basic": ("rule", "grade", "points")},
        follows="rule",
        before_save=before_part_saved,
        after_save=after_part_changed,
        after_delete=after_part_changed,
    ),
    Entity(
        GradeDimension,
        icon="ruler-measure",
        title=("rule", "kind"),
        columns=("months", "weight", "updated_at"),
        sections={"basic": ("rule", "kind", "months", "weight")},
        follows="rule",
        before_save=before_part_saved,
        after_save=after_part_changed,
        after_delete=after_part_changed,
    ),
    Entity(
        GradeBand,
        icon="ruler",
        title=("dimension", "threshold"),
        columns=("points", "updated_at"),
        sections={"basic": ("dimension", "threshold", "points")},
        follows="dimension",
        before_save=before_part_saved,
        after_save=after_part_changed,
        after_delete=after_part_changed,
    ),
    Entity(
        GradeRate,
        icon="currency-yuan",
        label="currency",
        title=("rule", "currency"),
        columns=("rate", "updated_at"),
        sections={"basic": ("rule", "currency", "rate")},
        follows="rule",
        before_save=before_part_saved,
        after_save=after_part_changed,
        after_delete=after_part_changed,
    ),
)
