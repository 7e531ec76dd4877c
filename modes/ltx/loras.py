"""LoRAs of LTX-2.3: camera movements, the detailer, and files that a person chooses.

They form one chain right behind the checkpoint, so that every pass that uses the model has them. LoRAs add up, so it
makes no difference whether they stand before or after those of the template.
"""

from collections.abc import Iterator

from modes.lists import Lora
from modes.ltx.common import LtxParams
from workflow import Change, Insert, Relink

CAMERA_FILE = "ltx-2-19b-lora-camera-control-{movement}.safetensors"  # made for LTX-2, used on 2.3 as well
DETAILER_FILE = "ltx-2-19b-ic-lora-detailer.safetensors"


def chosen_loras(params: LtxParams) -> list[Lora]:
    """All LoRAs that a person asked for and that are on, in their order."""
    chosen = []
    if params.camera != "free":
        name = CAMERA_FILE.format(movement=params.camera.replace(" ", "-"))
        chosen.append(Lora(file=name, strength=params.camera_strength))
    if params.detailer:
        chosen.append(Lora(file=DETAILER_FILE, strength=params.detailer))
    return chosen + [lora for lora in params.loras if lora.on]


def insert_loras(params: LtxParams) -> Iterator[Change]:
    """Inserts the chain between the checkpoint and the nodes that take its model."""
    loras = chosen_loras(params)
    if not loras:
        return
    yield Relink(("checkpoint", 0), (f"lora_{len(loras)}", 0))
    source = ("checkpoint", 0)
    for number, lora in enumerate(loras, start=1):
        inputs = {"model": source, "lora_name": lora.file, "strength_model": lora.strength}
        yield Insert(f"lora_{number}", "LoraLoaderModelOnly", inputs)
        source = (f"lora_{number}", 0)
