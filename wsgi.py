"""Puts the parts together: `flask --app wsgi …`, or any WSGI server with `wsgi:app`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

# What the start makes stays to the end: looking for garbage in it, again and again, takes a tenth of the time.
gc.disable()

from admin_app.checks import BrokenSite
from admin_app.config import ConfigurationError
from admin_app.factory import create_app
from admin_app.memory import release_big_blocks
from seed.accounts import create_admin
from seed.demo import load_demo
from seed.organisation import load_organisation
from views.site import build_site

release_big_blocks()
site = build_site(
    {"organisation": load_organisation, "demo": load_demo, "admin": create_admin},
    mappings=Path(__file__).parent / "seed" / "mappings",
)
try:
    app = create_app(site)
except (BrokenSite, ConfigurationError) as refusal:
    # Whoever starts it reads the sentence, not a traceback.
    sys.exit(str(refusal))
# Nor need any later collection go through it.
gc.freeze()
gc.enable()
