"""The secret of a relay, from real files and real commands."""

from __future__ import annotations

import shlex
import sys

import pytest
from projects import load, small_settings

from newsletter.errors import ConfigError, RelayRejected, TransportError
from newsletter.workflows.secrets import PasswordCommand, relay_secret
from newsletter.workflows.ways import make_transport


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def secret(tmp_path, environ=None, **login):
    smtp = {"host": "smtp.example.org", "username": "news", **login}
    config = load(tmp_path, small_settings(smtp=smtp))
    return relay_secret(config, config.relays[0], environ or {})


def test_secret_of_a_relay_without_login(tmp_path):
    config = load(tmp_path, small_settings(smtp={"host": "smtp.example.org"}))
    assert relay_secret(config, config.relays[0], {}) is None


@pytest.mark.parametrize("auth", ["password", "xoauth2"])
def test_secret_from_the_environment(tmp_path, auth):
    assert secret(tmp_path, {"NAME": " hush "}, password_env="NAME", auth=auth) == " hush "
    with pytest.raises(ConfigError, match="NAME, which is not set"):
        secret(tmp_path, {}, password_env="NAME", auth=auth)


def test_password_from_a_file_is_read_once(tmp_path):
    (tmp_path / "secret").write_text("hush\r\n")
    assert secret(tmp_path, password_file="secret") == "hush"


def test_token_from_a_file_is_read_again_each_time(tmp_path):
    path = tmp_path / "token"
    path.write_text("first\n")
    token = secret(tmp_path, password_file="token", auth="xoauth2")
    assert token() == "first"
    path.write_text("second\n")
    assert token() == "second"
    path.unlink()
    with pytest.raises(TransportError, match="cannot be read") as caught:
        token()
    assert not isinstance(caught.value, RelayRejected)  # somebody may be writing it


@pytest.mark.parametrize("auth", ["password", "xoauth2"])
def test_file_that_is_not_there(tmp_path, auth):
    with pytest.raises(ConfigError, match=r"smtp\.password_file"):
        secret(tmp_path, password_file="nowhere", auth=auth)


COUNTING = "from pathlib import Path; p = Path('runs'); p.open('a').write('x'); print(len(p.read_text()))"


@pytest.mark.parametrize(("auth", "given"), [("password", ["1", "1"]), ("oauthbearer", ["1", "2"])])
def test_command_is_run_again_for_a_token_only(tmp_path, auth, given):
    password = secret(tmp_path, password_command=command(COUNTING), auth=auth)
    assert not (tmp_path / "runs").exists()  # only when a login needs it
    assert [password(), password()] == given
    assert (tmp_path / "runs").exists()  # in the project folder


def test_command_gives_its_first_line_and_sees_no_shell(tmp_path):
    code = "import sys; print(sys.argv[1]); print('login: news')"
    assert PasswordCommand(f"{command(code)} '$HOME; ls'", tmp_path)() == "$HOME; ls"


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ("no-such-program --now", RelayRejected, "no-such-program cannot be run"),
        (command("pass"), RelayRejected, "gave no secret"),
        (command("print()"), RelayRejected, "gave no secret"),
        (command("print('hush'); raise SystemExit(3)"), TransportError, "failed with exit code 3"),
        (command("import sys; print(sys.stdin.read() or 'closed'); sys.exit(4)"), TransportError, "code 4"),
        (command("import time; time.sleep(60)"), TransportError, "gave nothing in 0.2 s"),
    ],
)
def test_command_that_gives_nothing(tmp_path, given, kind, text):
    with pytest.raises(TransportError, match=text) as caught:
        PasswordCommand(given, tmp_path, timeout_s=0.2 if "sleep" in given else 30)()
    assert type(caught.value) is kind
    assert "hush" not in str(caught.value)


def test_command_that_failed_is_run_again(tmp_path):
    code = "from pathlib import Path; print(Path('ready').read_text())"
    password = PasswordCommand(command(code), tmp_path)
    with pytest.raises(TransportError):
        password()
    (tmp_path / "ready").write_text("hush")
    assert password() == "hush"


def test_login_and_time_outs_of_the_settings_reach_the_relay(tmp_path):
    smtp = {
        "host": "smtp.example.org",
        "username": "news",
        "auth": "xoauth2",
        "password_command": command("print('token-7')"),
        "timeouts": {"command": "40s"},
    }
    config = load(tmp_path, small_settings(smtp=smtp))
    relay = make_transport(config, config.relays[0], {})._relay
    assert (relay.auth, relay.timeouts.command_s, relay.timeouts.answer_s) == ("xoauth2", 40, 600)
    assert relay.password() == "token-7"
