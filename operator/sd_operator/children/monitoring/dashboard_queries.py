"""The queries of the dashboard: about the service that is chosen in it, at the resolution of the screen."""

from sd_operator.children.monitoring.promql import Series

SERIES = Series("$namespace", "$service")


def rate(metric: str, *matchers: str) -> str:
    """How fast a counter grows, per second."""
    return f"rate({SERIES(metric, *matchers)}[$__rate_interval])"


def increase(metric: str) -> str:
    """By how much a counter grows from one point of the graph to the next."""
    return f"increase({SERIES(metric)}[$__rate_interval])"


def quantile(share: float, by: str, histogram: str) -> str:
    """What that share of the observations stayed below, for each value of a label."""
    return f"histogram_quantile({share}, sum by ({by}, le) ({rate(f'{histogram}_bucket')}))"
