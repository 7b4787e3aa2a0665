"""Where the API server is and who we are there: kubeconfig, or the Pod's own account."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kubernetes import config as loaders
from kubernetes.client import Configuration
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.incluster_config import (
    SERVICE_CERT_FILENAME,
    SERVICE_TOKEN_FILENAME,
    InClusterConfigLoader,
)

from renderer.core.errors import InvalidError, invalid

_REMEDY = "give --kubeconfig FILE, set KUBECONFIG, or run inside the cluster"
_SERVICE_HOST = "KUBERNETES_SERVICE_HOST"


def configure(
    kubeconfig: Path | None, context: str | None, *, environ: Mapping[str, str] = os.environ
) -> Configuration:
    """Find the API server and the credentials.

    `kubeconfig` if it is given; else the Pod's own account inside a cluster (unless a
    context is asked for); else $KUBECONFIG; else ~/.kube/config. Raises `InvalidError`.
    """
    if kubeconfig is not None:
        return _from_files(str(kubeconfig), context)
    if _SERVICE_HOST in environ and not context:
        return _from_pod(environ)
    named = environ.get("KUBECONFIG", "")
    default = Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config"
    return _from_files(named or str(default), context)


def _from_pod(environ: Mapping[str, str]) -> Configuration:
    configuration = Configuration()
    try:
        loader = InClusterConfigLoader(  # type: ignore[no-untyped-call]  # untyped upstream
            SERVICE_TOKEN_FILENAME, SERVICE_CERT_FILENAME, environ=environ
        )
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]  # untyped upstream
    except (ConfigException, OSError) as error:
        problem = f"the Pod's account can't be used: {error}"
        raise invalid(
            problem,
            field=SERVICE_TOKEN_FILENAME,
            remedy="leave automountServiceAccountToken on for this Pod, or give --kubeconfig FILE",
        ) from error
    return configuration


def _from_files(paths: str, context: str | None) -> Configuration:
    present = [path for path in paths.split(os.pathsep) if path and Path(path).is_file()]
    if not present:
        raise invalid("there is no kubeconfig", field="kubeconfig", value=paths, remedy=_REMEDY)
    configuration = Configuration()
    try:
        loaders.load_kube_config(  # type: ignore[no-untyped-call]  # untyped upstream
            os.pathsep.join(present),
            context=context or None,
            client_configuration=configuration,
            persist_config=False,
        )
    except Exception as error:  # broken YAML, a missing key, a failing exec plug-in: anything
        raise _broken(paths, context, error) from error
    return configuration


def _broken(paths: str, context: str | None, error: Exception) -> InvalidError:
    words = " ".join(str(error).split()) or type(error).__name__
    remedy = "check it with `kubectl config view`"
    if context:
        remedy = "choose one that `kubectl config get-contexts` lists"
    return invalid(
        f"the kubeconfig can't be used: {words}",
        field="kubeconfig",
        value=f"{paths}, context {context}" if context else paths,
        remedy=remedy,
    )
