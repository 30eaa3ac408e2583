"""`flask --app wsgi import FILE ENTITY`: what the import page does, for scripts and for large files."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app, g
from flask.cli import with_appcontext
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session
from tqdm import tqdm

from admin_app.actor import company_today
from admin_app.db import db
from admin_app.engine.access import SYSTEM, Policy, acting, compile_policy
from admin_app.engine.entity import Entity
from admin_app.engine.exchange.importing import Importer
from admin_app.engine.exchange.mapping import Recipe, choose, guess, load_mapping
from admin_app.engine.exchange.outcome import Outcome
from admin_app.engine.exchange.reading import ENCODINGS, Table, read_table
from admin_app.engine.site import Site
from admin_app.errors import DutybookError
from models.organisation import User


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("entity")
@click.option("--mapping", help="Name of a mapping file that comes with the site, or a path to one.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Guessed when left out.")
@click.option("--as", "username", help="Import with this person's rights; the system's when left out.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@with_appcontext
def import_command(
    file: Path, entity: str, mapping: str | None, encoding: str | None, username: str | None, dry_run: bool
) -> None:
    """Load the CSV FILE into ENTITY (a table's name): all rows, or none when any is bad."""
    # Messages of the rules follow the reader's language; commands speak English.
    g.language = "en"
    site: Site = current_app.extensions["dutybook"]
    with force_locale("en"):
        try:
            target = find_entity(site, entity)
            table = read_table(file.read_bytes(), encoding)
            recipe = recipe_for(site, target, table, mapping)
            outcome = run(table, recipe, username, dry_run)
        except DutybookError as error:
            raise click.ClickException(str(error)) from None
    report(outcome, target, dry_run)


def find_entity(site: Site, name: str) -> Entity:
    """The entity of that name; ClickException, naming those there are, when there is none."""
    found = site.by_name.get(name)
    if found is None:
        raise click.ClickException(f"There is no entity {name}; there are {', '.join(sorted(site.by_name))}.")
    return found


def recipe_for(site: Site, entity: Entity, table: Table, mapping: str | None) -> Recipe:
    """The recipe of the mapping file, or the columns by their names; checked against the file's columns.

    `mapping` is a path, or the name of a file in the site's folder.
    """
    if mapping is None:
        recipe = Recipe(entity, guess(entity, table.headers))
        unused = [header for header in table.headers if header not in recipe.columns]
        if unused:
            click.echo(f"Left out: {', '.join(unused)}", err=True)
    else:
        path = Path(mapping)
        if site.mappings is not None and not path.is_file():
            path = site.mappings / f"{mapping.removesuffix('.toml')}.toml"
        if not path.is_file():
            raise click.ClickException(f"There is no mapping {mapping}.")
        recipe = load_mapping(path, site)
        if recipe.entity is not entity:
            raise click.ClickException(f"{path.name} is for {recipe.entity.name}, not for {entity.name}.")
    return choose(recipe, table.headers, recipe.columns)


def run(table: Table, recipe: Recipe, username: str | None, dry_run: bool) -> Outcome:
    """One import in one transaction, with the rights of that person (None: of the system), with a progress bar."""
    session = db.session()
    policy = SYSTEM if username is None else policy_of_user(session, username)
    with acting(session, policy), tqdm(desc="Import", unit=" rows", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        outcome = Importer(session, policy, recipe, table).run(dry=dry_run, progress=progress)
        if outcome.written:
            session.commit()
        else:
            session.rollback()
    return outcome


def policy_of_user(session: Session, username: str) -> Policy:
    """What that person may do today; ClickException when there is nobody of that name."""
    with acting(session, SYSTEM):
        user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise click.ClickException(f"There is no user {username}.")
    return compile_policy(session, user, company_today().date())


def report(outcome: Outcome, entity: Entity, dry_run: bool) -> None:
    """Print what happened; exit code 1 when any line is bad."""
    for problem in outcome.problems:
        field = problem.label
        where = f"line {problem.line}: {field}" if field else f"line {problem.line}"
        click.echo(f"{where}: {problem.message}")
    if outcome.problems:
        bad = len(outcome.bad_lines)
        raise click.ClickException(f"{bad:,} of {outcome.total:,} lines are bad; nothing was written.")
    parts = [f"{outcome.records:,} records of {entity.name}"]
    if outcome.children:
        parts.append(f"{outcome.children:,} that belong to them")
    if outcome.left_out:
        parts.append(f"{outcome.left_out:,} rows left out")
    click.echo(f"{'Would import' if dry_run else 'Imported'} {', '.join(parts)}.")
