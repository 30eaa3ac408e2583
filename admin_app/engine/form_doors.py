"""The doors of an entity's forms: a new record, a stored one, a save that meets another, a record that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from admin_app.db import db
from admin_app.engine import merging, saving
from admin_app.engine.access import current_policy
from admin_app.engine.defaults import initial_values
from admin_app.engine.entity import Entity
from admin_app.engine.forms import (
    RecordForm,
    describe,
    find_record,
    form_context,
    typed_everywhere,
    typed_fields,
)
from admin_app.engine.locked import locked_fields
from admin_app.engine.merging import AGAIN, Sent
from admin_app.engine.site import site
from admin_app.errors import Forbidden, NotFound

Answer = str | BaseResponse


class FormDoors(BaseView):  # type: ignore[misc]  # Flask-Admin brings no types
    """`/<entity>/new/` and `/<entity>/edit/`; the view of the entity guards them."""

    entity: Entity
    edit_template: str
    can_create: bool
    can_delete: bool
    _key: Callable[[], str]

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The form of a new record."""
        session, policy = db.session(), current_policy()
        fields = site().fields(policy, self.entity)
        keys = tuple(filter(fields.writable, self.entity.form_fields))
        if request.method == "GET":
            values = initial_values(session, self.entity, policy, request.args)
            return self._form(RecordForm(self.entity, session, keys, values=values))
        form = RecordForm(self.entity, session, keys, formdata=request.form)
        if AGAIN in request.form:
            return self._form(form, again=True)
        if form.validate():
            record = saving.create(session, self.entity, policy, form)
            if record is not None:
                return self._saved(record, _("Saved as a new record."))
        return self._form(form)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form of a stored record. A save on an old version merges, or asks where both changed the same field."""
        session, policy, key = db.session(), current_policy(), self._key()
        keys = shown = typed_everywhere(self.entity, policy) if request.method == "GET" else None
        if keys is None:
            record = find_record(session, self.entity, key)
            if record is None:
                return self._gone(key)
            if not site().may_record(policy, "edit", self.entity, record):
                raise Forbidden(_("None of your positions lets you edit this record."))
            keys = typed_fields(self.entity, policy, record)
            shown = (*keys, *locked_fields(self.entity, policy, record))
        found = saving.stored_row(session, self.entity, key, shown or keys)
        if found is None:
            return self._gone(key)
        token = saving.token_of(*found)
        if request.method == "GET":
            return self._form(RecordForm(self.entity, session, keys, found), key, found, token)
        sent = Sent(self.entity, session, keys, found, request.form, token)
        if AGAIN in request.form:
            form = RecordForm(self.entity, session, keys, found, request.form)
            return self._form(form, key, found, request.form.get("_token", ""), again=True)
        if sent.open:
            return self._form(sent.form, key, found, token, sent), 409  # type: ignore[return-value]
        message = sent.told() if sent.taken else _("Saved.")
        if sent.form.validate():
            try:
                if saving.update(session, self.entity, policy, sent.form, record):
                    return self._saved(record, message, key)
            except saving.Stale:
                session.rollback()
                found = saving.stored_row(session, self.entity, key, shown or keys)
                if found is None:
                    return self._gone(key)
                token = saving.token_of(*found)
                sent = Sent(self.entity, session, keys, found, request.form, token)
                return self._form(sent.form, key, found, token, sent), 409  # type: ignore[return-value]
        return self._form(sent.form, key, found, token, sent if sent.taken else None)

    def _gone(self, key: str) -> Answer:
        """A form whose record is gone: said so, with what was typed. NotFound where nothing was."""
        policy = current_policy()
        if request.method == "GET":
            raise NotFound(_("The record is gone, or it is not yours to see."))
        writable = filter(site().fields(policy, self.entity).writable, self.entity.form_fields)
        context = merging.gone(db.session(), self.entity, policy, key, list(writable), request.form)
        name = self.entity.name
        urls = {"list_url": url_for(f"{name}.index_view")}
        if self.can_create:
            urls["create_url"] = url_for(f"{name}.create_view")
        return str(self.render("admin/model/gone.html", **context, **urls)), 404  # type: ignore[return-value]

    def _form(
        self,
        form: RecordForm,
        key: str | None = None,
        found: Any = None,
        token: str = "",
        sent: Sent | None = None,
        again: bool = False,
    ) -> str:
        context = form_context(form, found, sent.meanwhile() if sent else None)
        delete_url = url_for(f"{self.entity.name}.delete_view", id=key) if key and self.can_delete else None
        base = merging.carried(merging.shown(form)) if found is not None else ""
        return str(
            self.render(
                self.edit_template,
                **context,
                token=token,
                # What comes back after a new sign-in is still what was typed on the old version.
                base=request.form.get("_base", "") if again else base,
                before=merging.carried(sent.before) if sent and sent.open else "",
                merged=len(sent.open) if sent else None,
                again=again,
                return_url=self._return_url(),
                delete_url=delete_url,
                key=key,
                list_url=url_for(f"{self.entity.name}.index_view"),
            )
        )

    def _saved(self, record: Any, message: str, key: str | None = None) -> Answer:
        db.session.commit()
        flash(message, "success")
        if "_add_another" in request.form:
            return redirect(url_for(f"{self.entity.name}.create_view", _url=self._return_url()))
        if request.values.get("_url"):
            return redirect(self._return_url())
        return redirect(
            url_for(f"{self.entity.name}.details_view", id=key or describe(self.entity, record)[0])
        )

    def _return_url(self) -> str:
        target = request.values.get("_url", "")
        parts = urlsplit(target)
        here = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
        return target if here else url_for(f"{self.entity.name}.index_view")
