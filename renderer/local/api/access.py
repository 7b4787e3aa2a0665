"""Who may do what: bearer tokens name users, an authorizer judges each request."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from renderer.local.api import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from renderer.local.api.errors import Object
    from renderer.local.api.request import Request, Target
    from renderer.local.api.store import Store

ADMINISTRATORS = "system:masters"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A name (`system:serviceaccount:NAMESPACE:NAME` for a ServiceAccount) and its groups."""

    name: str
    groups: tuple[str, ...] = ()


ANONYMOUS = User(name="system:anonymous", groups=("system:unauthenticated",))
"""Who sends no token at all; a wrong one is refused whatever is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is about to be done, as RBAC sees it; `resource` includes the subresource."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str


class Authorizer(Protocol):
    """Judges one action of one user."""

    def allows(self, user: User, action: Action) -> bool:
        """Whether the user may."""


class Everyone:
    """Lets every known user do everything."""

    def allows(self, user: User, action: Action) -> bool:
        """Yes, unless nobody knows who it is."""
        del action
        return user != ANONYMOUS


class RoleBased:
    """RBAC: judges by the roles and bindings in the store, as a real cluster does."""

    def __init__(self, store: Store) -> None:
        """Roles are read at each request: a changed role counts at once."""
        self._store = store

    def allows(self, user: User, action: Action) -> bool:
        """Whether a role that is bound to the user (or one of its groups) allows it."""
        if ADMINISTRATORS in user.groups:
            return True
        return any(_allows(rule, action) for rule in self._rules(user, action.namespace))

    def _rules(self, user: User, namespace: str) -> Iterator[Object]:
        suffix = "rbac.authorization.k8s.io"
        bindings = self._store.list(f"clusterrolebindings.{suffix}").items
        if namespace:
            bindings += self._store.list(f"rolebindings.{suffix}", namespace).items
        for binding in bindings:
            if not any(_is(user, subject) for subject in binding.get("subjects") or ()):
                continue
            role = binding["roleRef"]
            plural = "clusterroles" if role["kind"] == "ClusterRole" else "roles"
            place = "" if plural == "clusterroles" else binding["metadata"]["namespace"]
            try:
                found = self._store.get(f"{plural}.{suffix}", role["name"], place)
            except errors.ApiError:
                continue  # a binding to a role that doesn't exist grants nothing
            yield from found.get("rules") or ()


def _is(user: User, subject: Object) -> bool:
    if subject["kind"] == "ServiceAccount":
        name = f"system:serviceaccount:{subject.get('namespace', '')}:{subject['name']}"
        return user.name == name
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    return bool(user.name == subject["name"])


def _allows(rule: Object, action: Action) -> bool:
    names = rule.get("resourceNames") or ()
    subresource = "*/" + action.resource.partition("/")[2]
    return (
        bool({action.verb, "*"} & set(rule.get("verbs") or ()))
        and bool({action.group, "*"} & set(rule.get("apiGroups") or ()))
        and bool({action.resource, "*", subresource} & set(rule.get("resources") or ()))
        and (not names or action.name in names)
    )


_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


def action_of(request: Request, target: Target) -> Action:
    """The verb that RBAC has for this request."""
    if request.method == "GET":
        listed = "watch" if request.flag("watch") else "list"
        verb = "get" if target.name else listed
    elif request.method == "DELETE":
        verb = "delete" if target.name else "deletecollection"
    else:
        verb = _VERBS.get(request.method, request.method.lower())
    plural = target.resource.plural
    return Action(
        verb=verb,
        group=target.resource.group,
        resource=f"{plural}/{target.subresource}" if target.subresource else plural,
        namespace=target.namespace,
        name=target.name,
    )


def refusal(user: User, action: Action, target: Target) -> errors.ApiError:
    """403, in the words of the RBAC authorizer."""
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {action.verb} resource "{action.resource}" '
        f'in API group "{action.group}" {where}'
    )
    return errors.forbidden(target.resource, target.name, why)


def refused_path(user: User, verb: str, path: str) -> errors.ApiError:
    """403 for what is no resource: discovery and the OpenAPI documents."""
    why = f'forbidden: User "{user.name}" cannot {verb.lower()} path "{path}"'
    return errors.ApiError(403, "Forbidden", why, details={})


def token_of(header: str) -> str:
    """The token of an Authorization header: a bearer's, or the password of Basic."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[2]
    except ValueError:
        return ""


REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def reviewed(attributes: Object) -> Action:
    """The action that a SelfSubjectAccessReview asks about."""
    resource, subresource = attributes.get("resource", ""), attributes.get("subresource", "")
    return Action(
        verb=attributes.get("verb", ""),
        group=attributes.get("group", ""),
        resource=f"{resource}/{subresource}" if subresource else resource,
        namespace=attributes.get("namespace", ""),
        name=attributes.get("name", ""),
    )
