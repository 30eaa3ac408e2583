"""Refusing to start a broken app: every declared name is looked up before the first request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from admin_app.engine.convert import UnsupportedColumn
from admin_app.engine.entity import Entity
from admin_app.engine.kinds import ChoiceKind
from admin_app.engine.language import LANGUAGES
from admin_app.engine.site import Site


class BrokenSite(Exception):
    """The declaration names something that does not exist; the message lists everything that is wrong."""


def problems(site: Site) -> list[str]:
    """One sentence per mistake in the declaration; empty when it is sound."""
    found: list[str] = []
    for name, number in Counter(entity.name for entity in site.entities).items():
        if number > 1:
            found.append(f"{name}: declared {number} times")
    for entity in site.entities:
        try:
            found.extend(_names(entity, site))
            if not entity.adopted:
                found.extend(_labels(entity, site))
        except UnsupportedColumn as problem:
            found.append(str(problem))
    groups = {group.key for group in site.groups}
    for language in LANGUAGES:
        named = [("group", name) for name in sorted(groups)] + [("page", page.key) for page in site.pages]
        found.extend(
            f"{what} {name}: no label in {language}"
            for what, name in named
            if site.labels.find(language, what, name) is None
        )
    found.extend(
        f"page {page.key}: there is no group {page.group}"
        for page in site.pages
        if page.group is not None and page.group not in groups
    )
    return found


def check(site: Site) -> None:
    """Raise BrokenSite when anything is wrong."""
    found = problems(site)
    if found:
        raise BrokenSite("; ".join(found))


def _names(entity: Entity, site: Site) -> Iterator[str]:
    fields = entity.fields
    declared = {
        "columns": entity.columns,
        "facts": entity.facts,
        "search": entity.search,
        "optional": entity.optional,
        "title": entity.title,
        "tones": tuple(entity.tones),
        "code": (entity.code,) if entity.code else (),
        "label": (entity.label,) if entity.label else (),
        "follows": (entity.follows,) if entity.follows else (),
        "field_groups": tuple(entity.group_of),
    }
    for section, keys in entity.sections.items():
        declared[f"section {section}"] = tuple(keys)
    for what, names in declared.items():
        for name in names:
            for resolved in {name.format(lang=language) for language in LANGUAGES}:
                if resolved not in fields:
                    yield f"{entity.name}: {what} names {resolved}, which is no field"
    for section, keys in entity.sections.items():
        for key in keys:
            if key in fields and key not in entity.import_fields:
                yield f"{entity.name}: section {section} names {key}, which nobody may type"
    named = {*(entity.title_patterns), *([entity.code] if entity.code else [])}
    for key in entity.group_of:
        if key in named:
            yield f"{entity.name}: field_groups names {key}, which names the record and is seen by all who see it"
    if entity.sort and entity.sort.lstrip("-") not in entity.sortable:
        yield f"{entity.name}: sort names {entity.sort.lstrip('-')}, which no index keeps in order"
    if entity.states is not None:
        yield from _states(entity)
    yield from _follows(entity, site)
    if entity.group and entity.group not in {group.key for group in site.groups}:
        yield f"{entity.name}: there is no group {entity.group}"


def _states(entity: Entity) -> Iterator[str]:
    assert entity.states is not None
    each = entity.fields.get(entity.states.field)
    if each is None or not isinstance(each.kind, ChoiceKind):
        yield f"{entity.name}: states names {entity.states.field}, which is no choice"
        return
    yield from (f"{entity.name}: {problem}" for problem in entity.states.names(each.kind.codes))


def _follows(entity: Entity, site: Site) -> Iterator[str]:
    seen, each = {entity.name}, entity
    while each.follows is not None and each.follows in each.fields:
        field = each.fields[each.follows]
        whole = site.target(field) if field.reference else None
        if whole is None and each is entity:
            what = "which the site does not show" if field.reference else "which is no reference"
            yield f"{entity.name}: follows names {entity.follows}, {what}"
        if whole is None:
            return
        if whole.name in seen:
            yield f"{entity.name}: follows {entity.follows} in a circle"
            return
        seen.add(whole.name)
        each = whole


def _labels(entity: Entity, site: Site) -> Iterator[str]:
    find = site.labels.find
    for language in LANGUAGES:
        for what in ("label", "plural"):
            if find(language, "entity", entity.name, what) is None:
                yield f"{entity.name}: no {what} in {language}"
        for step in entity.states.steps if entity.states is not None else ():
            if find(language, "entity", entity.name, "step", step.name) is None:
                yield f"{entity.name}: no label for step {step.name} in {language}"
        for key, each in entity.fields.items():
            if (find(language, "entity", entity.name, "field", key) or find(language, "field", key)) is None:
                yield f"{entity.name}.{key}: no label in {language}"
            # Only plain choices: yes and no have theirs in the engine.
            for code in each.kind.codes if type(each.kind) is ChoiceKind else ():
                own = find(language, "entity", entity.name, "choice", key, code)
                if (own or find(language, "choice", key, code)) is None:
                    yield f"{entity.name}.{key}: no label for {code} in {language}"
