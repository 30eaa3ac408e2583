"""The site: what this back office consists of. A new entity is one more line in one of the lists beside this file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from admin_app.engine.bulk.job import BULK, FORGET, UNDO
from admin_app.engine.labels import Labels
from admin_app.engine.site import Group, Page, Site
from admin_app.services.daily import DRIFT, REFRESH
from views import business, customers, grading, organisation
from views.access_report import REPORT
from views.access_requests import REQUESTS
from views.access_review import REVIEW
from views.bulk import BULK_PAGE
from views.changes import CHANGES
from views.dashboard import DASHBOARD
from views.gaps import GAPS
from views.grading_page import GRADE, TRIAL
from views.importing import IMPORT
from views.jobs import JOBS
from views.matrix import MATRIX
from views.people import PEOPLE
from views.search import SEARCH
from views.why import WHY

LABELS: Final = Path(__file__).parent / "labels"
NAME: Final = {"zh": "职责台", "en": "Dutybook"}
GROUPS: Final = (
    Group("customer", "buildings"),
    Group("business", "briefcase"),
    Group("organisation", "sitemap"),
    Group("access", "shield-lock"),
    Group("data", "table"),
)


def build_site(
    loaders: Mapping[str, Callable[..., Any]] | None = None,
    mappings: Path | None = None,
    pages: Sequence[Page] = (),
) -> Site:
    """The whole declaration.

    Args:
        loaders: starting data by name, "organisation" and "demo"; they come from outside, since views know no seed.
        mappings: the folder of import mapping files that come with the starting data.
        pages: more pages than the dashboard, which is the first one, the matrix and the import.
    """
    return Site(
        name=NAME,
        labels=Labels.from_folder(LABELS),
        groups=GROUPS,
        entities=(*customers.ENTITIES, *grading.ENTITIES, *business.ENTITIES, *organisation.ENTITIES),
        pages=(
            DASHBOARD,
            MATRIX,
            PEOPLE,
            GAPS,
            WHY,
            SEARCH,
            REQUESTS,
            REPORT,
            REVIEW,
            IMPORT,
            BULK_PAGE,
            CHANGES,
            TRIAL,
            GRADE,
            JOBS,
            *pages,
        ),
        jobs=(REFRESH, DRIFT, BULK, UNDO, FORGET),
        loaders=loaders or {},
        mappings=mappings,
    )
