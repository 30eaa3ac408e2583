"""Putting a chunk of customers into the database: keys, document numbers, and what points to what."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import FromClause

from models.activity import Activity
from models.complaint import Complaint, ComplaintEvent
from models.contact import Affiliation, Contact, ContactRole
from models.contract import Contract, Obligation, Performance
from models.customer import Customer
from models.tag import CustomerTag
from seed.bulk import Loader, Row
from seed.customers import CustomerRows
from seed.dealings import ContractRows
from seed.grievances import ComplaintRows


def write_chunk(
    loader: Loader, made: list[CustomerRows], others: list[ContractRows], numbers: Counter[str]
) -> None:
    """Give keys to all rows of a chunk, and numbers to its documents in the order of their dates; write them.

    `others` are contracts without a customer. `numbers` counts the documents by kind and period, from one chunk to
    the next.
    """
    contracts = list(others)
    complaints: list[ComplaintRows] = []
    contacts: list[Row] = []
    affiliations: list[Row] = []
    roles: list[Row] = []
    activities: list[Row] = []
    tags: list[Row] = []
    customers = [entry.customer for entry in made]
    keys = _number(loader, Customer.__table__, customers)
    # Customers are numbered from 1, their keys perhaps from further on.
    offset = keys.start - int(customers[0]["code"].removeprefix("KH-"))
    for entry in made:
        customer = entry.customer
        key = customer["id"]
        if customer["parent_id"] is not None:
            customer["parent_id"] += offset
        known = _number(loader, Contact.__table__, entry.contacts)
        for part in (
            entry.affiliations,
            entry.roles,
            entry.activities,
            [case.complaint for case in entry.complaints],
        ):
            for row in part:
                row["customer_id"] = key
                if row["contact_id"] is not None:
                    row["contact_id"] = known[row["contact_id"]]
        for contract in entry.contracts:
            contract.contract["customer_id"] = key
        for row in entry.tags:
            row["customer_id"] = key
        contacts += entry.contacts
        affiliations += entry.affiliations
        roles += entry.roles
        contracts += entry.contracts
        complaints += entry.complaints
        activities += entry.activities
        tags += entry.tags
    activities.sort(key=lambda row: row["at"])
    loader.write(Customer.__table__, customers)
    loader.write(Contact.__table__, contacts)
    for table, rows in (
        (Affiliation.__table__, affiliations),
        (ContactRole.__table__, roles),
        (Activity.__table__, activities),
        (CustomerTag.__table__, tags),
    ):
        _number(loader, table, rows)
        loader.write(table, rows)
    _write_contracts(loader, contracts, numbers)
    _write_complaints(loader, complaints, numbers)


def _number(loader: Loader, table: FromClause, rows: list[Row]) -> range:
    keys = loader.keys(table, len(rows))
    for row, key in zip(rows, keys, strict=True):
        row["id"] = key
    return keys


def _write_contracts(loader: Loader, made: list[ContractRows], numbers: Counter[str]) -> None:
    made.sort(key=lambda entry: entry.contract["created_at"])
    contracts = [entry.contract for entry in made]
    _number(loader, Contract.__table__, contracts)
    obligations: list[Row] = []
    performances: list[Row] = []
    for entry in made:
        contract = entry.contract
        year = str(contract["created_at"].year)
        numbers[year] += 1
        contract["number"] = f"HT-{year}-{numbers[year]:04d}"
        if contract["status"] == "archived":
            contract["archive_number"] = f"DA-{year}-{numbers[year]:04d}"
        for row in (*entry.obligations, *entry.performances):
            row["contract_id"] = contract["id"]
        obligations += entry.obligations
        performances += entry.performances
    loader.write(Contract.__table__, contracts)
    for table, rows in ((Obligation.__table__, obligations), (Performance.__table__, performances)):
        _number(loader, table, rows)
        loader.write(table, rows)


def _write_complaints(loader: Loader, made: list[ComplaintRows], numbers: Counter[str]) -> None:
    made.sort(key=lambda case: case.complaint["received_at"])
    complaints = [case.complaint for case in made]
    _number(loader, Complaint.__table__, complaints)
    events: list[Row] = []
    for case in made:
        month = f"{case.complaint['received_at']:%y%m}"
        numbers[month] += 1
        case.complaint["number"] = f"TS-{month}-{numbers[month]:04d}"
        for row in case.events:
            row["complaint_id"] = case.complaint["id"]
        events += case.events
    loader.write(Complaint.__table__, complaints)
    _number(loader, ComplaintEvent.__table__, events)
    loader.write(ComplaintEvent.__table__, events)
