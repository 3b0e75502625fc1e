"""Worker processes: the same answers, and a file that ends one costs its own refusal and nothing else."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake import Reader, ReaderFailed, Request, isolation, read_bytes, shared
from tests.intake.phantoms import dataset, encoded, ramp, saved
from tests.intake.test_archive import zipped

ROOT = Path(__file__).resolve().parents[2]
GOOD = saved(dataset(ramp(600, 400), WindowCenter=["5", "6"], WindowWidth=["7", "8"], ViewPosition="CC"))
posix = pytest.mark.skipif(os.name != "posix", reason="signals and /proc")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as reader:
        yield reader


def pid(reader: Reader) -> int:
    process = reader._idle.queue[-1]._process
    assert process is not None
    return process.pid


def one(reader: Reader, data: bytes = GOOD, name: str = "a.dcm") -> Mammogram | Refusal:
    (answer,) = reader.read(name, data)
    return answer


def code(answer: Mammogram | Refusal) -> str:
    assert isinstance(answer, Refusal)
    return answer.code


@pytest.mark.parametrize("data", [GOOD, encoded(".png", ramp(300, 280)), b"", b"a letter", GOOD[:5000]])
def test_a_worker_answers_as_read_bytes_does(reader: Reader, data: bytes) -> None:
    there, here = one(reader, data, "x/R-CC"), read_bytes("x/R-CC", data)[0]
    assert type(there) is type(here)
    if isinstance(here, Refusal):
        assert there == here
        return
    assert isinstance(there, Mammogram)
    assert np.array_equal(there.pixels, here.pixels)
    assert not there.pixels.flags.writeable
    rest = [field.name for field in fields(Mammogram) if field.name != "pixels"]
    assert [getattr(there, name) for name in rest] == [getattr(here, name) for name in rest]


def test_members_of_an_archive_are_read_one_by_one(reader: Reader) -> None:
    request = Request()
    data = zipped(("x/1.dcm", GOOD), ("x/Thumbs.db", b"x"), ("x/letter.txt", b"Dear colleague"))
    found = list(reader.read("a.zip", data, request=request))
    assert [(type(item), item.name) for item in found] == [
        (Mammogram, "a.zip!x/1.dcm"),
        (Refusal, "a.zip!x/letter.txt"),
    ]
    assert request.passed_over == 1


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Reader]:
    """A reader whose worker does what its file says: it gets stuck, dies, prints, or takes memory."""
    (tmp_path / "misbehave.py").write_text(
        "import os, signal, sys, time\n"
        "import mammo_core.intake.reading as intake\n"
        "read = intake.read_bytes\n"
        "def read_bytes(name, data, lenient=False):\n"
        "    while data == b'stuck': pass\n"
        "    if data == b'asleep': time.sleep(600)\n"
        "    if data == b'segfault': os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    if data == b'killed': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if data == b'raise': raise KeyError('Jane Doe')\n"
        "    if data == b'memory': bytearray(4 << 30)\n"
        "    if data == b'print': print('Jane Doe'); os.write(1, b'Jane Doe'); os.write(2, b'Jane Doe')\n"
        "    return read(name, data, lenient=lenient)\n"
        "intake.read_bytes = read_bytes\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    serve = "from mammo_core.intake.worker import serve"
    started = subprocess.Popen
    monkeypatch.setattr(
        isolation.subprocess,
        "Popen",
        lambda words, **options: started(
            [*words[:-1], words[-1].replace(serve, f"import misbehave; {serve}")], **options
        ),
    )
    with Reader(seconds=1.0) as reader:
        yield reader


@posix
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"stuck", "took_too_long"),
        (b"asleep", "took_too_long"),
        (b"segfault", "crashed"),
        (b"raise", "crashed"),
        (b"killed", "too_much_memory"),
        (b"memory", "too_much_memory"),
    ],
)
def test_a_file_that_ends_its_worker_costs_one_refusal(
    bad: Reader, data: bytes, expected: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    found = list(bad.read("a.zip", zipped(("1.dcm", GOOD), ("2.dcm", data), ("3.dcm", GOOD))))
    assert [type(item) for item in found] == [Mammogram, Refusal, Mammogram]
    assert code(found[1]) == expected
    assert found[1].name == "a.zip!2.dcm"
    assert not any(word in caplog.text for word in ("Jane", "2.dcm"))
    assert capfd.readouterr() == ("", "")


@posix
def test_what_decoders_print_goes_nowhere_and_into_no_answer(bad: Reader, capfd: pytest.CaptureFixture[str]) -> None:
    assert code(one(bad, b"print")) == "not_an_image"
    assert isinstance(one(bad), Mammogram)
    assert capfd.readouterr() == ("", "")


@posix
def test_many_files_are_answered_in_their_order_by_all_workers_at_once() -> None:
    taken: list[str] = []

    def uploads() -> Iterator[tuple[str, bytes]]:
        for number in range(7):
            taken.append(f"{number}.png")
            yield f"{number}.png", (GOOD if number != 3 else b"nonsense")

    with Reader(workers=2) as reader:
        answers = reader.read_all(uploads())
        first = next(answers)
        assert first.name == "0.png"
        assert len(taken) <= 4  # what is not needed yet is not taken
        found = [first, *answers]
        workers = [worker._process for worker in reader._idle.queue]
    assert [answer.name for answer in found] == [f"{number}.png" for number in range(7)]
    assert [isinstance(answer, Refusal) for answer in found] == [number == 3 for number in range(7)]
    assert None not in workers


def test_a_worker_that_died_idle_costs_nothing(reader: Reader) -> None:
    one(reader)
    os.kill(pid(reader), signal.SIGKILL)
    os.waitid(os.P_PID, pid(reader), os.WEXITED | os.WNOWAIT)
    assert isinstance(one(reader), Mammogram)


@posix
def test_files_of_many_threads_wait_for_the_worker_and_none_is_lost(bad: Reader) -> None:
    found: list[Mammogram | Refusal] = []
    data = [GOOD, b"segfault", GOOD, b"stuck", GOOD, b"letter"]
    threads = [threading.Thread(target=lambda d=d: found.append(one(bad, d))) for d in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted("read" if isinstance(item, Mammogram) else item.code for item in found) == [
        "crashed",
        "not_an_image",
        "read",
        "read",
        "read",
        "took_too_long",
    ]


def test_a_system_without_a_memory_cap_says_so_once(
    bad: Reader, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolation._say_that_memory_is_not_capped.cache_clear()
    monkeypatch.setattr(isolation._Worker, "_talk", lambda *_: (False, True))
    with caplog.at_level(logging.WARNING):
        for worker in (isolation._Worker(1, 1), isolation._Worker(1, 1)):
            worker._greet(None)
    assert len(caplog.records) == 1
    assert "caps no memory" in caplog.text


def test_a_worker_that_cannot_start_is_no_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.sys, "executable", "/bin/false")
    with Reader() as reader, pytest.raises(ReaderFailed, match="could not be started"):
        one(reader)


def run(script: str, **options) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_worker_imports_intake_alone() -> None:
    script = (
        "import sys, mammo_core.intake.reading\n"
        "print({'openvino', 'tensorflow', 'streamlit', 'sklearn', 'mammo_core.inference'} & set(sys.modules))"
    )
    with run(script) as process:
        assert process.communicate(timeout=60)[0] == "set()\n"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="/proc")
def test_who_only_asks_readers_imports_no_decoder() -> None:
    asked = "import sys, mammo_core.intake; print(sorted({'pydicom', 'imagecodecs', 'PIL', 'cv2'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_worker_leaves_with_its_parent() -> None:
    script = (
        "from mammo_core.intake import shared\n"
        "list(shared().read('a', b'x'))\n"
        "print(shared()._idle.queue[-1]._process.pid, flush=True)\n"
        "input()\n"
    )
    with run(script, stdin=subprocess.PIPE) as parent:
        worker = int(parent.stdout.readline())
        assert alive(worker)
        parent.kill()
    until = time.monotonic() + 20
    while alive(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(worker)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except OSError:
        return False


def test_a_script_without_a_main_guard_reads_files() -> None:
    script = "import mammo_core\nexams, refusals = mammo_core.read_uploads([('a.txt', b'x')])\nprint(refusals[0].code)"
    with run(script) as process:
        assert process.stdout.read() == "not_an_image\n"
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


@posix
def test_ctrl_c_does_not_reach_the_worker(reader: Reader) -> None:
    one(reader)
    assert os.getpgid(pid(reader)) != os.getpgid(os.getpid())
    before = pid(reader)
    os.kill(before, signal.SIGINT)
    assert isinstance(one(reader), Mammogram)
    assert pid(reader) == before


def test_the_reader_of_a_process_is_one() -> None:
    assert shared() is shared()
