"""Why a request got no timeline: one of the wire's error kinds, and a sentence for whoever sent it."""


class Refusal(Exception):  # noqa: N818 - the contract's word
    """A request that is answered with an error; `kind` is one of the wire's, `sentence` says what to do."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence
