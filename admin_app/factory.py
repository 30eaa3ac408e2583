"""Putting an app together: the parts in the order in which a request meets them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flask_admin
from flask import Flask, current_app
from flask_admin.theme import Theme
from jinja2 import FileSystemBytecodeCache

from admin_app import checks
from admin_app.account import init_account
from admin_app.actor import init_actor
from admin_app.commands import Commands
from admin_app.config import flask_config
from admin_app.db import db, init_db
from admin_app.debug_bar import init_debug_bar
from admin_app.edge import init_edge
from admin_app.engine.access import Scope, install_scope
from admin_app.engine.access.cache import note_bulk, watch_rules
from admin_app.engine.autoview import EntityView
from admin_app.engine.bulk.bar import init_bulk
from admin_app.engine.change import History, install_history, on_bulk
from admin_app.engine.change.screens import init_history
from admin_app.engine.language import init_language
from admin_app.engine.search.index import Indexes
from admin_app.engine.search.keeping import install_search
from admin_app.engine.site import Site
from admin_app.engine.states.guard import install_states
from admin_app.error_pages import init_errors
from admin_app.fragments import init_fragments
from admin_app.gate import init_gate
from admin_app.jobs.queue import init_jobs
from admin_app.menu import init_menu
from admin_app.origin import origin
from admin_app.routing import LateRule
from admin_app.sessions import init_sessions
from admin_app.statements import init_statements
from admin_app.usage_step import init_usage
from models.base import Base

THEME = Theme(folder="tabler", base_template="admin/base.html")


def create_app(site: Site, config: Mapping[str, Any] | None = None) -> Flask:
    """The whole back office that `site` declares.

    Args:
        site: entities, pages, labels.
        config: overrides of the settings in `config.SETTINGS`, by Flask config key.

    Raises:
        BrokenSite: the site names something that does not exist.
        ConfigurationError: a setting cannot be used.
    """
    checks.check(site)
    app = Flask(__name__, template_folder=f"templates/{THEME.folder}")
    app.cli = Commands(app.name)
    app.url_rule_class = LateRule
    app.config.from_mapping(flask_config(config))
    app.extensions["dutybook"] = site
    _keep_templates(app)
    init_edge(app)
    init_language(app)
    init_db(app)
    init_statements(app)
    registries = {id(each): each for each in (Base.registry, *site.registries)}
    app.extensions["dutybook_scope"] = Scope(site.access, registries.values())
    install_scope(db.session, lambda: current_app.extensions["dutybook_scope"])
    watch_rules(db.session)
    app.extensions["dutybook_history"] = History(site.entities, site.access, registries.values(), origin)
    install_history(db.session, lambda: current_app.extensions.get("dutybook_history"))
    on_bulk(note_bulk)
    app.extensions["dutybook_search"] = Indexes(site.entities)
    install_search(db.session)
    install_states(site.entities)
    init_jobs(app, site.jobs, db.session)
    init_sessions(app)
    init_gate(app)
    init_actor(app)
    init_usage(app)
    init_errors(app)
    init_account(app)
    init_debug_bar(app)
    init_menu(app, site)
    init_bulk(app)
    init_history(app)
    init_fragments(app)
    _add_views(app, site)
    return app


def _add_views(app: Flask, site: Site) -> None:
    home, *others = (page.make(page) for page in site.pages)
    admin = flask_admin.Admin(app, name=site.name["en"], url="/", index_view=home, theme=THEME)
    for view in (*others, *map(EntityView, site.entities)):
        admin.add_view(view)


def _keep_templates(app: Flask) -> None:
    """Compile each template once for all processes and starts: the frame of the pages alone takes 100 ms."""
    folder = Path(app.config["DATA_DIR"]) / "templates"
    folder.mkdir(mode=0o700, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
