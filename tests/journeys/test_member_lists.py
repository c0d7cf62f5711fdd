"""A member's life on the command line: the membership system's list, leaving, knowing, being forgotten."""

from __future__ import annotations

import json

LIST = "email,first_name,audiences\n" + "".join(
    f"m{number}@example.org,=M,governors\n" for number in range(20)
)


def test_list_is_shown_then_done_and_a_wipe_out_stops(fresh):
    crm = fresh.folder / "crm.csv"
    crm.write_text(LIST)
    shown = fresh("member", "sync", crm).stdout
    assert "20 would be added: m0@example.org" in shown
    assert fresh.json("member", "list") == []
    fresh("member", "sync", crm, "--go")
    crm.write_text("\n".join(LIST.splitlines()[:11]))
    assert "10 would be ended" in fresh("member", "sync", crm).stdout
    refused = fresh("member", "sync", crm, "--go", code=1).stderr
    assert "10 of 20 members would go" in refused
    assert "--confirm 10" in refused
    done = fresh("--json", "member", "sync", crm, "--go", "--confirm", "10").json
    assert (done["ended"], done["done"]) == (10, True)
    assert fresh("member", "sync", crm, "--query", "SELECT 1", code=2).stderr


def test_member_who_left_and_is_forgotten_is_told_so(fresh):
    crm = fresh.folder / "crm.csv"
    crm.write_text(LIST)
    fresh("member", "import", crm, "--basis", "consent")
    fresh("member", "unsubscribe", "m1@example.org")
    told = fresh("member", "show", "m1@example.org").stdout
    assert "weekly for governors, each edition, with their consent (crm.csv)" in told
    assert "They left weekly (member unsubscribe)" in told
    held = json.loads(fresh("member", "export", "m1@example.org").stdout)
    assert held["subscriptions"][0]["basis"] == "consent"
    assert "Erased: 1 member" in fresh("member", "forget", "m1@example.org").stdout
    assert "1 asked to be forgotten" in fresh("member", "import", crm).stdout
    assert "--again" in fresh("member", "add", "m1@example.org", code=1).stderr
    assert fresh("member", "add", "m1@example.org", "--again").stdout
    exported = fresh("member", "export").stdout
    assert ",'=M," in exported
