"""Retries: pauses, deadline, and errors that are not retried."""

import pytest

from core.errors import ServerError, StorageError
from worker import retry


class Clock:
    """A clock whose time passes only during `sleep`."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.pauses: list[float] = []
        monkeypatch.setattr(retry, "time", self)

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


class Server:
    """A server that refuses a number of attempts, then accepts."""

    def __init__(self, refusals, error=None):
        self.refusals, self.tries = refusals, 0
        self.error = error or ServerError("not yet", transient=True)

    def __call__(self):
        self.tries += 1
        if self.tries <= self.refusals:
            raise self.error


def test_available_server_is_tried_once(clock):
    server = Server(0)
    retry.retry_until(60, server)
    assert (server.tries, clock.pauses) == (1, [])


def test_pauses_grow_to_cap_with_jitter(clock):
    server = Server(12)
    retry.retry_until(60, server)
    assert server.tries == 13
    longest = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2, 2, 2, 2]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(clock.pauses, longest, strict=True))
    assert len(set(clock.pauses)) == 12


def test_deadline_raises_last_error(clock):
    with pytest.raises(ServerError, match=r"^not yet \(gave up after \d+ s\)$"):
        retry.retry_until(60, Server(1_000_000))
    assert 50 < clock.now <= 60


@pytest.mark.parametrize("error", [ServerError("wrong password"), StorageError("full")])
def test_permanent_error_is_raised_without_retry(clock, error):
    server = Server(1, error)
    with pytest.raises(type(error)) as raised:
        retry.retry_until(60, server)
    assert raised.value is error
    assert (server.tries, clock.pauses) == (1, [])
