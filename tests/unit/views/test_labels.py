"""Words in both languages, for everything that the screens show."""

import pytest
import sqlalchemy as sa

from admin_app import checks
from admin_app.engine.entity import Entity
from models.base import Base
from views.site import LABELS, build_site

site = build_site()
declared = set(site.labels.tables["en"]["entity"])
models = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}
#: What has labels: the site's own, and tables that have their words before they have a list of their own.
entities = {
    **{name: Entity(models[name]) for name in sorted(declared & set(models))},
    **site.by_name,
}


def test_the_site_is_sound():
    assert checks.problems(site) == []


def test_tables_without_a_list_of_their_own_have_all_their_words():
    assert [gap for entity in entities.values() for gap in checks._labels(entity, site)] == []


def leaves(table, path=()):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def test_both_languages_name_the_same_things():
    tables = site.labels.tables
    assert set(leaves(tables["zh"])) == set(leaves(tables["en"]))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_rule_of_the_schema_has_its_sentence(language):
    tables = {entity.mapper.local_table for entity in entities.values()}
    rules = {
        str(constraint.name)
        for table in tables
        for constraint in table.constraints
        # The rule that a code is one of its choices cannot be broken from a form.
        if isinstance(constraint, sa.CheckConstraint | sa.UniqueConstraint) and not constraint._type_bound
    }
    assert set(site.labels.tables[language]["constraint"]) == rules


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_two_fields_of_an_entity_have_one_label(language):
    for entity in entities.values():
        find = site.labels.find
        words = [
            find(language, "entity", entity.name, "field", key) or find(language, "field", key)
            for key in entity.fields
        ]
        assert len(set(words)) == len(words), entity.name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_label_names_what_is_not_there(language):
    assert declared == set(entities)
    for name, table in site.labels.tables[language]["entity"].items():
        entity = entities[name]
        assert set(table.get("field", {})) <= set(entity.fields)
        assert set(table.get("help", {})) <= set(entity.form_fields)
        for key, words in table.get("choice", {}).items():
            assert set(words) == set(entity.fields[key].kind.codes)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_section_has_a_heading(language):
    for entity in site.entities:
        for section in entity.form_sections:
            assert site.labels.find(language, "section", section), f"{entity.name}: {section}"


def test_the_labels_lie_beside_the_site():
    assert {path.stem for path in LABELS.glob("*.toml")} == {"zh", "en"}


def test_every_icon_is_in_the_sheet(pytestconfig):
    lines = (pytestconfig.rootpath / "admin_app/static/icons.txt").read_text().splitlines()
    names = {line for line in lines if line and not line.startswith("#")}
    wanted = {each.icon for each in (*site.entities, *site.groups, *site.pages)}
    assert wanted <= names, wanted - names
