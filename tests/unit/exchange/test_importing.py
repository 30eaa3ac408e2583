"""Rows become records by the rules of the form: all of them, or none with every bad line named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from admin_app.db import db
from admin_app.engine.access import Policy
from admin_app.engine.exchange import preview
from admin_app.engine.exchange.importing import BATCH
from admin_app.engine.exchange.mapping import Recipe, WrongMapping
from admin_app.engine.exchange.outcome import Outcome, bad_rows
from admin_app.engine.exchange.reading import read_table
from admin_app.engine.site import site
from admin_app.errors import Forbidden
from models.contract import Contract, Performance
from models.customer import Customer
from models.organisation import Department, User
from tests.unit.exchange.conftest import said

Load = Callable[..., Outcome]
HEAD = "name,customer_class,customer_subtype,department,credit_code,parent\n"


def customer(session: Session, name: str) -> Customer:
    return session.scalars(select(Customer).where(Customer.name == name)).one()


def customers(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Customer)) or 0


def test_columns_go_by_key_and_by_label_in_either_language(load: Load, desk: Session) -> None:
    text = "客户名称,Content class,customer subtype,部门,Grade,创办年份\n海桥 Ltd,资源类,enterprise,销售部,a,1999\n"
    names = site().labels.tables["zh"]
    text = text.replace("客户名称", names["entity"]["customer"]["field"]["name"])
    text = text.replace("创办年份", names["entity"]["customer"]["field"]["founded_year"])
    text = text.replace("部门", names["field"]["department"])
    text = text.replace("资源类", names["entity"]["customer"]["choice"]["customer_class"]["resource"])
    sales = desk.scalars(select(Department).where(Department.code == "SAL")).one()
    text = text.replace("销售部", sales.name_zh)
    outcome = load("customer", text)
    assert said(outcome) == []
    made = customer(desk, "海桥 Ltd")
    assert (made.customer_class, made.customer_subtype, made.grade) == ("resource", "enterprise", "A")
    assert (made.department, made.founded_year) == (sales, 1999)
    assert made.code.startswith("KH-")


def test_a_dry_run_finds_the_same_and_writes_nothing(load: Load, desk: Session) -> None:
    before = customers(desk)
    outcome = load("customer", HEAD + "Dry,resource,enterprise,SAL,,\n", dry=True)
    assert (outcome.records, outcome.written, outcome.problems) == (1, False, [])
    assert customers(desk) == before


def test_every_bad_line_is_named_and_nothing_is_written(load: Load, desk: Session) -> None:
    before = customers(desk)
    text = HEAD + (
        "Good,resource,enterprise,SAL,,\n"
        ",resource,enterprise,SAL,,\n"
        "No such class,vassal,enterprise,SAL,,\n"
        "\n"
        "No such department,resource,enterprise,XXX,,\n"
        "Pair,resource,single,SAL,,\n"
        "Two,resource,enterprise,SAL,C-1,\n"
        "Two again,resource,enterprise,SAL,C-1,\n"
        f"{'x' * 201},resource,enterprise,SAL,,\n"
        "Long,resource,enterprise,SAL,,,,surplus\n"
        "Orphan,resource,enterprise,SAL,,Nobody\n"
    )
    outcome = load("customer", text)
    assert not outcome.written
    assert customers(desk) == before
    assert said(outcome) == [
        (3, "name", "Fill this in."),
        (4, "customer_class", "“vassal” is none of the choices."),
        (6, "department", "“XXX” is not there, or not yours to see: Department."),
        (
            7,
            "customer_class",
            site().labels.tables["en"]["constraint"]["ck_customer_subtype_belongs_to_class"],
        ),
        (9, "credit_code", "Line 8 has the same value."),
        (10, "name", "200 characters at most; this is 201."),
        (11, "", "8 values, but there are 6 columns."),
        (12, "parent", "“Nobody” is not there, or not yours to see: Customer."),
    ]


def test_a_value_that_is_in_the_database_is_refused_at_its_line(load: Load, desk: Session) -> None:
    assert load("customer", HEAD + "First,resource,enterprise,SAL,C-9,\n").written
    outcome = load("customer", HEAD + "A,resource,enterprise,SAL,,\nB,resource,enterprise,SAL,C-9,\n")
    ((line, key, message),) = said(outcome)
    assert (line, key) == (3, "credit_code")
    assert message in ("This is already in use.", "Another customer has this credit code.")


def test_a_parent_may_come_later_in_the_file(load: Load, desk: Session) -> None:
    text = HEAD + "Child,resource,enterprise,SAL,,Mother\nMother,resource,enterprise,SAL,,\n"
    assert load("customer", text).written
    assert customer(desk, "Child").parent is customer(desk, "Mother")


def test_rows_may_point_at_each_other(load: Load, desk: Session) -> None:
    text = HEAD + "Hen,resource,enterprise,SAL,,Egg\nEgg,resource,enterprise,SAL,,Hen\n"
    assert load("customer", text).written
    assert customer(desk, "Hen").parent is customer(desk, "Egg")


def test_a_rule_that_a_late_reference_breaks_names_the_line(load: Load) -> None:
    text = HEAD + "Fine,resource,enterprise,SAL,,\nLoop,resource,enterprise,SAL,,Loop\n"
    outcome = load("customer", text)
    assert [problem.line for problem in outcome.problems] == [3]


def test_a_reference_that_means_two_is_refused(load: Load, desk: Session) -> None:
    twins = HEAD + "Twin,resource,enterprise,SAL,,\nTwin,resource,enterprise,SAL,,\n"
    assert load("customer", twins).written
    head = "number,title,customer,department\n"
    outcome = load("contract", head + "X-1,One,Twin,SAL\n")
    assert said(outcome) == [(2, "customer", "“Twin” means more than one: Customer.")]
    code = desk.scalars(select(Customer.code).where(Customer.name == "Twin").limit(1)).one()
    assert load("contract", head + f"X-1,One,{code},SAL\n").written
    key = desk.scalars(select(Customer.id).where(Customer.code == code)).one()
    assert load("contract", head + f"X-2,Two,#{key},SAL\n").written


def test_what_the_file_does_not_say_begins_as_in_a_new_form(
    load: Load, desk: Session, policy_of: Callable[[str], Policy]
) -> None:
    policy = policy_of("da")
    outcome = load("customer", "name,customer_class\nMine,project\n", policy)
    assert said(outcome) == []
    made = customer(desk, "Mine")
    assert made.owner is not None
    assert (made.owner.username, made.department_id) == ("da", policy.home_department)
    assert (made.lifecycle, made.currency, made.customer_subtype) == ("potential", "CNY", "single")


def test_rows_that_the_actor_may_not_create_are_refused(
    load: Load, desk: Session, policy_of: Callable[[str], Policy]
) -> None:
    text = "name,customer_class,owner,department\nTheirs,resource,css,SAL\n"
    outcome = load("customer", text, policy_of("da"))
    assert said(outcome) == [(2, "", "None of your positions lets you put a record there.")]


def test_a_customer_that_the_actor_may_not_see_is_not_there(
    load: Load, desk: Session, policy_of: Callable[[str], Policy]
) -> None:
    assert load("customer", HEAD + "Hidden,resource,enterprise,SAL,,\n").written
    text = "name,customer_class,parent\nNosy,resource,Hidden\n"
    outcome = load("customer", text, policy_of("da"))
    assert said(outcome) == [(2, "parent", "“Hidden” is not there, or not yours to see: Customer.")]


def test_who_may_not_import_is_refused_even_with_the_right_to_create(
    load: Load, policy_of: Callable[[str], Policy]
) -> None:
    policy = policy_of("slm")
    assert policy.may("create", "customer")
    with pytest.raises(Forbidden):
        load("customer", "name,customer_class\nA,resource\n", policy)


def test_children_need_their_own_right(load: Load, policy_of: Callable[[str], Policy]) -> None:
    child = Recipe(site().by_name["performance"], {"day": "performed_on"}, {"amount": "1"}, link="contract")
    with pytest.raises(Forbidden):
        load(
            "customer", "name,customer_class,day\nA,resource,2026-01-01\n", policy_of("da"), children=(child,)
        )


def test_a_file_that_leaves_a_needed_field_empty_is_refused_as_a_whole(load: Load) -> None:
    with pytest.raises(WrongMapping, match="Customer name"):
        load("customer", "customer_class,department\nresource,SAL\n")


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("a,b\n1,2\n", {"a": "name", "b": "name"}, "same field"),
        ("a,b\n1,2\n", {"a": "contract_total"}, "nobody may fill"),
        ("a,b\n1,2\n", {"c": "name"}, "has no column c"),
        ("a,b\n1,2\n", {}, "No column"),
        ("name,customer_class,department\n", None, "no row"),
    ],
)
def test_wrong_columns_are_refused(load: Load, text: str, columns: Any, words: str) -> None:
    with pytest.raises(WrongMapping, match=words):
        load("customer", text, columns=columns)


def test_yes_and_no_are_read_in_both_languages_and_blank_is_the_usual_answer(
    load: Load, desk: Session
) -> None:
    text = "username,name,is_admin,is_active\nu1,U,是,\nu2,U,no,否\nu3,U,perhaps,1\n"
    assert [problem.line for problem in load("user", text).problems] == [4]
    assert load("user", text.replace("perhaps", "0")).written
    flags = desk.execute(
        select(User.is_admin, User.is_active).where(User.username.in_(["u1", "u2"])).order_by(User.username)
    )
    assert [tuple(row) for row in flags] == [(True, True), (False, False)]


def test_rows_of_one_value_only_with_constants_values_scale_and_children(load: Load, desk: Session) -> None:
    assert load("customer", HEAD + "Buyer,resource,enterprise,SAL,,\n").written
    child = Recipe(site().by_name["performance"], {"day": "performed_on", "sum": "amount"}, link="contract")
    outcome = load(
        "contract",
        "id,what,who,day,sum,stage\nM-1,Anvill,Buyer,2026-02-03,1.5,Won\nM-2,Rope,Buyer,,,Lost\n",
        columns={"id": "number", "what": "title", "who": "customer", "day": "signed_on", "sum": "amount"},
        constants={"status": "signed", "department": "SAL"},
        values={"title": {"Anvill": "Anvil"}},
        scale={"amount": Decimal(1000)},
        where={"stage": frozenset({"Won"})},
        children=(child,),
    )
    assert said(outcome) == []
    assert (outcome.total, outcome.left_out, outcome.records, outcome.children) == (1, 1, 1, 1)
    contract = desk.scalars(select(Contract).where(Contract.number == "M-1")).one()
    assert (contract.title, contract.amount, contract.signed_on) == ("Anvil", Decimal(1500), date(2026, 2, 3))
    performance = desk.scalars(select(Performance).where(Performance.contract_id == contract.id)).one()
    assert (performance.performed_on, performance.amount) == (date(2026, 2, 3), Decimal("1.5"))
    buyer = customer(desk, "Buyer")
    assert (buyer.transaction_status, buyer.contract_total) == ("existing", Decimal(1500))


def test_a_bad_child_names_the_line_and_its_column(load: Load, desk: Session) -> None:
    assert load("customer", HEAD + "Buyer,resource,enterprise,SAL,,\n").written
    child = Recipe(site().by_name["performance"], {"day": "performed_on"}, {"amount": "1"}, link="contract")
    text = "number,title,customer,department,day\nM-1,One,Buyer,SAL,yesterday\nM-2,Two,Buyer,SAL,\n"
    outcome = load("contract", text, children=(child,))
    ((problem),) = outcome.problems
    assert (problem.line, problem.entity, problem.key, problem.label) == (
        2,
        "performance",
        "performed_on",
        "day",
    )


def test_references_cost_a_statement_for_each_batch_of_texts_and_none_for_each_row(
    load: Load, desk: Session
) -> None:
    many = "".join(f"Crowd {n},resource,enterprise,SAL,,\n" for n in range(3))
    assert load("customer", HEAD + many).written

    def statements(rows: int) -> int:
        text = "number,title,customer,department\n"
        text += "".join(f"N{rows}-{n},T,Crowd {n % 3},SAL\n" for n in range(rows))
        seen: list[str] = []

        def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT"):
                seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        try:
            assert load("contract", text).written
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
        return len(seen)

    assert statements(40) == statements(5)


def test_bad_rows_in_several_batches_are_all_found(load: Load) -> None:
    rows = [f"Many {n},resource,enterprise,SAL,,\n" for n in range(BATCH + 20)]
    rows[3] = "Pair,resource,multi,SAL,,\n"
    rows[BATCH + 5] = "Pair,project,enterprise,SAL,,\n"
    outcome = load("customer", HEAD + "".join(rows))
    assert outcome.bad_lines == [5, BATCH + 7]


def test_the_preview_shows_records_as_they_would_be(load: Load, desk: Session) -> None:
    seen: list[Any] = []

    def look(importer: Any) -> None:
        seen.append(preview.heads(importer))
        seen.extend(preview.look(desk, importer))

    text = (
        HEAD + "Kid,resource,enterprise,SAL,,Mum\nMum,resource,enterprise,SAL,,\nBad,resource,nothing,SAL,,\n"
    )
    load("customer", text, dry=True, look=look)
    heads, kid, _mum, bad = seen
    assert heads[:2] == ["Customer code", "Customer name"]
    shown = dict(zip(heads, kid["cells"], strict=True))
    assert shown["Customer code"].startswith("KH-")
    assert (shown["Content class"], shown["Parent customer"]) == ("Resource", "Mum")
    assert (bad["line"], bad["error"], "nothing" in bad["cells"]) == (4, True, True)


def test_the_file_of_bad_rows_has_their_columns_and_the_reasons(load: Load) -> None:
    text = HEAD + "Good,resource,enterprise,SAL,,\n=Bad,vassal,enterprise,XXX,,\n"
    outcome = load("customer", text)
    written = b"".join(bad_rows(read_table(text.encode()), outcome)).decode("utf-8-sig").splitlines()
    assert written[0] == HEAD.strip() + ",error"
    assert len(written) == 2
    assert "'=Bad,vassal,enterprise,XXX,," in written[1]
    assert "customer_class: “vassal” is none of the choices. | department: “XXX”" in written[1]


def test_a_contract_is_taken_over_under_way_but_not_where_only_a_step_leads(
    load: Load, desk: Session
) -> None:
    assert load("customer", HEAD + "Buyer,resource,enterprise,SAL,,\n").written
    head = "number,title,customer,department,signed_on,status\n"
    outcome = load("contract", f"{head}M-1,One,Buyer,SAL,,approved\nM-2,Two,Buyer,SAL,2026-01-05,signed\n")
    assert said(outcome) == [(2, "status", "No new record begins as “Approved”.")]
    assert load("contract", f"{head}M-2,Two,Buyer,SAL,2026-01-05,signed\nM-3,Three,Buyer,SAL,,\n").written
    found = select(Contract.status).where(Contract.number.in_(["M-2", "M-3"])).order_by(Contract.number)
    assert list(desk.scalars(found)) == ["signed", "draft"]
