"""What a data set says when it can't be read as asked."""


class Unreadable(Exception):
    """The user's data or parameters are wrong, or a download failed.

    Attributes:
        key: The data set's parameter that is to be changed; None: none in particular.
    """

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key

    def __reduce__(self) -> tuple[type["Unreadable"], tuple[str | None, str]]:
        return type(self), (self.key, str(self))  # a process that reads ahead sends it
