"""`flask --app wsgi why USER ACTION ENTITY [ID]`: what the page says, for whoever runs the server."""

from __future__ import annotations

import click
from flask import current_app, g
from flask.cli import with_appcontext
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.access.cache import PolicyCache
from admin_app.engine.forms import find_record
from admin_app.engine.site import Site
from admin_app.errors import DutybookError
from admin_app.services.answers import Explanation
from admin_app.services.explanations import Explainer
from admin_app.services.field_answers import check_group, explain_fields
from models.organisation import User


@click.command("why")
@click.argument("username", metavar="USER")
@click.argument("action")
@click.argument("entity")
@click.argument("key", metavar="ID", required=False)
@click.option("--fields", metavar="GROUP", help="Ask how much of this group of fields USER sees instead.")
@with_appcontext
def why_command(username: str, action: str, entity: str, key: str | None, fields: str | None) -> None:
    """Say why USER may do ACTION on ENTITY (a table's name), or on its record ID, or why not, and who may."""
    # Labels follow the reader's language; commands speak English.
    g.language = "en"
    with force_locale("en"), acting(db.session(), SYSTEM) as session:
        try:
            answer = explain(session, username, action, entity, key, fields)
        except DutybookError as error:
            raise click.ClickException(str(error)) from None
    for line in answer.lines():
        click.echo(line)


def explain(
    session: Session, username: str, action: str, entity: str, key: str | None, fields: str | None
) -> Explanation:
    """The answer about that person; ClickException when there is no such person or record."""
    site: Site = current_app.extensions["dutybook"]
    cache: PolicyCache = current_app.extensions["dutybook_policies"]
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise click.ClickException(f"There is no user {username}.")
    today = company_today().date()
    explainer = Explainer(session, site, cache.world(session), today)
    explainer.check(action, entity)
    record = None
    if key is not None:
        declared = site.by_name.get(entity)
        record = find_record(session, declared, key) if declared is not None else None
        if record is None:
            raise click.ClickException(f"There is no {entity} {key}.")
    policy = cache.policy(session, user, today)
    if fields is not None:
        check_group(explainer, entity, fields)
        return explain_fields(explainer, policy, entity, fields, record, user.name)
    return explainer.explain(policy, action, entity, record, user.name)
