"""Departments, positions, people, duties, and what the matrix lets them do."""

from __future__ import annotations

from admin_app.engine.entity import Entity
from admin_app.services.cells import (
    after_cell_deleted,
    after_cell_saved,
    after_cells_imported,
    before_cell_saved,
)
from admin_app.services.grants import before_grant_saved
from admin_app.services.people import before_post_saved
from models.access import DutyAccess, LetterProfile
from models.conflict import DutyConflict
from models.duty import Duty, PositionDuty
from models.grant import AccessGrant
from models.organisation import Department, Position, Post, User
from views.people_words import person_steps

LETTERS = {letter: f"letter-{letter.lower()}" for letter in "RAVCSI"}

ENTITIES = (
    Entity(
        Department,
        group="organisation",
        icon="sitemap",
        code="code",
        columns=("parent", "updated_at"),
        search=("name_zh", "name_en", "code"),
        sort="code",
        sections={"basic": ("code", "name_zh", "name_en", "parent")},
        reading="open",
    ),
    Entity(
        Position,
        group="organisation",
        icon="id-badge-2",
        code="code",
        columns=("department", "overlay", "updated_at"),
        search=("name_zh", "name_en", "code"),
        sort="code",
        sections={"basic": ("code", "name_zh", "name_en", "department", "overlay")},
        reading="open",
    ),
    Entity(
        User,
        group="organisation",
        icon="users",
        label="name",
        code="username",
        columns=("email", "phone", "is_active", "is_admin", "last_login_at"),
        search=("name", "username", "email"),
        sections={
            "account": ("username", "name", "language", "is_active", "is_admin"),
            "contact": ("email", "phone"),
        },
        reading="directory",
        steps=person_steps,
    ),
    Entity(
        Post,
        icon="briefcase",
        title=("user", "position"),
        columns=("department", "valid_from", "valid_to", "acting", "acting_for"),
        sections={
            "basic": ("user", "position", "department", "acting", "acting_for"),
            "term": ("valid_from", "valid_to"),
        },
        before_save=before_post_saved,
    ),
    Entity(
        Duty,
        group="access",
        icon="clipboard-list",
        code="code",
        columns=("category_{lang}", "category", "updated_at"),
        search=("name_zh", "name_en", "code"),
        sort="code",
        sections={"basic": ("code", "name_zh", "name_en", "category", "category_zh", "category_en")},
        reading="open",
    ),
    Entity(
        PositionDuty,
        icon="layout-grid",
        label="detail_{lang}",
        title=("position", "duty"),
        columns=("letter", "rows", "detail_{lang}"),
        search=("detail_zh", "detail_en"),
        sections={
            "basic": ("position", "duty", "letter"),
            "reach": ("rows", "field_levels"),
            "content": ("detail_zh", "detail_en"),
        },
        tones={"letter": LETTERS},
        reading="open",
        before_save=before_cell_saved,
        after_save=after_cell_saved,
        after_delete=after_cell_deleted,
        after_import=after_cells_imported,
    ),
    Entity(
        DutyAccess,
        icon="key",
        label="entity",
        title=("duty", "entity"),
        columns=("updated_at",),
        search=("entity",),
        sections={"basic": ("duty", "entity")},
    ),
    Entity(
        LetterProfile,
        group="access",
        icon="shield-lock",
        label="letter",
        columns=("actions", "rows", "field_level", "updated_at"),
        search=("actions",),
        sort="letter",
        sections={"basic": ("letter", "actions", "rows", "field_level")},
        tones={"letter": LETTERS},
    ),
    Entity(
        DutyConflict,
        # A rule that binds somebody is there to be read by them.
        reading="open",
        group="access",
        icon="unlink",
        columns=("reach", "duty", "other_duty", "entity", "action", "other_action"),
        search=("name_zh", "name_en"),
        sections={
            "basic": ("name_zh", "name_en", "reach"),
            "content": ("duty", "other_duty", "entity", "action", "other_action"),
        },
    ),
    Entity(
        AccessGrant,
        group="access",
        icon="key",
        label="entity",
        title=("user", "entity"),
        columns=("actions", "rows", "record_key", "department", "valid_from", "valid_to", "approver"),
        facts=("user", "entity", "actions", "rows", "record_key", "department", "valid_to", "approver"),
        search=("entity", "reason"),
        sort="-valid_to",
        sections={
            "basic": ("user", "entity", "actions"),
            "reach": ("rows", "department", "field_level"),
            "term": ("valid_from", "valid_to"),
            "content": ("reason",),
        },
        before_save=before_grant_saved,
    ),
)
