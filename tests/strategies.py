"""Hypothesis strategies for SampleDBs that every part of the renderer must take.

They give plain documents, as a YAML reader would, and import nothing of the
renderer: what is accepted is written down here a second time, on purpose.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]

NASTY = (
    *("y", "n", "on", "off", "yes", "no", "true", "null", "~", "=", "<<", "-", "?", ":"),
    *("1", "1.0", "1e3", ".5", "08", "0o17", "0x1F", "1_000", "12:30:45", "2026-11-24", ".inf"),
    *("# no comment", "a: b", "a #b", "- a", "{a}", "[a]", "&a", "*a", "!a", "%a", "@a", "`a"),
    *("'", '"', "''", '"""', "\\", "\\n", "it's", 'say "hi"', " leading", "trailing ", "a  b"),
    *("{{ 7 * 7 }}", "{% raw %}", "{# gone #}", "${HOME}", "$HOME", "$(id)", "`id`", "%s"),
    *("é", "Ω", "日本語", "\N{PILE OF POO}", "\u200b", "\u2028", "\x85", "\xa0", "\ufeff"),
    *("---", "...", "|", ">", "|-", "a" * 300),
)
"""One-line texts that a YAML writer, a template or a shell may take for something else."""

_PRINTED = st.characters(exclude_categories=["Cs", "Cc"])
_ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")

_LINES = (
    *("SELECT 1;\n", "\nSELECT 1", "SELECT 1\n\n", "  SELECT 1;\n SELECT 2;\n", "SELECT 1;\r\n"),
    *("SELECT '\t';\n\tSELECT 2", "-- a comment\nSELECT $$it's$$;", "SELECT 1; \n  \nSELECT 2\n"),
    *("CREATE TABLE t (\n  id bigint\n)", "#!/bin/sh\nrm -rf /\n", "---\na: b\n...\n", "\ta"),
)


def one_line() -> st.SearchStrategy[str]:
    """Text on one line, the nasty ones often."""
    return st.sampled_from(NASTY) | st.text(_PRINTED, max_size=40)


def statements() -> st.SearchStrategy[str]:
    """SQL as far as the resource cares: any text that isn't blank."""
    texts = one_line() | st.sampled_from(_LINES) | st.text(_ANY, max_size=80)
    return texts.filter(lambda text: bool(text.strip(" \t\r\n")))


def names(limit: int = 40) -> st.SearchStrategy[str]:
    """Names that begin with a letter: of SampleDBs, and short ones of other objects."""
    return st.from_regex(r"[a-z]([-a-z0-9]*[a-z0-9])?", fullmatch=True).filter(
        lambda name: len(name) <= limit
    )


def sizes() -> st.SearchStrategy[str]:
    """Sizes of volumes, canonical and not."""
    plain = st.builds(
        "{}{}".format,
        st.integers(1, 4096),
        st.sampled_from(["Mi", "Gi", "Ti", "M", "G", "T", "k", "Ki", "", "e6"]),
    )
    return plain | st.sampled_from(["1.5Gi", "0.5Ti", "1024Mi", "1000M", "1E9", "10Gi"])


def keys() -> st.SearchStrategy[str]:
    """Keys of labels and annotations."""
    return st.builds(
        "{}{}".format,
        st.sampled_from(["", "example.com/", "team.example.com/"]),
        st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?", fullmatch=True),
    )


def labels() -> st.SearchStrategy[dict[str, str]]:
    """Label maps; a value may look like a number or a boolean."""
    values = st.sampled_from(["", "on", "y", "1e3", "08", "null", "true", "1.0"]) | st.from_regex(
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?", fullmatch=True
    )
    return st.dictionaries(keys(), values, max_size=3)


def parameters() -> st.SearchStrategy[dict[str, str]]:
    """Server settings that no template pack has a reason to refuse."""
    known = st.sampled_from(["work_mem", "application_name", "search_path", "max_connections"])
    own = st.from_regex(r"app\.[a-z_][a-z0-9_]{0,15}", fullmatch=True)
    return st.dictionaries(known | own, one_line(), max_size=4)


def hba_lines() -> st.SearchStrategy[str]:
    """Lines of pg_hba.conf; the model asks only for one line that isn't blank."""
    written = ("host all all 10.0.0.0/8 scram-sha-256", 'local\t"on" all peer', "# a comment")
    return st.sampled_from(written) | one_line().filter(lambda line: bool(line.strip(" ")))


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=fields)


def inits() -> st.SearchStrategy[Document]:
    """`spec.init`."""
    identifiers = st.from_regex(r"[a-z_][-a-z0-9_]{0,30}", fullmatch=True).filter(
        lambda name: (
            not name.startswith("pg_")
            and name not in {"postgres", "public", "none", "template0", "template1"}
        )
    )
    return _optional(
        database=identifiers,
        owner=identifiers,
        extensions=st.lists(
            st.sampled_from(["pg_trgm", "citext", "uuid-ossp", "hstore"]), unique=True, max_size=3
        ),
        sql=st.lists(statements(), max_size=4),
        sqlConfigMapRef=st.fixed_dictionaries(
            {"name": names(), "key": st.sampled_from(["init.sql", "on", "08"])}
        ),
    )


def backups() -> st.SearchStrategy[Document]:
    """`spec.backup`, with a schedule and without."""
    claim = st.fixed_dictionaries({"size": sizes()}, optional={"storageClassName": names()})
    target = st.fixed_dictionaries({"pvc": claim})
    schedules = ["0 3 * * *", "*/5 * * * 1-5", "@daily", "0 0 1,15 JAN-jun ?", "59 23 31 12 *"]
    zones = st.sampled_from(["Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
    common = {
        "timeZone": zones,
        "retention": _optional(keep=st.integers(1, 1000)),
        "suspend": st.booleans(),
        "method": st.just("Logical"),
        "verify": st.sampled_from(["Checksum", "Restore"]),
    }
    scheduled = st.fixed_dictionaries(
        {"schedule": st.sampled_from(schedules), "target": target}, optional=common
    )
    return scheduled | _optional(target=target, **common)


def peers() -> st.SearchStrategy[Document]:
    """One entry of `spec.networkPolicy.from`."""
    expression = st.fixed_dictionaries(
        {
            "key": keys(),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(st.sampled_from(["on", "shop", "1"]), min_size=1, max_size=3),
        }
    ) | st.fixed_dictionaries(
        {"key": keys(), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
    )
    selector = _optional(matchLabels=labels(), matchExpressions=st.lists(expression, max_size=2))
    pods = st.fixed_dictionaries(
        {"podSelector": selector}, optional={"namespaceSelector": selector}
    )
    spaces = st.fixed_dictionaries({"namespaceSelector": selector})
    block = st.sampled_from(
        [
            {"cidr": "10.0.0.0/8"},
            {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.3.4/32"]},
            {"cidr": "fd00::/8", "except": []},
        ]
    )
    return pods | spaces | st.fixed_dictionaries({"ipBlock": block})


def schedulings() -> st.SearchStrategy[Document]:
    """`spec.scheduling`."""
    toleration = st.sampled_from(
        [
            {"key": "databases", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "on", "operator": "Equal", "value": "true", "tolerationSeconds": 300},
        ]
    )
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "y"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    return _optional(
        nodeSelector=labels(),
        tolerations=st.lists(toleration, max_size=2),
        affinity=st.sampled_from([{}, affinity]),
        topologySpreadConstraints=st.sampled_from([[], [spread]]),
        priorityClassName=names(),
    )


def specs() -> st.SearchStrategy[Document]:
    """A spec for the engine postgresql that this version accepts and can act on."""
    amounts = _optional(
        cpu=st.sampled_from(["500m", "2", "1000m", "0.5"]),
        memory=st.sampled_from(["1Gi", "1024Mi", "1G"]),
    )
    credentials = st.sampled_from(
        [
            {},
            {"source": "Generated", "secretName": "login"},
            {"source": "Existing", "secretName": "on"},
        ]
    )
    return st.fixed_dictionaries(
        {
            "engine": st.just("postgresql"),
            "version": st.sampled_from(["15", "16", "17", "18", "18.4"]),
            "storage": st.fixed_dictionaries(
                {"size": sizes()}, optional={"storageClassName": names()}
            ),
        },
        optional={
            "image": st.sampled_from(["", "registry.example.com:5000/postgres:18.4-bookworm"]),
            "instances": st.just(1),
            "resources": _optional(requests=amounts),
            "parameters": parameters(),
            "pgHba": st.lists(hba_lines(), max_size=3),
            "init": inits(),
            "credentials": credentials,
            "service": _optional(
                type=st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
                port=st.integers(1, 65535),
                annotations=st.dictionaries(keys(), one_line() | statements(), max_size=3),
            ),
            "backup": backups(),
            "networkPolicy": _optional(
                **{"enabled": st.booleans(), "from": st.lists(peers(), max_size=3)}
            ),
            "scheduling": schedulings(),
            "disruption": _optional(podDisruptionBudget=st.booleans()),
            "hibernate": st.booleans(),
            "paused": st.booleans(),
            "deletion": _optional(
                policy=st.sampled_from(["Snapshot", "Retain", "Delete"]), confirm=st.booleans()
            ),
        },
    )


def sampledbs() -> st.SearchStrategy[Document]:
    """Documents of SampleDBs that this version accepts, wide."""
    metadata = st.fixed_dictionaries(
        {"name": names(), "namespace": names(limit=63)},
        optional={
            "labels": labels(),
            "annotations": st.dictionaries(keys(), one_line(), max_size=2),
        },
    )
    return st.fixed_dictionaries(
        {
            "apiVersion": st.just("sampledb.dev/v1"),
            "kind": st.just("SampleDB"),
            "metadata": metadata,
            "spec": specs(),
        }
    )
