"""The only exception that the kit raises on purpose."""


class KitError(Exception):
    """A failed step. The message names the step and the object, and says what to do next."""
