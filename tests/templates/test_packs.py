"""Packs of a user's own: found, loaded, checked; each fault with its file and the way out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer import templating
from renderer.core import layout, resource
from renderer.core.errors import InvalidError
from renderer.core.layout import Role
from renderer.templating.engine import Engine
from renderer.templating.pack import template
from renderer.templating.values import MARK, to_json

BUILT_IN = templating.find("postgresql")


def sampledb(**spec: object) -> resource.SampleDB:
    return resource.parse(
        {
            "apiVersion": "sampledb.dev/v1",
            "kind": "SampleDB",
            "metadata": {"namespace": "team-a", "name": "orders"},
            "spec": {
                "engine": "postgresql",
                "version": "18",
                "storage": {"size": "1Gi"},
                **spec,
            },
        }
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the built-in pack, to be broken."""
    return shutil.copytree(BUILT_IN, tmp_path / "postgresql")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_built_in_pack_has_nothing_wrong_with_it() -> None:
    assert templating.check(templating.load(BUILT_IN)) == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        pytest.param(
            "service.yaml.j2",
            "{{ names.server }}",
            "{{ names.sever }}",
            ("postgresql/service.yaml.j2:5", "has no attribute 'sever'"),
            id="undefined-attribute",
        ),
        pytest.param(
            "shared.j2",
            "{% set user = 999 %}",
            "{% set user = usr + 1 %}",
            ("postgresql/shared.j2:2", "'usr' is undefined"),
            id="undefined-variable-in-a-shared-file",
        ),
        pytest.param(
            "service.yaml.j2",
            'kind: "Service"',
            'kind: "Service',
            ("postgresql/service.yaml.j2: line", "renders no single YAML document"),
            id="invalid-yaml",
        ),
        pytest.param(
            "service.yaml.j2",
            "{{ names.server }}",
            '"{{ names.server }}"',
            ("without quotes around it",),
            id="quoted-twice",
        ),
        pytest.param(
            "serviceaccount.yaml.j2",
            "automountServiceAccountToken: false",
            'automountServiceAccountToken: false\n---\nkind: "ConfigMap"',
            ("postgresql/serviceaccount.yaml.j2", "exactly one YAML document, found 2"),
            id="two-documents",
        ),
        pytest.param(
            "configmap-connection.yaml.j2",
            'kind: "ConfigMap"',
            'kind: "Secret"',
            ("postgresql/configmap-connection.yaml.j2", "a Secret has no place in Git"),
            id="secret",
        ),
        pytest.param(
            "configmap-connection.yaml.j2",
            "{{ names.connection }}",
            "{{ names.config }}",
            ("is the same object as configmap.yaml.j2 renders",),
            id="duplicate-object",
        ),
        pytest.param(
            "service.yaml.j2",
            'sessionAffinity: "None"',
            'sessionAffinty: "None"',
            ("postgresql/service.yaml.j2: spec.sessionAffinty",),
            id="unknown-field",
        ),
        pytest.param(
            "statefulset.yaml.j2",
            "{{ container_security }}",
            "{}",
            ("allowPrivilegeEscalation: must be false", "capabilities.drop"),
            id="not-restricted",
        ),
        pytest.param(
            "pvc-data.yaml.j2",
            "{{ never_pruned if protect else may_be_pruned }}",
            "{}",
            ("must have Prune=false,Delete=false",),
            id="unprotected-claim",
        ),
        pytest.param(
            "pvc-data.yaml.j2",
            "{{ never_pruned if protect else may_be_pruned }}",
            "{{ never_pruned }}",
            ("must not protect the claim when protect is false",),
            id="claim-that-can-not-be-removed",
        ),
        pytest.param(
            "job-init.yaml.j2",
            "  backoffLimit: 2\n",
            "  ttlSecondsAfterFinished: 60\n",
            ("ttlSecondsAfterFinished", "the applier would run it for ever"),
            id="ttl",
        ),
        pytest.param(
            "job-init.yaml.j2",
            "  backoffLimit: 2\n",
            "",
            ("backoffLimit: must be set",),
            id="no-backoff-limit",
        ),
        pytest.param(
            "configmap.yaml.j2",
            "annotations: {{ no_substitution }}",
            "annotations: {}",
            ("must be disabled: Flux",),
            id="substitution",
        ),
        pytest.param(
            "service.yaml.j2",
            "labels: {{ labels }}",
            "labels: {}",
            ("postgresql/service.yaml.j2: metadata.labels[sampledb.dev/role]",),
            id="labels",
        ),
        pytest.param(
            "service.yaml.j2",
            "{{ db.namespace }}",
            '"kube-system"',
            ("is a foreign namespace",),
            id="foreign-namespace",
        ),
        pytest.param(
            "service.yaml.j2",
            "{{ names.server }}",
            "{{ ''.__class__.__mro__ }}",
            ("can't be rendered", "unsafe"),
            id="sandbox",
        ),
        pytest.param(
            "service.yaml.j2",
            "{{ names.server }}",
            '{% include "../../../../etc/passwd" %}',
            ("which is not in the pack",),
            id="file-outside-the-pack",
        ),
        pytest.param(
            "service.yaml.j2",
            "{{ selector }}",
            "{{ spec.service }}",
            ("can't be rendered: TypeError",),
            id="a-class-of-the-model",
        ),
        pytest.param(
            "service.yaml.j2",
            "{{ selector }}",
            '{{ hashes["statefulset"] }}',
            ("has no attribute 'statefulset'",),
            id="hash-of-a-later-role",
        ),
    ],
)
def test_a_broken_template_is_told_by_file_and_fault(
    copy: Path, file: str, old: str, new: str, words: tuple[str, ...]
) -> None:
    edit(copy / file, old, new)
    found = "\n".join(str(detail) for detail in templating.check(templating.load(copy)))
    for word in words:
        assert word in found


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        pytest.param(
            "service.yaml.j2",
            "{% endif %}",
            "",
            "postgresql/service.yaml.j2:",
            id="template-syntax",
        ),
        pytest.param("pack.yaml", "format: 1", "format: 2", "pack.yaml: format", id="format"),
        pytest.param("pack.yaml", '"18.4"', '"17.4"', "must begin with its major", id="minor"),
        pytest.param("pack.yaml", "versions:", "verisons:", "pack.yaml: ver", id="unknown-key"),
        pytest.param("pack.yaml", '  - "service"\n', "", "of no role", id="undeclared-template"),
        pytest.param(
            "pack.yaml", '  - "service"\n', '  - "servive"\n', "pack.yaml: roles[4]", id="role"
        ),
        pytest.param("service.yaml.j2", "spec:", f"spec: {MARK}", "U+E000", id="reserved"),
        pytest.param("pack.yaml", "format: 1", "format: &a 1", "anchor", id="anchor"),
    ],
)
def test_a_pack_that_can_not_be_loaded_says_why(
    copy: Path, file: str, old: str, new: str, words: str
) -> None:
    edit(copy / file, old, new)
    with pytest.raises(InvalidError) as error:
        templating.load(copy)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param('"Wake"', '"Fly"', "is not an operation of this version", id="unknown"),
        pytest.param('  - "job-init"\n', "", "Provision needs the role job-init", id="role"),
    ],
)
def test_an_operation_that_the_pack_can_not_do_is_told(
    copy: Path, old: str, new: str, words: str
) -> None:
    edit(copy / "pack.yaml", old, new)
    if "job-init" in old:
        (copy / "job-init.yaml.j2").unlink()
    found = "\n".join(str(detail) for detail in templating.check(templating.load(copy)))
    assert words in found


def test_a_role_without_its_template_is_named(copy: Path) -> None:
    (copy / "service.yaml.j2").unlink()
    with pytest.raises(InvalidError, match=r"role service but no service\.yaml\.j2"):
        templating.load(copy)


def test_links_and_other_encodings_are_refused(copy: Path) -> None:
    (copy / "scripts" / "latin.sh").write_bytes(b"# \xe9\n")
    with pytest.raises(InvalidError, match="isn't UTF-8"):
        templating.load(copy)
    (copy / "scripts" / "latin.sh").unlink()
    (copy / "scripts" / "link.sh").symlink_to("/etc/passwd")
    with pytest.raises(InvalidError, match="symbolic link"):
        templating.load(copy)


def test_a_pack_is_found_by_its_engine_in_a_folder_or_as_the_folder_itself(copy: Path) -> None:
    assert templating.find("postgresql", copy.parent) == copy
    assert templating.find("postgresql", copy) == copy
    with pytest.raises(InvalidError, match="there are postgresql"):
        templating.find("mysql", copy.parent)
    with pytest.raises(InvalidError, match=r"spec\.engine"):
        templating.find("../postgresql", copy.parent)
    with pytest.raises(InvalidError, match="is not a template pack"):
        templating.load(copy.parent)


def test_the_digest_changes_with_any_file_but_hidden_ones(copy: Path) -> None:
    before = templating.load(copy).digest
    assert before == templating.load(BUILT_IN).digest
    (copy / ".swp").write_text("x")
    assert templating.load(copy).digest == before
    edit(copy / "scripts" / "ready.sh", "#!/bin/sh", "#!/bin/dash")
    assert templating.load(copy).digest != before


@pytest.mark.parametrize(
    ("spec", "image", "major"),
    [
        pytest.param({}, "docker.io/library/postgres:18.4", "18", id="major"),
        pytest.param({"version": "16.9"}, "docker.io/library/postgres:16.9", "16", id="minor"),
        pytest.param({"image": "r.example/pg:18.4"}, "r.example/pg:18.4", "18", id="own-image"),
    ],
)
def test_a_version_means_an_image(spec: dict[str, Any], image: str, major: str) -> None:
    found = templating.desired(sampledb(**spec), templating.load(BUILT_IN))
    assert (found.image, found.major) == (image, major)


def test_what_the_pack_does_not_serve_is_refused_all_at_once() -> None:
    db = sampledb(version="12", parameters={"Port": "1", "listen_addresses": "x"})
    with pytest.raises(InvalidError) as error:
        templating.desired(db, templating.load(BUILT_IN))
    told = str(error.value)
    assert "spec.version" in told
    assert "use one of 16, 17, 18" in told
    assert "spec.parameters.Port: can't be set: the server listens on 5432" in told
    assert "spec.parameters.listen_addresses" in told


def test_the_digests_tell_what_changed() -> None:
    pack = templating.load(BUILT_IN)
    plain = templating.desired(sampledb(), pack)
    tuned = templating.desired(sampledb(parameters={"work_mem": "8MB"}), pack)
    other = templating.desired(sampledb(init={"sql": ["SELECT 1"]}), pack)
    assert plain == templating.desired(sampledb(parameters={}), pack)
    assert plain.digest != tuned.digest
    assert plain.init_digest == tuned.init_digest
    assert plain.init_digest != other.init_digest


def test_a_pack_without_a_wanted_role_says_so(copy: Path) -> None:
    (copy / "networkpolicy.yaml.j2").unlink()
    edit(copy / "pack.yaml", '  - "networkpolicy"\n', "")
    pack = templating.load(copy)
    with pytest.raises(InvalidError, match="no template for networkpolicy"):
        templating.render(
            pack,
            templating.desired(sampledb(), pack),
            roles=frozenset({Role.NETWORK}),
            replicas=1,
            protect=True,
        )


_texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=40
) | st.sampled_from(
    ["on", "1e3", "08", "~", "{{ x }}", "${A}", "a: b", "- x", "'\"\\", MARK, "\u2028\x85"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    directory = tmp_path_factory.mktemp("pack")
    (directory / "t.yaml.j2").write_text(
        "a: {{ a }}\n"
        "list:\n"
        "{% for item in many %}  - {{ item }}\n{% endfor %}"
        "  - end\n"
        "{% if a %}? {{ key }}\n: {{ a | tojson }}\n{% endif %}"
        'flow: {"x": {{ many }}, "y": [{{ key }}]}\n'
        "block: |\n  before {{ key }} after\n"
        "{% set caught %}({{ key }}){% endset %}"
        "caught: {{ caught }}\n"
    )
    return Engine("pack", directory)


@settings(max_examples=200, deadline=None)
@given(a=_values, key=_texts, many=st.lists(_values, max_size=4))
def test_values_put_into_a_parsed_template_equal_the_parsed_full_text(
    engine: Engine, a: object, key: str, many: list[object]
) -> None:
    context = {"a": a, "key": key, "many": many}
    try:
        expected = engine.written_out("t.yaml.j2", context)
    except InvalidError:
        with pytest.raises(InvalidError):
            engine.document("t.yaml.j2", context)
        return
    assert engine.document("t.yaml.j2", context) == expected
    assert expected["a"] == a
    assert expected["flow"] == {"x": many, "y": [key]}


@given(_values)
def test_json_in_a_template_has_no_character_that_a_yaml_reader_treats_as_a_break(
    value: object,
) -> None:
    assert not set(to_json(value)) & set("\x85\u2028\u2029\ufeff\x7f")


def test_every_template_of_the_pack_gives_the_same_both_ways() -> None:
    pack = templating.load(BUILT_IN)
    db = sampledb(init={"sql": [f"SELECT '{MARK}'", "SELECT 1"]}, pgHba=["local all all trust"])
    wanted = templating.desired(db, pack)
    fast = templating.render(pack, wanted, roles=frozenset(Role), replicas=1, protect=True)
    again = templating.render(pack, wanted, roles=frozenset(Role), replicas=1, protect=True)
    assert [item.document for item in fast] == [item.document for item in again]
    scripts = next(item.document for item in fast if item.role is Role.SCRIPTS)
    assert scripts["data"]["sql-0000.sql"] == f"SELECT '{MARK}'"
    assert template(Role.SCRIPTS) == "configmap-scripts.yaml.j2"
    assert layout.names("orders").scripts == scripts["metadata"]["name"]


def test_a_result_shares_nothing_with_the_next_one() -> None:
    pack = templating.load(BUILT_IN)
    wanted = templating.desired(sampledb(), pack)
    roles = frozenset({Role.SERVER})
    first = templating.render(pack, wanted, roles=roles, replicas=1, protect=True)[0].document
    first["metadata"]["labels"].clear()
    first["spec"]["template"]["spec"]["containers"].clear()
    second = templating.render(pack, wanted, roles=roles, replicas=1, protect=True)[0].document
    assert second["metadata"]["labels"]
    assert second["spec"]["template"]["spec"]["containers"]
