"""The reference of the resource for people, made from the CRD: `python -m sd_operator.api.reference` prints it."""

from collections.abc import Iterator
from typing import NamedTuple

from sd_operator.api.crd import crd
from sd_operator.api.reason import Reason
from sd_operator.api.schema import Schema
from sd_operator.resources import GROUP, VERSION

DEEPEST_SECTION = 3
"""Objects below `spec.network.service` have no section of their own: their fields are rows of its table."""
DEEPEST_ROW = 1
"""What is below a row such as `nodeAffinity.preferred…` is not listed: it is as in a pod."""

HEAD = f"""# The DiarizationService

*Made from the custom resource definition; `kubectl explain diar.spec.serving` and so on say the same in a terminal.*

A `DiarizationService` (`{GROUP}/{VERSION}`, short names `diar` and `dsvc`) is a speaker-diarization server: apply one,
and its pods answer at `http://NAME.NAMESPACE.svc:8000` (HTTP) and `:8001` (gRPC). The smallest one:

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

More in [examples](../examples): [a model from the Hugging Face Hub](../examples/hub.yaml),
[a GPU and a model from a volume](../examples/gpu.yaml),
[scaled by a HorizontalPodAutoscaler](../examples/hpa.yaml), [scaled by KEDA](../examples/keda.yaml),
[closed to all but a few](../examples/closed.yaml).

- **It says what is wrong.** What contradicts itself is refused by `kubectl apply` with a sentence. What can only be
  seen later is a condition: `kubectl get diar` shows `Ready` and the reason, `kubectl describe diar NAME` the sentence.
- **Models are pinned.** What a Job has downloaded, or found in your claim or image, has a digest, which
  `status.model.digest` keeps. Every engine checks its files against it before it loads them. See
  [where a model comes from](models.md).
- **Replicas have one owner, the resource.** `kubectl scale diar/NAME --replicas=3`, an autoscaler and you all set
  `spec.replicas`. Where something else scales, leave it out of your manifest from the first apply on: applying such a
  manifest again changes no replicas. `kubectl apply` of a manifest from which it was taken out sets it to the default
  of 1, and the autoscaler goes on from there (with `--server-side` only where nobody else has set it since). 0 pauses
  the service.
- **Pods change when they must.** A new limit, image, place or label of the pods makes new pods; replicas, Services,
  Ingress, policies and monitoring do not.
- **Memory follows from three fields.** Triton's container reserves room for `adapters` + `maxBatchSize` recordings of
  `maxRequestBytes` in `/dev/shm`, 3.6 GiB in all by default: lower one of them where that is too much. The engine's own
  share is `compute.resources`.
- **Nothing leaves.** With the default policy the pods connect to nobody, metrics are read by the operator and by the
  namespaces that the operator was installed with (`metricsNamespaces` in the chart), and everybody may send recordings
  until `allowFrom` names who. Ports of nodes (`type: NodePort`) are no way around the policy.
- **gRPC without a proxy** needs one connection to each pod: use `dns:///NAME-headless.NAMESPACE.svc:8001` with the
  client's round-robin policy.
"""

REASONS_HEAD = """## Condition reasons

A condition may also have a reason of Kubernetes: the kubelet's for a pod that failed, such as `Evicted`, or the
autoscaler's, such as `FailedGetExternalMetric`.

| reason | meaning and remedy |
|---|---|"""


def render() -> str:
    """The page in Markdown."""
    [version] = crd()["spec"]["versions"]
    parts: Schema = version["schema"]["openAPIV3Schema"]["properties"]
    sections = [text for name in ("spec", "status") for text in _sections(name, parts[name])]
    return "\n".join([HEAD, *sections, _reasons()])


def _reasons() -> str:
    """Return the table of the reasons that conditions have."""
    rows = [f"| `{reason}` | {reason.__doc__} |" for reason in Reason]
    return "\n".join([REASONS_HEAD, *rows, ""])


def _sections(path: str, schema: Schema) -> Iterator[str]:
    yield _section(path, schema)
    for name, child in schema["properties"].items():
        if _has_a_section(inner := f"{path}.{name}", child):
            yield from _sections(inner, child)


def _has_a_section(path: str, schema: Schema) -> bool:
    return "properties" in schema and path.count(".") < DEEPEST_SECTION


def _section(path: str, schema: Schema) -> str:
    fields = [*_fields(path, "", schema)]
    table = ["| field | what it may be | default | meaning |", "|---|---|---|---|", *map(_row, fields)]
    return "\n".join([f"## `{path}`\n", f"{schema['description']}\n", *table, "", *_rules(schema, fields)])


class Field(NamedTuple):
    """A row: the field's name within its section, its schema, and whether its object must have it."""

    name: str
    schema: Schema
    required: bool
    section: str
    """The path of its own section; empty where it has none."""


def _fields(path: str, within: str, schema: Schema) -> Iterator[Field]:
    """The fields of an object, and of the objects in it that have no section."""
    for name, child in schema.get("properties", {}).items():
        section = full if _has_a_section(full := f"{path}.{within}{name}", child) else ""
        yield Field(f"{within}{name}", child, name in schema.get("required", ()), section)
        inner, ending = (child["items"], "[]") if child.get("type") == "array" else (child, "")
        if within.count(".") < DEEPEST_ROW and not section:
            yield from _fields(path, f"{within}{name}{ending}.", inner)


def _row(field: Field) -> str:
    default = "required" if field.required else _default(field.schema)
    meaning = " ".join(field.schema["description"].split())
    kind = f"[object](#{field.section.replace('.', '').lower()})" if field.section else _kind(field.schema)
    return f"| `{field.name}` | {kind} | {default} | {meaning} |"


def _default(schema: Schema) -> str:
    default = schema.get("default", {})
    return "" if default == {} else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _kind(schema: Schema) -> str:
    """What a field may hold, in a few words."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return ", ".join(filter(None, (_type(schema), _bounds(schema))))


def _type(schema: Schema) -> str:
    match schema:
        case {"x-kubernetes-int-or-string": True}:
            return "size"
        case {"type": "array", "items": items}:
            return "list of objects" if "properties" in items else f"list ({_kind(items)})"
        case {"additionalProperties": values}:
            return f"map to {_type(values)}"
        case {"type": str(kind)}:
            return {"string": "text", "integer": "whole number", "boolean": "`true`, `false`"}.get(kind, kind)
        case _:
            raise ValueError(f"{schema} has no type")


def _bounds(schema: Schema) -> str:
    if "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    most = {"maxItems": "items", "maxProperties": "entries"}
    return next((f"at most {schema[bound]} {what}" for bound, what in most.items() if bound in schema), "")


def _rules(schema: Schema, fields: list[Field]) -> list[str]:
    """What must hold: for the object, and for those of its fields that have a rule; each sentence once."""
    named: dict[str, list[str]] = {message: [] for message in _messages(schema)}
    for field in fields:
        for message in () if field.section else _messages_within(field.schema):
            named.setdefault(message, []).append(f"`{field.name}`")
    bullets = [f"- {', '.join(names)}{': ' if names else ''}{message}" for message, names in named.items()]
    return [*bullets, ""] if bullets else []


def _messages_within(schema: Schema) -> list[str]:
    """The rules of a field, and of a list's or map's values."""
    return [message for part in (schema, *_values(schema)) for message in _messages(part)]


def _values(schema: Schema) -> list[Schema]:
    return [schema[keyword] for keyword in ("items", "additionalProperties") if keyword in schema]


def _messages(schema: Schema) -> list[str]:
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", ())]


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a command prints
