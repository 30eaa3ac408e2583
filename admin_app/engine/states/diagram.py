"""All state machines of a site as a document with diagrams (Mermaid), in both languages; made from the declarations."""

from __future__ import annotations

from collections.abc import Iterator

from admin_app.engine.entity import Entity
from admin_app.engine.labels import Labels
from admin_app.engine.language import LANGUAGES
from admin_app.engine.site import Site
from admin_app.engine.states.machine import Machine

HEAD = """# States

Made by `flask --app wsgi states > docs/states.md` from the declarations; a test holds that they say the same.

What is stored in a state field changes by these steps alone. A step is an action like any other: a button on the
record, one entry under "Next step" in the bulk bar of a list, and `flask --app wsgi bulk STEP ENTITY`; all of them ask
for what the step needs and are told in the history, and for many records there is a preview. No form shows the state as
a field, and no bulk edit fills it in. What writes a state past a declared step is refused: a flush by the guard of the
class, a statement by `update_rows`, an import in its check (a new record may come from elsewhere only in the states
named below), and where a single row can tell, by a CHECK of the database.

An undo may go back along a step, by whoever may take that step, unless the step says no; an undone undo goes forward
again only where the word alone decides about the step. A record that comes back from the trash is in the state that it
had.
"""


def document(site: Site) -> str:
    """The whole document."""
    parts = (
        "\n".join(_section(site.labels, entity, entity.states))
        for entity in site.entities
        if entity.states is not None
    )
    return "\n".join((HEAD, *parts))


def _section(labels: Labels, entity: Entity, machine: Machine) -> Iterator[str]:
    title = _both(labels, "entity", entity.name, "label")
    yield f"## {title}\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    codes: tuple[str, ...] = entity.fields[machine.field].kind.codes  # type: ignore[attr-defined]
    for code in codes:
        yield f"    {code}: {_state(labels, entity, machine, code)}"
    for code in machine.begins:
        yield f"    [*] --> {code}"
    for step in machine.steps:
        label = _both(labels, "entity", entity.name, "step", step.name)
        for source in step.sources:
            yield f"    {source} --> {step.target}: {label}"
    yield "```\n"
    if machine.taken_over:
        names = ", ".join(_state(labels, entity, machine, code) for code in machine.taken_over)
        yield f"May be taken over from elsewhere as: {names}.\n"
    yield "| Step | From | To | Needs | Reason | Undo goes back |"
    yield "|---|---|---|---|---|---|"
    for step in machine.steps:
        label = _both(labels, "entity", entity.name, "step", step.name)
        sources = ", ".join(_state(labels, entity, machine, code) for code in step.sources)
        target = _state(labels, entity, machine, step.target)
        needs = f"`{step.word}`" + (", and not who wrote it" if step.guarded else "")
        reason = "asked for" if step.needs_reason else ""
        back = "yes" if step.taken_back else "no"
        yield f"| `{step.name}` {label} | {sources} | {target} | {needs} | {reason} | {back} |"
    yield ""


def _state(labels: Labels, entity: Entity, machine: Machine, code: str) -> str:
    own = _both(labels, "entity", entity.name, "choice", machine.field, code)
    return own or _both(labels, "choice", machine.field, code) or code


def _both(labels: Labels, *path: str) -> str:
    return " ".join(text for language in LANGUAGES if (text := labels.find(language, *path)))
