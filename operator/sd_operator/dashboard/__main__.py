"""Print the dashboard as JSON: `python -m sd_operator.dashboard`."""

from sd_operator.dashboard.dashboard import render

if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a command prints
