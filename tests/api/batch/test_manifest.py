"""The manifest: every combination once, keys that follow the content, and refusals that name the place."""

from pathlib import Path

import pytest

import nichiiki as nk
from nichiiki.batch import jobs_of, read_manifest
from nichiiki_models.errors import FileError, UsageError

RUNS = """
[[runs]]
instances = ["flagship", "small"]
policies = ["points", "welfare"]
seeds = [0, 1]
"""


def written(folder: Path, words: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(words, encoding="utf-8")
    return path


def test_every_combination_is_a_job_once(tmp_path: Path) -> None:
    nk.write(nk.generate(households=5, seed=1), tmp_path / "small")
    manifest = read_manifest(written(tmp_path, RUNS + RUNS))
    jobs = jobs_of(manifest, tmp_path)
    assert len(jobs) == len({job.key for job in jobs}) == 8
    assert [(Path(job.instance).name, job.seed, job.policy) for job in jobs[:3]] == [
        ("flagship", 0, "points"),
        ("flagship", 0, "welfare"),
        ("flagship", 1, "points"),
    ]


def test_keys_follow_the_content_of_the_instance(tmp_path: Path) -> None:
    nk.write(nk.generate(households=5, seed=1), tmp_path / "small")
    manifest = read_manifest(written(tmp_path, RUNS))
    before = jobs_of(manifest, tmp_path)
    assert jobs_of(manifest, tmp_path) == before
    nk.write(nk.generate(households=5, seed=2), tmp_path / "small")
    after = jobs_of(manifest, tmp_path)
    changed = [a.key != b.key for a, b in zip(before, after, strict=True)]
    assert changed == [False] * 4 + [True] * 4


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ("[batch]\nworkers = 0\n" + RUNS, UsageError, "batch.workers"),
        ("[batch]\nmemory = 1\n" + RUNS, UsageError, "batch.memory"),
        ("[[runs]]\ninstances = []\npolicies = ['points']\n", UsageError, "runs.1.instances"),
        (
            "[[runs]]\ninstances = ['flagship']\npolicies = ['nobody']\n",
            UsageError,
            'runs.policies: "nobody" is not known',
        ),
        ("[[runs]]\ninstances = ['nowhere']\npolicies = ['points']\n", UsageError, '"nowhere" is neither'),
        ("[[runs]\n", FileError, "line 1: The file is not TOML"),
        ("", UsageError, "runs"),
    ],
)
def test_what_has_no_meaning_is_named(
    tmp_path: Path, words: str, error: type[Exception], message: str
) -> None:
    path = written(tmp_path, words)
    with pytest.raises(error, match=message):
        jobs_of(read_manifest(path), tmp_path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="The file does not exist"):
        read_manifest(tmp_path / "none.toml")
