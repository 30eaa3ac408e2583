"""Appointments: who holds what in the departments that one leads, and everything that one does about a person."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting, current_policy
from admin_app.engine.labels import labels
from admin_app.engine.lookup import lookup
from admin_app.engine.refusals import told
from admin_app.engine.site import Page, site
from admin_app.errors import BadInput, Forbidden, NotFound, Refused
from admin_app.services import clock, handover, people
from admin_app.services.heads import leads
from models.handover import Handover
from models.organisation import Post, User
from views.asking import AccessPage
from views.people_forms import (
    PersonForm,
    appoint_form,
    end_form,
    hand_over_form,
    post_name,
    stand_in_form,
)
from views.people_words import counted, describe_handover, describe_post, steps_about

Answer = str | Response
#: People that the first page lists; beyond them one searches.
SHOWN = 200


class PeopleView(AccessPage):
    """`/people/` lists posts; each step is a small form page that says what follows and sends it."""

    @expose("/")
    def index(self) -> str:
        """The people of the departments that one leads, and the latest handovers."""
        session, policy, today = db.session(), current_policy(), clock.today()
        held = people.led_posts(session, policy, today, request.args.get("q", "").strip(), SHOWN)
        return str(
            self.render(
                "admin/people/index.html",
                q=request.args.get("q", "").strip(),
                people=[
                    {
                        "name": user.name,
                        "url": url_for("people.person", id=user.id),
                        "posts": [describe_post(each) for each in posts],
                    }
                    for user, posts in held
                ],
                handovers=[describe_handover(each) for each in handover.recent(session, policy)],
            )
        )

    @expose("/lookup")
    def lookup(self) -> Response:
        """People by what was typed so far, as JSON pairs [key, label]."""
        return jsonify(lookup(db.session(), site().by_name["user"], request.args.get("query", "")))

    @expose("/person")
    def person(self) -> str:
        """One person: the posts, and what one may do."""
        session, policy = db.session(), current_policy()
        user = _somebody()
        world = people.world_of(session)
        posts = people.posts_of(session, user.id, clock.today())
        manages = people.may_manage(session, policy, user)
        return str(
            self.render(
                "admin/people/person.html",
                name=user.name,
                code=user.username,
                active=user.is_active,
                posts=[
                    describe_post(each)
                    | {
                        "end_url": url_for("people.end", id=each.id)
                        if people.may_fill(policy, world, each) and each.valid_to != clock.today()
                        else None
                    }
                    for each in posts
                ],
                steps=steps_about(user.id, manages, user.is_active),
            )
        )

    @expose("/appoint", methods=("GET", "POST"))
    def appoint(self) -> Answer:
        """Give the person a position; without a person, look for one to fill `position`."""
        session, policy = db.session(), current_policy()
        user = None if request.args.get("position") else _somebody()
        found = people.places(session, policy)
        form = appoint_form(found, request.args.get("position", ""), user is None)
        if form.validate_on_submit():
            position = next(each for each in found.positions if str(each.id) == form["position"].data)
            department = next(each for each in found.departments if str(each.id) == form["department"].data)
            who = user or form["user"].data
            try:
                people.appoint(
                    session, policy, who, position, department, form["first"].data, form["last"].data
                )
            except Refused as refusal:
                form.refuse(refusal.key, told(refusal))
            else:
                return self._done(who, _("Appointed."))
        note = _("Access follows from the position on the first day, and ends after the last.")
        title = _("Appoint %(name)s", name=user.name) if user else _("Appoint somebody")
        return self._form(form, user, title, note, _("Appoint"))

    @expose("/stand-in", methods=("GET", "POST"))
    def stand_in(self) -> Answer:
        """Let somebody hold one of the person's posts for some days."""
        session, policy, user = db.session(), current_policy(), _somebody()
        world = people.world_of(session)
        posts = [
            each
            for each in people.posts_of(session, user.id, clock.today())
            if not each.acting and people.may_fill(policy, world, each)
        ]
        if not posts:
            raise Forbidden(_("%(name)s holds no post in a department that you lead.", name=user.name))
        form = stand_in_form(posts)
        if form.validate_on_submit():
            post = next(each for each in posts if str(each.id) == form["post"].data)
            try:
                people.stand_in(
                    session, policy, form["user"].data, post, form["first"].data, form["last"].data
                )
            except Refused as refusal:
                form.refuse(refusal.key, told(refusal))
            else:
                return self._done(form["user"].data, _("Stands in."))
        note = _("It begins and ends by itself; the history shows both names.")
        title = _("Let somebody stand in for %(name)s", name=user.name)
        return self._form(form, user, title, note, _("Let stand in"))

    @expose("/end", methods=("GET", "POST"))
    def end(self) -> Answer:
        """End a post."""
        session, policy = db.session(), current_policy()
        with acting(session, SYSTEM):
            post = session.get(Post, _number())
        if post is None or not people.may_fill(policy, people.world_of(session), post):
            raise NotFound(_("The record is gone, or it is not yours to see."))
        form, user, name = end_form(post), post.user, post_name(post)
        if form.validate_on_submit():
            begun = people.end_post(session, policy, post, form["last"].data)
            day = format_date(form["last"].data)
            return self._done(
                user, _("Ends on %(day)s.", day=day) if begun else _("Withdrawn before it began.")
            )
        note = _("The access that this post gives ends with that day.")
        return self._form(form, user, _("End: %(post)s", post=name), note, _("End the post"))

    @expose("/hand-over", methods=("GET", "POST"))
    def hand_over(self) -> Answer:
        """Give the person's records to somebody else."""
        session, policy, user = db.session(), current_policy(), _somebody()
        counts = handover.movable(session, policy, user)
        form = hand_over_form()
        ticked = request.form.getlist("entities") if request.method == "POST" else list(counts)
        if form.validate_on_submit():
            receiver, reason = form["receiver"].data, form["reason"].data
            try:
                made = handover.hand_over(session, policy, user, receiver, ticked, reason, clock.today())
            except Refused as refusal:
                form.refuse(refusal.key, told(refusal))
            else:
                number = sum(len(keys) for keys in made.items.values())
                words = ngettext("%(num)s record handed over.", "%(num)s records handed over.", number)
                return self._done(user, words)
        boxes = [
            {"value": name, "label": labels().plural(name), "count": count, "ticked": name in ticked}
            for name, count in counts.items()
        ]
        note = _("Only records that you may edit move; their departments stay. You can take it back.")
        title = _("Hand over the records of %(name)s", name=user.name)
        return self._form(form, user, title, note, _("Hand over"), boxes)

    @expose("/undo", methods=("POST",))
    def undo(self) -> Response:
        """Take a handover back."""
        session, policy = db.session(), current_policy()
        with acting(session, SYSTEM):
            made = session.get(Handover, _number())
        if made is None or not (policy.unlimited or made.author_id == policy.user_id):
            raise NotFound(_("The record is gone, or it is not yours to see."))
        done = handover.undo(session, policy, made)
        db.session.commit()
        moved = sum(done.moved.values())
        flash(ngettext("%(num)s record given back.", "%(num)s records given back.", moved), "success")
        if done.kept:
            names = "; ".join(done.names)
            flash(
                _("Not given back, for somebody else has them now: %(what)s.", what=counted(done.kept))
                + " "
                + names,
                "warning",
            )
        return redirect(url_for("people.index"))

    @expose("/access", methods=("GET", "POST"))
    def access(self) -> Answer:
        """Disable the person, or enable again; the form is nothing but the question."""
        session, policy, user = db.session(), current_policy(), _somebody()
        if not people.may_manage(session, policy, user):
            raise Forbidden(_("You do not lead all posts of this person."))
        form = PersonForm()
        disabling = user.is_active
        if request.method == "POST":
            wanted = request.form.get("active")
            if wanted not in ("0", "1"):
                raise BadInput(_("Part of the form is missing. Open the page again."))
            people.set_active(session, policy, user, wanted == "1")
            return self._done(
                user, _("Enabled.") if wanted == "1" else _("Disabled; all sessions have ended.")
            )
        note = (
            _("All sessions end at once, and nobody can sign in under this name until it is enabled again.")
            if disabling
            else _("The person can sign in again, with the access of the posts in force.")
        )
        title = _("Disable %(name)s", name=user.name) if disabling else _("Enable %(name)s", name=user.name)
        hidden = [("active", "0" if disabling else "1")]
        return self._form(form, user, title, note, _("Disable") if disabling else _("Enable"), hidden=hidden)

    def _form(
        self,
        form: PersonForm,
        user: User | None,
        title: str,
        note: str,
        verb: str,
        boxes: list[dict[str, Any]] | None = None,
        hidden: list[tuple[str, str]] | None = None,
    ) -> str:
        return str(
            self.render(
                "admin/people/form.html",
                title=title,
                note=note,
                verb=verb,
                form=form,
                boxes=boxes,
                hidden=hidden or [],
                back_url=url_for("people.person", id=user.id) if user else url_for("people.index"),
                name=user.name if user else None,
            )
        )

    def _done(self, user: User, message: str) -> Response:
        url = url_for("people.person", id=user.id)
        db.session.commit()
        flash(message, "success")
        return redirect(url)


def _number() -> int:
    text = request.args.get("id", "") or request.form.get("id", "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadInput(_("Part of the form is missing. Open the page again."))
    return int(text)


def _somebody() -> User:
    session = db.session()
    with acting(session, SYSTEM):
        user = session.get(User, _number())
    if user is None:
        raise NotFound(_("The record is gone, or it is not yours to see."))
    return user


PEOPLE = Page("people", "organisation", "user-share", PeopleView, leads)
