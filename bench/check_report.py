"""A short run, and the document written from it. Run by bench/check."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

BENCH, ARTIFACTS = sys.argv[1:3]
PROGRAM = ["dotnet", os.path.join(ARTIFACTS, "bin", "Asyncore.Bench", "release", "Asyncore.Bench.dll")]
PAGE = os.path.join(BENCH, "..", "docs", "performance.md")


def bench(*arguments):
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=120)


def measure(results):
    result = bench("--artifacts", ARTIFACTS, "--results", results, "--rounds", "1", "--window", "100",
                   "--only", "echo-50x64,sends-50x16x64,churn,idle-10k,forward-16x64k,forward-idle",
                   "--candidates", "uring_echo,uv_echo,epoll_echo,epoll_forward_splice,asyncore_forward_epoll")
    assert result.returncode == 0, result
    for heading in ("## echo, 50 connections × 64 B\n", "a send for each message", "come and go", "10,000 idle ones",
                    "64 KiB, one way"):
        assert heading in result.stdout, (heading, result.stdout)
    file, = glob.glob(results + "/*.json")
    with open(file) as content:
        workloads = {one["name"]: one for one in json.load(content)["workloads"]}
    for workload in workloads.values():
        for candidate in workload["candidates"]:
            assert candidate["failure"] is None and len(candidate["pairs"]) == 1, candidate
            assert candidate["summary"]["cpu_ratio"]["median"] > 0, candidate
            assert (candidate["summary"]["idle_bytes_each"] is not None) == ("idle" in workload["name"]), candidate
    print("ok  a run:", ", ".join(workloads))
    return file


def write(docs, *files):
    result = bench("--report", docs, *files)
    assert result.returncode == 0, result
    with open(os.path.join(docs, "performance.md")) as page:
        return page.read()


def check_document(docs, file):
    os.mkdir(docs)
    shutil.copy(PAGE, docs)
    with open(PAGE) as page:
        first = page.read()
    text = write(docs, file)
    for part in ("## Targets", "| C libuv | ", "## Latency", "| connections that come and go |", "## Idle connections",
                 "## Forwarding", "| C epoll, splicing | "):
        assert part in text, (part, text)
    by_hand = first.rpartition("<!-- /bench:")[2]
    assert text.endswith(by_hand), "what was written by hand was changed"
    stored = glob.glob(docs + "/results/*.json")
    assert len(stored) == 1 and os.path.getsize(stored[0]) * 2 < os.path.getsize(file), "what is stored is not small"
    charts = sorted(os.path.basename(chart) for chart in glob.glob(docs + "/charts/*.svg"))
    assert charts == ["cpu-ratio.svg", "forwarding.svg", "idle-memory.svg", "latency.svg"], charts
    for chart in charts:
        assert chart in text, chart
        xml.etree.ElementTree.parse(os.path.join(docs, "charts", chart))
    assert write(docs) == text, "what is stored gives another document"
    print("ok  the document, its charts, and both again from what was stored")


def check_refusals(docs, results):
    for arguments in (["--nothing"], ["--only", "nothing"], ["--rounds", "0"]):
        assert bench(*arguments).returncode == 2, arguments
    bad = os.path.join(results, "bad.json")
    with open(bad, "w") as file:
        file.write("[]")
    assert bench("--report", docs, bad).returncode == 1
    assert len(glob.glob(docs + "/results/*.json")) == 1, "a bad file cost the good ones"
    with open(os.path.join(docs, "performance.md"), "a+") as page:
        page.truncate(0)
    result = bench("--report", docs)
    assert result.returncode == 1 and "lacks" in result.stderr, result
    print("ok  refuses wrong options, files and documents")


with tempfile.TemporaryDirectory() as directory:
    RESULTS, DOCS = os.path.join(directory, "results"), os.path.join(directory, "docs")
    FILE = measure(RESULTS)
    check_document(DOCS, FILE)
    check_refusals(DOCS, RESULTS)
