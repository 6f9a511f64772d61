"""PromQL of the dashboard: queries of the selected service with the resolution of the graph."""

from sd_operator.children.monitoring.promql import ServiceSeries

SERIES = ServiceSeries("$namespace", "$service")


def rate(metric: str, *matchers: str) -> str:
    """Return the per-second rate of a counter."""
    return f"rate({SERIES.select(metric, *matchers)}[$__rate_interval])"


def increase(metric: str) -> str:
    """Return the increase of a counter between two points of the graph."""
    return f"increase({SERIES.select(metric)}[$__rate_interval])"


def quantile(share: float, by: str, histogram: str) -> str:
    """Return a quantile of a histogram, for each value of a label."""
    return f"histogram_quantile({share}, sum by ({by}, le) ({rate(f'{histogram}_bucket')}))"
