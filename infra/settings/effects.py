"""Refuse settings that have no effect where they are set.

`EFFECTS` is the table of where a key has an effect. A key that is missing there has one everywhere, or is a size that a
preset sets for every source and platform.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.connection import CONNECTION_KEY
from core.errors import Complaints, SettingsError
from core.platforms import PLATFORMS
from core.settings_key import setting_key
from core.stores import SOURCES
from infra.databases import module_of
from infra.settings.model import FailOn, Settings


@dataclass(frozen=True, slots=True)
class Effect:
    """A condition under which a key has an effect."""

    applies: Callable[[Settings], bool]
    reason: str
    """Why it has none; `{platform}` and `{source}` are those of the settings."""
    remedy: str
    """What to do instead of removing the key."""


_FILES = ", ".join(name for name, store in SOURCES.items() if not store.needs_server)
_ON_KUBERNETES = Effect(
    lambda settings: settings.platform == "kubernetes",
    "is for clusters, and the platform is {platform}",
    f"set {setting_key('platform')} to kubernetes",
)
_IN_CONTAINERS = Effect(
    lambda settings: PLATFORMS[settings.platform].in_containers,
    "is for containers, and the platform is {platform}",
    f"set {setting_key('platform')} to docker or kubernetes",
)
_ON_DOCKER = Effect(
    lambda settings: settings.platform != "kubernetes",
    "is for servers on this machine, and the platform is {platform}",
    "reach the server by `kubectl port-forward`",
)
_WRITES_FILES = Effect(
    lambda settings: not settings.capabilities.needs_server,
    "is for files, and the source is {source}",
    f"set {setting_key('source')} to one of {_FILES}",
)
_FOLDER_HERE = Effect(
    lambda settings: settings.runs_here,
    "is a folder of this machine, which a cluster's pods cannot write to",
    f"name a volume claim with {setting_key('outputStorage')} to keep the files",
)
_HAS_SERVER = Effect(
    lambda settings: settings.capabilities.needs_server,
    "is for a server, and the source {source} writes files",
    f"set {setting_key('source')} to a store with a server",
)
_CREATES_SERVER = Effect(
    lambda settings: settings.connection_string is None,
    f"is for a server that Loadtest creates, and {setting_key(CONNECTION_KEY)} names an existing one",
    f"remove {setting_key(CONNECTION_KEY)}",
)
_HAS_CLAIM = Effect(
    lambda settings: settings.database_storage is not None,
    f"is for the volume claim of {setting_key('databaseStorage')}, which is not set",
    f"set {setting_key('databaseStorage')} to its size",
)
_SERVER = (_HAS_SERVER, _CREATES_SERVER)
EFFECTS: Mapping[str, Sequence[Effect]] = {
    "outputDir": (_WRITES_FILES, _FOLDER_HERE),
    "outputStorage": (_ON_KUBERNETES,),
    "databasePassword": _SERVER,
    "databaseImage": (*_SERVER, _IN_CONTAINERS),
    "databaseTmpfs": _SERVER,
    "keepDatabasePort": (*_SERVER, _IN_CONTAINERS, _ON_DOCKER),
    "databaseStorage": (_ON_KUBERNETES, *_SERVER),
    "databaseStorageClass": (_ON_KUBERNETES, *_SERVER, _HAS_CLAIM),
    "workerImage": (_IN_CONTAINERS,),
    "namespace": (_ON_KUBERNETES,),
    "imagePullSecret": (_ON_KUBERNETES,),
    "nodeSelector": (_ON_KUBERNETES,),
    "tolerations": (_ON_KUBERNETES,),
    "priorityClass": (_ON_KUBERNETES,),
    "cpuRequest": (_ON_KUBERNETES,),
    "memoryRequest": (_ON_KUBERNETES,),
    "clusterGrows": (_ON_KUBERNETES,),
}
_NEEDS_NAMESPACE = ("outputStorage", "imagePullSecret")


def check_effects(settings: Settings) -> None:
    """Raise SettingsError with every setting that has no effect, or that requires another one."""
    complaints = Complaints()
    given = {key: value for key in EFFECTS if (value := _value(settings, key))}
    for key in given:
        with complaints.collect():
            for effect in EFFECTS[key]:
                if not effect.applies(settings):
                    reason = effect.reason.format(platform=settings.platform, source=settings.source)
                    raise SettingsError(f"{setting_key(key)}: {reason}; remove it, or {effect.remedy}")
    with complaints.collect():
        in_container = PLATFORMS[settings.platform].in_containers
        if settings.creates_server and not in_container and not settings.capabilities.embedded:
            raise SettingsError(
                f"{setting_key('platform')}: {settings.platform}, which has no embedded {settings.source} server; set "
                f"{setting_key('platform')} to docker, or name a server with {setting_key(CONNECTION_KEY)}"
            )
    if settings.platform == "kubernetes" and settings.namespace is None:
        for key in _NEEDS_NAMESPACE:
            with complaints.collect():
                if key in given:
                    raise SettingsError(
                        f"{setting_key(key)}: {given[key]!r} must be in an existing namespace; name that with "
                        f"{setting_key('namespace')}"
                    )
    with complaints.collect():
        if settings.fail_on is FailOn.THRESHOLD and not settings.thresholds:
            raise SettingsError.of(
                setting_key("failOn"),
                str(settings.fail_on),
                "has no threshold to fail on",
                f"set {setting_key('thresholds')}, or write {FailOn.FAILURE}",
            )
    with complaints.collect():
        if settings.database_image is not None and settings.creates_server:
            _check_image(settings.source, settings.database_image)
    complaints.finish()


def _check_image(source: str, image: str) -> None:
    """Raise SettingsError for the official image of another store."""
    name = _repository(image)
    for other, store in SOURCES.items():
        if store.needs_server and other != source and name == _repository(module_of(other).IMAGE):
            raise SettingsError.of(
                setting_key("databaseImage"),
                image,
                f"is an image of {other}, and the source is {source}",
                f"write one like {module_of(source).IMAGE}, or set {setting_key('source')} to {other}",
            )


def _repository(image: str) -> str:
    """Return the last part of an image's name, without tag and digest."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _value(settings: Settings, key: str) -> object:
    """Return the value of a key; it counts as set if it is neither empty nor false."""
    field = next(name for name, each in Settings.model_fields.items() if (each.alias or name) == key)
    return getattr(settings, field)
