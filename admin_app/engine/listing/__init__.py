"""Lists of any size: keyset pages, capped counts, filters in a shareable URL."""

from admin_app.engine.listing.args import ListArgs
from admin_app.engine.listing.listing import Listing
from admin_app.engine.listing.page import ListPage, Presenter, may_import
from admin_app.engine.listing.plan import Plan

__all__ = ["ListArgs", "ListPage", "Listing", "Plan", "Presenter", "may_import"]
