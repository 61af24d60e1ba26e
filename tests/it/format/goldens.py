"""Writes goldens/: one file for each stored kind, as these formats were when they were made, by nobody's code but Python's.

Run with Python 3.11, blake3 1.0 and the zstd program:
    python goldens.py
Files are added to, never regenerated: a format that changes gets a new version and new files beside the old ones.
SHA256SUMS is for `sha256sum -c`; where the file is a record, its sum is the record's id.
"""

import datetime
import hashlib
import json
import pathlib
import struct
import subprocess

import blake3

HERE = pathlib.Path(__file__).parent / "goldens"
HERE.mkdir(exist_ok=True)


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value):
    # Equal to RFC 8785 for these values: keys are ASCII, and Python prints their floats as ECMAScript does.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def put(name, data):
    path = HERE / name
    if path.exists() and path.read_bytes() != data:
        raise SystemExit(f"{name} is there already and different: give the new form a new name")
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


tree = put("tree.json", canonical({
    "format": "mlrun/tree/1",
    "entries": [
        {"name": "B", "kind": "file", "id": sha("B"), "size": 3},
        {"name": "a", "kind": "folder", "id": sha("a"), "size": 9007199254740991},
        {"name": "ab.sh", "kind": "executable", "id": sha("ab"), "size": 0},
        {"name": "link", "kind": "symlink", "size": 0, "target": "../a b"},
        {"name": "seen", "kind": "followed", "id": sha("seen"), "size": 1},
        {"name": "ünïcode", "kind": "file", "id": sha("u"), "size": 2},
    ],
}))

snapshot = put("snapshot.json", canonical({
    "format": "mlrun/snapshot/1",
    "model": "payments/fraud",
    "model_files": {"tree": tree, "files": 5, "bytes": 42},
    "params": {
        "big": {"int": "9007199254740993"}, "empty": {}, "inf": {"float": "inf"}, "lr": 0.001, "layers": [64, 32.5, "x", None],
        "name": "Größe \"q\" \\ \n\u0001 \u2028 😀", "nan": {"float": "nan"}, "neg": {"float": "-inf"}, "none": None, "on": True,
        "safe": 9007199254740991, "small": -9007199254740991,
    },
    "params_files": {"tree": sha("params"), "files": 1, "bytes": 10},
    "metrics": {"accuracy": 0.9725, "loss": {"float": "nan"}, "word": "best"},
    "metrics_files": None,
    "results": {"tree": sha("results"), "files": 2, "bytes": 20},
    "predictions": [{
        "name": "test", "path": "out/test.csv", "file": sha("test.csv"), "size": 123456,
        "columns": {
            "key": ["id", "day"], "label": "y", "score": "p", "prediction": "c", "scores": {"cat": "p_cat", "dog": "p_dog"},
            "positive": 1, "slices": ["country"], "weight": "w", "cluster": "user", "group": "query",
        },
    }],
    "samples": [{"name": "latency", "path": "out/latency.csv", "file": sha("latency"), "size": 77, "column": "ms"}],
    "data": [
        {
            "name": "train", "kind": "file", "path": "data/train.csv", "sha256": sha("train"), "size": 1000, "files": 1,
            "rows": 100, "schema": [{"name": "age", "kind": "integer", "nulls": 3}], "stored": sha("train tree"),
            "not_stored": None,
        },
        {
            "name": "valid", "kind": "uri", "path": "s3://bucket/valid", "sha256": None, "size": 0, "files": 0, "rows": None,
            "schema": None, "stored": None, "not_stored": "it is kept elsewhere",
        },
    ],
    "code": {
        "kind": "git", "commit": "0123456789012345678901234567890123456789", "dirty": True, "prefix": "ml", "scope": ["src"],
        "tree": {"tree": sha("code"), "files": 7, "bytes": 700}, "patch": sha("patch"), "untracked": ["ml/new.py"],
        "left_out": [{"path": "ml/big.bin", "size": 300000000, "reason": "larger than 200 MiB"}],
    },
    "environment": {
        "runtimes": [{
            "language": "python", "version": "3.11.7", "packages": {"numpy": "2.4.6"}, "origins": {"mine": "git+https://x/y"},
        }],
        "locks": [{"path": "uv.lock", "sha256": sha("lock")}],
        "variables": {"OMP_NUM_THREADS": "8"},
    },
    "seeds": [{"name": "seed", "value": 7, "source": "parameters"}, {"name": "PYTHONHASHSEED", "value": "0", "source": "environment"}],
    "argv": ["python", "train.py"],
    "notes": "first\ntry",
    "redactions": [{"field": "code.remote", "rule": "url-password", "count": 1}],
    "not_captured": [{"part": "environment", "reason": "no interpreter was found"}],
}))

small = {
    "format": "mlrun/snapshot/1", "model": "m", "model_files": {"tree": sha("t"), "files": 0, "bytes": 0}, "params": {},
    "params_files": None, "metrics": {}, "metrics_files": None, "results": None, "predictions": [], "samples": [], "data": [],
    "code": {
        "kind": "none", "commit": None, "dirty": False, "prefix": "", "scope": [], "tree": None, "patch": None, "untracked": [],
        "left_out": [],
    },
    "environment": {"runtimes": [], "locks": [], "variables": {}}, "seeds": [], "argv": None, "notes": None,
    "redactions": [], "not_captured": [],
}
put("snapshot-small.json", canonical(small))

observation = put("observation.json", canonical({
    "format": "mlrun/observation/1", "tool": "0.1.0",
    "machine": {
        "host": "ws-1", "os": "Debian GNU/Linux 12 (bookworm)", "kernel": "Linux 6.1.0", "architecture": "x86_64",
        "cpu": "AMD EPYC", "cpus": 2, "cpu_features": ["avx2", "fma"], "memory": 25769803776,
    },
    "branch": "main", "remote": "https://example.org/x.git", "commit_on_remote": False, "interpreter": "/usr/bin/python3",
    "paths": {"model": "/home/ana/model"}, "ignored": ["*.tmp"],
}))

# Made by a command that this program ran.
put("snapshot-exec.json", canonical({
    **small, "argv": ["python", "train.py", "--token", "<redacted:generic-key>"], "cwd": "jobs/nightly",
    "seeds": [
        {"name": "MODEL_SEED", "value": 4294967338, "source": "issued"}, {"name": "PYTHONHASHSEED", "value": 42, "source": "issued"},
    ],
    "redactions": [{"field": "argv", "rule": "generic-key", "count": 1}],
}))
put("observation-exec.json", canonical({
    "format": "mlrun/observation/1", "tool": "0.1.0",
    "machine": {
        "host": None, "os": None, "kernel": None, "architecture": "x86_64", "cpu": None, "cpus": 2, "cpu_features": [], "memory": None,
    },
    "branch": None, "remote": None, "commit_on_remote": None, "interpreter": None, "paths": {}, "ignored": [],
    "execution": {
        "started": "2026-03-01T11:00:00.000Z", "duration_ms": 130250, "exit": 0, "user_ms": 251000, "system_ms": 1200,
        "peak_memory": 4402341478, "folder": "/home/ana/fraud/jobs/nightly",
    },
}))

policy = put("policy.json", canonical({
    "format": "mlrun/policy/1", "task": "binary", "baseline": "production", "confidence": 0.95, "power": 0.8, "resamples": 2000,
    "semantics": "sklearn-1.9",
    "rules": [
        {
            "id": "auc", "severity": "block", "demand": {"kind": "non-inferior", "margin": 0.005},
            "measure": {
                "kind": "metric", "metric": "roc_auc", "set": "test", "threshold": 0.5, "only": {"country": ["DE", "FR"], "year": [2025]},
                "each": ["country"], "min_rows": 200,
            },
        },
        {
            "id": "better", "severity": "block", "demand": {"kind": "superior", "gain": 0},
            "measure": {"kind": "metric", "metric": "f1", "set": None, "threshold": 0.5, "only": {}, "each": [], "min_rows": 0},
        },
        {
            "id": "slices", "severity": "block", "demand": {"kind": "not-worse-detected", "margin": 0.01},
            "measure": {"kind": "metric", "metric": "recall", "set": None, "threshold": 0.25, "only": {}, "each": [], "min_rows": 1},
        },
        {
            "id": "floor", "severity": "warn", "demand": {"kind": "min", "limit": None, "on": "lower"},
            "measure": {"kind": "reported", "name": "valid.auc", "better": "higher"},
        },
        {
            "id": "ceiling", "severity": "block", "demand": {"kind": "max", "limit": 1.5, "on": "point"},
            "measure": {"kind": "reported", "name": "valid.loss", "better": "lower"},
        },
        {
            "id": "drop", "severity": "block", "demand": {"kind": "max-drop", "limit": 0.01},
            "measure": {"kind": "reported", "name": "valid.auc", "better": "higher"},
        },
        {
            "id": "p99", "severity": "block", "demand": {"kind": "max-ratio", "limit": 1.1},
            "measure": {"kind": "quantile", "of": "latency", "quantile": 0.99},
        },
    ],
}))
resolved = json.loads((HERE / "policy.json").read_bytes())

certificate = put("certificate.json", canonical({
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "urn:mlrun-cli:certificate:1",
    "subject": [{"name": "payments/fraud", "digest": {"sha256": snapshot}}],
    "predicate": {
        "format": "mlrun/certificate/1", "verdict": "INCONCLUSIVE", "model": "payments/fraud", "candidate": snapshot,
        "baseline": {"stage": "production", "snapshot": sha("baseline"), "event": {"seq": 4, "id": sha("event 4")}, "first_release": None},
        "policy": resolved, "policy_sha256": policy, "policy_file_sha256": sha("policy.toml"),
        "evidence": [
            {"role": "candidate", "kind": "predictions", "set": "test", "sha256": sha("test.csv"), "rows": 1797},
            {"role": "baseline", "kind": "metrics", "set": None, "sha256": sha("metrics"), "rows": 2},
        ],
        "joins": [{"set": "test", "matched": 1790, "only_candidate": 7, "only_baseline": 0}],
        "tool": {"name": "mlrun", "version": "0.1.0", "statistics": 1},
        "results": [
            {
                "rule": "auc", "severity": "block", "verdict": "INCONCLUSIVE", "metric": "roc_auc", "set": "test",
                "slice": "country=DE", "n": 1790, "candidate": 0.91, "baseline": 0.9, "delta": 0.01, "lower": -0.0075,
                "upper": 0.02, "margin": 0.005, "method": "delong", "resamples": None, "rows_needed": 3000,
                "sufficient": {"se": 0.004}, "reason": "the interval holds the margin",
            },
            {
                "rule": "floor", "severity": "warn", "verdict": "NOT_APPLICABLE", "metric": "valid.auc", "set": None, "slice": None,
                "n": 0, "candidate": None, "baseline": None, "delta": None, "lower": None, "upper": None, "margin": None,
                "method": None, "resamples": 2000, "rows_needed": None, "sufficient": {}, "reason": None,
            },
        ],
        "remarks": ["7 rows have no partner"],
    },
}))

# The journal of one model, one event of each kind.
ana = {"name": "Ana", "email": "ana@example.org", "host": "ws-1", "ci": {"provider": "github-actions", "run_url": "https://x/1", "commit": "ab"}}
events, prev = [], None


def event(kind, time, body, actor=None, clock=None):
    global prev
    line = {"format": "mlrun/event/1", "model": "payments/fraud", "seq": len(events) + 1, "prev": prev, "time": time, "actor": actor or {}, "kind": kind}
    line.update(body)
    if clock:
        line["clock"] = clock
    data = canonical(line) + b"\n"
    prev = hashlib.sha256(data).hexdigest()
    events.append(prev)
    put(f"event-{len(events):02}-{kind}.txt", data + prev.encode() + b"\n")


base = sha("base snapshot")
event("create", "2026-03-01T12:00:00.000Z", {"repository": "7c1e5c0a-0000-4000-8000-000000000001"}, ana)
event("snapshot", "2026-03-01T12:00:00.001Z", {"version": "v1", "snapshot": base, "parent": None, "observation": observation, "model_tree": tree})
event("snapshot", "2026-03-01T12:00:01.000Z", {"version": "v2", "snapshot": snapshot, "parent": base, "observation": observation, "model_tree": sha("t2")})
event("promote", "2026-03-01T12:30:00.000Z", {
    "stage": "production", "version": "v1", "snapshot": base, "replaces": None, "certificate": None,
    "adopts": {"policy": policy, "stage": {"certificate": True, "from": ["staging"], "valid_for": 2592000}}, "reason": "the first",
}, {"name": "Ben"})
first_promotion = {"seq": 4, "id": prev}
event("certify", "2026-03-02T00:00:00.000Z", {
    "snapshot": snapshot, "certificate": certificate, "verdict": "PASS", "stage": "production", "baseline": base,
    "baseline_event": first_promotion, "policy": policy, "expires": "2026-04-01T00:00:00.000Z", "proposed": False,
})
event("certify", "2026-03-02T00:00:01.000Z", {
    "snapshot": base, "certificate": sha("c0"), "verdict": "FAIL", "stage": "staging", "baseline": None,
    "baseline_event": None, "policy": policy, "expires": "2026-04-01T00:00:00.000Z", "proposed": True, "first_release": "nothing before",
})
event("promote", "2026-03-02T00:00:02.000Z", {
    "stage": "production", "version": "v2", "snapshot": snapshot, "replaces": base, "certificate": certificate,
}, ana, clock="2026-03-01T23:00:00.000Z")
event("block", "2026-03-02T01:00:00.000Z", {"snapshot": base, "stage": "staging", "reason": "biased"})
event("unblock", "2026-03-02T02:00:00.000Z", {"snapshot": base, "stage": None, "reason": None})
event("rollback", "2026-03-03T00:00:00.000Z", {
    "stage": "production", "version": "v1", "snapshot": base, "replaces": snapshot, "reason": "misbehaves", "blocks": [snapshot],
    "unblocks": [], "skipped": [{"version": "v2", "snapshot": snapshot, "reason": "blocked: misbehaves"}],
})

event("purge", "2026-03-04T00:00:00.000Z", {
    "version": "v2", "versions": ["v1", "v2"], "reason": "a request",
    "erased": {"file": {"path": "data/people.csv", "sha256": sha("people"), "size": 6}},
}, ana)
left = dict(small, params={"db.password": {"erased": "for good"}, "lr": 0.5})
copy = put("redacted.json", canonical({
    "format": "mlrun/redacted/1", "of": base, "erased": ["params.db.password", "notes"], "record": left,
}))
event("purge", "2026-03-04T00:00:01.000Z", {
    "version": "v1", "versions": ["v1"], "reason": "a password",
    "erased": {"field": {"name": "params.db.password", "copies": [{"record": base, "copy": copy}]}},
}, ana)

cases = put("cases.json", canonical({
    "format": "mlrun/cases/1", "set": "test", "columns": ["shop", "day"], "cases": [
        {"key": ["7", "2026-03-01"], "expected": "1", "reason": "a chargeback", "threshold": 0.35},
        {"key": ["8", "ünï"], "expected": "0", "reason": "declined a regular"},
        {"key": ["9", "x"], "expected": "12.5", "tolerance": 2, "reason": "sold at a loss"},
    ],
}))
event("attach", "2026-03-05T00:00:00.000Z", {
    "version": "v1", "snapshot": base, "reason": "made later", "evidence": {"predictions": {
        "name": "test", "path": "attached/test-0123456789ab.csv", "file": sha("later"), "size": 120,
        "columns": {"key": ["shop", "day"], "label": "y", "score": "p", "positive": 1, "slices": ["country"]},
    }},
}, ana)
event("attach", "2026-03-05T00:00:01.000Z", {
    "version": "v2", "snapshot": snapshot,
    "evidence": {"samples": {"name": "latency", "path": "attached/latency-0123456789ab.csv", "file": sha("ms"), "size": 12, "column": "ms"}},
})
event("waive", "2026-03-05T00:00:02.000Z", {
    "version": "v1", "snapshot": base, "rule": "auc", "reason": "known and accepted", "expires": "2026-03-20T23:59:59.999Z",
    "signature": sha("signature"),
}, ana)
event("case", "2026-03-05T00:00:03.000Z", {"change": {"add": {"first": 1, "count": 3, "set": "test", "cases": cases}}}, {"name": "Ben"})
event("case", "2026-03-05T00:00:04.000Z", {"change": {"remove": {"cases": [2]}}, "reason": "the label was wrong"})
event("certify", "2026-03-05T00:00:05.000Z", {
    "snapshot": base, "certificate": sha("c1"), "verdict": "WAIVED", "stage": "production", "baseline": base,
    "baseline_event": {"seq": 10, "id": events[9]}, "policy": policy, "expires": "2026-04-01T00:00:00.000Z", "proposed": False,
    "sets": [{"set": "test", "sha256": sha("rows")}], "waivers": [15],
})
event("promote", "2026-03-05T00:00:06.000Z", {
    "stage": "staging", "version": "v1", "snapshot": base, "replaces": None, "certificate": sha("c1"),
    "adopts": {"policy": policy, "stage": {"certificate": True, "from": [], "valid_for": 60, "waivers": {"risk": ["ana@example.org"]}}},
})

# The certificate above, signed by the `cryptography` package with a key nobody has any more.
public_key = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBElNQT4gX+mlfVXKt2ySSTGF/7To
JwgKA0r65nr+9pYTXsyAcHGhVfg8qg47DebI9I9TpzTUutqpXHZ3ySB4hA==
-----END PUBLIC KEY-----
"""
keyid = "5efc94a99b9354e13e8a718994bfd5343620faeb893652333e7bc201c910813e"
signature = put("signature.json", canonical({
    "format": "mlrun/signature/1", "certificate": certificate, "payload_type": "application/vnd.in-toto+json",
    "algorithm": "ecdsa-p256-sha256", "keyid": keyid, "public_key": public_key,
    "signature": "MEQCIEJs1WslDI9qjoUdjx1avODIOaszLV4sl9wzss64IkwQAiAIv4hcsCo6/wM5nLo+8UA0htClK6gcxcdj1Qmh23zteg==",
}))
event("sign", "2026-03-05T00:00:07.000Z", {"snapshot": snapshot, "certificate": certificate, "keyid": keyid, "signature": signature}, ana)


# What the registry writes beside: approvals, other rules, a move against them, and what became of it.
event("approve", "2026-03-05T00:00:08.000Z", {
    "subject": {"version": {"version": "v2", "snapshot": snapshot}}, "stage": "production", "role": "risk", "person": "ana@example.org",
    "certificate": certificate, "statement": sha("statement"), "signature": sha("ssh signature"),
}, ana)
event("approve", "2026-03-05T00:00:09.000Z", {
    "subject": {"rules": sha("rules")}, "stage": "production", "role": "risk", "person": "ben@example.org", "statement": sha("other statement"),
})
event("withdraw", "2026-03-05T00:00:10.000Z", {"approval": 22, "reason": "read it again"}, {"name": "Ben"})
event("adopt", "2026-03-05T00:00:11.000Z", {
    "stage": "production", "approvals": [21], "reason": "two pairs of eyes",
    "rules": {"policy": policy, "stage": {
        "certificate": True, "from": [], "valid_for": 60, "approvals": {"risk": 1}, "people": {"risk": ["ana@example.org"]},
        "signers": sha("signers"), "self_approval": True, "before": ["./check.sh"],
    }},
})
event("force", "2026-03-05T00:00:12.000Z", {
    "stage": "production", "version": "v2", "snapshot": snapshot, "replaces": base, "certificate": certificate, "approvals": [21],
    "overruled": ["blocked"], "no_hooks": True, "reason": "the old one is worse",
}, ana)
event("hook", "2026-03-05T00:00:13.000Z", {
    "stage": "production", "version": "v2", "when": "after", "of": 25, "command": "./push.sh", "outcome": "failed", "exit": 3,
    "milliseconds": 1500, "said": "no route to host",
})
event("observed", "2026-03-05T00:00:14.000Z", {
    "stage": "production", "place": "web-1", "version": "v1", "expected": "v2", "differences": 2,
})
event("retire", "2026-03-05T00:00:15.000Z", {"stage": "staging", "version": "v1", "snapshot": base, "reason": "not used"}, {"name": "Ben"})
event("import", "2099-01-01T00:00:00.000Z", {
    "version": "v3", "snapshot": sha("imported"), "parent": snapshot, "observation": observation, "model_tree": sha("t3"),
    "origin": {
        "repository": "7c1e5c0a-0000-4000-8000-000000000002", "model": "fraud", "version": "v7", "head": {"seq": 40, "id": sha("head")},
        "bundle": sha("bundle"),
    },
})
event("rename", "2099-01-01T00:00:01.000Z", {"folder": "payments/fraud", "from": "payments/fraud", "to": "risk/fraud", "reason": "moved"})
event("clock", "2026-03-06T00:00:00.000Z", {
    "from": 29, "times": ["2026-03-05T12:00:00.000Z", "2026-03-05T13:00:00.000Z"], "reason": "the battery was empty",
}, ana)

put("format.json", canonical({
    "format": "mlrun/store/1", "repository": "7c1e5c0a-0000-4000-8000-000000000001", "hash": "sha256+blake3",
    "cutter": {"algorithm": "fastcdc-2020", "whole": 262144, "minimum": 131072, "average": 524288, "maximum": 2097152},
}))

# A cache, in postcard: numbers as LEB128 (signed ones zigzagged first), texts and lists with their length before them, an
# option as 0 or 1, the n-th kind of an enumeration as n.
def number(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def string(text):
    return number(len(text.encode())) + text.encode()


def option(value, how=lambda value: value):
    return b"\0" if value is None else b"\1" + how(value)


def several(items):
    return number(len(items)) + b"".join(items)


def reference(seq):
    return number(seq) + bytes.fromhex(events[seq - 1])


def instant(text):
    parsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    ms = (parsed - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)
    return number(ms * 2 if ms >= 0 else -ms * 2 - 1)


digest = bytes.fromhex
PASS, WAIVED = b"\3", b"\2"


def table(rows):
    """Keys, ends and rows, and how many and how long they are."""
    ends = [sum(len(row) for _, row in rows[: n + 1]) for n in range(len(rows))]
    out = b"".join(bytes.fromhex(key) for key, _ in rows) + struct.pack(f"<{len(rows)}I", *ends) + b"".join(row for _, row in rows)
    return number(len(rows)) + number(len(out)), out, len(rows)


def version_row(n, snapshot, parent, tree, seq, time, dropped=None):
    return number(n) + digest(snapshot) + option(parent, digest) + digest(observation) + digest(tree) + number(seq) + instant(time) + option(dropped, number)


def occupancy(n, snapshot, since, seq, kind, actor, certificate, reason, approvals=(), overruled=(), retired=None):
    out = number(n) + digest(snapshot) + instant(since) + reference(seq) + string(kind)
    out += option(actor, string) + option(certificate, digest) + several([number(seq) for seq in approvals])
    return out + several([string(reason) for reason in overruled]) + option(reason, string) + option(retired)


def certificate_row(snapshot, certificate, verdict, stage, baseline, event, issued, proposed, first, seq, waivers=(), signatures=()):
    out = digest(snapshot) + digest(certificate) + verdict + string(stage) + option(baseline, digest) + option(event, reference)
    out += digest(policy) + instant(issued) + instant("2026-04-01T00:00:00.000Z") + bytes([proposed]) + option(first, string)
    out += reference(seq) + several([number(waiver) for waiver in waivers])
    return out + several([digest(key) + digest(record) + reference(at) + instant(time) for key, record, at, time in signatures])


# checkpoint.bin to checkpoint-3.bin are of the versions before, in which nothing was dropped, nothing was erased, and nothing
# was attached, waived, a case, counted as a use,
# or signed; checkpoint-4.bin is of one without approvals, empty stages, other names and corrected times; checkpoint-5.bin has no
# tables; of checkpoint-6.bin the blocks are in none, and it has all rows in it; checkpoint-7.bin names no scripts of checks.
checkpoint = b"mlrun/checkpoint/8" + string("payments/fraud") + string("7c1e5c0a-0000-4000-8000-000000000001")
checkpoint += reference(31) + instant("2026-03-06T00:00:00.000Z")
versions = table([
    (base, version_row(1, base, None, tree, 2, "2026-03-01T12:00:00.001Z")),
    (snapshot, version_row(2, snapshot, base, sha("t2"), 3, "2026-03-01T12:00:01.000Z")),
    (sha("imported"), version_row(3, sha("imported"), snapshot, sha("t3"), 29, "2026-03-05T12:00:00.000Z")),
])
production = table([
    (base, occupancy(1, base, "2026-03-01T12:30:00.000Z", 4, "promote", "Ben", None, "the first")),
    (snapshot, occupancy(2, snapshot, "2026-03-02T00:00:02.000Z", 7, "promote", "Ana", certificate, None)),
    (base, occupancy(1, base, "2026-03-03T00:00:00.000Z", 10, "rollback", None, None, "misbehaves")),
    (snapshot, occupancy(2, snapshot, "2026-03-05T00:00:12.000Z", 25, "force", "Ana", certificate, "the old one is worse", [21], ["blocked"])),
])
staging = table([(base, occupancy(
    1, base, "2026-03-05T00:00:06.000Z", 19, "promote", None, sha("c1"), None,
    retired=reference(28) + instant("2026-03-05T00:00:15.000Z") + option("Ben", string) + string("not used"),
))])
checkpoint += several([
    string("production")
    + several([number(2), number(3)])
    + option(
        option(policy, digest) + b"\1" + several([]) + number(60) + several([]) + several([string("risk") + number(1)])
        + several([string("risk") + several([string("ana@example.org")])]) + option(sha("signers"), digest) + b"\1"
        + several([string("./check.sh")]) + several([])
    )
    + option(reference(10) + instant("2026-03-03T00:00:00.000Z"))
    + several([b"\1" + string("./push.sh") + b"\1" + reference(26) + instant("2026-03-05T00:00:13.000Z")]),
    string("staging")
    + several([number(0)])
    + option(
        option(policy, digest) + b"\1" + several([]) + number(60)
        + several([string("risk") + several([string("ana@example.org")])])
        + several([]) + several([]) + option(None) + b"\0" + several([]) + several([])
    )
    + option(None)
    + several([])
])
blocks = table([(
    snapshot + sha("t2"),
    digest(snapshot) + option(sha("t2"), digest) + option("production", string) + string("misbehaves") + reference(10)
    + instant("2026-03-03T00:00:00.000Z"),
)])
certificates = table(sorted([
    (snapshot, certificate_row(snapshot, certificate, PASS, "production", base, 4, "2026-03-02T00:00:00.000Z", False, None, 5,
                               signatures=[(keyid, signature, 20, "2026-03-05T00:00:07.000Z")])),
    (base, certificate_row(base, sha("c1"), WAIVED, "production", base, 10, "2026-03-05T00:00:05.000Z", False, None, 18, [15])),
]))
checkpoint += several([
    b"\0" + string("data/people.csv") + digest(sha("people")) + number(6) + several([number(1), number(2)]) + string("a request")
    + option("Ana", string) + reference(11) + instant("2026-03-04T00:00:00.000Z"),
    b"\1" + string("params.db.password") + several([digest(base) + digest(copy)]) + several([number(1)]) + string("a password")
    + option("Ana", string) + reference(12) + instant("2026-03-04T00:00:01.000Z"),
])
checkpoint += several([
    number(1) + string("test") + digest(sha("later")) + reference(13),
    number(2) + string("latency") + digest(sha("ms")) + reference(14),
])
checkpoint += several([
    number(1) + digest(base) + string("auc") + string("known and accepted") + instant("2026-03-20T23:59:59.999Z")
    + option("Ana", string) + option("ana@example.org", string) + option(sha("signature"), digest) + reference(15)
    + instant("2026-03-05T00:00:02.000Z"),
])
checkpoint += several([
    number(1) + number(3) + string("test") + digest(cases) + several([number(2)]) + option("Ben", string) + reference(16)
    + instant("2026-03-05T00:00:03.000Z"),
])
checkpoint += several([digest(sha("rows")) + several([digest(base)])])
checkpoint += several([
    b"\0" + number(2) + digest(snapshot) + string("production") + string("risk") + string("ana@example.org")
    + option(certificate, digest) + digest(sha("statement")) + option(sha("ssh signature"), digest) + reference(21)
    + instant("2026-03-05T00:00:08.000Z") + option(None),
    b"\1" + digest(sha("rules")) + string("production") + string("risk") + string("ben@example.org")
    + option(None) + digest(sha("other statement")) + option(None) + reference(22)
    + instant("2026-03-05T00:00:09.000Z") + option(reference(23) + instant("2026-03-05T00:00:10.000Z")),
])
checkpoint += several([
    string("production") + string("web-1") + option(1, number) + number(2) + number(2) + reference(27) + instant("2026-03-05T00:00:14.000Z"),
])
checkpoint += option("risk/fraud", string) + option(None)
checkpoint += several([number(29) + instant("2026-03-05T12:00:00.000Z"), number(30) + instant("2026-03-05T13:00:00.000Z")])
tables = [versions, certificates, table([]), blocks, production, staging]
nothing = number(0) + number(0)
# All rows in it.
parts = several([number(0) + nothing + number(0) + extent for extent, _, _ in tables])
alone = checkpoint + option(None) + parts + several([]) + b"".join(rows for _, rows, _ in tables)
put("checkpoint-8.bin", alone + blake3.blake3(alone).digest())
# All rows in a file beside it.
beside, starts = b"mlrun/checkpoint-tables/1".ljust(64, b"\0"), []
for _, rows, _ in tables:
    beside += bytes(-len(beside) % 64)
    starts.append(len(beside))
    beside += rows
put("checkpoint-tables.bin", beside)
parts = several([
    number(start) + extent + number(count) + nothing if count else number(0) + nothing + number(0) + nothing
    for start, (extent, _, count) in zip(starts, tables)
])
digests = b"".join(blake3.blake3(beside[at:at + 16384]).digest() for at in range(0, len(beside), 16384))
small = checkpoint + option(number(31) + number(len(beside))) + parts + several([]) + digests
put("checkpoint-8-small.bin", small + blake3.blake3(small).digest())

# Binary kinds.
plain = b"mlrun " * 200
block_id = blake3.blake3(plain).digest()


def recipe(file, blocks, tensors=()):
    body = b"MLRR\x01\0\0\0" + hashlib.sha256(file).digest() + struct.pack("<QII", len(file), len(blocks), len(tensors))
    for id, length in blocks:
        body += id + struct.pack("<I", length)
    for offset, length, name, dtype, shape in tensors:
        body += struct.pack("<QQH", offset, length, len(name.encode())) + name.encode()
        body += struct.pack("<B", len(dtype)) + dtype.encode()
        body += struct.pack("<B", len(shape)) + b"".join(struct.pack("<Q", n) for n in shape)
    return body + blake3.blake3(body).digest()


table = [(0, 1200, "encoder.weight", "BF16", [20, 30]), (1208, 8, "süß", "I64", [])]
two = recipe(plain * 2, [(block_id, 1200), (block_id, 1200)], table)
put("recipe.bin", two)
put("recipe-empty.bin", recipe(b"", []))


def header(kind, codec, plain_length, stored_length, id):
    out = b"MLRO" + struct.pack("<BBBBII", kind, codec, 0, 0, plain_length, stored_length) + id
    assert len(out) == 48
    return out


def pack(objects):
    out, entries = b"MLRPACK\x01", b""
    for kind, codec, id, length, stored in objects:
        entries += struct.pack("<Q", len(out)) + header(kind, codec, length, len(stored), id)
        out += header(kind, codec, length, len(stored), id) + stored
    trailer = entries + struct.pack("<QQ", len(out), len(objects))
    return out + trailer + blake3.blake3(trailer).digest() + b"MLRPEND\x01"


# The frames are the zstd program's own, so that decoding is checked against it.
def frame(data):
    return subprocess.run(["zstd", "-q", "-19", "-c", "-"], input=data, capture_output=True, check=True).stdout


def planes(words, width, transform, tail=b"", base=None):
    """Words as byte planes: the lowest raw, those above as frames, one that is all the same as one byte."""
    columns = [bytes(word >> (8 * k) & 0xFF for word in words) for k in range(width)]
    codings, bodies = b"", b""
    for number, column in enumerate(columns):
        coded = frame(column)
        coding, body = (2, column[:1]) if len(set(column)) == 1 else (0, column)
        if number > 0 and coding == 0 and len(coded) < len(column):
            coding, body = 1, coded
        codings += struct.pack("<BI", coding, len(body))
        bodies += body
    first = b"" if base is None else base + b"\x01"
    return first + struct.pack("<BBBB", width, transform, 0, 0) + codings + bodies + tail


def floats(values):
    return b"".join(struct.pack("<f", value) for value in values)


def words(data, width):
    return [int.from_bytes(data[at:at + width], "little") for at in range(0, len(data) // width * width, width)]


def sign_last(word, bits):
    return (word << 1 | word >> (bits - 1)) & ((1 << bits) - 1)


def monotone(word):
    return word ^ 0xFFFFFFFF if word >> 31 else word ^ 0x80000000


def zigzag(word, base, bits):
    difference = (word - base) & ((1 << bits) - 1)
    difference -= (difference >> (bits - 1)) << bits
    return (2 * difference if difference >= 0 else -2 * difference - 1) & ((1 << bits) - 1)


old = floats((-1) ** n * (n + 0.5) / 64 for n in range(500)) + b"end"
new = floats((-1) ** n * (n + 0.5) / 64 * (1 + n % 3 / 4096) for n in range(500)) + b"end"
old_id = blake3.blake3(old).digest()
apart = [zigzag(monotone(a), monotone(b), 32) for a, b in zip(words(new, 4), words(old, 4))]
count = b"".join(struct.pack("<q", 7 * n) for n in range(300))
zeros = bytes(4000)
small = b'{"a":1}'
whole = old + new + count + zeros
packed = pack([
    (1, 1, block_id, len(plain), frame(plain)),
    (2, 0, hashlib.sha256(plain * 2).digest(), len(two), two),
    (4, 0, hashlib.sha256(small).digest(), len(small), small),
    (5, 0, hashlib.sha256(b"a small file").digest(), 12, b"a small file"),
    (1, 3, old_id, len(old), planes([sign_last(w, 32) for w in words(old, 4)], 4, 1, b"end")),
    (1, 4, blake3.blake3(new).digest(), len(new), planes(apart, 4, 2, b"end", old_id)),
    (1, 3, blake3.blake3(count).digest(), len(count), planes(words(count, 8), 8, 0)),
    (1, 2, blake3.blake3(zeros).digest(), len(zeros), b"\0"),
    (2, 0, hashlib.sha256(whole).digest(), *(lambda r: (len(r), r))(
        recipe(whole, [(blake3.blake3(part).digest(), len(part)) for part in (old, new, count, zeros)]))),
])
put("file-of-floats.bin", whole)
# The frame depends on the program's version: what is there already stays.
if not (HERE / "pack.bin").exists():
    put("pack.bin", packed)
packed = (HERE / "pack.bin").read_bytes()
pair = pack([(4, 0, hashlib.sha256(b'{"b":2}').digest(), 7, b'{"b":2}'), (4, 0, hashlib.sha256(small).digest(), 7, small)])
put("pack-two-records.bin", pair)


def segment(packs):
    names, entries = b"", []
    for number, (data, objects) in enumerate(packs):
        names += blake3.blake3(data).digest() + struct.pack("<Q", len(data))
        for kind, codec, id, offset, length, stored in objects:
            entries.append((id, kind, id + struct.pack("<IBBHQII", number, kind, codec, 0, offset, length, stored)))
    entries.sort(key=lambda e: (e[0], e[1]))
    pages = [entries[at:at + 1024] for at in range(0, len(entries), 1024)]
    head = b"MLRINDX\x02" + struct.pack("<II", len(packs), len(entries)) + names
    for page in pages:
        head += page[0][0] + blake3.blake3(b"".join(e[2] for e in page)).digest()
    return head + blake3.blake3(head).digest() + b"".join(e[2] for page in pages for e in page)


put("index-2.bin", segment([(pair, [
    (4, 0, hashlib.sha256(b'{"b":2}').digest(), 8, 7, 7),
    (4, 0, hashlib.sha256(small).digest(), 8 + 48 + 7, 7, 7),
])]))

# Three pages: only the sum of their bytes is kept, in goldens.rs.
objects = [(1 + n % 2 * 3, n % 3, hashlib.sha256(str(n // 2).encode()).digest(), 8 + n * 100, 300 + n, 50) for n in range(3000)]
nothing = bytes(400_000)
three = segment([(nothing + b"1", objects[:2000]), (nothing + b"2", objects[2000:])])
print("index of three pages:", hashlib.sha256(three).hexdigest())

# A training command that failed, as the first thing that ever happened to a model.
failed_prev = None
for number, (kind, body) in enumerate([
    ("create", {"repository": "7c1e5c0a-0000-4000-8000-000000000001"}),
    ("failed", {
        "argv": ["sh", "-c", "exit 3"], "cwd": "jobs", "run": {"started": "2026-03-04T00:00:00.000Z", "duration_ms": 1500, "exit": 3, "user_ms": 10},
        "seeds": [{"name": "MODEL_SEED", "value": 42, "source": "issued"}],
    }),
    ("failed", {
        "argv": ["python", "train.py"], "arguments_cut": 7, "run": {"started": "2026-03-04T00:00:02.000Z", "duration_ms": 9, "signal": 9},
    }),
], 1):
    line = {"format": "mlrun/event/1", "model": "churn", "seq": number, "prev": failed_prev, "time": f"2026-03-04T00:00:0{number}.500Z", "actor": {}, "kind": kind}
    data = canonical({**line, **body}) + b"\n"
    failed_prev = hashlib.sha256(data).hexdigest()
    put(f"failed-event-{number:02}-{kind}.txt", data + failed_prev.encode() + b"\n")

# The journal of the store as a whole.
store_prev = None
for number, (kind, body) in enumerate([
    ("create", {"repository": "7c1e5c0a-0000-4000-8000-000000000001"}),
    ("gc", {"packs": 3, "objects": 41, "freed": 1234567, "emptied": 0, "grace": 1209600, "at_once": False}),
], 1):
    line = {"format": "mlrun/event/1", "model": ".store", "seq": number, "prev": store_prev, "time": f"2026-03-04T00:00:0{number}.000Z", "actor": {}, "kind": kind}
    data = canonical({**line, **body}) + b"\n"
    store_prev = hashlib.sha256(data).hexdigest()
    put(f"store-event-{number:02}-{kind}.txt", data + store_prev.encode() + b"\n")

# What a table of training data holds, and an observation that names it.
profile = put("profile.json", canonical({
    "format": "mlrun/profile/1", "data": "train", "sha256": sha("data"), "logical": sha("rows"), "rows": 5,
    "columns": [
        {"name": "city", "kind": "text", "nulls": 1, "distinct": 2, "categories": [
            {"value": "Göteborg", "count": 3}, {"value": "<redacted:github-pat>", "count": 1}]},
        {"name": "n", "kind": "integer", "nulls": 0, "mean": 3, "sd": 1.5811388300841898, "distinct": 5,
         "deciles": {"edges": [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, {"int": "9223372036854775807"}],
                     "counts": [1, 0, 1, 0, 1, 0, 1, 0, 1, 0], "exact": False}},
        {"name": "x", "kind": "float", "nulls": 2, "nan": 1, "infinite": 1, "mean": 0.5, "distinct": 1,
         "deciles": {"edges": [0.5] * 11, "counts": [1] + [0] * 9, "exact": True}},
        {"name": "tags", "kind": "list", "nulls": 0, "opaque": True},
    ],
    "redactions": [{"field": "data.train.profile", "rule": "github-pat", "count": 1}],
}))
observation = json.loads((HERE / "observation.json").read_text())
observation["profiles"] = {
    "old": {"sha256": sha("old")},
    "test": {"sha256": sha("test"), "failed": "row 3 has 2 cells, the header has 3"},
    "train": {"sha256": sha("data"), "id": profile, "logical": sha("rows")},
}
put("observation-profiles.json", canonical(observation))

# What people sign off: the bytes that are signed.
repository = "7c1e5c0a-0000-4000-8000-000000000001"
put("approval.json", canonical({
    "format": "mlrun/approval/1", "repository": repository, "model": "payments/fraud", "snapshot": snapshot, "certificate": certificate,
    "stage": "production", "role": "risk", "text": "read the report; Größe \"q\" \u2028 😀",
}))
put("approval-rules.json", canonical({
    "format": "mlrun/approval/1", "repository": repository, "model": "payments/fraud", "rules": sha("rules"), "certificate": None,
    "stage": "production", "role": "risk", "text": None,
}))
put("waiver.json", canonical({
    "format": "mlrun/waiver/1", "repository": repository, "model": "payments/fraud", "snapshot": snapshot, "rule": "p99",
    "reason": "OPS-311", "expires": "2026-06-30T23:59:59.999Z",
}))
put("waiver-certificate.json", canonical({
    "format": "mlrun/waiver/1", "repository": repository, "model": "payments/fraud", "snapshot": snapshot, "rule": "p99",
    "reason": "OPS-311", "expires": "2026-06-30T23:59:59.999Z", "certificate": certificate,
}))
# What came along with an imported version.
put("origin.json", canonical({
    "format": "mlrun/origin/1",
    "records": {"certificate.json": sha("certificate"), "events/0000000000000012": sha("event")},
}))

sums = "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(HERE.iterdir()) if p.name != "SHA256SUMS")
(HERE / "SHA256SUMS").write_text(sums)
