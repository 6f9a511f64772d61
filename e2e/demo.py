"""`make demo`: a cluster, the operator, a service, and the timeline of a recording."""

import subprocess
import sys
import time

from sd_kit import paths
from sd_kit.__main__ import main as sd_kit_main
from sd_kit.cluster import diarization_service, helm_release
from sd_kit.conversation import write_conversation
from sd_kit.errors import KitError
from sd_kit.images.build import references
from sd_kit.progress import step

MANIFEST = paths.REPOSITORY / "examples" / "demo.yaml"
URL = "http://localhost:8700"
READY_TIMEOUT_S = 600

NEXT_STEPS = f"""
The service keeps running:
  diarize a recording       .venv/bin/sd diarize FILE
  show its status           {paths.cache()}/bin/current/kubectl --kubeconfig {paths.kubeconfig()} get diar demo
  HTTP {URL}   gRPC localhost:8701   metrics http://localhost:8702/metrics http://localhost:8703/metrics
Remove the cluster: make clean
"""


def main() -> None:
    """Create the cluster, install the operator, apply the service, and diarize the sample conversation."""
    started_s = time.monotonic()
    _kit("tools", "helm", "kubectl")
    _kit("up")
    _kit("images")
    with step("installing the operator (helm install sd-triton)"):
        helm_release.install(references())
    print("▸ kubectl apply -f examples/demo.yaml", flush=True)
    diarization_service.apply(MANIFEST)
    _print_conditions()
    _diarize()
    print(NEXT_STEPS)
    print(f"make demo took {time.monotonic() - started_s:.0f} s.")


def _kit(*arguments: str) -> None:
    exit_code = sd_kit_main(list(arguments))
    if exit_code:
        sys.exit(exit_code)


def _print_conditions() -> None:
    """Print each change of a condition until the service is ready."""
    server = references()["server"]
    for after_s, each in diarization_service.condition_changes("demo", image=server, timeout_s=READY_TIMEOUT_S):
        mark = "✓" if each["status"] == "True" else "·"
        print(f"  {mark} {after_s:4.0f} s  {each['type']:<12} {each['reason']:<22} {each['message']}")


def _diarize() -> None:
    recording = paths.folder("demo") / "conversation.wav"
    write_conversation(recording)
    with step(f"sd diarize {recording}"):
        subprocess.run([sys.executable, "-m", "sd_client", "diarize", str(recording), "--url", URL], check=True)


if __name__ == "__main__":
    try:
        main()
    except KitError as error:
        sys.exit(f"✗ {error}")
    except KeyboardInterrupt:
        sys.exit("✗ Interrupted; `make demo` resumes after the last completed step.")
