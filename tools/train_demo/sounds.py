"""The sounds of scenes, and what the demo audio VAE makes of them: loudness in 16 bands, 25 times a second."""

from math import pi

import torch
import torchaudio
from torch import Tensor

from demo_models.sound_code import BANDS, BINS, DEVIATION, FLOOR, HOP, MEAN, RATE
from tools.train_demo.names import SOUNDS
from tools.train_demo.scenes import Scenes, loudness

_FRAMES = 4  # of a mel spectrogram, in a latent
_VOLUME = 0.3
_PARTIALS = {  # hertz and share
    "silence": (),
    "hum": ((200.0, 0.8), (400.0, 0.2)),
    "beeps": ((800.0, 1.0),),
    "whistle": ((1650.0, 0.5), (2000.0, 0.5), (2400.0, 0.5)),
    "buzz": tuple((200.0 * number, 0.9 / number**0.3 / 5) for number in range(1, 30, 2)),
}


def waveform(scenes: Scenes, samples: int) -> Tensor:
    """[clips, samples] at 16 kHz, within -1 to 1."""
    seconds = torch.arange(samples) / RATE
    tones = torch.stack(
        [
            sum((share * torch.sin(2 * pi * hertz * seconds) for hertz, share in _PARTIALS[name]), torch.zeros(samples))
            for name in SOUNDS
        ]
    )
    coarse = loudness(scenes, torch.arange(samples // HOP + 2) * HOP / RATE)
    loud = torch.nn.functional.interpolate(coarse[:, None], scale_factor=HOP, mode="linear")[:, 0, :samples]
    return _VOLUME * tones[scenes.sound] * loud


def to_mel(sound: Tensor) -> Tensor:
    """Logarithms of a mel spectrogram, [clips, frames, 64], as ComfyUI's AudioPreprocessor computes it."""
    transform = torchaudio.transforms.MelSpectrogram(
        sample_rate=RATE,
        n_fft=1024,
        hop_length=HOP,
        n_mels=BINS,
        power=1.0,
        mel_scale="slaney",
        norm="slaney",
    )
    return transform(sound).clamp_min(1e-5).log().movedim(-1, -2)


def to_bands(mel: Tensor, count: int) -> Tensor:
    """Latents [clips, count, bands]: means over 4 frames, of which the first three are before the beginning."""
    above = torch.nn.functional.pad(mel - FLOOR, (0, 0, _FRAMES - 1, _FRAMES * count))[:, : _FRAMES * count]
    means = above.unflatten(1, (count, _FRAMES)).unflatten(3, (BANDS, BINS // BANDS)).mean((2, 4))
    return (means + FLOOR - MEAN) / DEVIATION


def bands(scenes: Scenes, count: int) -> Tensor:
    """The latents of each clip's sound, [clips, count, bands]."""
    return to_bands(to_mel(waveform(scenes, count * _FRAMES * HOP)), count)
