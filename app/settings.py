"""One frozen Settings; the only reader of the environment (prefix BLASTSCREEN_).

Every variable may name a file instead, by `_FILE` behind its name: BLASTSCREEN_DATABASE_URL_FILE=/run/secrets/database.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta, tzinfo
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from app.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[1]
MIB = 1024 * 1024
KIB = 1024
PREFIX = "BLASTSCREEN_"
EXAMPLES = {
    "",
    "blastscreen",
    "changeit",
    "changeme",
    "example",
    "password",
    "postgres",
    "replaceme",
    "secret",
    "yoursecret",
}
"""Secrets as examples write them: letters and digits only, in lower case."""
FROM_FILE = "_FILE"
NOT_OURS = ("BLASTSCREEN_TEST_", "BLASTSCREEN_PORT", "BLASTSCREEN_SERVICE_")
"""What the tests ask for, and what Kubernetes tells of a service named `blastscreen`."""


class UnusableSetting(Misconfigured):
    code = "setting_unusable"


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _without_last_slash(url: str) -> str:
    return url.rstrip("/")


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        ip_network(name)  # so that `*`, which would believe anybody, is refused
    return names


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]", name):
            raise ValueError("give bare names, without https://, port or *, such as als.example.org")
    return names


def _zone_named(name: str) -> tzinfo:
    """UTC needs no table of zones, which a small machine may lack."""
    return UTC if name == "UTC" else ZoneInfo(name)


def _zone_name(name: str) -> str:
    try:
        _zone_named(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(
            "this machine knows no time zone of this name; give an IANA name such as Europe/Berlin or UTC (and where "
            "every name is refused, install the system's tzdata)"
        ) from error
    return name


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Time = Annotated[timedelta, Field(gt=timedelta(0))]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = Field(
        default=f"sqlite:///{ROOT / 'var' / 'blastscreen.db'}",
        description="SQLite or PostgreSQL, as SQLAlchemy's URL",
        repr=False,
    )
    image_store: Path = Field(default=ROOT / "var" / "images", description="folder of the stored pixels")
    spool: Path = Field(default=ROOT / "var" / "spool", description="folder where uploads wait while they come in")
    bundle: Path = Field(
        default=ROOT / "models" / "blastscreen-cnn-19",
        validation_alias="BLASTSCREEN_MODEL",
        description="folder of the model that serves",
    )
    reference_cells: Path | None = Field(
        default=None, description="folder of reference cells, with `ALL/` and `HEM/`; none: only distances are shown"
    )
    inference_threads: int = Field(default=1, ge=1, description="ONNX Runtime's threads for one image")

    image_bytes: int = Field(default=16 * MIB, ge=1, description="largest image file")
    image_pixels: int = Field(default=40_000_000, ge=1, description="largest image, in pixels")
    screening_bytes: int = Field(default=17 * MIB, ge=1, description="largest body of a REST screening")
    upload_bytes: int = Field(
        default=512 * MIB, ge=1, description="largest body of the upload page, and the most that its archives unpack to"
    )
    upload_files: int = Field(default=500, ge=1, description="most files in one upload")
    request_bytes: int = Field(default=64 * KIB, ge=1, description="largest body of every other request")

    hosts: Annotated[Names, AfterValidator(_host_names)] = Field(
        default=(), description="names that `Host` may have, with commas between; none: any"
    )
    trusted_proxies: Annotated[Names, AfterValidator(_networks)] = Field(
        default=(), description="addresses or networks of proxies whose X-Forwarded-For and -Proto are believed"
    )
    requests_at_once: int = Field(default=128, ge=1, description="more at once than this are told to come back")
    body_patience: Time = Field(default=timedelta(seconds=20), description="how long a body may keep us waiting")
    body_rate: int = Field(default=16 * KIB, ge=1, description="bytes that buy a slow body one more second")

    session_idle: Time = Field(default=timedelta(minutes=30), description="a session ends after this long unused")
    lock_after: Time = Field(default=timedelta(minutes=15), description="an unwatched page empties itself")
    session_life: Time = Field(default=timedelta(hours=12), description="a session ends after this long anyway")
    rate_limit: str = Field(default="600/minute", description="how often one lab client may ask")
    rate_limit_store: str = Field(
        default="memory://", description="where that is counted: `redis://…` for several workers", repr=False
    )
    time_zone: Annotated[str, AfterValidator(_zone_name)] = Field(
        default="UTC", description="the site's time zone by its IANA name, for pages and reports"
    )
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error")

    public_url: Annotated[str, AfterValidator(_without_last_slash)] = Field(
        default="", description="this service's address as browsers know it, for one-time links; OIDC needs it"
    )
    oidc_issuer: str = Field(default="", description="the OpenID Connect provider's issuer; none: no such provider")
    oidc_client_id: str = Field(default="", description="what the provider calls this service")
    oidc_client_secret: SecretStr | None = Field(default=None, description="what the provider knows this service by")
    oidc_groups_claim: str = Field(default="groups", description="the claim that lists somebody's groups")
    oidc_roles: Names = Field(default=(), description="`group=role`, with commas between")
    oidc_name: str = Field(default="single sign-on", description="what the sign-in page calls the provider")

    @property
    def zone(self) -> tzinfo:
        return _zone_named(self.time_zone)

    @property
    def oidc_is_wanted(self) -> bool:
        """Whether anything at all was said of a provider: half a configuration is not none."""
        return bool(self.oidc_issuer or self.oidc_client_id or self.oidc_client_secret or self.oidc_roles)

    @field_validator("oidc_client_secret")
    @classmethod
    def _is_no_example(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and re.sub(r"\W|_", "", secret.get_secret_value().lower()) in EXAMPLES:
            raise ValueError("this is an example's secret, which everybody knows; put in the real one")
        return secret

    @field_validator("database_url")
    @classmethod
    def _has_no_example_password(cls, url: str) -> str:
        password = urlsplit(url).password
        if password and re.sub(r"\W|_", "", unquote(password).lower()) in EXAMPLES:
            raise ValueError("its password is an example's, which everybody knows; put in the real one")
        return url

    @property
    def bundle_is_chosen(self) -> bool:
        """Whether the operator named a model; else it is the default, which must not be one for demonstration."""
        return "bundle" in self.model_fields_set

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917  pydantic-settings calls it
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _FromFiles(settings_cls), env_settings


class _FromFiles(PydanticBaseSettingsSource):
    """Settings whose variable names a file that holds the value, as container secrets do."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        return {
            str(fields[name].validation_alias or name): _content(variable, environment=os.environ)
            for variable, name in _variables().items()
            if variable + FROM_FILE in os.environ
        }


def _content(variable: str, *, environment: Mapping[str, str]) -> str:
    if variable in environment:
        raise UnusableSetting(f"{variable} and {variable}{FROM_FILE} are both set. Keep one of them.")
    try:
        return Path(environment[variable + FROM_FILE]).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableSetting(f"The file that {variable}{FROM_FILE} names cannot be read: {error}.") from error


def _variables() -> dict[str, str]:
    """Each setting's variable and its name here."""
    fields = Settings.model_fields.items()
    return {str(field.validation_alias or PREFIX + name.upper()): name for name, field in fields}


def _refuse_unknown(environment: Iterable[str]) -> None:
    """Misspelt, BLASTSCREEN_HOSTS or BLASTSCREEN_TRUSTED_PROXIES would protect nobody, and nobody would know."""
    known = _variables()
    ours = (name for name in environment if name.upper().startswith(PREFIX) and not name.upper().startswith(NOT_OURS))
    for name in sorted(ours):
        if name.upper().removesuffix(FROM_FILE) not in known:
            meant = get_close_matches(name.upper(), known, n=1)
            hint = f" Is {meant[0]} meant?" if meant else ""
            raise UnusableSetting(f"There is no setting {name}.{hint} The README lists them all.")


def read_settings() -> Settings:
    """Raises UnusableSetting, which names the variable and never shows what it held."""
    _refuse_unknown(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(f"{_variable(one['loc'])}: {one['msg']}" for one in error.errors())
        raise UnusableSetting(f"The configuration cannot be used. {told}.") from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return name if name.startswith(PREFIX) else PREFIX + name.upper()
