"""`flask --app wsgi bulk ACTION ENTITY`: what the bulk bar of a list does, for scripts and for large changes."""

from __future__ import annotations

import click
from flask import current_app, g
from flask.cli import with_appcontext
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, Policy, acting, compile_policy
from admin_app.engine.bulk import applying, preview, runs
from admin_app.engine.bulk.action import Action
from admin_app.engine.bulk.selection import Selection, supports
from admin_app.engine.bulk.shipped import CHOSEN, action_of, actions_of
from admin_app.engine.entity import Entity
from admin_app.engine.site import Site
from admin_app.errors import DutybookError
from models.bulk import BulkRun
from models.organisation import User


@click.command("bulk")
@click.argument("action")
@click.argument("entity")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    help="As in a list's address: grade:eq=B; all without.",
)
@click.option("--id", "ids", multiple=True, help="A record's number, instead of filters.")
@click.option("--set", "typed", multiple=True, help="A field of the action's form, such as grade=A.")
@click.option("--reason", default="", help="Why; the history shows it.")
@click.option("--as", "username", help="With this person's rights; the system's when left out.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def bulk_command(
    action: str,
    entity: str,
    filters: tuple[str, ...],
    ids: tuple[str, ...],
    typed: tuple[str, ...],
    reason: str,
    username: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Do ACTION with many records of ENTITY (a table's name): preview, then apply, chunk by chunk."""
    # Forms build addresses of lookups; messages and labels follow the reader's language, and commands speak English.
    with current_app.test_request_context(method="POST"):
        g.language = "en"
        with force_locale("en"):
            try:
                _run(*_declared(entity, action), _policy(username), filters, ids, typed, reason, dry_run, yes)
            except DutybookError as error:
                raise click.ClickException(str(error)) from None


def _declared(entity: str, action: str) -> tuple[Entity, Action]:
    site: Site = current_app.extensions["dutybook"]
    declared = site.by_name.get(entity)
    if declared is None or not supports(declared):
        names = ", ".join(sorted(each.name for each in site.entities if supports(each)))
        raise click.ClickException(f"There is no entity {entity} to change in bulk; there are {names}.")
    found = action_of(declared, action)
    if found is None or found.downloads:
        names = ", ".join(each.name for each in actions_of(declared) if not each.downloads)
        raise click.ClickException(f"There is no action {action}; there are {names}.")
    return declared, found


def _policy(username: str | None) -> Policy:
    if username is None:
        return SYSTEM
    with acting(db.session(), SYSTEM) as session:
        user = session.scalar(select(User).where(User.username == username))
        if user is None:
            raise click.ClickException(f"There is no user {username}.")
        return compile_policy(session, user, company_today().date())


def _run(
    entity: Entity,
    action: Action,
    policy: Policy,
    filters: tuple[str, ...],
    ids: tuple[str, ...],
    typed: tuple[str, ...],
    reason: str,
    dry_run: bool,
    yes: bool,
) -> None:
    sent = MultiDict(_pair(each) for each in typed)
    if action.name == "edit":
        sent.setlist(CHOSEN, list(sent))
    if action.needs_reason and not reason and not dry_run:
        raise click.ClickException("Say why with --reason: the history shows it.")
    with acting(db.session(), policy) as session:
        if ids:
            selection = Selection.these(entity, ids)
        else:
            selection = Selection.all_matching(entity, MultiDict(_pair(each) for each in filters), policy)
        made = runs.preview(session, policy, entity, action, selection, sent, reason)
        if not isinstance(made, BulkRun):
            wrong = [f"{name}: {error}" for name, errors in made.errors.items() for error in errors]
            raise click.ClickException("; ".join([*wrong, *map(str, getattr(made, "form_errors", ()))]))
        for each in preview.outcomes(session, applying.open_run(session, policy, made), False):
            click.echo(f"{each['label']:>18}  {each['count']}")
            for why in each["reasons"]:
                click.echo(f"{'':>18}  {why['count']}: {why['text']}")
        if dry_run or not made.counts.get("change"):
            session.rollback()
            return
        if not yes:
            click.confirm("Apply?", abort=True)
        _apply(session, policy, made)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.ClickException(f"{text} is no pair such as grade=A.")
    return name, value


def _apply(session: Session, policy: Policy, run: BulkRun) -> None:
    if policy.user_id is not None and runs.needs_approval(run):
        runs.submit(session, policy, run)
        session.commit()
        click.echo(f"Change {run.id} waits for the approval of a second person.")
        return
    run.state = "ordered"
    session.commit()
    while True:
        with acting(session, SYSTEM):
            session.refresh(run)
            until = applying.part_after(session, run)
        if until is None:
            break
        applying.apply_part(session, policy, run, until, source="command")
        session.commit()
    with acting(session, SYSTEM):
        session.refresh(run)
        applying.finish(session, run)
        session.commit()
    click.echo(f"{run.applied:,} records changed, as change {run.id}.")
