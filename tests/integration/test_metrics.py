"""The metrics of a run, as Prometheus' own parser reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, add_items, add_members
from click.testing import CliRunner
from projects import AUDIENCES
from prometheus_client.parser import text_string_to_metric_families

from newsletter.cli.main import main
from newsletter.workflows.sort import sort_when_rules_changed

DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
NEWSLETTERS = [{"name": "weekly", "audiences": list(AUDIENCES), "approval": "automatic", "timezone": "UTC"}]


@pytest.fixture
def run(open_project, tmp_path):
    """Run at a time with --metrics, and return what the file says by name and labels."""
    feeds = [{"name": "gone", "url": "feeds/gone.xml"}]
    project = open_project(newsletters=NEWSLETTERS, feeds=feeds)
    sort_when_rules_changed(project)
    add_items(project, {"roof": "governors"}, now=NOW - timedelta(hours=3))
    add_members(project, ["anna", "ben"])
    file = tmp_path / "newsletter.prom"

    def run(at, file=file):
        args = ["-C", project.config.folder, "run", "--now", at.isoformat(), "--metrics", file]
        run.done = CliRunner().invoke(main, list(map(str, args)), catch_exceptions=False)
        if not file.exists():
            return {}
        families = list(text_string_to_metric_families(file.read_text("utf-8")))
        assert all(it.documentation and it.type == "gauge" for it in families)
        samples = [it for family in families for it in family.samples]
        assert {it.labels.pop("project") for it in samples} == {str(project.config.folder)}
        return {(it.name, *it.labels.values()): it.value for it in samples}

    return run


def test_file_says_how_things_stand_also_when_nothing_was_due(run, tmp_path):
    run(NOW - timedelta(days=1))
    run(NOW)
    run(DUE)
    quiet = DUE + timedelta(minutes=1)
    said = run(quiet)
    assert (run.done.stdout, run.done.stderr) == ("", "")
    assert said["newsletter_last_run_timestamp_seconds",] == quiet.timestamp()
    assert (said["newsletter_last_run_success",], said["newsletter_last_run_troubles",]) == (1, 0)
    assert said["newsletter_editions", "weekly", "sent"] == 1
    assert said["newsletter_last_edition_deliveries", "weekly", "sent"] == 2
    assert said["newsletter_last_edition_deliveries", "weekly", "pending"] == 0
    assert said["newsletter_unknown_deliveries", "weekly"] == 0
    assert (
        said["newsletter_next_edition_due_seconds", "weekly"] == timedelta(days=7, minutes=-1).total_seconds()
    )
    assert (said["newsletter_feeds_failing",], said["newsletter_feed_up", "gone"]) == (1, 0)
    assert [value for (name, *_), value in said.items() if name == "newsletter_relay_up"] == [1]
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["newsletter.prom"]  # nothing half written


def test_run_that_met_trouble_says_so(run):
    said = run(NOW)
    assert (said["newsletter_last_run_success",], said["newsletter_last_run_troubles",]) == (0, 1)


def test_file_that_cannot_be_written_is_told_once(run, tmp_path):
    run(NOW)
    nowhere = tmp_path / "nowhere" / "newsletter.prom"
    run(NOW + timedelta(minutes=1), nowhere)
    assert f"newsletter: metrics: {nowhere} cannot be written: No such file or directory" in run.done.stderr
    assert run.done.exit_code == 3
    run(NOW + timedelta(minutes=2), nowhere)
    assert run.done.stderr == ""
