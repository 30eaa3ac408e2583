"""The commands of `flask --app wsgi …`. They act as the system, and each commits once, at its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session
from tqdm import tqdm

from admin_app.actor import company_today
from admin_app.audit_command import audit_command
from admin_app.bulk_command import bulk_command
from admin_app.checks import problems
from admin_app.db import db, migrate, migration_lock, upgrade_database
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.site import Site
from admin_app.errors import DutybookError
from admin_app.import_command import import_command
from admin_app.jobs.command import jobs, worker
from admin_app.jobs.worker import beside
from admin_app.passwords import check_new_password, hash_password, random_password
from admin_app.search_command import search_command
from admin_app.server import address, log_to, make_server
from admin_app.start import Login, demo_logins, load_starting_data, prepare
from admin_app.states_command import states_command
from admin_app.why_command import why_command
from models.organisation import Department, Position, Post, User


class Bar:
    """A progress bar on standard error, called with (done, all); silent where nobody watches."""

    def __init__(self, what: str) -> None:
        self._bar = tqdm(desc=what, unit=" customers", unit_scale=True, disable=None)

    def __call__(self, done: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leave the bar where it stands."""
        self._bar.close()


@contextmanager
def bar(what: str) -> Iterator[Bar]:
    """A Bar that is closed at the end."""
    shown = Bar(what)
    try:
        yield shown
    finally:
        shown.close()


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what Dutybook refuses into one line and exit code 1; commands speak English."""
    with force_locale("en"):
        try:
            yield
        except DutybookError as error:
            raise click.ClickException(str(error)) from None


@contextmanager
def as_system() -> Iterator[Session]:
    """The session, acting as the system; committed unless the block raises."""
    with refusals(), acting(db.session(), SYSTEM) as session:
        yield session
        session.commit()


def say_logins(logins: list[Login], password: str | None) -> None:
    """Print the table of logins, with their password where it is known."""
    width = max((len(login.username) for login in logins), default=0)
    for login in logins:
        click.echo(f"  {login.username:{width}}  {login.position_zh} {login.position_en}")
    if password:
        click.echo(f"Password of each: {password}")
        click.echo("It is shown this once; .venv/bin/flask --app wsgi user password NAME sets another.")


@click.command()
@with_appcontext
def serve() -> None:
    """Migrate, load the starting data on the first start, and serve at HOST:PORT."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the app itself, for waitress
    if not Path(app.static_folder or "", "vendor", "icons.svg").exists():
        raise click.ClickException("The browser assets are missing: run make assets.")
    data_dir = Path(app.config["DATA_DIR"])
    log_to(data_dir / "logs", app.config["LOG_LEVEL"])
    with refusals():
        # Listening first: whoever has the port wrong learns it before anything is loaded.
        server = make_server(app, app.config["HOST"], app.config["PORT"])
        with bar("Demo company") as progress:
            password = prepare(app, progress)
    with acting(db.session(), SYSTEM) as session:
        logins = demo_logins(session)
        session.rollback()
    click.echo(f"Dutybook 职责台 {address(server)}")
    say_logins(logins, password)
    click.echo("Ctrl+C stops it.")
    sys.stdout.flush()
    db.session.remove()
    if app.config["WORKER"]:
        with beside():
            server.run()
    else:
        server.run()


@click.command("load-demo")
@click.option("--customers", type=click.IntRange(1), default=300, show_default=True, help="How many to make.")
@with_appcontext
def load_demo(customers: int) -> None:
    """Add a demo company of any size to the database."""
    with refusals():
        upgrade_database(current_app)
    site: Site = current_app.extensions["dutybook"]
    password = str(current_app.config["DEMO_PASSWORD"] or random_password())
    with as_system() as session, bar("Demo company") as progress:
        site.loaders["organisation"](session)
        made = site.loaders["demo"](session, customers=customers, progress=progress, password=password)
    click.echo(f"{customers:,} customers and what belongs to them were added.")
    if made.logins:
        say_logins(made.logins, password)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def reset(yes: bool) -> None:
    """Delete everything in the database and load the starting data again."""
    shown = db.engine.url.render_as_string(hide_password=True)
    if not yes:
        click.confirm(f"Delete everything in {shown}?", abort=True)
    with refusals():
        upgrade_database(current_app)
        db.session.remove()
        with migration_lock(db.engine, Path(current_app.config["DATA_DIR"])):
            from alembic import command as alembic

            alembic.downgrade(migrate.get_config(), "base")
            alembic.upgrade(migrate.get_config(), "head")
        with as_system() as session, bar("Demo company") as progress:
            password = load_starting_data(current_app, session, progress)
            logins = demo_logins(session)
    say_logins(logins, password)


@click.command()
@with_appcontext
def check() -> None:
    """Check the declaration of the site; every mistake is one line."""
    found = problems(current_app.extensions["dutybook"])
    for problem in found:
        click.echo(problem)
    if found:
        raise click.ClickException(f"{len(found)} mistakes")
    click.echo("Nothing to complain about.")


user = AppGroup("user", help="Make people, set their passwords, shut them out.")


def find_user(session: Session, username: str) -> User:
    """The person of that user name; ClickException when there is none."""
    found = session.scalar(select(User).where(User.username == username))
    if found is None:
        raise click.ClickException(f"There is no user {username}.")
    return found


def new_password(username: str, generate: bool) -> str:
    """A password that is made and printed, or typed twice, or read as the one line of standard input."""
    if generate:
        password = random_password()
        click.echo(f"Password of {username}: {password}")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    check_new_password(password, username)
    return password


@user.command("create")
@click.argument("username")
@click.option("--name", help="Name to show; the user name when left out.")
@click.option("--admin", is_flag=True, help="An administrator.")
@click.option("--position", "positions", multiple=True, help="Code of a position to hold from today on.")
@click.option("--department", help="Code of the department for positions that belong to none.")
@click.option("--generate", is_flag=True, help="Make a random password and print it.")
def create_user(
    username: str,
    name: str | None,
    admin: bool,
    positions: tuple[str, ...],
    department: str | None,
    generate: bool,
) -> None:
    """Make a person who may log in. The password is asked for, or read from standard input."""
    with as_system() as session:
        if session.scalar(select(User.id).where(User.username == username)) is not None:
            raise click.ClickException(f"There is a user {username} already.")
        person = User(
            username=username, name=name or username, language=current_app.config["LANGUAGE"], is_admin=admin
        )
        person.password_hash = hash_password(new_password(username, generate))
        session.add(person)
        for code in positions:
            session.add(make_post(session, person, code, department))
    click.echo(f"{username} can log in.")


def make_post(session: Session, person: User, code: str, department: str | None) -> Post:
    """A post from today on (company time) in the position's department, or in the one of that code."""
    position = session.scalar(select(Position).where(Position.code == code))
    if position is None:
        raise click.ClickException(f"There is no position {code}.")
    place = position.department
    if department is not None:
        place = session.scalar(select(Department).where(Department.code == department))
    if place is None:
        raise click.ClickException(f"Position {code} needs --department with the code of a department.")
    return Post(user=person, position=position, department=place, valid_from=company_today().date())


@user.command("password")
@click.argument("username")
@click.option("--generate", is_flag=True, help="Make a random password and print it.")
def set_password(username: str, generate: bool) -> None:
    """Set a person's password, which ends their sessions. It is asked for, or read from standard input."""
    with as_system() as session:
        find_user(session, username).password_hash = hash_password(new_password(username, generate))
    click.echo(f"{username} has a new password.")


@user.command("disable")
@click.argument("username")
def disable_user(username: str) -> None:
    """Shut a person out at once; nothing that they did is lost."""
    with as_system() as session:
        find_user(session, username).is_active = False
    click.echo(f"{username} can no longer log in.")


#: What `flask --app wsgi` offers; admin_app/commands.py adds them.
COMMANDS = (
    serve,
    worker,
    jobs,
    load_demo,
    reset,
    import_command,
    bulk_command,
    search_command,
    why_command,
    audit_command,
    states_command,
    check,
    user,
)
