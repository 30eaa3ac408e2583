"""`flask --app wsgi audit …`: whether the history is whole, the history as a file, and what may leave it."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.engine.change.chain import prune, verify
from admin_app.engine.change.export import FORMATS, lines
from models.types import utc_now

audit_command = AppGroup("audit", help="The history of all changes: check it, export it, shorten it.")


class Moment(click.ParamType[datetime]):
    """A day or a moment in the company's time zone: 2026-11-24, or 2026-11-24T18:30."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, as it was typed."""
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("use a day like 2026-11-24 or a moment like 2026-11-24T18:30", param, ctx)


def zoned(moment: datetime | None) -> datetime | None:
    """The moment in the company's time zone, unless it names one."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(str(current_app.config["TIME_ZONE"])))


@audit_command.command("verify")
@click.option(
    "--anchor", metavar="HASH", help="A hash that an earlier check printed; the chain has to hold it."
)
@with_appcontext
def verify_command(anchor: str | None) -> None:
    """Find any altered, removed or inserted row, and name the first; exit code 1 where there is one."""
    with acting(db.session(), SYSTEM) as session:
        verdict = verify(session, anchor.strip().lower() if anchor else None)
        session.rollback()
    if verdict.fault is not None:
        raise click.ClickException(str(verdict.fault))
    click.echo(f"{verdict.sets:,} change sets with {verdict.rows:,} rows are as they were written.")
    click.echo(f"Anchor: {verdict.hash}")


@audit_command.command("export")
@click.option("--format", "form", type=click.Choice(FORMATS), default="jsonl", show_default=True)
@click.option("--since", type=Moment(), help="From this day or moment on.")
@click.option("--until", type=Moment(), help="Before this day or moment.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Standard output if left out."
)
@with_appcontext
def export_command(form: str, since: datetime | None, until: datetime | None, output: Path | None) -> None:
    """Write the history, oldest first, one line per record and change set."""
    since, until = zoned(since), zoned(until)
    with acting(db.session(), SYSTEM) as session:
        if output is None:
            for line in lines(session, form, since, until):
                sys.stdout.write(line)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines(session, form, since, until))
        session.rollback()


@audit_command.command("prune")
@click.option("--before", type=Moment(), help="Instead of DUTYBOOK_HISTORY_DAYS.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def prune_command(before: datetime | None, yes: bool) -> None:
    """Remove change sets that are older than DUTYBOOK_HISTORY_DAYS; the rest of the chain can still be checked."""
    days = current_app.config["HISTORY_DAYS"]
    if before is None and not days:
        raise click.ClickException("History is kept for ever: set DUTYBOOK_HISTORY_DAYS, or give --before.")
    limit = zoned(before) or utc_now() - timedelta(days=days)
    if not yes:
        click.confirm(
            f"Remove all history from before {limit:%Y-%m-%d %H:%M}? It cannot be undone", abort=True
        )
    with acting(db.session(), SYSTEM) as session:
        gone = prune(session, limit)
        session.commit()
    click.echo(f"{gone:,} change sets were removed.")
