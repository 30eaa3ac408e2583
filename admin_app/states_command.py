"""`flask --app wsgi states`: the state machines with their diagrams, as docs/states.md holds them."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from admin_app.engine.states.diagram import document


@click.command("states")
@with_appcontext
def states_command() -> None:
    """Write down which states contracts, complaints and the like go through, and by which steps."""
    click.echo(document(current_app.extensions["dutybook"]), nl=False)
