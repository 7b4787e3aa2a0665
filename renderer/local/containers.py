"""One container of a Pod: started, watched, probed, started again, stopped."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from renderer.local import environment, probes
from renderer.local.environment import ConfigError, Lookup, Place
from renderer.local.objects import Object, name_of, namespace_of, timestamp, uid_of
from renderer.local.processes import Launcher, Process
from renderer.local.programs import OWN_PROGRAMS, Programs, give, major, ours, served

MESSAGE_LIMIT = 4096
"""Bytes of a termination message that are read (k8s.io/api/core/v1)."""
FALLBACK_BYTES = 2048
FALLBACK_LINES = 80
_HEALTHY_SECONDS = 600
"""Running this long forgives earlier crashes, as the kubelet does."""
_PULL_ERRORS = 2
"""After this many failures to pull, the reason turns from ErrImagePull to ImagePullBackOff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Seconds before a crashed container, a Job's next Pod or a pull is tried again."""

    first: float = 1.0
    limit: float = 30.0

    def after(self, failures: int) -> float:
        """The wait after that many failures in a row."""
        return min(self.first * 2.0 ** max(failures - 1, 0), self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the containers of one Pod share."""

    pod: Object
    launcher: Launcher
    programs: Programs
    place: Place
    """Address and Service names; each container adds its own paths."""
    volumes: dict[str, Path]
    folder: Path
    """The Pod's folder."""
    logs: Path
    lookup: Lookup
    backoff: Backoff


class Container:
    """The state machine of one container; `step` moves it on and never waits."""

    def __init__(self, spec: Object, setting: Setting, *, init: bool = False) -> None:
        """Nothing is started before the first `step`."""
        self.spec, self.name, self.init = spec, str(spec["name"]), init
        self._setting = setting
        self._state: Object = {"waiting": {"reason": "ContainerCreating"}}
        self._last: Object = {}
        self._process: Process | None = None
        self._place = setting.place
        self._values: dict[str, str] = {}
        self._restarts = self._failures = 0
        self._not_before = 0.0
        self._began = 0.0
        self._probes = probes.Probes(spec, self.execute, setting.place.address)

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self._process is not None

    @property
    def exit_code(self) -> int | None:
        """How it ended for good; None while it runs or will run again."""
        ended = self._state.get("terminated")
        return int(ended["exitCode"]) if ended else None

    @property
    def ready(self) -> bool:
        """Running, started, and its readiness probe succeeds."""
        return self.running and self._probes.ready

    def status(self) -> Object:
        """Its entry in status.containerStatuses."""
        return {
            "name": self.name,
            "image": self.spec.get("image", ""),
            "imageID": "",
            "state": self._state,
            "lastState": self._last,
            "ready": self.exit_code == 0 if self.init else self.ready,
            "started": self.running and self._probes.started,
            "restartCount": self._restarts,
        }

    def step(self) -> None:
        """Start it when it is due, see whether it has ended, run the probes that are due."""
        if self._process is None:
            if self.exit_code is None and time.monotonic() >= self._not_before:
                self._start()
            return
        code = self._process.exit_code()
        if code is not None:
            self._ended(code)
        elif self._probes.step() is probes.Verdict.KILL:
            self._stop_process(self._probes.grace(self._setting.pod))

    def stop(self, seconds: float) -> None:
        """The preStop hook, the stop signal, and after `seconds` in all SIGKILL."""
        if self._process is None:
            return
        self._stop_process(seconds)

    def execute(self, command: list[str], seconds: float) -> tuple[int, str]:
        """Run a command as `kubectl exec` would: (exit code, output)."""
        local = [self._place.local(item) for item in command]
        try:
            return self._setting.launcher.run(
                local, self._values, cwd=self._setting.folder, seconds=seconds
            )
        except OSError as error:
            return 126, str(error)

    def _start(self) -> None:
        image = self.spec.get("image", "")
        wanted = major(image)
        if wanted is None and not ours(image):
            self._no_image()
            return
        try:
            self._place = self._placed()
            given = environment.variables(self._setting.pod, self.spec, self._setting.lookup)
            local = {name: self._place.value(name, text) for name, text in given.items()}
            command = environment.command(self.spec, given, self._place)
        except ConfigError as error:
            self._wait("CreateContainerConfigError", str(error), 0.5)
            return
        base = {
            "HOSTNAME": name_of(self._setting.pod),
            "HOME": str(self._setting.folder),
        }
        programs = self._setting.programs.directory(wanted) if wanted else OWN_PROGRAMS
        self._values = self._launcher.environment(programs, base | local)
        self._launch(command)

    def _launch(self, command: list[str]) -> None:
        self._message_file().unlink(missing_ok=True)
        self._message_file().touch(mode=0o666)
        give(self._message_file(), self._setting.launcher.owner)
        self._began = time.monotonic()
        began = timestamp()
        given = self.spec.get("workingDir")
        # The Pod's folder may itself lie below a mounted path such as /tmp.
        cwd = Path(self._place.local(given)) if given else self._setting.folder
        try:
            self._process = self._launcher.start(command, self._values, cwd=cwd, log=self.log())
        except OSError as error:
            self._state = {"running": {"startedAt": began}}
            text = f'failed to start container "{self.name}": exec: "{command[0]}": {error}'
            self._message_file().write_text(text)
            self._ended(128, reason="StartError")
            return
        self._state = {"running": {"startedAt": began}}
        self._probes.restart()

    @property
    def _launcher(self) -> Launcher:
        """As the account, which our own image's programs need not be: they are what runs here."""
        launcher = self._setting.launcher
        return replace(launcher, owner=None) if ours(self.spec.get("image", "")) else launcher

    def _placed(self) -> Place:
        paths = dict(environment.mounted(self.spec, self._setting.volumes))
        message = self.spec.get("terminationMessagePath", environment.DEFAULT_TERMINATION_PATH)
        return replace(self._setting.place, paths=paths | {message: self._message_file()})

    def _no_image(self) -> None:
        image = self.spec.get("image", "")
        self._failures += 1
        text = (
            f'failed to pull and unpack image "{image}": {image}: not found '
            f"(the laptop cluster has PostgreSQL {', '.join(served())} only)"
        )
        if self._failures < _PULL_ERRORS:
            self._wait("ErrImagePull", text, self._setting.backoff.after(1))
            return
        delay = self._setting.backoff.after(self._failures)
        self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": {text}', delay)

    def _wait(self, reason: str, message: str, seconds: float) -> None:
        self._state = {"waiting": {"reason": reason, "message": message}}
        self._not_before = time.monotonic() + seconds

    def _ended(self, code: int, *, reason: str = "") -> None:
        self._process = None
        terminated: Object = {
            "exitCode": code,
            "reason": reason or ("Completed" if code == 0 else "Error"),
            "startedAt": self._state["running"]["startedAt"],
            "finishedAt": timestamp(),
        }
        message = self._message(code)
        if message:
            terminated["message"] = message
        self._state = {"terminated": terminated}
        if self._again(code):
            self._crashed()

    def _again(self, code: int) -> bool:
        policy = self._setting.pod["spec"].get("restartPolicy", "Always")
        if policy == "Always" and not self.init:
            return True
        return policy != "Never" and code != 0

    def _crashed(self) -> None:
        if time.monotonic() - self._began > _HEALTHY_SECONDS:
            self._failures = 0
        self._failures += 1
        self._restarts += 1
        self._last = self._state
        delay = self._setting.backoff.after(self._failures)
        pod = self._setting.pod
        self._wait(
            "CrashLoopBackOff",
            f"back-off {delay:g}s restarting failed container={self.name} "
            f"pod={name_of(pod)}_{namespace_of(pod)}({uid_of(pod)})",
            delay,
        )

    def finish(self) -> None:
        """Take the last state for final: the Pod is going."""
        if self.exit_code is None and self._last:
            self._state, self._last = self._last, {}

    def _stop_process(self, seconds: float) -> None:
        process = self._process
        if process is None:
            return
        deadline = time.monotonic() + seconds
        hook = ((self.spec.get("lifecycle") or {}).get("preStop") or {}).get("exec")
        if hook:
            self.execute(list(hook["command"]), max(deadline - time.monotonic(), 0.1))
        process.signal(stop_signal(self.spec.get("image", "")))
        code = wait_for(process.exit_code, deadline)
        if code is None:
            process.kill()
            code = 128 + signal.SIGKILL
        self._ended(code)

    def log(self) -> Path:
        """Where its output goes, all of its restarts in one file."""
        pod = self._setting.pod
        return self._setting.logs / f"{namespace_of(pod)}_{name_of(pod)}_{self.name}.log"

    def _message_file(self) -> Path:
        return self._setting.folder / f".termination-{self.name}"

    def _message(self, code: int) -> str:
        data = b""
        if self._message_file().exists():
            with self._message_file().open("rb") as file:
                data = file.read(MESSAGE_LIMIT)
        fallback = self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        if not data and fallback and code != 0 and self.log().exists():
            tail = self.log().read_bytes()[-FALLBACK_BYTES:]
            data = b"".join(tail.splitlines(keepends=True)[-FALLBACK_LINES:])
        return data.decode(errors="replace")


def stop_signal(image: str) -> signal.Signals:
    """The image's STOPSIGNAL: the official postgres image asks for a fast shutdown by SIGINT."""
    name = re.split(r"[:@]", image.rpartition("/")[2])[0]
    return signal.SIGINT if name == "postgres" else signal.SIGTERM


def wait_for(poll: Callable[[], int | None], deadline: float) -> int | None:
    """Poll until there is a value or `deadline` (monotonic) has passed."""
    while True:
        value = poll()
        if value is not None or time.monotonic() >= deadline:
            return value
        time.sleep(0.02)
