"""What Kubernetes checks in code and its OpenAPI document doesn't say.

Sources: k8s.io/apimachinery/pkg/util/validation, k8s.io/kubernetes/pkg/apis/*/validation
and the "Possible values" in the types' documentation, v1.36. `x-words` says in plain
words what a pattern asks for.
"""

from __future__ import annotations

from typing import Any

from renderer.core.resource import cron, quantity

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_WORD = r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"


def one_of(*values: str) -> dict[str, Any]:
    """A string out of a list."""
    return {"enum": list(values)}


def text(pattern: str, words: str, longest: int = 0) -> dict[str, Any]:
    """A string of a pattern, told in words."""
    found: dict[str, Any] = {"pattern": f"^{pattern}$", "x-words": words}
    return found | ({"maxLength": longest} if longest else {})


DNS_LABEL = text(_LABEL, "must hold only a-z, 0-9 and '-', neither first nor last", 63)
DNS_1035 = text(
    r"[a-z]([-a-z0-9]*[a-z0-9])?", "must begin with a-z and hold only a-z, 0-9 and '-'", 63
)
DNS_SUBDOMAIN = text(_SUBDOMAIN, "must be a-z, 0-9, '-' and '.' (an RFC 1123 subdomain)", 253)
LABEL_VALUE = text(
    rf"({_WORD})?",
    "must be letters, digits, '-', '_' and '.', beginning with a letter or digit",
    63,
)
QUALIFIED = text(
    rf"({_SUBDOMAIN}/)?{_WORD}",
    "must be a name such as app.kubernetes.io/name: at most 63 letters, digits, '-', '_', '.' "
    "after the '/'",
    317,
)
LABELS = {
    "propertyNames": QUALIFIED,
    "additionalProperties": {"type": "string", **LABEL_VALUE},
}
ANNOTATIONS = {"propertyNames": QUALIFIED, "additionalProperties": {"type": "string"}}
CONFIG_KEYS = {
    "propertyNames": text(r"[-._a-zA-Z0-9]+", "must be letters, digits, -, _ and .", 253)
}
PORT = {"minimum": 1, "maximum": 65535}
PORT_NAME = text(
    r"[a-z0-9-]*[a-z][a-z0-9-]*", "must be a-z, 0-9 and '-', with at least one letter", 15
)
PORT_OR_NAME = {
    "if": {"type": "integer"},
    "then": PORT,
    "else": {"type": "string", **PORT_NAME},
}
NOT_NEGATIVE = {"minimum": 0}
POSITIVE = {"minimum": 1}
PROTOCOL = one_of("TCP", "UDP", "SCTP")
FILLED = {"minLength": 1}
CIDR = text(r"[0-9a-fA-F.:]+/[0-9]{1,3}", "must be a CIDR such as 10.0.0.0/8")
SELECTOR_OPERATOR = one_of("In", "NotIn", "Exists", "DoesNotExist")
PROBE = {
    "failureThreshold": POSITIVE,
    "initialDelaySeconds": NOT_NEGATIVE,
    "periodSeconds": POSITIVE,
    "successThreshold": POSITIVE,
    "terminationGracePeriodSeconds": POSITIVE,
    "timeoutSeconds": POSITIVE,
}
CONTAINER = {
    "name": DNS_LABEL,
    "image": FILLED,
    "imagePullPolicy": one_of("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": one_of("File", "FallbackToLogsOnError"),
}

SCALARS: dict[str, dict[str, Any]] = {
    "api.resource.Quantity": {
        "type": "string",
        "pattern": quantity.PATTERN,
        "x-words": "must be a quantity such as 10Gi or 500m",
    },
    "util.intstr.IntOrString": {"type": ["integer", "string"]},
    "meta.v1.Time": {"type": "string"},
    "meta.v1.FieldsV1": {"type": "object"},
}

REMOVED: dict[str, tuple[str, ...]] = {
    "apps.v1.StatefulSet": ("status",),
    "batch.v1.CronJob": ("status",),
    "batch.v1.Job": ("status",),
    "core.v1.Service": ("status",),
    "policy.v1.PodDisruptionBudget": ("status",),
    "meta.v1.ObjectMeta": (
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    ),
}
"""Fields that only the cluster writes. A claim template's status is a default of the API server's,
so it may be written out; a whole claim's is refused at the gate."""

ROOTS: dict[str, dict[str, Any]] = {
    "v1/Service": DNS_1035,
    "apps/v1/StatefulSet": {**DNS_LABEL, "maxLength": 52},
    "batch/v1/CronJob": {**DNS_SUBDOMAIN, "maxLength": 52},
    "batch/v1/Job": {**DNS_SUBDOMAIN, "maxLength": 63},
}
"""The names of whole objects. A StatefulSet's revision label adds eleven characters."""

RULES: dict[str, dict[str, dict[str, Any]]] = {
    "meta.v1.ObjectMeta": {
        "name": DNS_SUBDOMAIN,
        "namespace": DNS_LABEL,
        "labels": LABELS,
        "annotations": ANNOTATIONS,
    },
    "meta.v1.LabelSelector": {"matchLabels": LABELS},
    "meta.v1.LabelSelectorRequirement": {"key": QUALIFIED, "operator": SELECTOR_OPERATOR},
    "apps.v1.StatefulSetSpec": {
        "podManagementPolicy": one_of("OrderedReady", "Parallel"),
        "replicas": NOT_NEGATIVE,
        "minReadySeconds": NOT_NEGATIVE,
        "revisionHistoryLimit": NOT_NEGATIVE,
    },
    "apps.v1.StatefulSetUpdateStrategy": {"type": one_of("OnDelete", "RollingUpdate")},
    "batch.v1.JobSpec": {
        "activeDeadlineSeconds": POSITIVE,
        "backoffLimit": NOT_NEGATIVE,
        "completionMode": one_of("NonIndexed", "Indexed"),
        "completions": NOT_NEGATIVE,
        "parallelism": NOT_NEGATIVE,
        "podReplacementPolicy": one_of("TerminatingOrFailed", "Failed"),
    },
    "batch.v1.CronJobSpec": {
        "concurrencyPolicy": one_of("Allow", "Forbid", "Replace"),
        "failedJobsHistoryLimit": NOT_NEGATIVE,
        "schedule": {
            "pattern": cron.PATTERN,
            "x-words": "must be a cron schedule of five fields: minute, hour, day, month, weekday",
        },
        "startingDeadlineSeconds": NOT_NEGATIVE,
        "successfulJobsHistoryLimit": NOT_NEGATIVE,
        "timeZone": text(
            r"[A-Za-z][-+_A-Za-z0-9]*(/[-+_A-Za-z0-9]+)*", "must be a time zone such as Etc/UTC"
        ),
    },
    "core.v1.ConfigMap": {"data": CONFIG_KEYS, "binaryData": CONFIG_KEYS},
    "core.v1.Container": CONTAINER,
    "core.v1.EphemeralContainer": CONTAINER,
    "core.v1.ContainerPort": {
        "containerPort": PORT,
        "hostPort": PORT,
        "name": PORT_NAME,
        "protocol": PROTOCOL,
    },
    "core.v1.EnvVar": {"name": text("[ -<>-~]+", "must be printable ASCII without '='")},
    "core.v1.HTTPGetAction": {"port": PORT_OR_NAME, "scheme": one_of("HTTP", "HTTPS")},
    "core.v1.PersistentVolumeClaimSpec": {
        "accessModes": {
            "minItems": 1,
            "items": one_of("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"),
        },
        "volumeMode": one_of("Filesystem", "Block"),
        "": {"required": ["accessModes", "resources"]},
    },
    "core.v1.PodSpec": {
        "activeDeadlineSeconds": POSITIVE,
        "containers": {"minItems": 1},
        "dnsPolicy": one_of("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "restartPolicy": one_of("Always", "OnFailure", "Never"),
        "serviceAccountName": DNS_SUBDOMAIN,
        "terminationGracePeriodSeconds": NOT_NEGATIVE,
    },
    "core.v1.PodSecurityContext": {
        "fsGroup": NOT_NEGATIVE,
        "fsGroupChangePolicy": one_of("OnRootMismatch", "Always"),
        "runAsGroup": NOT_NEGATIVE,
        "runAsUser": NOT_NEGATIVE,
    },
    "core.v1.Probe": PROBE,
    "core.v1.SeccompProfile": {"type": one_of("RuntimeDefault", "Localhost", "Unconfined")},
    "core.v1.SecurityContext": {"runAsGroup": NOT_NEGATIVE, "runAsUser": NOT_NEGATIVE},
    "core.v1.ServicePort": {
        "name": DNS_LABEL,
        "nodePort": {"minimum": 0, "maximum": 65535},
        "port": PORT,
        "protocol": PROTOCOL,
        "targetPort": PORT_OR_NAME,
    },
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": one_of("Cluster", "Local"),
        "internalTrafficPolicy": one_of("Cluster", "Local"),
        "ipFamilyPolicy": one_of("SingleStack", "PreferDualStack", "RequireDualStack"),
        "selector": LABELS,
        "sessionAffinity": one_of("None", "ClientIP"),
        "type": one_of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    },
    "core.v1.TCPSocketAction": {"port": PORT_OR_NAME},
    "core.v1.Toleration": {
        "effect": one_of("NoSchedule", "PreferNoSchedule", "NoExecute"),
        "operator": one_of("Exists", "Equal", "Lt", "Gt"),
    },
    "core.v1.TopologySpreadConstraint": {
        "maxSkew": POSITIVE,
        "whenUnsatisfiable": one_of("DoNotSchedule", "ScheduleAnyway"),
    },
    "core.v1.Volume": {"name": DNS_LABEL},
    "core.v1.VolumeMount": {
        "mountPath": text("[^:]+", "must be a path without ':'"),
        "name": DNS_LABEL,
    },
    "networking.v1.IPBlock": {"cidr": CIDR},
    "networking.v1.NetworkPolicyPort": {"port": PORT_OR_NAME, "protocol": PROTOCOL},
    "networking.v1.NetworkPolicySpec": {
        "policyTypes": {"items": one_of("Ingress", "Egress")},
    },
    "policy.v1.PodDisruptionBudgetSpec": {
        "unhealthyPodEvictionPolicy": one_of("AlwaysAllow", "IfHealthyBudget"),
    },
}
"""Definition → field → what is added; `""` is the definition itself."""
# config/crd of github.com/kubernetes-csi/external-snapshotter/client v8: of the two sources,
# only a claim is rendered.
ELSEWHERE: dict[str, dict[str, Any]] = {
    "snapshot.v1.VolumeSnapshot": {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
            "spec": {"$ref": "#/definitions/snapshot.v1.VolumeSnapshotSpec"},
        },
    },
    "snapshot.v1.VolumeSnapshotSpec": {
        "type": "object",
        "required": ["source"],
        "properties": {
            "source": {"$ref": "#/definitions/snapshot.v1.VolumeSnapshotSource"},
            "volumeSnapshotClassName": {"type": "string", "minLength": 1},
        },
    },
    "snapshot.v1.VolumeSnapshotSource": {
        "type": "object",
        "required": ["persistentVolumeClaimName"],
        "properties": {"persistentVolumeClaimName": {"type": "string", "minLength": 1}},
    },
}
"""Definitions that Kubernetes' own document doesn't have."""
