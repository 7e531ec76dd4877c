"""Which engines run tasks: those of this machine, one for each GPU, or those of a Ray cluster."""

from backend import ray
from backend.process import ENGINE, EngineProcess
from settings import Settings


def engines(settings: Settings, count: int | None, program: str = ENGINE) -> dict[str, EngineProcess]:
    """`count` engines by name, as many as there are GPUs where it is None, and at least one. None is started yet.
    Those of this machine run `program`.

    Raises ClusterError where a Ray cluster is set and cannot be used.
    """
    if settings.ray:
        gpus = ray.gpus(settings)
        return {
            name: EngineProcess(settings, name, ray.PROGRAM, keeps_secrets=True)
            for name in _names(count or max(1, gpus))
        }
    devices = settings.cuda_devices
    names = _names(count or max(1, len(devices)))
    if not devices:
        return {name: EngineProcess(settings, name, program) for name in names}
    return {
        name: EngineProcess(settings.model_copy(update={"cuda_device": devices[number % len(devices)]}), name, program)
        for number, name in enumerate(names)
    }


def _names(count: int) -> list[str]:
    return ["engine"] if count == 1 else [f"engine-{number}" for number in range(1, count + 1)]
