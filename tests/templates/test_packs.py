"""Packs of a user's own: found, loaded, checked; each fault with its file and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer import templating
from renderer.core.errors import InvalidError
from renderer.templating.values import MARK

BUILT_IN = templating.find("postgresql")


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
            "never_pruned if protect else may_be_pruned",
            "{}",
            ("must have Prune=false,Delete=false",),
            id="unprotected-claim",
        ),
        pytest.param(
            "pvc-data.yaml.j2",
            "never_pruned if protect else may_be_pruned",
            "never_pruned",
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
            "pack.yaml", '  - "service"\n', '  - "servive"\n', "pack.yaml: roles[5]", id="role"
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
