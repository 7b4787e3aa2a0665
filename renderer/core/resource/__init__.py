"""The SampleDB resource: one typed model, its rules, and how a document becomes one."""

from renderer.core.resource.canonical import canonical, digest
from renderer.core.resource.parse import parse
from renderer.core.resource.sampledb import SampleDB
from renderer.core.resource.spec import Spec
from renderer.core.resource.update import check_update

__all__ = ["SampleDB", "Spec", "canonical", "check_update", "digest", "parse"]
