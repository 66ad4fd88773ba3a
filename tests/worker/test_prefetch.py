import os
import sys
import threading

import pytest

from worker.prefetch import Prefetcher


def test_prefetcher_keeps_order():
    with Prefetcher(iter(range(1000)), depth=2) as items:
        assert list(items) == list(range(1000))


def test_prefetcher_without_items_is_empty():
    with Prefetcher(iter(()), depth=2) as items:
        assert list(items) == []


def test_producer_error_is_raised_after_earlier_items():
    def broken():
        yield 1
        raise ZeroDivisionError("made here")

    read: list[int] = []
    with Prefetcher(broken(), depth=2) as items, pytest.raises(ZeroDivisionError, match="made here"):
        read.extend(iter(lambda: next(items), None))
    assert read == [1]


def test_producer_stops_at_depth():
    made = []
    third = threading.Event()

    def counting():
        for number in range(100):
            made.append(number)
            if number == 3:
                third.set()
            yield number

    with Prefetcher(counting(), depth=2) as items:
        assert next(items) == 0
        # Item 0 is taken, 1 and 2 wait, 3 is made and finds no place.
        assert third.wait(10)
        assert made == [0, 1, 2, 3]


def test_leaving_reader_stops_producer():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    maker = endless()
    with Prefetcher(maker, depth=1) as items:
        next(items)
    maker.close()
    assert closed.is_set()
    assert "generate" not in [thread.name for thread in threading.enumerate()]


def test_reader_error_is_raised():
    with pytest.raises(KeyError), Prefetcher(iter(range(10)), depth=1):
        raise KeyError


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux alone")
def test_producer_has_lower_priority():
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    made = (os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) for _ in range(1))
    with Prefetcher(made, depth=1) as items:
        assert list(items) == [min(ours + 5, 19)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
