"""An app with a slow job, for tests that kill its workers: `flask --app tests.functional.counting worker`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from admin_app.engine.job import JobKind, Running
from admin_app.factory import create_app
from models.tag import TagFamily
from views.site import build_site

CHUNKS = 60


def _count(run: Running) -> Any:
    number = 0
    while number < CHUNKS:
        with run.chunk(total=CHUNKS) as step:
            number = (step.cursor or 0) + 1
            # The code is unique: a chunk that is done twice breaks the job.
            step.session.add(TagFamily(code=f"chunk-{number}", name_zh="块", name_en="Chunk"))
            step.session.flush()
            # Long enough to be killed in the middle, between the work and its mark.
            time.sleep(0.05)
            step.cursor = step.done = number
    return {"chunks": number}


app = create_app(replace(build_site(), jobs=(JobKind("count", "Count", _count),)))
