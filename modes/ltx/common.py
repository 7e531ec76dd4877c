"""What all LTX-2.3 modes share: their parameters, and the sizes and lengths that the model can make."""

import math
from typing import Literal

from modes.bases import ClipParams
from modes.fields import frames_per_second, loras_field, negative_prompt_field, pixels, prompt_field, strength
from modes.lists import Lora
from modes.params import param, snap

MAX_FRAMES = 993  # the longest 8n+1 that LTXVEmptyLatentAudio's limit of 1000 allows
MIN_FRAMES = 9

Camera = Literal["free", "static", "dolly in", "dolly out", "dolly left", "dolly right", "jib up", "jib down"]


class LtxParams(ClipParams):
    """Prompt, size, length, seed and LoRAs. A mode's own class adds its inputs and its way of sampling."""

    prompt: str = prompt_field("What should be seen and heard, and how the camera moves.")
    negative_prompt: str = negative_prompt_field(
        "What should not appear in the clip.", "pc game, console game, video game, cartoon, childish, ugly"
    )
    fps: int | None = frames_per_second(25)
    camera: Camera = param(
        "free", label="Camera", help="A camera movement, made by a LoRA trained for it.", widget="choice"
    )
    camera_strength: float = strength(1.0, "Camera strength", "How strong the camera movement is.")
    detailer: float = strength(0.0, "Detailer", "Strength of the LoRA that adds detail. 0 leaves it out.")
    loras: tuple[Lora, ...] = loras_field()
    tile_size: int = pixels(768, "Decode tile", "Smaller tiles need less memory and take longer.")

    def frames_of(self, seconds: float) -> int:
        """The nearest number of frames that the video VAE can make: 8n+1, at least 9."""
        return frames_of(seconds, self.frame_rate)

    @property
    def max_frames(self) -> int:
        return MAX_FRAMES

    @property
    def size_step(self) -> int:
        """One latent stands for 32 pixels."""
        return 32

    @property
    def has_sound(self) -> bool:
        return True

    @property
    def notes(self) -> dict[str, str]:
        notes = super().notes
        if self.camera == "free":
            notes["camera_strength"] = "This has no effect while the camera is free."
        return notes


def frames_of(seconds: float, fps: int) -> int:
    """The number of frames of the form 8n+1 that is nearest to a length in seconds."""
    return snap(seconds * fps, 8) + 1


def frames_within(seconds: float, fps: int) -> int:
    """The largest number of frames of the form 8n+1 that last no longer than `seconds`, at least 9."""
    return max(MIN_FRAMES, (int(seconds * fps + 1e-6) - 1) // 8 * 8 + 1)


def sound_seconds(frames: int, fps: int) -> float:
    """The seconds of sound to give the audio encoder, so that the sound is not shifted against the frames.

    The encoder takes whole blocks of 4096 samples at 44.1 kHz from the middle of what it gets
    (comfy/ldm/lightricks/vae/audio_vae.py).
    """
    blocks = math.ceil(frames / fps * 44_100 / 4096)
    return blocks * 4096 / 44_100 + 0.0002


def sound_frames(frames: int, fps: int) -> int:
    """The frames to ask an empty audio latent for: with only `frames`, the sound may end 30 ms before the images."""
    return frames + math.ceil(0.03 * fps)
