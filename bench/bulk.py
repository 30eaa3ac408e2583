"""What a large bulk change costs as people see it: preview, apply as a job, and the memory that it takes.

    python bench/bulk.py [--rows 1000000] [--change 100000] [--url postgresql://…] [--folder /path/kept]

Loads the demo company (unless the folder or database holds one), then edits a field of the first `--change` customers
the way the screens do: form, preview page, the change applied by a job and undone by another. Prints seconds, and the
process's peak of memory after each step.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sqlalchemy import func, select

from admin_app.db import db, upgrade_database
from admin_app.engine.access import SYSTEM, acting
from admin_app.jobs.run import run_job
from models.bulk import BulkRun
from models.customer import Customer
from models.organisation import User
from tests.conftest import PASSWORD, csrf_token, make_app, sign_in


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Run it and print how long it took, and the process's peak of memory."""
    begin = time.perf_counter()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:28} {time.perf_counter() - begin:8.2f} s   peak {peak} MB")
    return found


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--change", type=int, default=100_000)
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="dutybook-bulk-"))
    folder.mkdir(parents=True, exist_ok=True)
    app = make_app(chosen.url or f"sqlite:///{folder / 'dutybook.sqlite'}", folder)
    app.config.update(TESTING=False, BULK_APPROVAL=chosen.rows)
    upgrade_database(app)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        if not session.scalar(select(func.count(User.id))):
            loaders = app.extensions["dutybook"].loaders
            loaders["organisation"](session)
            loaders["demo"](session, customers=chosen.rows, progress=lambda *_: None, password=PASSWORD)
            session.commit()
        last = session.scalar(select(Customer.id).order_by(Customer.id).offset(chosen.change - 1).limit(1))
    measure(app, int(last or chosen.change))


def measure(app: Any, last: int) -> None:
    """The way of one change through the screens."""
    client = sign_in(app.test_client(), "admin")
    token = csrf_token(client.get("/account/password").text)
    form = {"csrf_token": token, "all": "1", "query": f"id:le={last}"}
    page = timed("form", lambda: client.get(client.post("/bulk/customer/edit/", data=form).location).text)
    found = re.search(r'name="selection" value="([^"]+)"', page)
    assert found
    value = f"Bench {time.time():.0f}"
    sent = {"csrf_token": token, "selection": found[1], "set": "region", "region": value, "reason": "bench"}
    url = timed("preview: classified", lambda: client.post("/bulk/customer/edit/", data=sent).location)
    timed("preview: page", lambda: client.get(url).text)
    timed("ordered", lambda: client.post(f"{url}apply", data={"csrf_token": token}))

    def job() -> None:
        with app.app_context():
            with acting(db.session(), SYSTEM) as session:
                number = session.scalar(select(BulkRun.job_id).order_by(BulkRun.id.desc()).limit(1))
                session.rollback()
            if number:
                run_job(number)

    timed("applied, in chunks", job)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        run = session.scalars(select(BulkRun).order_by(BulkRun.id.desc()).limit(1)).one()
        print(f"{run.applied:,} records changed in {len(run.sets)} change sets; the run is {run.state}")
    timed("undo: page", lambda: client.get(f"{url}undo").text)
    timed("undo: ordered", lambda: client.post(f"{url}undo", data={"csrf_token": token}))
    timed("undone, in chunks", job)
    with app.app_context(), acting(db.session(), SYSTEM) as session:
        run = session.scalars(select(BulkRun).order_by(BulkRun.id.desc()).limit(1)).one()
        print(f"{run.counts['undone']:,} records went back; the run is {run.state}")


if __name__ == "__main__":
    main()
