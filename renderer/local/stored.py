"""The seam to the in-process API server: `Objects` over its store."""

from __future__ import annotations

from collections.abc import Callable

from renderer.local.api.errors import ApiError
from renderer.local.api.store import Store
from renderer.local.api.writes import DeleteOptions
from renderer.local.objects import Object, name_of, namespace_of, uid_of

_CONFLICT = 409
_NOT_FOUND = 404
_FORBIDDEN = 403
_ATTEMPTS = 20


class Stored:
    """`Objects` behind which a `Store` stands; see there for the contract."""

    def __init__(self, store: Store) -> None:
        """Read and write there."""
        self._store = store

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        try:
            return self._store.get(resource, name, namespace)
        except ApiError as error:
            _only(error, _NOT_FOUND)
            return None

    def list(self, resource: str, namespace: str = "") -> list[Object]:
        """All of a resource, in a namespace or everywhere."""
        return self._store.list(resource, namespace or None).items

    def create(self, resource: str, new: Object) -> Object | None:
        """Create it; None when the name is taken, or its namespace is gone or going."""
        try:
            return self._store.create(resource, new)
        except ApiError as error:
            _only(error, _CONFLICT, _NOT_FOUND, _FORBIDDEN)
            return None

    def change(
        self, resource: str, old: Object, edit: Callable[[Object], None], *, status: bool = False
    ) -> Object | None:
        """Edit the live object; None when it is no longer there."""
        for _ in range(_ATTEMPTS):
            live = self.get(resource, namespace_of(old), name_of(old))
            if live is None or uid_of(live) != uid_of(old):
                return None
            edit(live)
            try:
                return self._store.update(resource, live, subresource="status" if status else "")
            except ApiError as error:
                _only(error, _CONFLICT, _NOT_FOUND)
        return None

    def delete(self, resource: str, old: Object, *, now: bool = False) -> None:
        """Ask for deletion; gone already, or replaced by a namesake, is fine."""
        options = DeleteOptions(uid=uid_of(old), grace=0 if now else None)
        try:
            self._store.delete(resource, name_of(old), namespace_of(old), options)
        except ApiError as error:
            _only(error, _NOT_FOUND, _CONFLICT)


def _only(error: ApiError, *codes: int) -> None:
    if error.code not in codes:
        raise error
