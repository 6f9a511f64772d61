"""The one error of the kit: a sentence for the person at the terminal."""


class KitError(Exception):
    """What could not be done, to which thing, and what to do next."""
