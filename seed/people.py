"""The people of the demo company: one for each position, and colleagues, with their posts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from admin_app.errors import Conflict
from models.organisation import Department, Position, Post, User
from seed.bulk import Loader
from seed.grants import grant_contracts


class Login(NamedTuple):
    """One line of the table of logins that a start prints."""

    username: str
    name: str
    position_zh: str
    position_en: str


class Team(NamedTuple):
    """A department as an owner of records: its key, and the people in it who look after customers."""

    department_id: int
    members: tuple[int, ...]


# username, name, department. The username is the position's code and, for colleagues, a digit.
_PEOPLE = """
exe|顾云深|EXE crs|沈若岚|CR cg|Greta_Halloran|CR acm|陆知远|CR acm2|白语桐|CR cms|苏晓禾|CR cms2|Nils_Ekdahl|CR
dpm|温廷玉|CR pjm|Petra_Vasquez|PMO hrm|简书宁|HR fin|崔明哲|FIN mkm|Marco_Bellini|MKT mt|叶思棠|MKT mt2|尹可欣|MKT
slm|高远航|SAL slm2|Simone_Laurent|SAL ka|韩景行|SAL ka2|庄雨霏|SAL am|Amina_Okoro|SAL tem|程砚秋|TEC csm|方静姝|CS
css|罗嘉言|CS csd|林小满|CS csd2|Dana_Whitlock|CS csd3|唐宇泽|CS st|马晨曦|CS st2|Tobias_Krug|CS opm|邵凯旋|OPS
mal|钱佩兰|MAL flr|Felix_Norrby|MAL flr2|吕清扬|MAL da|何慎微|DAT da2|Daria_Kovalenko|DAT bd|Bastian_Roe|BIZ
bd2|邹子衿|BIZ rm|孟若溪|BIZ ct|秦守信|BIZ ct2|Celia_Thorne|BIZ px|潘一舟|BIZ an|Anja_Friis|BIZ mgr|石怀瑾|BIZ
"""
_FORMER = ("csd4", "卓牧之", "CS")
ADMIN = ("admin", "Dutybook Admin", "系统管理员", "Administrator")
# In other departments nobody has customers of their own.
_TEAMS = {
    "CR": ("acm", "acm2", "cms", "cms2", "cg", "crs"),
    "SAL": ("slm", "slm2", "ka", "ka2", "am"),
    "CS": ("csd", "csd2", "csd3", "st", "st2", "css"),
    "BIZ": ("bd", "bd2", "rm", "ct", "ct2"),
    "MKT": ("mt", "mt2", "mkm"),
    "MAL": ("flr", "flr2", "mal"),
    "DAT": ("da", "da2"),
}


def hire(loader: Loader, today: date, password_hash: str) -> tuple[dict[str, Team], list[Login]]:
    """Write users, posts and one grant by hand, all users with the password behind `password_hash`.

    Somebody whose user name is taken already is left as he is, password and posts included, and not listed.
    Raises Conflict when a department or position of the starting organisation is missing. Returns the teams by
    department code, and the logins made.
    """
    connection = loader.connection
    departments = _keys(connection, Department)
    positions = {
        row.code: row
        for row in connection.execute(select(Position.id, Position.code, Position.name_zh, Position.name_en))
    }
    people = [tuple(line.split("|")) for line in _PEOPLE.split()]
    missing = sorted(
        ({code for _, _, code in people} - set(departments))
        | ({_position(username) for username, _, _ in people} - set(positions))
    )
    if missing:
        raise Conflict(f"Load the starting organisation first; it lacks {', '.join(missing)}.")
    users: dict[str, int] = {
        row.username: row.id for row in connection.execute(select(User.username, User.id))
    }
    newcomers = [entry for entry in [*people, _FORMER] if entry[0] not in users]
    user_rows, post_rows, logins = [], [], []
    moment = loader.moment
    if ADMIN[0] not in users:
        user_rows.append(_user(ADMIN[0], ADMIN[1], password_hash) | {"is_admin": True})
        logins.append(Login(*ADMIN))
    for order, (username, name, department) in enumerate(newcomers):
        name = name.replace("_", " ")
        position = positions[_position(username)]
        former = username == _FORMER[0]
        user_rows.append(_user(username, name, password_hash) | {"is_active": not former})
        post_rows.append(
            {
                "user": username,
                "position_id": position.id,
                "department_id": departments[department],
                "valid_from": today - timedelta(days=900 + 37 * order % 700),
                "valid_to": today - timedelta(days=140) if former else None,
                "acting": False,
                "acting_for_id": None,
            }
        )
        if not former:
            logins.append(Login(username, name, position.name_zh, position.name_en))
    for row, key in zip(user_rows, loader.keys(User.__table__, len(user_rows)), strict=True):
        users[row["username"]] = row["id"] = key
        row.update(version=1, created_at=moment, updated_at=moment)
    if "csd2" in {row["username"] for row in user_rows}:
        post_rows.append(
            {
                "user": "csd2",
                "position_id": positions["CSS"].id,
                "department_id": departments["CS"],
                "valid_from": today - timedelta(days=3),
                "valid_to": today + timedelta(days=11),
                "acting": True,
                "acting_for_id": users["css"],
            }
        )
    for row, key in zip(post_rows, loader.keys(Post.__table__, len(post_rows)), strict=True):
        row.update(id=key, user_id=users[row.pop("user")], version=1, created_at=moment, updated_at=moment)
    loader.write(User.__table__, user_rows)
    loader.write(Post.__table__, post_rows)
    if "css" in {row["username"] for row in user_rows}:
        grant_contracts(loader, today, departments["CS"], users["css"], users["exe"])
    teams = {
        code: Team(departments[code], tuple(users[username] for username in members))
        for code, members in _TEAMS.items()
    }
    return teams, logins


def _keys(connection: Connection, kind: type[Department]) -> dict[str, int]:
    return {row.code: row.id for row in connection.execute(select(kind.code, kind.id))}


def _position(username: str) -> str:
    return username.rstrip("0123456789").upper()


def _user(username: str, name: str, password_hash: str) -> dict[str, Any]:
    return {
        "username": username,
        "name": name,
        "email": f"{username}@dutybook.example",
        "phone": None,
        "language": "en" if name.isascii() and username != ADMIN[0] else "zh",
        "is_active": True,
        "is_admin": False,
        "password_hash": password_hash,
    }
