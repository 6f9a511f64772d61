"""`make demo`: from nothing to a timeline, answered by a service on a real Kubernetes cluster."""

import subprocess
import sys
import time

from sd_kit import paths
from sd_kit.__main__ import main as kit
from sd_kit.cluster import diarization_service, helm_release
from sd_kit.conversation import write_conversation
from sd_kit.errors import KitError
from sd_kit.images.build import references
from sd_kit.progress import step

SERVICE = paths.REPOSITORY / "examples" / "demo.yaml"
URL = "http://localhost:8700"

GOODBYE = f"""
The service keeps running:
  your own recording        .venv/bin/sd diarize FILE
  how it is                 {paths.cache()}/bin/current/kubectl --kubeconfig {paths.kubeconfig()} get diar demo
  HTTP {URL}   gRPC localhost:8701   metrics http://localhost:8702/metrics http://localhost:8703/metrics
Remove the cluster and all on it: make clean
"""


def main() -> None:
    """Every step in its order; each shows itself."""
    began = time.monotonic()
    _kit("tools", "helm", "kubectl")
    _kit("up")
    _kit("images")
    with step("installing the operator (helm install sd-triton)"):
        helm_release.install(references())
    _say("kubectl apply -f examples/demo.yaml")
    diarization_service.apply(SERVICE)
    for after_s, condition in diarization_service.condition_changes(
        "demo", image=references()["server"], timeout_s=600
    ):
        mark = "✓" if condition["status"] == "True" else "·"
        print(f"  {mark} {after_s:4.0f} s  {condition['type']:<12} {condition['reason']:<22} {condition['message']}")
    _diarize()
    print(GOODBYE)
    print(f"make demo took {time.monotonic() - began:.0f} s.")


def _diarize() -> None:
    recording = paths.folder("demo") / "conversation.wav"
    write_conversation(recording)
    with step(f"sd diarize {recording}"):
        subprocess.run([sys.executable, "-m", "sd_client", "diarize", str(recording), "--url", URL], check=True)


def _kit(*words: str) -> None:
    code = kit(list(words))
    if code:
        sys.exit(code)


def _say(sentence: str) -> None:
    print(f"▸ {sentence}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KitError as error:
        sys.exit(f"✗ {error}")
    except KeyboardInterrupt:
        sys.exit("✗ Interrupted; run `make demo` again to go on.")
