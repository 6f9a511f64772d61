"""The Grafana dashboard, one for all services of an installation; the chart contains it as a generated file."""
