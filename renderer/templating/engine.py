"""The Jinja2 environments of a pack, and its errors in words that name file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from renderer.core.errors import InvalidError, invalid
from renderer.templating import skeleton
from renderer.templating.values import MARK, Aside, MarkedError, Verbatim, document, sha256, to_json

SUFFIX = ".j2"
_ASIDE = "_values_kept_aside"


class Engine:
    """Every template of a pack, compiled once. Safe to share between threads."""

    def __init__(self, name: str, directory: Path) -> None:
        """Compile all `*.j2` below `directory`; `name` is the pack's, for messages."""
        self._name = name
        self._yaml = _environment(directory, finalize=_finalize)
        self._text = _environment(directory, finalize=None)
        self._yaml.filters["tojson"] = to_json
        self._templates: dict[str, jinja2.Template] = {}
        self._texts: dict[str, jinja2.Template] = {}
        for path in sorted(directory.rglob(f"*{SUFFIX}")):
            file = path.relative_to(directory).as_posix()
            self._compile(file, path)

    def _compile(self, file: str, path: Path) -> None:
        plain = file.startswith("conf/")
        where = self._texts if plain else self._templates
        try:
            if MARK in path.read_text(encoding="utf-8"):
                problem = "has the character U+E000, which is reserved"
                raise invalid(
                    problem,
                    field=f"{self._name}/{file}",
                    remedy="remove it",
                )
            found = (self._text if plain else self._yaml).get_template(file)
            # Jinja2 copies a template's globals at each rendering: slowly from its ChainMap.
            found.globals = dict(found.globals)
            where[file] = found
        except UnicodeDecodeError as error:
            where_to = f"{self._name}/{file}"
            problem = "isn't UTF-8"
            raise invalid(problem, field=where_to, remedy="save it as UTF-8") from error
        except jinja2.TemplateSyntaxError as error:
            problem = f"isn't a Jinja2 template: {error.message}"
            raise invalid(
                problem,
                field=f"{self._name}/{error.name or file}:{error.lineno}",
                remedy="correct the template",
            ) from error

    def document(self, file: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Render `file` and parse it: exactly one document."""
        source = f"{self._name}/{file}"
        aside = Aside()
        try:
            text = self._render(self._templates[file], {**context, _ASIDE: aside}, file)
        except MarkedError:
            full = self._render(self._templates[file], context, file)
            return skeleton.parse(full, source=source)
        return skeleton.fill(text, aside.values, source=source)

    def written_out(self, file: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """The same as `document`, the slow way: with every value written in the text."""
        text = self._render(self._templates[file], context, file)
        return skeleton.parse(text, source=f"{self._name}/{file}")

    def text(self, file: str, context: Mapping[str, Any]) -> str:
        """Render a file below `conf/` as it is: no quoting, no parsing."""
        return self._render(self._texts[file], context, file)

    def _render(self, template: jinja2.Template, context: Mapping[str, Any], file: str) -> str:
        try:
            return template.render(context)
        except (MarkedError, InvalidError):
            raise
        except jinja2.UndefinedError as error:
            problem = f"uses what isn't defined: {error.message}"
            raise invalid(
                problem,
                field=self._line(error, file),
                remedy="use a variable of the template context, or correct its name",
            ) from error
        except jinja2.TemplateNotFound as error:
            problem = f"uses the template {error.name}, which is not in the pack"
            raise invalid(
                problem,
                field=self._line(error, file),
                remedy="add it, or correct its name",
            ) from error
        except Exception as error:
            # A template is a program: whatever it raises is the template's fault.
            problem = f"can't be rendered: {type(error).__name__}: {error}"
            raise invalid(
                problem,
                field=self._line(error, file),
                remedy="correct the template; a value must be a string, number, list or mapping",
            ) from error

    def _line(self, error: Exception, file: str) -> str:
        """`pack/file:line` of the innermost template line that was at work."""
        names = {t.filename: name for name, t in {**self._templates, **self._texts}.items()}
        found, line = file, 0
        trace = error.__traceback__
        while trace is not None:
            name = names.get(trace.tb_frame.f_code.co_filename)
            if name is not None:
                found, line = name, trace.tb_lineno
            trace = trace.tb_next
        return f"{self._name}/{found}:{line}" if line else f"{self._name}/{found}"


class _Sandbox(ImmutableSandboxedEnvironment):
    """No writing, no internals; a field of the model is only data, so it needs no inspection."""

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 # Jinja2's own signature
        """Return an attribute, or an undefined value that says why it can't be had."""
        if attribute in getattr(type(obj), "__dataclass_fields__", ()) and attribute[0] != "_":
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _environment(directory: Path, *, finalize: Callable[..., str] | None) -> _Sandbox:
    environment = _Sandbox(
        loader=jinja2.FileSystemLoader(directory),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        autoescape=False,  # YAML, not HTML: `_finalize` quotes every value
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["document"] = document
    environment.filters["sha256"] = sha256
    return environment


@jinja2.pass_context  # so that Jinja2 doesn't fold constants while it compiles
def _finalize(context: Context, value: object) -> str:
    if isinstance(value, Undefined):
        str(value)  # StrictUndefined raises here
    if isinstance(value, Verbatim):
        return value
    aside = context.parent.get(_ASIDE)
    return aside.keep(value) if aside is not None else to_json(value)
