"""The rules of the trade: plain functions that take a session and an actor, flush, and never commit.

What they derive (statuses, totals, numbers) is true for everybody, so it is read and written as the system, through
the ORM, inside `acting(session, SYSTEM)`. None of them knows a request.
"""
