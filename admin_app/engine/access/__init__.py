"""Access: the only place that decides who may do what, on which rows.

Views ask `policy.may(action, entity)` and `policy.may_record(action, record)`; the session adds the rows by itself
(`scope.py`) and shows nothing until an actor is named with `acting`.
"""

from admin_app.engine.access.compile import compile_policy
from admin_app.engine.access.guard import AccessMap, Guard
from admin_app.engine.access.policy import ACTIONS, NOBODY, SYSTEM, Policy, Rows
from admin_app.engine.access.scope import (
    Scope,
    acting,
    current_policy,
    current_scope,
    install_scope,
    policy_of,
)

__all__ = [
    "ACTIONS",
    "NOBODY",
    "SYSTEM",
    "AccessMap",
    "Guard",
    "Policy",
    "Rows",
    "Scope",
    "acting",
    "compile_policy",
    "current_policy",
    "current_scope",
    "install_scope",
    "policy_of",
]
