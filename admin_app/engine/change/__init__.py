"""History: who changed what, when, why and from where; and the way back."""

from admin_app.engine.change.bulk import delete_rows, insert_rows, update_rows
from admin_app.engine.change.capture import install_history
from admin_app.engine.change.doors import UnrecordedWrite, without_rows
from admin_app.engine.change.history import History, history
from admin_app.engine.change.recorder import context, current_set
from admin_app.engine.change.writer import on_bulk

__all__ = [
    "History",
    "UnrecordedWrite",
    "context",
    "current_set",
    "delete_rows",
    "history",
    "insert_rows",
    "install_history",
    "on_bulk",
    "update_rows",
    "without_rows",
]
