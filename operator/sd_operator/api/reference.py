"""The reference page of the resource, generated from the CRD: `python -m sd_operator.api.reference` prints it."""

from collections.abc import Iterator
from typing import NamedTuple

from sd_operator.api.crd import Schema, crd
from sd_operator.api.reason import descriptions
from sd_operator.resources import GROUP, VERSION

MAX_SECTION_DEPTH = 3
"""Objects below `spec.network.service` have no section of their own; their fields are rows of its table."""
MAX_ROW_DEPTH = 1
"""Fields below a row such as `nodeAffinity.preferred…` are not listed; they are the same as in a pod."""

HEAD = f"""# The DiarizationService

*Generated from the custom resource definition. `kubectl explain diar.spec.serving` prints the same text in a terminal.*

A `DiarizationService` (`{GROUP}/{VERSION}`, short names `diar` and `dsvc`) is a speaker-diarization server. Its pods
serve requests at `http://NAME.NAMESPACE.svc:8000` (HTTP) and `NAME.NAMESPACE.svc:8001` (gRPC). The smallest manifest:

```yaml
apiVersion: {GROUP}/{VERSION}
kind: DiarizationService
metadata:
  name: demo                # at most 40 characters
spec:
  model:
    source:
      demo: {{}}
```

Further [examples](../examples): [a model from the Hugging Face Hub](../examples/hub.yaml),
[a GPU and a model from a volume](../examples/gpu.yaml),
[scaling by a HorizontalPodAutoscaler](../examples/hpa.yaml), [scaling by KEDA](../examples/keda.yaml),
[restricted network access](../examples/closed.yaml).

- **Validation.** `kubectl apply` rejects a spec that contradicts itself and prints the reason. Problems that appear
  later are conditions: `kubectl get diar` shows `Ready` and its reason, `kubectl describe diar NAME` the message.
- **Models are pinned.** A Job computes the digest of every model that it downloads or verifies in a claim or an image,
  and the operator stores the digest in `status.model.digest`. Every engine verifies its files against it before it
  loads them. See [models](models.md).
- **Replicas have one owner, the resource.** `kubectl scale diar/NAME --replicas=3`, an autoscaler and users all set
  `spec.replicas`. If an autoscaler sets it, leave it out of the manifest from the first apply on; later applies of the
  manifest then do not change it. If the field is removed from the manifest later, `kubectl apply` resets it to the
  default of 1 and the autoscaler continues from there (`kubectl apply --server-side` does so only if no other field
  manager has set it). 0 pauses the service.
- **Pods are replaced only if needed.** A change of limits, images, placement or labels of the pods replaces the pods. A
  change of replicas, Services, Ingress, policies or monitoring does not.
- **Memory depends on three fields.** Triton's container requests memory for `adapters` + `maxBatchSize` recordings of
  `maxRequestBytes` in `/dev/shm`, 3.6 GiB in total by default. Lower one of these fields to reduce it. The engine's
  resources are in `compute.resources`.
- **No outgoing connections.** With the default NetworkPolicy the pods cannot open connections. The operator and the
  namespaces in the chart's value `metricsNamespaces` can read metrics. Every pod can send recordings unless `allowFrom`
  restricts it. The policy also applies to node ports (`type: NodePort`).
- **gRPC without a proxy** needs one connection to each pod: use `dns:///NAME-headless.NAMESPACE.svc:8001` and the
  client's round-robin policy.
"""

REASONS_HEAD = """## Condition reasons

A condition may also have a reason of Kubernetes: the kubelet's for a pod that failed, such as `Evicted`, or the
autoscaler's, such as `FailedGetExternalMetric`.

| reason | meaning and remedy |
|---|---|"""


def render() -> str:
    """Return the page in Markdown."""
    [version] = crd()["spec"]["versions"]
    parts: Schema = version["schema"]["openAPIV3Schema"]["properties"]
    sections = [text for name in ("spec", "status") for text in _sections(name, parts[name])]
    return "\n".join([HEAD, *sections, _reasons()])


def _reasons() -> str:
    """Return the table of the reasons that conditions have."""
    rows = [f"| `{reason}` | {description} |" for reason, description in descriptions().items()]
    return "\n".join([REASONS_HEAD, *rows, ""])


def _sections(path: str, schema: Schema) -> Iterator[str]:
    yield _section(path, schema)
    for name, child in schema["properties"].items():
        if _has_section(inner := f"{path}.{name}", child):
            yield from _sections(inner, child)


def _has_section(path: str, schema: Schema) -> bool:
    return "properties" in schema and path.count(".") < MAX_SECTION_DEPTH


def _section(path: str, schema: Schema) -> str:
    rows = [*_rows(path, "", schema)]
    table = ["| field | type | default | meaning |", "|---|---|---|---|", *map(_row, rows)]
    return "\n".join([f"## `{path}`\n", f"{schema['description']}\n", *table, "", *_rules(schema, rows)])


class FieldRow(NamedTuple):
    """A table row: the field's name relative to its section, its schema, and True if it is required."""

    name: str
    schema: Schema
    required: bool
    section: str
    """The path of the field's own section; empty if it has none."""


def _rows(path: str, prefix: str, schema: Schema) -> Iterator[FieldRow]:
    """Yield the rows of an object's fields and of nested objects that have no section."""
    for name, child in schema.get("properties", {}).items():
        section = full if _has_section(full := f"{path}.{prefix}{name}", child) else ""
        yield FieldRow(f"{prefix}{name}", child, name in schema.get("required", ()), section)
        inner, ending = (child["items"], "[]") if child.get("type") == "array" else (child, "")
        if prefix.count(".") < MAX_ROW_DEPTH and not section:
            yield from _rows(path, f"{prefix}{name}{ending}.", inner)


def _row(row: FieldRow) -> str:
    default = "required" if row.required else _default(row.schema)
    meaning = " ".join(row.schema["description"].split())
    kind = f"[object](#{row.section.replace('.', '').lower()})" if row.section else _kind(row.schema)
    return f"| `{row.name}` | {kind} | {default} | {meaning} |"


def _default(schema: Schema) -> str:
    default = schema.get("default", {})
    return "" if default == {} else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _kind(schema: Schema) -> str:
    """Return the type of a field with its bounds."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return ", ".join(filter(None, (_type(schema), _bounds(schema))))


def _type(schema: Schema) -> str:
    match schema:
        case {"x-kubernetes-int-or-string": True}:
            return "quantity"
        case {"type": "array", "items": items}:
            return "list of objects" if "properties" in items else f"list ({_kind(items)})"
        case {"additionalProperties": values}:
            return f"map to {_type(values)}"
        case {"type": str(kind)}:
            return kind
        case _:
            raise ValueError(f"{schema} has no type")


def _bounds(schema: Schema) -> str:
    if "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    limits = {"maxItems": "items", "maxProperties": "entries"}
    return next((f"at most {schema[bound]} {unit}" for bound, unit in limits.items() if bound in schema), "")


def _rules(schema: Schema, rows: list[FieldRow]) -> list[str]:
    """Return the rules of the object and of its fields as bullets, each message once."""
    fields: dict[str, list[str]] = {message: [] for message in _messages(schema)}
    for row in rows:
        for message in () if row.section else _messages_within(row.schema):
            fields.setdefault(message, []).append(f"`{row.name}`")
    bullets = [f"- {', '.join(names)}{': ' if names else ''}{message}" for message, names in fields.items()]
    return [*bullets, ""] if bullets else []


def _messages_within(schema: Schema) -> list[str]:
    """Return the messages of a field's rules and of those of its items or values."""
    return [message for part in (schema, *_values(schema)) for message in _messages(part)]


def _values(schema: Schema) -> list[Schema]:
    return [schema[keyword] for keyword in ("items", "additionalProperties") if keyword in schema]


def _messages(schema: Schema) -> list[str]:
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", ())]


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a command prints
