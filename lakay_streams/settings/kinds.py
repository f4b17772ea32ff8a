"""The kinds of values that settings have, and what a group of settings is."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakay_streams.domain.business_day import ZONES
from lakay_streams.domain.compliance.words import CHANNELS, folded

MAX_PORT = 65_535


def _topic(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name):
        raise ValueError("a Kafka topic's name has 1 to 249 letters, digits, dots, dashes or underscores")
    return name


def _servers(servers: str) -> str:
    for server in servers.split(","):
        place = re.fullmatch(r"\s*(\[[0-9a-fA-F:]+\]|[^\s:/@]+):([0-9]{1,5})\s*", server)
        if place is None or not 1 <= int(place[2]) <= MAX_PORT:
            raise ValueError("brokers are written host:port, separated by commas, as in broker1:9092,broker2:9092")
    return servers.replace(" ", "")


def _url(*schemes: str) -> AfterValidator:
    def check(url: SecretStr) -> SecretStr:
        # not urlsplit, whose own errors quote the URL and so its password
        if url.get_secret_value().partition("://")[0] not in schemes:
            raise ValueError(f"the URL must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return url

    return AfterValidator(check)


def _token(token: SecretStr) -> SecretStr:
    # what a header carries unchanged (RFC 6750, 2.1, is narrower still)
    if not re.fullmatch(r"[!-~]+", token.get_secret_value()):
        raise ValueError("a token has letters, digits and signs of ASCII only, and no space")
    return token


def _named_tokens(tokens: SecretStr) -> SecretStr:
    pairs = [re.fullmatch(r"\s*([A-Za-z0-9][\w.@-]{0,63}):([!-+\--~]+)\s*", each, re.ASCII) for each in _listed(tokens)]
    if None in pairs:
        raise ValueError(
            "tokens are written name:token,name:token; a name has letters, digits and .@_-, a token no space"
        )
    for part in (1, 2):
        if len({pair[part] for pair in pairs if pair}) < len(pairs):
            raise ValueError("each name and each token stands once")
    return tokens


def _listed(text: SecretStr) -> list[str]:
    return text.get_secret_value().split(",")


def is_web_address(url: str) -> bool:
    """Whether `url` is an http(s) URL without user, query or fragment, which one may send a client to."""
    return re.fullmatch(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[!-~]*)?", url) is not None and (
        not set("?#@\\") & set(url)
    )


def _web_address(url: str) -> str:
    if not is_web_address(url):
        raise ValueError("the address must be an http:// or https:// URL without query, as in http://worker-1:6066")
    return url.rstrip("/")


def _zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError(f"business days are counted in one of {', '.join(ZONES)}")
    return name


def synonyms_in(told: str) -> dict[str, str]:
    """Return channel by word of `word=channel,word=channel`; raises ValueError for what is not that."""
    found = {}
    for pair in filter(None, map(str.strip, told.split(","))):
        word, _, channel = map(str.strip, pair.partition("="))
        if not folded(word) or channel not in CHANNELS:
            raise ValueError(
                f"words are told as word=channel,word=channel, and channels are {', '.join(sorted(CHANNELS))}"
            )
        found[folded(word)] = channel
    return found


def _synonyms(told: str) -> str:
    synonyms_in(told)
    return told


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Usd = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2)]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Threshold = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]
Token = Annotated[SecretStr, AfterValidator(_token)]
NamedTokens = Annotated[SecretStr, AfterValidator(_named_tokens)]
Servers = Annotated[str, AfterValidator(_servers)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
BusinessZone = Annotated[str, AfterValidator(_zone)]
Synonyms = Annotated[str, AfterValidator(_synonyms)]
Topic = Annotated[str, AfterValidator(_topic)]
DatabaseUrl = Annotated[SecretStr, _url("postgresql", "postgresql+asyncpg", "postgresql+psycopg")]
WebAddress = Annotated[str, AfterValidator(_web_address)]
FilerText = Annotated[str | None, Field(pattern=r"^\S+( +\S+)*$", max_length=150)]
RedisUrl = Annotated[SecretStr, _url("redis", "rediss", "unix")]


class Group(BaseSettings):
    """Settings that share a prefix."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",  # `.env` is one file for all groups, and for other programs
        env_ignore_empty=True,  # compose passes an unset variable on as an empty one
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )
