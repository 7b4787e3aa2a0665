"""Argo CD: redis, repo-server and application-controller, as processes of the host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from e2e.appliers.kubectl import Kubectl, Object, namespace
from e2e.appliers.starting import Starts, free_ports, listening, module_folder

NAMESPACE = "argocd"
TOOL = "argo-cd"
_MODULE = "github.com/argoproj/argo-cd/v3"
RESYNC_SECONDS = 2
"""As quick as a webhook would make it. The repo-server keeps a branch's commit as long."""
_PART_OF = {"app.kubernetes.io/part-of": "argocd"}


def install(kubectl: Kubectl, source: Path) -> None:
    """The CRDs, the namespace, and what must be there before the controllers start."""
    crds = source / "manifests" / "crds"
    kubectl.apply_files(
        crds / f"{name}-crd.yaml" for name in ("application", "applicationset", "appproject")
    )
    kubectl.established("applications.argoproj.io", "appprojects.argoproj.io")
    kubectl.apply(namespace(NAMESPACE))
    kubectl.apply(
        _settings("ConfigMap", "argocd-cm", {"timeout.reconciliation": f"{RESYNC_SECONDS}s"}),
        _settings("ConfigMap", "argocd-rbac-cm", {}),
        _settings("ConfigMap", "argocd-cmd-params-cm", {}),
        _settings("ConfigMap", "argocd-ssh-known-hosts-cm", {"ssh_known_hosts": ""}),
        _settings("ConfigMap", "argocd-tls-certs-cm", {}),
        _settings("Secret", "argocd-secret", {"server.secretkey": "a throw-away cluster's key"}),
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{"server": "*", "namespace": "*"}],
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            },
        },
    )


def start(run: Starts, kubectl: Kubectl, program: Path) -> None:
    """Install, then start all three."""
    source = module_folder(TOOL, _MODULE)
    install(kubectl, source)
    folder = run.folder / "argocd"
    env = _environment(folder, source, program, kubectl)
    redis, repo, repo_metrics, metrics = free_ports(4)
    run.start(
        "redis",
        [
            *f"redis-server --port {redis} --bind 127.0.0.1 --appendonly no".split(),
            *("--save", "", "--dir", str(folder / "redis")),
        ],
        ready=listening(redis),
    )
    run.start(
        "argocd-repo-server",
        [
            str(program),
            *f"--address 127.0.0.1 --port {repo}".split(),
            *f"--metrics-address 127.0.0.1 --metrics-port {repo_metrics}".split(),
            *f"--disable-tls --client-ca-path= --redis 127.0.0.1:{redis}".split(),
        ],
        env | {"ARGOCD_BINARY_NAME": "argocd-repo-server"},
        ready=listening(repo),
    )
    run.start(
        "argocd-application-controller",
        [
            str(program),
            *f"--repo-server 127.0.0.1:{repo} --repo-server-plaintext".split(),
            *f"--redis 127.0.0.1:{redis} --metrics-port {metrics}".split(),
            *f"--app-resync {RESYNC_SECONDS} --app-resync-jitter 0".split(),
            # Usually as long as the pause between two looks: only then is an error told.
            f"--repo-error-grace-period-seconds={RESYNC_SECONDS}",
            *("--namespace", NAMESPACE, "--kubeconfig", str(kubectl.kubeconfig)),
        ],
        env | {"ARGOCD_BINARY_NAME": "argocd-application-controller"},
        ready=listening(metrics),
    )


def _settings(kind: str, name: str, content: dict[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": _PART_OF},
        "stringData" if kind == "Secret" else "data": content,
    }


def _environment(folder: Path, source: Path, program: Path, kubectl: Kubectl) -> dict[str, str]:
    for name in ("tls", "ssh", "gpg", "plugins", "redis", "tmp", "bin", "home"):
        (folder / name).mkdir(parents=True)
    (folder / "ssh" / "ssh_known_hosts").touch()
    # Called by name: the wrappers even where signatures aren't checked, `argocd` by git,
    # which asks it for the repository's credentials.
    for script in ("git-verify-wrapper.sh", "gpg-wrapper.sh"):
        copy = folder / "bin" / script
        shutil.copyfile(source / "hack" / script, copy)
        copy.chmod(0o755)
    _script(
        folder / "bin" / "argocd", f'ARGOCD_BINARY_NAME=argocd-git-ask-pass exec "{program}" "$@"'
    )
    # `kustomize build FOLDER`: kubectl has the same library built in.
    _script(folder / "bin" / "kustomize", f'shift; exec "{kubectl.program}" kustomize "$@"')
    return {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "KUBECONFIG": str(kubectl.kubeconfig),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_RECONCILIATION_TIMEOUT": f"{RESYNC_SECONDS}s",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_GNUPGHOME": str(folder / "gpg"),
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "plugins"),
        "ARGOCD_ASK_PASS_SOCK": str(folder / "ask-pass.sock"),
    }


def _script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
