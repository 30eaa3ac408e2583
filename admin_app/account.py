"""The blueprint `account`: signing in and out, choosing the language, changing one's password."""

from __future__ import annotations

import unicodedata
from typing import Final

from flask import (
    Blueprint,
    Flask,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, ValidationError

from admin_app import throttle
from admin_app.csrf import forget_token
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change import update_rows
from admin_app.engine.language import known, reread_language
from admin_app.errors import BadInput
from admin_app.kept import Kept, give_back
from admin_app.passwords import MAX_LENGTH, check_new_password, hash_password, needs_rehash, verify_password
from admin_app.sessions import Person, person, sign_in, sign_out
from models.organisation import User
from models.types import utc_now

#: Longest `next` that is followed, in characters; a filtered list fits.
NEXT_LENGTH: Final = 2000

blueprint = Blueprint("account", __name__)


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF brings no types
    """User name and password, where to go afterwards, and what was typed before the session ended."""

    username = StringField(
        lazy_gettext("User name"),
        [InputRequired(lazy_gettext("Enter the user name."))],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [InputRequired(lazy_gettext("Enter the password."))],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()
    kept = HiddenField()


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The present password, and the new one twice."""

    current = PasswordField(
        lazy_gettext("Present password"),
        [InputRequired(lazy_gettext("Enter the present password."))],
        render_kw={"autocomplete": "current-password"},
    )
    new = PasswordField(
        lazy_gettext("New password"),
        [InputRequired(lazy_gettext("Enter a new password."))],
        render_kw={"autocomplete": "new-password"},
    )
    repeat = PasswordField(
        lazy_gettext("New password again"),
        [EqualTo("new", lazy_gettext("The two new passwords differ."))],
        render_kw={"autocomplete": "new-password"},
    )

    def validate_new(self, field: PasswordField) -> None:
        """Hold the rules for new passwords at the field."""
        signed_in = person()
        try:
            check_new_password(field.data, signed_in.username if signed_in else "")
        except BadInput as refusal:
            raise ValidationError(str(refusal)) from refusal
        if field.data == self.current.data:
            raise ValidationError(gettext("This is the present password."))


def safe_next(target: str | None) -> str:
    """Return `target` when it is a path on this site, else the start page.

    Browsers read a backslash as a slash and skip tabs and line ends, so that `/\\evil`, `//evil` and
    `/<tab>/evil` all lead elsewhere; only a plain path gets through.
    """
    home = request.script_root + "/"
    if not target or len(target) > NEXT_LENGTH or not target.startswith("/"):
        return home
    if any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in target):
        return home
    if target.startswith("//") or "\\" in target.partition("?")[0]:
        return home
    return target


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Show the form; sign the person in and lead on to `next`."""
    form = LoginForm()
    target = safe_next(form.next.data if request.method == "POST" else request.args.get("next"))
    if person() is not None:
        return redirect(target)
    form.next.data = target
    message = None
    if form.validate_on_submit():
        if _enter(form.username.data, form.password.data):
            signed_in = person()
            kept = give_back(form.kept.data, signed_in.id) if signed_in is not None else None
            return redirect(target) if kept is None else _back_to(kept)
        message = gettext("User name or password is wrong.")
    return render_template("admin/account/login.html", form=form, message=message, next=target)


def ask_again(kept: str) -> Response:
    """The sign-in page (401) for somebody whose session ended over a form; it carries what was typed."""
    form = LoginForm(formdata=None)
    form.kept.data = kept
    g.viewed = None
    page = render_template("admin/account/login.html", form=form, message=None, next="", kept=True)
    return make_response(page, 401)


def _back_to(kept: Kept) -> str:
    """The page that sends what was typed to its form again, which shows it and saves nothing."""
    forget_token()
    return render_template("admin/account/again.html", kept=kept)


def _enter(username: str, password: str) -> bool:
    """Sign in the active person with this name and password, and commit; say whether there is one."""
    database, now = db.session(), utc_now()
    attempt = throttle.begin(database, username, request.remote_addr, now)
    name = unicodedata.normalize("NFKC", username).strip()
    with acting(database, SYSTEM):
        user = database.scalar(select(User).where(User.username == name))
        stored = user.password_hash if user is not None and user.is_active else None
        # Hashing takes 30 ms and may wait for its turn: no transaction stays open meanwhile.
        database.rollback()
        if len(password) > MAX_LENGTH or not verify_password(stored, password) or user is None or not stored:
            return False
        if needs_rehash(stored):
            user.password_hash = hash_password(password)
        # Whoever clicks a language and then signs in wants it from then on.
        if chosen := known(session.get("language")):
            user.language = chosen
        throttle.succeed(database, attempt)
        sign_in(database, user, now)
        # Past the version: signing in must not make a form stale in which somebody edits this person.
        update_rows(database, User, User.id == user.id, {"last_login_at": now}, touch=False)
        database.commit()
    return True


@blueprint.route("/logout", methods=["POST"])
def logout() -> ResponseReturnValue:
    """End the session on the server and show the form again."""
    database = db.session()
    sign_out(database)
    database.commit()
    return redirect(url_for("account.login"))


@blueprint.route("/language", methods=["POST"])
def language() -> ResponseReturnValue:
    """Remember the language `code` with the person, or else in this browser; go back to `next`."""
    code = known(request.form.get("code"))
    if code is None:
        raise BadInput(lazy_gettext("There is no such language."))
    signed_in = person()
    if signed_in is None:
        session["language"] = code
    else:
        _remember_language(signed_in, code)
    reread_language()
    return redirect(safe_next(request.form.get("next")))


def _remember_language(signed_in: Person, code: str) -> None:
    database = db.session()
    with acting(database, SYSTEM):
        signed_in.record(database).language = code
        database.commit()
    signed_in.language = code


@blueprint.route("/account/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change one's own password; every other browser of this person is signed out."""
    signed_in = person()
    assert signed_in is not None, "the gate lets nobody else in"
    form = PasswordForm()
    if form.validate_on_submit() and _change_password(signed_in, form):
        flash(gettext("Password changed. All other browsers are signed out."))
        return redirect(url_for("account.password"))
    return render_template("admin/account/password.html", form=form)


def _change_password(signed_in: Person, form: PasswordForm) -> bool:
    """Store the new password and commit, or put the refusal at its field, counted as a failed sign-in."""
    database, now = db.session(), utc_now()
    attempt = throttle.begin(database, signed_in.username, request.remote_addr, now)
    with acting(database, SYSTEM):
        user = signed_in.record(database)
        stored = user.password_hash
        database.rollback()
        if not verify_password(stored, form.current.data):
            form.current.errors = [gettext("This is not the present password.")]
            return False
        new = hash_password(form.new.data)
        throttle.succeed(database, attempt)
        user.password_hash = new
        # Flushing ends all sessions of this person; then this browser gets a new one.
        database.flush()
        sign_in(database, user, now)
        database.commit()
    return True


def init_account(app: Flask) -> None:
    """Add the account's pages to `app`."""
    app.register_blueprint(blueprint)
