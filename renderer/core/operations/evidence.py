"""Proofs: what must be seen in the cluster before the next step may be committed.

Only stamps count (ADR 4): an object that isn't what was rendered proves nothing.
"""

from __future__ import annotations

from renderer.core.layout import Role
from renderer.core.observed import Pod
from renderer.core.operations.step import Situation, Verdict, proved, still_open
from renderer.core.plan import Problem, Trouble, stalled
from renderer.core.resource import quantity

RETAINING = "DeleteRetain"
"""The type of the deletion that keeps the data claim, whatever the policy says by now."""

_HOPELESS = (
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "Error",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
)
"""Reasons of the kubelet's that seldom heal without a person."""


def unapplied(situation: Situation) -> tuple[str, ...]:
    """`Kind/name` of each child whose stamp in the cluster isn't the one in the record."""
    children = situation.observed.children
    missing = []
    for path, stamp in sorted(situation.record.children.items()):
        kind, _, name = path.partition("/")
        if kind == "Pod":
            continue
        child = children.get((kind, name))
        if child is None or child.stamp != stamp:
            missing.append(path)
    return tuple(missing)


def applied(situation: Situation) -> Verdict:
    """Every child in the record is in the cluster as it was rendered."""
    missing = unapplied(situation)
    if not missing:
        return proved()
    delivery = situation.observed.delivery
    said = f"; {delivery.tool} says: {delivery.message}" if delivery and delivery.message else ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return wait("NotApplied", f"waiting for the applier: {missing[0]}{more}{said}")


def server_ready(situation: Situation) -> Verdict:
    """The claim is bound, and a Pod made from the rendered template is ready."""
    verdict = applied(situation)
    if verdict.problem:
        return verdict
    pods = situation.observed.pods_of(Role.SERVER.value)
    wanted = situation.record.children.get(f"Pod/{situation.names.server}")
    current = [p for p in pods if wanted and p.template_hash == wanted.content_hash]
    server = situation.observed.server(situation.names.server)
    claim = situation.observed.claim(situation.names.data)
    if claim and claim.phase == "Lost":
        return stall("ClaimLost", f"PersistentVolumeClaim {claim.name} has lost its volume")
    if server and server.current and any(pod.ready and not pod.deleting for pod in current):
        return proved()
    return _pod_problem(current or list(pods))


def stopped(situation: Situation) -> Verdict:
    """The StatefulSet has been scaled to none and its Pods are gone (gitops.md, trap 10)."""
    verdict = applied(situation)
    if verdict.problem:
        return verdict
    pods = situation.observed.pods_of(Role.SERVER.value)
    if not pods:
        return proved()
    return wait("Stopping", f"waiting for Pod {pods[0].name} to end")


def serving(situation: Situation) -> Verdict:
    """Ready, or stopped when the SampleDB hibernates."""
    return stopped(situation) if situation.record.hibernated else server_ready(situation)


def unprotected(situation: Situation) -> Verdict:
    """The live data claims may be pruned now: appliers read the live object (trap 7)."""
    for name in _data_claims(situation):
        verdict = _unprotected(situation, name)
        if verdict.problem:
            return verdict
    return proved()


def previous_unprotected(situation: Situation) -> Verdict:
    """The same of the claim that a restore has replaced."""
    return _unprotected(situation, situation.names.previous)


def _data_claims(situation: Situation) -> tuple[str, ...]:
    """The claims with data whose protection Git decides about."""
    names, children = situation.names, situation.record.children
    filled = names.restored if f"PersistentVolumeClaim/{names.restored}" in children else ""
    return tuple(dict.fromkeys(name for name in (names.data, names.previous, filled) if name))


def _unprotected(situation: Situation, name: str) -> Verdict:
    claim = situation.observed.claim(name)
    wanted = situation.record.children.get(f"PersistentVolumeClaim/{name}")
    if claim is None or (claim.stamp == wanted and not claim.protected):
        return proved()
    return wait("StillProtected", f"waiting for the applier to lift the protection of {name}")


def protected(situation: Situation) -> Verdict:
    """The live data claims can't be pruned."""
    for name in _data_claims(situation):
        claim = situation.observed.claim(name)
        if claim is not None and not claim.protected:
            return wait("Unprotected", f"waiting for the applier to protect {name} again")
    return proved()


def grown(situation: Situation) -> Verdict:
    """The data claim has the capacity that the spec asks for, and the server is ready."""
    claim = situation.observed.claim(situation.names.data)
    size = situation.desired.db.spec.storage.size
    if situation.record.hibernated:
        return stopped(situation)  # a file system grows when it is mounted
    if claim is None or quantity.parse(claim.capacity or "0") < quantity.parse(size):
        verdict = applied(situation)
        has = (claim.capacity if claim else "") or "nothing yet"
        said = because(claim.resizing) if claim else ""
        text = f"waiting for the volume to grow to {size}; it has {has}{said}"
        return verdict if verdict.problem else wait("Resizing", text)
    return server_ready(situation)


def gone(situation: Situation) -> Verdict:
    """The workload and the data claim are gone; the record and the backups may stay."""
    kept = {("ConfigMap", situation.names.record)}
    kept.add(("PersistentVolumeClaim", situation.names.backups))
    underway = situation.record.underway
    retaining = underway is not None and underway.type == RETAINING
    if retaining:
        kept.update(("PersistentVolumeClaim", name) for name in _data_claims(situation))
        kept.update(("PersistentVolumeClaim", name) for name in out_of_git(situation))
    left = sorted(
        f"{kind}/{name}"
        for kind, name in situation.observed.children
        if (kind, name) not in kept and kind not in {"Job", "VolumeSnapshot"}
    )
    left += [f"Pod/{pod.name}" for pod in situation.observed.pods_of(Role.SERVER.value)]
    delivery = situation.observed.delivery
    if delivery and not delivery.final:
        return wait(
            "HandoverStands", f"waiting for the applier to take up apps/ for {delivery.name}"
        )
    if not left:
        return proved()
    kept_message = out_of_git_message(situation)
    if kept_message and not retaining:
        return stall("VolumeLeft", kept_message)
    return wait("StillThere", f"waiting for the applier to remove {', '.join(left)}")


def out_of_git(situation: Situation) -> list[str]:
    """Protected claims that no commit lifts the protection of: the record doesn't know them.

    A restore that was withdrawn or reverted leaves one, and one that came before the last was
    confirmed. Whether a server has run on it can't be told: what told it may be reverted too.
    """
    known = {situation.names.backups, *_data_claims(situation)}
    return sorted(
        name
        for (kind, name), child in situation.observed.children.items()
        if child.protected
        and kind == "PersistentVolumeClaim"
        and name not in known
        and f"{kind}/{name}" not in situation.record.children
    )


def out_of_git_message(situation: Situation) -> str:
    """Which claims are left, and how they go; "" when there are none."""
    left = out_of_git(situation)
    if not left:
        return ""
    named = ", ".join(f"PersistentVolumeClaim/{name}" for name in left)
    command = f"kubectl --namespace {situation.desired.key.namespace} delete pvc {' '.join(left)}"
    return (
        f"{named} may hold data: it is protected from pruning and isn't in Git any more, so "
        f"no applier removes it; look at it, and when nothing in it is needed: {command}"
    )


def cleared(_situation: Situation) -> Verdict:
    """The directory is gone: as long as there is a record to ask about, it isn't."""
    return wait("Removing", "waiting for the directory to leave Git")


def _pod_problem(pods: list[Pod]) -> Verdict:
    if not pods:
        return wait("PodMissing", "waiting for the StatefulSet's Pod to be made")
    pod = pods[0]
    if pod.deleting:
        return wait("PodEnding", f"waiting for Pod {pod.name} to end")
    text = f"Pod {pod.name} isn't ready" + because(pod.message)
    if pod.message.startswith(_HOPELESS):
        return stall("PodFailed", text)
    return wait("PodNotReady", text)


def because(message: str) -> str:
    """What follows a sentence when there is a reason to give."""
    return f": {message}" if message else ""


def wait(reason: str, message: str) -> Verdict:
    """Not there yet: `message` says what is waited for."""
    return still_open(Problem(trouble=Trouble.WAITING, reason=reason, message=message))


def stall(reason: str, message: str) -> Verdict:
    """No further until a person changes something."""
    return still_open(stalled(reason, message))
