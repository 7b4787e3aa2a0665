"""Template packs: what they declare, and the documents that they render. Sole user of Jinja2."""

from renderer.templating.check import check
from renderer.templating.pack import Pack, find, folders, load
from renderer.templating.render import Rendered, desired, prepare, render

__all__ = ["Pack", "Rendered", "check", "desired", "find", "folders", "load", "prepare", "render"]
