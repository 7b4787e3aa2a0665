"""What a server reads when it starts: the part of a spec that can keep it from starting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """`spec.parameters` and `spec.pgHba`, as a spec has them or as they are in force."""

    parameters: Mapping[str, str]
    hba: tuple[str, ...] = ()
