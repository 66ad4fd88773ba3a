import re
from argparse import ArgumentParser
from pathlib import Path

from core import process
from worker.assignment import Folders
from worker.commands import load, prepare

DOCKERFILE = (Path(__file__).parents[2] / "worker" / "Dockerfile").read_text()


def test_worker_parses_the_platforms_arguments():
    parser = ArgumentParser()
    load.add_arguments(parser)
    parsed = parser.parse_args(process.worker_arguments(process.PLAN_FILE, 3))
    assert (parsed.plan, parsed.index) == (Path("/plan/plan.json"), 3)


def test_prepare_parses_the_platforms_arguments():
    parser = ArgumentParser()
    prepare.add_arguments(parser)
    command, *arguments = process.prepare_arguments(process.PLAN_FILE)
    assert command == "prepare"
    assert parser.parse_args(arguments).plan == Path("/plan/plan.json")


def test_command_lines_are_pinned():
    assert process.prepare_arguments("p") == ["prepare", "--plan", "p"]
    assert process.worker_arguments("p", "$(INDEX)") == ["--plan", "p", "--index", "$(INDEX)"]


def test_image_has_folders_and_user_of_contract():
    user, group = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)[0]
    assert int(user) == int(group) == process.WORKER_USER
    folders = re.findall(r"mkdir -p ([^&]+) &&", DOCKERFILE)[0].split()
    assert set(folders) == {process.PLAN_FOLDER, process.RESULTS_FOLDER, process.DATA_FOLDER}


def test_worker_defaults_to_the_images_folders(monkeypatch):
    monkeypatch.delenv(process.DATA_VARIABLE, raising=False)
    monkeypatch.delenv(process.RESULTS_VARIABLE, raising=False)
    assert Folders.of_environment() == Folders(Path("/data"), Path("/results"))


def test_worker_reads_folders_from_the_environment(monkeypatch):
    monkeypatch.setenv("LOADTEST_DATA", "/mnt/ram")
    monkeypatch.setenv("LOADTEST_RESULTS", "/mnt/results")
    assert Folders.of_environment() == Folders(Path("/mnt/ram"), Path("/mnt/results"))


def test_result_file_is_named_by_the_worker():
    assert process.result_file(Path("/results"), "worker-2") == Path("/results/worker-2.json")


def test_command_in_a_message_names_the_stack_if_given():
    assert process.loadtest_command("history") == "./loadtest history"
    assert process.loadtest_command("up", "small") == "./loadtest up -s small"
