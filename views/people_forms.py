"""The small forms about one person: appointing, standing in, ending a post, handing records over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Optional

from admin_app.db import db
from admin_app.engine.forms import describe, find_record
from admin_app.engine.inputs import LookupField
from admin_app.engine.language import lang
from admin_app.engine.site import site
from admin_app.services import clock
from admin_app.services.people import Places
from models.organisation import Post

_FILL = lazy_gettext("Fill this in.")


class PersonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF brings no types
    """A form whose token the page brings; `entries` are its fields as the template draws them."""

    class Meta:
        """CSRF is checked for every request, before any form."""

        csrf = False

    def entries(self) -> list[dict[str, Any]]:
        """The fields in order."""
        return [
            {
                "field": each,
                "key": each.name,
                "kind": "reference" if isinstance(each, LookupField) else "text",
                "required": bool(each.flags.required),
                "help": each.description,
                "wide": isinstance(each, TextAreaField),
            }
            for each in self
            if not isinstance(each, BooleanField)
        ]

    def error_list(self) -> list[dict[str, str]]:
        """All errors with their fields, for the summary on top."""
        return [
            {"key": each.id, "label": str(each.label.text), "message": str(message)}
            for each in self
            for message in each.errors
        ]

    def refuse(self, key: str, message: str) -> None:
        """Put an error at a field, or at the last one where there is no such field."""
        field = self._fields.get(key) or list(self)[-1]
        field.errors = [*field.errors, message]


def somebody(label: Any, description: Any = "") -> LookupField:
    """A field that looks people up as one types."""
    entity = site().by_name["user"]
    return LookupField(
        label,
        [InputRequired(_FILL)],
        find=lambda key: find_record(db.session(), entity, key),
        describe=lambda record: describe(entity, record),
        description=description,
        render_kw={"data-lookup": url_for("people.lookup")},
    )


def _named(records: Sequence[Any]) -> list[tuple[str, str]]:
    return [(str(each.id), f"{getattr(each, f'name_{lang()}')} · {each.code}") for each in records]


def appoint_form(found: Places, position_id: str, asks_whom: bool) -> PersonForm:
    """Position, department, first and last day; whom, where that is not said. It begins with a position's own place."""
    home = next((str(each.department_id) for each in found.positions if str(each.id) == position_id), "")

    class AppointForm(PersonForm):
        user = somebody(lazy_gettext("Whom")) if asks_whom else None
        position = SelectField(
            lazy_gettext("Position"),
            [InputRequired(_FILL)],
            choices=[("", ""), *_named(found.positions)],
            default=position_id,
        )
        department = SelectField(
            lazy_gettext("Department"),
            [InputRequired(_FILL)],
            choices=[("", ""), *_named(found.departments)],
            default=home,
        )
        first = DateField(lazy_gettext("First day"), [InputRequired(_FILL)], default=clock.today)
        last = DateField(
            lazy_gettext("Last day"),
            [Optional()],
            description=lazy_gettext("Empty means until further notice"),
        )

    return AppointForm()


def stand_in_form(posts: Sequence[Post]) -> PersonForm:
    """Who stands in, for which of the person's posts, from when until when."""

    class StandInForm(PersonForm):
        user = somebody(lazy_gettext("Who stands in"))
        post = SelectField(
            lazy_gettext("In which post"),
            [InputRequired(_FILL)],
            choices=[(str(each.id), post_name(each)) for each in posts],
        )
        first = DateField(lazy_gettext("First day"), [InputRequired(_FILL)], default=clock.today)
        last = DateField(
            lazy_gettext("Last day"),
            [InputRequired(_FILL)],
            description=lazy_gettext("It ends by itself after this day"),
        )

    return StandInForm()


def end_form(post: Post) -> PersonForm:
    """The last day of a post."""

    class EndForm(PersonForm):
        last = DateField(
            lazy_gettext("Last day"),
            [InputRequired(_FILL)],
            default=clock.today,
            description=lazy_gettext("The last day still counts"),
        )

    return EndForm()


def hand_over_form() -> PersonForm:
    """To whom, and why; the kinds of records are ticked beside it."""

    class HandOverForm(PersonForm):
        receiver = somebody(lazy_gettext("To whom"))
        reason = TextAreaField(lazy_gettext("Reason"), [InputRequired(_FILL)])

    return HandOverForm()


def post_name(post: Post) -> str:
    """A post in words: position, department, and that it is held for somebody."""
    name = f"{getattr(post.position, f'name_{lang()}')} · {getattr(post.department, f'name_{lang()}')}"
    return name + (" · " + standing_in(post) if post.acting else "")


def standing_in(post: Post) -> str:
    """For whom an acting post is held."""
    return str(_("for %(name)s", name=post.acting_for.name) if post.acting_for else _("acting"))
