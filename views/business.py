"""Contracts with what hangs on them, and complaints with their timeline."""

from __future__ import annotations

from admin_app.engine.entity import Entity
from admin_app.services.complaint_states import COMPLAINT_STATES
from admin_app.services.complaints import (
    after_complaints_changed,
    before_complaint_saved,
    before_event_saved,
)
from admin_app.services.contract_states import CONTRACT_STATES
from admin_app.services.contracts import (
    after_contract_deleted,
    after_contract_saved,
    after_contracts_imported,
    after_performance_deleted,
    after_performance_saved,
    after_performances_imported,
    before_contract_saved,
    before_performance_saved,
)
from models.complaint import Complaint, ComplaintEvent
from models.contract import Contract, Obligation, Performance

OWNERSHIP = ("owner", "department")

ENTITIES = (
    Entity(
        Contract,
        group="business",
        field_groups={"money": ("amount",)},
        icon="file-text",
        label="title",
        code="number",
        columns=("status", "customer", "amount", "signed_on", "ends_on", "owner"),
        facts=("status", "customer", "counterparty_name", "amount", "signed_on", "ends_on", "owner"),
        search=("title", "number"),
        sections={
            "basic": ("number", "title"),
            "counterparty": ("counterparty_kind", "customer", "counterparty_name"),
            "money": ("amount", "currency", "status", "archive_number"),
            "term": ("signed_on", "starts_on", "ends_on"),
            "content": ("terms", "risks"),
            "responsibility": OWNERSHIP,
        },
        optional=("number", "department"),
        tones={
            "status": {
                "draft": "muted",
                "review": "warn",
                "approved": "new",
                "signed": "sign",
                "performing": "ok",
                "completed": "ok",
                "terminated": "bad",
                "archived": "muted",
            }
        },
        states=CONTRACT_STATES,
        before_save=before_contract_saved,
        # Amounts and statuses decide how a customer stands, and who approved what: record by record.
        bulk_fields=("terms", "risks", "starts_on", "ends_on", "archive_number"),
        after_save=after_contract_saved,
        after_delete=after_contract_deleted,
        after_import=after_contracts_imported,
    ),
    Entity(
        Obligation,
        field_groups={"money": ("amount",)},
        icon="checklist",
        label="description",
        title=("contract", "description"),
        columns=("side", "due_on", "done_on", "amount"),
        search=("description",),
        sort="due_on",
        sections={"basic": ("contract", "side", "description", "amount"), "term": ("due_on", "done_on")},
        follows="contract",
    ),
    Entity(
        Performance,
        field_groups={"money": ("amount",)},
        icon="cash",
        title=("contract", "performed_on"),
        columns=("amount", "note", "created_at"),
        search=("note",),
        sort="-performed_on",
        sections={"basic": ("contract", "performed_on", "amount", "note")},
        follows="contract",
        before_save=before_performance_saved,
        after_save=after_performance_saved,
        after_delete=after_performance_deleted,
        after_import=after_performances_imported,
    ),
    Entity(
        Complaint,
        group="business",
        icon="message-report",
        label="subject",
        code="number",
        columns=("severity", "status", "customer", "kind", "channel", "received_at", "resolve_by", "owner"),
        facts=(
            "status",
            "severity",
            "emergency",
            "customer",
            "received_at",
            "resolve_by",
            "closed_at",
            "owner",
        ),
        search=("subject", "number"),
        sort="-received_at",
        sections={
            "basic": ("customer", "contact", "channel", "kind", "received_at"),
            "content": ("subject", "description", "root_cause"),
            "status": ("status", "severity", "emergency", "reputation"),
            "deadline": ("respond_by", "resolve_by"),
            "responsibility": OWNERSHIP,
        },
        optional=("received_at", "department"),
        tones={
            "severity": {"low": "muted", "medium": "new", "high": "warn", "critical": "bad"},
            "status": {
                "new": "new",
                "assigned": "sign",
                "in_progress": "sign",
                "waiting": "warn",
                "solved": "ok",
                "confirmed": "ok",
                "closed": "muted",
                "reopened": "bad",
            },
        },
        states=COMPLAINT_STATES,
        before_save=before_complaint_saved,
        # Its status has a timeline, which is written record by record.
        bulk_fields=(
            "channel",
            "kind",
            "severity",
            "emergency",
            "reputation",
            "respond_by",
            "resolve_by",
            "owner",
        ),
        after_bulk=after_complaints_changed,
    ),
    Entity(
        ComplaintEvent,
        icon="timeline-event",
        label="text",
        title=("complaint", "kind"),
        columns=("at", "text", "author", "acting_for"),
        search=("text",),
        sort="-at",
        sections={"basic": ("complaint", "kind", "at", "text")},
        follows="complaint",
        optional=("at",),
        forbids=("edit", "delete"),
        before_save=before_event_saved,
    ),
)
