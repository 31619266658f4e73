"""Options of Spark's readers: what is asked of which servers, and where losses are listed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._loss_log import LossLog
from .._parameters import READERS
from .._parts import Question, urls_in

_OWN = ("urls", "hostsfile", "token", "tokenfile", "timeout", "partbytes", "partial", "table", "pushfilters", "gone", "lossesto")
_STREAM = ("startingns", "maxbytespertrigger", "maxlag", "hostlag", "path")
#: Spark's options have no case.
_ARGUMENTS = {name.replace("_", ""): name for name in READERS}


class Options:
    """What was given, by name, whatever its case."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = {_known(name): value for name, value in given.items()}

    def get(self, name: str) -> str | None:
        return self._given.get(_known(name))

    def question(self) -> Question:
        """:raises ValueError: an option that there is not, or none that says where"""
        return question_of(self._given)

    @property
    def are_losses(self) -> bool:
        return self._choice("table", ("rows", "losses")) == "losses"

    @property
    def pushes_filters(self) -> bool:
        return self._given.get("pushfilters", "false").lower() == "true"

    def loss_log(self) -> LossLog | None:
        folder = self._given.get("lossesto", "")
        return LossLog(folder) if folder else None

    def log_of_gone(self) -> LossLog | None:
        """Where what is gone is counted; nowhere if it is an error."""
        if self._choice("gone", ("error", "loss")) == "error":
            return None
        log = self.loss_log()
        if log is None:
            raise ValueError("option gone=loss: expected lossesTo, a folder in which losses are listed, got none")
        return log

    def _choice(self, name: str, choices: tuple[str, str]) -> str:
        value = self._given.get(name, choices[0])
        if value not in choices:
            raise ValueError(f"option {name}: expected {' or '.join(choices)}, got {value}")
        return value


def _known(name: str) -> str:
    return name.lower().replace("_", "")


def question_of(given: dict[str, str]) -> Question:
    unknown = [key for key in given if key not in (*_OWN, *_STREAM, *_ARGUMENTS)]
    if unknown:
        raise ValueError(f"option: expected one of {', '.join(sorted((*_OWN, *_STREAM, *_ARGUMENTS)))}, got {unknown[0]}")
    urls: list[str] = [url.strip() for url in given.get("urls", "").split(",") if url.strip()]
    if "hostsfile" in given:
        urls += urls_in(given["hostsfile"])
    if not urls:
        raise ValueError("option urls: expected http://HOST:PORT, with commas between them, got nothing")
    token = given.get("token")
    if "tokenfile" in given:
        with open(given["tokenfile"], encoding="utf-8") as file:
            token = file.read().strip()
    arguments: dict[str, Any] = {
        _ARGUMENTS[key]: value for key, value in given.items() if key in _ARGUMENTS and key not in _STREAM
    }
    for name in ("begin", "end"):
        if str(arguments.get(name, "")).lstrip("-").isdigit():
            arguments[name] = int(arguments[name])
    question = Question.of(
        urls,
        token=token,
        timeout=float(given.get("timeout", "60")),
        part_bytes=int(given.get("partbytes", str(96 << 20))),
        partial=given.get("partial", "false").lower() == "true",
        **arguments,
    )
    # Servers give Spark's types, so that tasks cast nothing.
    return replace(question, parameters={**question.parameters, "types": "spark"})
