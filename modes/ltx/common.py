"""What all LTX-2.3 modes share: their parameters, and sizes and lengths that the model really makes."""

import math
from typing import Literal

from constants import MAX_PROMPT
from modes.base import param, snap
from modes.common import ClipParams, frames_per_second, lora_rows, pixels, strength
from modes.lists import Lora

MAX_FRAMES = 993  # the longest 8n+1 that LTXVEmptyLatentAudio's limit of 1000 allows
MIN_FRAMES = 9

Camera = Literal["free", "static", "dolly in", "dolly out", "dolly left", "dolly right", "jib up", "jib down"]


class LtxParams(ClipParams):
    """Prompt, size, length, seed and LoRAs. A mode's own class adds its inputs and its way to sample."""

    prompt: str = param(
        "",
        label="Prompt",
        help="What is seen and heard, and how the camera moves.",
        widget="prompt",
        min_length=1,
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = param(
        "pc game, console game, video game, cartoon, childish, ugly",
        label="Negative prompt",
        help="What to keep out of the clip.",
        widget="prompt",
        max_length=MAX_PROMPT,
    )
    fps: int | None = frames_per_second(25)
    camera: Camera = param("free", label="Camera", help="A movement, by a LoRA of its own.", widget="choice")
    camera_strength: float = strength(1.0, "Camera strength", "Of the movement chosen above.")
    detailer: float = strength(0.0, "Detailer", "Strength of the detail LoRA. 0: without it.")
    loras: tuple[Lora, ...] = lora_rows()
    tile_size: int = pixels(768, "Decode tile", "Smaller tiles need less memory and take longer.")

    def frames_of(self, seconds: float) -> int:
        """The number nearest to the length which the video VAE can make: 8n+1, at least 9."""
        return frames_of(seconds, self.frame_rate)

    @property
    def max_frames(self) -> int:
        return MAX_FRAMES

    @property
    def size_step(self) -> int:
        """32 pixels are one latent."""
        return 32

    @property
    def has_sound(self) -> bool:
        return True

    @property
    def notes(self) -> dict[str, str]:
        notes = super().notes
        if self.camera == "free":
            notes["camera_strength"] = "No effect while the camera is free."
        return notes


def frames_of(seconds: float, fps: int) -> int:
    """The 8n+1 frames nearest to a length."""
    return snap(seconds * fps, 8) + 1


def frames_within(seconds: float, fps: int) -> int:
    """The most 8n+1 frames that are not longer than what they have to go with, at least 9."""
    return max(MIN_FRAMES, (int(seconds * fps + 1e-6) - 1) // 8 * 8 + 1)


def sound_seconds(frames: int, fps: int) -> float:
    """Seconds of sound to give the audio encoder so that it keeps what belongs to the frames where it is.

    It encodes whole blocks of 4096 samples at 44.1 kHz, taken from the middle (comfy/ldm/lightricks/vae/audio_vae.py).
    """
    blocks = math.ceil(frames / fps * 44_100 / 4096)
    return blocks * 4096 / 44_100 + 0.0002


def sound_frames(frames: int, fps: int) -> int:
    """Frames to ask an empty audio latent for: with `frames` alone the sound may end 30 ms before the pictures."""
    return frames + math.ceil(0.03 * fps)
