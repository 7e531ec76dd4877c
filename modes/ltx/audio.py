"""Modes that take a sound: audio to video, lipsync, and voice identity."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from media import Preparer
from modes.bases import ClipMixin, prepare_images
from modes.fields import Aspect, aspect_field, image_field, length, start_in, strength
from modes.ltx.common import MIN_FRAMES, frames_within, sound_seconds
from modes.ltx.image import PHASES_WITH_IMAGE, FromImageParams, first_image
from modes.ltx.passes import PHASES_TWO_PASSES, TWO_PASS_PRESETS, TwoPassParams, new_sound, two_passes
from modes.media_info import audio_info
from modes.messages import at_field
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.params import param
from workflow import Change, Patch

VOICE_SAMPLE = 5.0
"""Seconds of the sample that the template uses."""

AUDIO_PHASES = ("load_audio", "encode_audio", "reference_audio")


class DrivenByAudio(ClipMixin):
    """The sound is kept unchanged, and the clip is as long as it is or shorter."""

    audio: Path = param(..., label="Sound", help="The clip follows this sound and keeps it.", widget="audio")
    start: float = start_in("sound")
    seconds: float | None = length(None, "Empty: as long as the sound.")

    @model_validator(mode="after")
    def _sound_is_long_enough(self) -> Self:
        shortest = MIN_FRAMES / self.frame_rate
        if self.sounding < shortest:
            label = type(self).model_fields["audio"].title
            raise at_field("audio", f"{label} must last at least {shortest:.2f} s after the start.")
        return self

    @property
    def sounding(self) -> float:
        """Seconds of sound that are left after the start."""
        return audio_info(self.audio, self.settings).seconds - self.start

    @property
    def frames(self) -> int:
        """Never longer than the sound, so that the end of the clip is not silent."""
        wanted = self.sounding if self.seconds is None else min(self.seconds, self.sounding)
        return frames_within(wanted, self.frame_rate)


class AudioToVideoParams(DrivenByAudio, TwoPassParams):
    aspect: Aspect = aspect_field("16:9")


class LipsyncParams(DrivenByAudio, FromImageParams):
    image: Path = image_field("Portrait", "The speaker, with the face clearly visible.")
    audio: Path = param(..., label="Speech", help="What is said. The recording is kept unchanged.", widget="audio")


class VoiceIdentityParams(FromImageParams):
    image: Path = image_field("First image", "The speaker and the scene.")
    audio: Path = param(..., label="Voice sample", help="A few seconds of the voice to use.", widget="audio")
    voice_strength: float = strength(1.0, "Voice strength", "Strength of the identity LoRA.")
    voice_guidance: float = strength(
        3.0,
        "Voice guidance",
        "How closely the voice is matched. At 0 it is off, and a run takes half the time.",
        most=20,
    )


def kept_sound(params: Any, prepared: PreparedFiles) -> Iterator[Change]:
    """Gives the prepared sound, which starts where the clip does, to the model and to the file."""
    yield Patch("load_audio", "audio", prepared["audio"])
    yield Patch("trim_audio", "start_index", 0)
    for node in ("trim_audio", "silence"):
        yield Patch(node, "duration", sound_seconds(params.frames, params.frame_rate))


def prepare_sound(params: Any, preparer: Preparer) -> PreparedFiles:
    seconds = sound_seconds(params.frames, params.frame_rate)
    return {"audio": preparer.audio(params.audio, start=params.start, seconds=seconds)}


def audio_to_video(params: AudioToVideoParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from kept_sound(params, prepared)
    yield from two_passes(params, seed)


def lipsync(params: LipsyncParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from first_image(params, prepared)
    yield from kept_sound(params, prepared)
    yield from two_passes(params, seed)


def voice_identity(params: VoiceIdentityParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from first_image(params, prepared)
    yield from new_sound(params)
    yield Patch("load_audio", "audio", prepared["audio"])
    yield Patch("trim_audio", "start_index", 0)
    yield Patch("trim_audio", "duration", VOICE_SAMPLE)
    yield Patch("id_lora", "strength_model", params.voice_strength)
    yield Patch("reference_audio", "identity_guidance_scale", params.voice_guidance)
    yield from two_passes(params, seed, first_model="id_lora")


def _with_sound(phases: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The phases with one more, for the sound, after the prompt's."""
    first = ("Load models", "Read the prompt")
    head = {label: phases[label] for label in first}
    return head | {"Encode the sound": AUDIO_PHASES} | {k: v for k, v in phases.items() if k not in first}


AUDIO_TO_VIDEO = Mode(
    id="a2v",
    label="Audio to video",
    group="LTX-2.3",
    summary="A clip whose images follow a sound.",
    template="a2v",
    params=AudioToVideoParams,
    presets=TWO_PASS_PRESETS,
    phases=_with_sound(PHASES_TWO_PASSES),
    parameterize=audio_to_video,
    prepare_inputs=prepare_sound,
    examples=(example("Music", prompt="A yellow ball dances to the music at night", audio=EXAMPLES / "music.wav"),),
)

LIPSYNC = Mode(
    id="lipsync",
    label="Lipsync",
    group="LTX-2.3",
    summary="A portrait that speaks.",
    template="lipsync",
    params=LipsyncParams,
    presets=TWO_PASS_PRESETS,
    phases=_with_sound(PHASES_WITH_IMAGE),
    parameterize=lipsync,
    prepare_inputs=lambda params, preparer: {
        **prepare_images("image")(params, preparer),
        **prepare_sound(params, preparer),
    },
    examples=(
        example(
            "Portrait speaks",
            prompt="She speaks to the camera",
            image=EXAMPLES / "portrait.png",
            audio=EXAMPLES / "speech.wav",
        ),
    ),
)

VOICE_IDENTITY = Mode(
    id="voice",
    label="Voice identity",
    group="LTX-2.3",
    summary="New words, spoken in a voice that you give a sample of.",
    template="id_lora",
    params=VoiceIdentityParams,
    presets=TWO_PASS_PRESETS,
    phases=_with_sound(PHASES_WITH_IMAGE),
    parameterize=voice_identity,
    prepare_inputs=lambda params, preparer: {
        **prepare_images("image")(params, preparer),
        "audio": preparer.audio(params.audio, seconds=VOICE_SAMPLE),
    },
    examples=(
        example(
            "New words",
            prompt="She says: good evening, and welcome",
            image=EXAMPLES / "portrait.png",
            audio=EXAMPLES / "speech.wav",
        ),
    ),
)
