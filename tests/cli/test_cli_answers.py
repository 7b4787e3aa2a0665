"""What every command about one SampleDB says when it can't do its work: one clear message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Run
from laptop_line import PATH, Line

from renderer.local.api.access import RoleBased
from renderer.local.laptop import Laptop, Options

COMMANDS = [
    pytest.param(arguments, id=arguments[0])
    for arguments in (
        ["status"],
        ["history"],
        ["plan"],
        ["doctor"],
        ["logs"],
        ["backup"],
        ["upgrade", "--to", "18"],
        ["restore", "--backup", "20260102T030405Z-1a2b3c"],
        ["confirm"],
        ["rotate"],
        ["hibernate"],
        ["wake"],
        ["resize", "--size", "2Gi"],
    )
]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Line]:
    """A cluster under RBAC."""
    options = Options(
        namespaces=("team-a",), path=PATH, node=False, applier=False, authorizer=RoleBased
    )
    with Laptop(options) as laptop:
        line = Line(laptop)
        line.create(backup={"target": {"pvc": {"size": "1Gi"}}})
        yield line


@pytest.fixture(scope="module")
def kubeconfig(guarded: Line) -> Path:
    return guarded.laptop.kubeconfig


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_name_that_can_not_be_is_refused(arguments: list[str], sampledb: Run) -> None:
    command, *more = arguments
    ended = sampledb(command, "team-a/orders/more", *more)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: NAME: is not the name of a SampleDB (got 'team-a/orders/more'); "
        "write NAME or NAMESPACE/NAME, in lower-case letters, digits and '-'\n"
    )


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_sampledb_that_is_not_there_is_told(
    arguments: list[str], sampledb: Run, kubeconfig: Path
) -> None:
    command, *more = arguments
    ended = sampledb(command, "team-a/nothing", *more, "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: NAME: there is no such SampleDB (got 'team-a/nothing'); "
        "'sampledb get' lists them; give the namespace as NAMESPACE/NAME or -n\n"
    )


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_cluster_is_told(arguments: list[str], sampledb: Run, tmp_path: Path) -> None:
    command, *more = arguments
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
        "contexts: [{name: here, context: {cluster: here, user: me}}]\n"
        "clusters: [{name: here, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        "users: [{name: me, user: {token: none}}]\n"
    )
    ended = sampledb(command, "team-a/orders", *more, "--kubeconfig", nowhere)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.count("\n") == 1
    assert "the API server at http://127.0.0.1:1 doesn't answer" in ended.err
    missing = sampledb(command, "team-a/orders", *more, "--kubeconfig", "nowhere")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert "there is no kubeconfig (got 'nowhere')" in missing.err


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_user_without_rights_is_told_which_is_lacking(
    arguments: list[str], sampledb: Run, guarded: Line, tmp_path: Path
) -> None:
    command, *more = arguments
    token = guarded.laptop.server.add_user("stranger")
    kubeconfig = guarded.laptop.server.kubeconfig(tmp_path / "kubeconfig", token=token)
    ended = sampledb(command, "team-a/orders", *more, "--kubeconfig", kubeconfig)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("error: get sampledbs.sampledb.dev team-a/orders: ")
    assert 'User "stranger" cannot get resource "sampledbs"' in ended.err
    assert "grant the verb" in ended.err


def test_a_reader_may_look_and_not_edit(sampledb: Run, guarded: Line, tmp_path: Path) -> None:
    group = "rbac.authorization.k8s.io"
    store, server = guarded.laptop.store, guarded.laptop.server
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]},
    ]
    store.create(f"clusterroles.{group}", {"metadata": {"name": "reader"}, "rules": rules})
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"kind": "ClusterRole", "name": "reader"},
        "subjects": [{"kind": "User", "name": "reader"}],
    }
    store.create(f"clusterrolebindings.{group}", binding)
    kubeconfig = server.kubeconfig(tmp_path / "kubeconfig", token=server.add_user("reader"))
    name = ("team-a/orders", "--kubeconfig", kubeconfig)
    assert sampledb("plan", *name).code == 0
    refused = sampledb("backup", *name)
    assert refused.code == 4
    assert 'cannot patch resource "sampledbs"' in refused.err
    assert not (guarded.get() or {})["spec"]["backup"]["requestedAt"]
