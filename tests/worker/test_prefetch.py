"""The prefetcher: order, depth, errors, and the end of its thread."""

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
        raise ZeroDivisionError("produced here")

    read: list[int] = []
    with Prefetcher(broken(), depth=2) as items, pytest.raises(ZeroDivisionError, match="produced here"):
        read.extend(iter(lambda: next(items), None))
    assert read == [1]


def test_producer_waits_when_queue_is_full():
    produced = []
    third = threading.Event()

    def counting():
        for number in range(100):
            produced.append(number)
            if number == 3:
                third.set()
            yield number

    with Prefetcher(counting(), depth=2) as items:
        assert next(items) == 0
        # Item 0 is read, 1 and 2 are in the queue, and 3 is produced but does not fit.
        assert third.wait(10)
        assert produced == [0, 1, 2, 3]


def test_producer_stops_when_reader_leaves():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    producer = endless()
    with Prefetcher(producer, depth=1) as items:
        next(items)
    producer.close()
    assert closed.is_set()
    assert "generate" not in [thread.name for thread in threading.enumerate()]


def test_reader_error_is_raised():
    with pytest.raises(KeyError), Prefetcher(iter(range(10)), depth=1):
        raise KeyError


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority per thread")
def test_producer_has_lower_priority():
    priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    produced = (os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) for _ in range(1))
    with Prefetcher(produced, depth=1) as items:
        assert list(items) == [min(priority + 5, 19)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == priority
