"""`flask --app wsgi search …`: fill the search index anew, or hold it against the records."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from flask_babel import force_locale
from sqlalchemy.orm import Session
from tqdm import tqdm

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.search.building import Progress, check, rebuild
from admin_app.engine.search.index import Index, indexes

search_command = AppGroup("search", help="Fill the search index anew, or hold it against the records.")


def progress_of(index: Index) -> Progress:
    """A bar on standard error, silent where nobody watches."""
    shown = tqdm(desc=index.entity.name, unit=" records", unit_scale=True, disable=None)

    def show(done: int, total: int) -> None:
        shown.total = total
        shown.update(done - shown.n)
        if done >= total:
            shown.close()

    return show


def _chosen(entity: str | None) -> list[Index]:
    known = {index.entity.name: index for index in indexes().by_model.values()}
    if entity is None:
        return list(known.values())
    if entity not in known:
        raise click.ClickException(f"{entity} has no index. These have: {', '.join(sorted(known))}.")
    return [known[entity]]


@search_command.command("rebuild")
@click.argument("entity", required=False)
def rebuild_command(entity: str | None) -> None:
    """Write the index of ENTITY anew, or all of them. People may go on working and searching meanwhile."""
    with force_locale("en"), acting(db.session(), SYSTEM) as session:
        for index in _chosen(entity):
            done = rebuild(session, index, progress_of(index))
            click.echo(f"{index.entity.name}: {done:,} records")


@search_command.command("check")
@click.argument("entity", required=False)
def check_command(entity: str | None) -> None:
    """Tell where the index of ENTITY, or any of them, says something else than the records."""
    with force_locale("en"), acting(db.session(), SYSTEM) as session:
        if sum([_tell(session, index) for index in _chosen(entity)]):
            raise click.ClickException("flask --app wsgi search rebuild puts it right.")


def _tell(session: Session, index: Index) -> int:
    """Print one line; how many documents are wrong."""
    found = check(session, index, progress_of(index))
    session.rollback()
    wrong = sum(found)
    told = (
        f"{found.missing:,} missing, {found.differing:,} differing, {found.superfluous:,} superfluous"
        if wrong
        else "nothing to complain about"
    )
    click.echo(f"{index.entity.name}: {told}")
    return wrong
