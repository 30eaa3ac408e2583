"""Puts the parts together: `flask --app wsgi …`, or any WSGI server with `wsgi:app`."""

from __future__ import annotations

from pathlib import Path

from admin_app.factory import create_app
from seed.accounts import create_admin
from seed.demo import load_demo
from seed.organisation import load_organisation
from views.site import build_site

site = build_site(
    {"organisation": load_organisation, "demo": load_demo, "admin": create_admin},
    mappings=Path(__file__).parent / "seed" / "mappings",
)
app = create_app(site)
