"""The configuration: told in the README, taken from the environment or from files, and refused where it is unusable."""

import re
from pathlib import Path

import pytest

from app.schema import ROOT
from app.settings import PREFIX, Settings, UnusableSetting, read_settings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_the_readme_lists_every_setting_as_it_is_described() -> None:
    table = re.findall(
        r"^\| `(BLASTSCREEN_\w+)` \|.*\| (.+) \|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    fields = Settings.model_fields.items()

    described = {str(field.validation_alias or PREFIX + name.upper()): field.description for name, field in fields}

    assert dict(table) == described


def test_a_value_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "database").write_text("postgresql+psycopg://blastscreen:sesame@db/blastscreen\n")
    (tmp_path / "model").write_text("/models/ours\n")
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL_FILE", str(tmp_path / "database"))
    monkeypatch.setenv("BLASTSCREEN_MODEL_FILE", str(tmp_path / "model"))

    settings = read_settings()

    assert settings.database_url == "postgresql+psycopg://blastscreen:sesame@db/blastscreen"
    assert settings.bundle == Path("/models/ours")
    assert settings.bundle_is_chosen
    assert "sesame" not in repr(settings)


def test_a_value_from_two_places_or_from_no_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BLASTSCREEN_LOG_LEVEL_FILE", str(tmp_path / "nothing"))
    with pytest.raises(UnusableSetting, match="BLASTSCREEN_LOG_LEVEL_FILE names cannot be read"):
        read_settings()

    monkeypatch.setenv("BLASTSCREEN_LOG_LEVEL", "info")
    with pytest.raises(UnusableSetting, match="both set"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BLASTSCREEN_BODY_RATE", "sesame"),
        ("BLASTSCREEN_TRUSTED_PROXIES", "10.0.0.1, sesame"),
        ("BLASTSCREEN_TRUSTED_PROXIES", "*"),
        ("BLASTSCREEN_HOSTS", "https://als.example.org"),
        ("BLASTSCREEN_HOSTS", "als.example.org, als.example.org:8443"),
        ("BLASTSCREEN_HOSTS", "*"),
        ("BLASTSCREEN_REQUESTS_AT_ONCE", "0"),
        ("BLASTSCREEN_IMAGE_BYTES", "0"),
        ("BLASTSCREEN_UPLOAD_FILES", "-1"),
        ("BLASTSCREEN_SESSION_IDLE", "PT0S"),
        ("BLASTSCREEN_BODY_PATIENCE", "-PT20S"),
        ("BLASTSCREEN_LOG_LEVEL", "loud"),
        ("BLASTSCREEN_TIME_ZONE", ""),
        ("BLASTSCREEN_TIME_ZONE", "CEST"),
        ("BLASTSCREEN_TIME_ZONE", "Europe"),
        ("BLASTSCREEN_TIME_ZONE", "Europe/Berlni"),
        ("BLASTSCREEN_TIME_ZONE", "../../etc/passwd"),
    ],
)
def test_an_unusable_value_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(UnusableSetting) as refused:
        read_settings()

    assert variable in refused.value.message


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("BLASTSCREEN_TRUSTED_PROXY", "BLASTSCREEN_TRUSTED_PROXIES"),
        ("BLASTSCREEN_HOST", "BLASTSCREEN_HOSTS"),
        ("blastscreen_data_base_url_file", "BLASTSCREEN_DATABASE_URL"),
        ("BLASTSCREEN_BUNDLE", ""),
    ],
)
def test_a_setting_that_there_is_not_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, "sesame")

    with pytest.raises(UnusableSetting) as refused:
        read_settings()

    assert f"no setting {variable}" in refused.value.message
    assert meant in refused.value.message
    assert "sesame" not in refused.value.message


def test_what_kubernetes_and_the_tests_set_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "PORT_8000_TCP_ADDR", "SERVICE_HOST", "SERVICE_PORT", "TEST_CELLS"):
        monkeypatch.setenv(f"BLASTSCREEN_{name}", "10.0.0.7")
    monkeypatch.setenv("BLASTSCREEN_HOSTS", "als.example.org, [::1], 10.0.0.7, als-2")

    assert read_settings().hosts == ("als.example.org", "[::1]", "10.0.0.7", "als-2")


@pytest.mark.parametrize("secret", ["change-me", "CHANGE ME", "secret", "example", "…", "<your-secret>"])
def test_an_examples_secret_stops_the_start_and_is_not_shown(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("BLASTSCREEN_OIDC_CLIENT_SECRET", secret)
    with pytest.raises(UnusableSetting, match="BLASTSCREEN_OIDC_CLIENT_SECRET") as refused:
        read_settings()
    assert secret not in refused.value.message.replace("example's secret", "")

    monkeypatch.delenv("BLASTSCREEN_OIDC_CLIENT_SECRET")
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", f"postgresql+psycopg://blastscreen:{secret}@db/blastscreen")
    with pytest.raises(UnusableSetting, match="BLASTSCREEN_DATABASE_URL"):
        read_settings()


def test_a_database_without_a_password_is_the_operators_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", "postgresql+psycopg://blastscreen@/blastscreen?host=/run/postgresql")

    assert read_settings().database_url.endswith("/run/postgresql")
