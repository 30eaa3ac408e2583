"""`flask --app wsgi worker` and `flask --app wsgi jobs list|cancel`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app, g
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale
from sqlalchemy import select

from admin_app.db import db
from admin_app.engine.access import SYSTEM, acting
from admin_app.errors import DutybookError
from admin_app.jobs.order import cancel
from admin_app.jobs.worker import work
from admin_app.server import log_to
from models.job import Job
from models.organisation import User

jobs = AppGroup("jobs", help="See what waits, runs and ran, and take it back.")


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="End with standard input.")
@with_appcontext
def worker(with_parent: bool) -> None:
    """Do the jobs that wait, until Ctrl+C. `serve` runs one of these beside itself."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # for its threads
    log_to(Path(app.config["DATA_DIR"]) / "logs", app.config["LOG_LEVEL"], "worker.log")
    work(app, with_parent)


@jobs.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@with_appcontext
def list_jobs(limit: int) -> None:
    """The newest jobs: number, state, progress, kind, who ordered it."""
    with acting(db.session(), SYSTEM) as session:
        newest = select(Job, User.username).outerjoin(User, User.id == Job.actor_id)
        for job, username in session.execute(newest.order_by(Job.id.desc()).limit(limit)):
            progress = f"{job.done:,}/{job.total:,}" if job.total else ""
            line = f"{job.id:>6}  {job.state:9}  {progress:>17}  {job.kind}  {username or 'system'}"
            click.echo(f"{line}  {job.error}" if job.error else line)


@jobs.command("cancel")
@click.argument("number", type=int)
@with_appcontext
def cancel_job(number: int) -> None:
    """Take the job of that NUMBER back; one that runs stops after its chunk."""
    g.language = "en"
    with force_locale("en"), acting(db.session(), SYSTEM) as session:
        try:
            cancel(session, SYSTEM, number)
        except DutybookError as error:
            raise click.ClickException(str(error)) from None
        session.commit()
    click.echo(f"Job {number} is taken back.")
