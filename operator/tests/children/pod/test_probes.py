"""An HTTP probe as a container spec contains it."""

from sd_operator.children.pod.probes import HttpProbe


def test_probe_without_a_grace_period() -> None:
    assert HttpProbe("/readyz", 8003, period_s=2, failure_threshold=3).manifest() == {
        "httpGet": {"path": "/readyz", "port": 8003},
        "periodSeconds": 2,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }


def test_probe_with_a_grace_period() -> None:
    probe = HttpProbe("/a", 1, period_s=2, failure_threshold=3, timeout_s=4, grace_period_s=0).manifest()
    assert (probe["timeoutSeconds"], probe["terminationGracePeriodSeconds"]) == (4, 0)
