"""The app's commands, imported when somebody looks for one: a server process never does."""

from __future__ import annotations

import click
from flask.cli import AppGroup


class Commands(AppGroup):
    """Stands for the commands of `admin_app/cli.py` until the first one is looked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        from admin_app.cli import COMMANDS

        for command in COMMANDS:
            self.add_command(command)
