"""Sounds as people have them become WAV, 16 bit, 48 kHz, cut to the sample; what cannot be used is refused."""

from pathlib import Path

import numpy as np
import pytest
from support import media_files as files

from media import AudioInfo, MediaError, Preparer, probe_audio
from settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu")


@pytest.fixture
def stage(settings: Settings):
    """Prepares a sound and reads it back as samples from -1 to 1."""

    def prepared(file: Path, **options) -> np.ndarray:
        samples, rate = files.read_wave(settings.inputs_dir / Preparer(settings).audio(file, **options))
        assert rate == 48_000
        return samples / 32767

    return prepared


def refusal(file: Path, settings: Settings) -> str:
    with pytest.raises(MediaError) as probed:
        probe_audio(file, settings)
    with pytest.raises(MediaError) as prepared:
        Preparer(settings).audio(file)
    assert probed.value.message == prepared.value.message
    return probed.value.message


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_pcm_of_any_depth_and_rate_keeps_pitch_level_and_length(bits, rate, tmp_path, settings, stage):
    file = files.write_wave(tmp_path / "x.wav", [files.tone(0.5, rate)], rate, bits)
    info = probe_audio(file, settings)
    assert info.seconds == pytest.approx(0.5, abs=0.001)
    assert info == AudioInfo(info.seconds, rate, 1)
    samples = stage(file)
    assert samples.shape == (24_000, 1)
    assert files.loudest(samples[:, 0], 48_000) == pytest.approx(440, abs=2)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


def test_sixteen_bits_at_48_khz_arrive_sample_for_sample(tmp_path, stage):
    noise = np.random.default_rng(2).uniform(-0.9, 0.9, (2, 30_000))
    file = files.write_wave(tmp_path / "x.wav", noise)
    assert (np.round(stage(file) * 32767) == files.read_wave(file)[0]).all()


@pytest.mark.parametrize(
    ("name", "codec"),
    [("x.mp3", "libmp3lame"), ("x.flac", "flac"), ("x.m4a", "aac"), ("x.ogg", "vorbis"), ("x.opus", "libopus"),
     ("x.wav", "pcm_f32le"), ("x.aiff", "pcm_s16be"), ("x.webm", "libopus"), ("x.aac", "aac")],
)  # fmt: skip
def test_every_kind_of_sound_is_read(name, codec, tmp_path, settings, stage):
    stereo = np.stack([files.tone(1, hertz=440), files.tone(1, hertz=880)])
    file = files.write_sound(tmp_path / name, codec, stereo, layout="stereo")
    info = probe_audio(file, settings)
    assert (info.sample_rate, info.channels) == (48_000, 2)
    assert info.seconds == pytest.approx(1, abs=0.06)
    samples = stage(file)
    assert len(samples) == pytest.approx(48_000, abs=2_600)
    assert [files.loudest(samples[4_000:-4_000, side], 48_000) for side in (0, 1)] == pytest.approx([440, 880], abs=3)


def test_the_delay_of_an_encoder_is_taken_off(tmp_path, stage):
    click = np.zeros((1, 24_000))
    click[0, 12_000:12_200] = files.tone(200 / 48_000, hertz=1000)
    for name, codec in (("x.m4a", "aac"), ("x.mp3", "libmp3lame")):
        samples = stage(files.write_sound(tmp_path / name, codec, click))[:, 0]
        assert abs(np.abs(samples).argmax() - 12_100) < 150, name


@pytest.mark.parametrize("channels", [4, 5, 6, 8, 12, 16])
def test_more_than_two_channels_are_mixed_down(channels, tmp_path, settings, stage):
    silent = np.zeros(24_000)
    sounds = [silent] * channels
    sounds[2] = files.tone(0.5)  # the centre channel is in both channels of stereo
    file = files.write_wave(tmp_path / "surround.wav", sounds)
    assert probe_audio(file, settings).channels == channels
    samples = stage(file)
    assert samples.shape == (24_000, 2)
    assert np.abs(samples).max() <= 1
    assert np.abs(samples).max() > 0.05


def test_surround_is_mixed_by_its_layout(tmp_path, stage):
    """The channels of 5.1 are in this order: front left, front right, centre, bass, back left, back right."""
    sounds = np.zeros((6, 24_000))
    sounds[0], sounds[2] = files.tone(0.5, hertz=300), files.tone(0.5, hertz=900)
    samples = stage(files.write_sound(tmp_path / "x.flac", "flac", sounds, layout="5.1"))
    spectrum = np.abs(np.fft.rfft(samples, axis=0))
    assert spectrum[150].argmax() == 0
    assert spectrum[150, 0] > 20 * spectrum[150, 1]
    assert spectrum[450, 0] == pytest.approx(spectrum[450, 1], rel=0.01)


def test_a_part_is_cut_to_the_sample(tmp_path, stage):
    ramp = np.linspace(-0.9, 0.9, 48_000)
    file = files.write_wave(tmp_path / "x.wav", [ramp])
    samples = stage(file, start=0.25, seconds=0.5)
    assert len(samples) == 24_000
    assert np.abs(samples[:, 0] - ramp[12_000:36_000]).max() < 1e-4
    assert len(stage(file, start=0.9, seconds=5)) == 4_800
    assert len(stage(file, seconds=5)) == 48_000


def test_the_sound_of_a_video_can_be_taken(tmp_path, settings, stage):
    file = files.write_video(tmp_path / "x.mp4", files.greys(20), sound=files.tone(1))
    assert probe_audio(file, settings).seconds == pytest.approx(1, abs=0.05)
    assert files.loudest(stage(file)[:, 0], 48_000) == pytest.approx(440, abs=2)


def test_tags_that_are_no_text_do_not_stop_a_sound(tmp_path, stage):
    file = files.write_wave(tmp_path / "x.wav", [files.tone(0.5)])
    data = file.read_bytes()
    tag = b"LIST" + (20).to_bytes(4, "little") + b"INFOIART" + (8).to_bytes(4, "little") + b"B\xf6rk\xff\xfe!\0"
    file.write_bytes(data[:36] + tag + data[36:])
    assert len(stage(file)) == 24_000


def test_a_damaged_stretch_does_not_stop_a_sound(tmp_path, stage):
    file = files.write_sound(tmp_path / "x.mp3", "libmp3lame", files.tone(2)[None])
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    file.write_bytes(data)
    assert len(stage(file)) > 80_000


def test_what_is_no_sound_is_refused_in_a_sentence(tmp_path, settings):
    unreadable = "This file is damaged, incomplete, or in a format that Kinora cannot read."
    (tmp_path / "words.mp3").write_text("only words " * 100)
    assert refusal(tmp_path / "words.mp3", settings) == unreadable
    (tmp_path / "none.wav").touch()
    assert refusal(tmp_path / "none.wav", settings) == "This file is empty."
    none = files.write_wave(tmp_path / "header.wav", [np.zeros(0)])
    assert refusal(none, settings) == "The sound is empty; it must last at least 0.1 s."
    short = files.write_wave(tmp_path / "short.wav", [files.tone(0.05)])
    assert refusal(short, settings) == "The sound lasts only 0.05 s; it must last at least 0.1 s."
    silent = files.write_video(tmp_path / "silent.mp4", files.greys(5))
    assert refusal(silent, settings) == "There is no sound in this file."


def test_half_a_file_is_refused(tmp_path, settings):
    whole = files.write_sound(tmp_path / "x.m4a", "aac", np.random.default_rng(3).uniform(-1, 1, (1, 96_000)))
    (tmp_path / "half.m4a").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert refusal(tmp_path / "half.m4a", settings).startswith("This file is damaged")
    whole = files.write_sound(tmp_path / "x.flac", "flac", np.random.default_rng(3).uniform(-1, 1, (1, 96_000)))
    (tmp_path / "half.flac").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert "incomplete" in refusal(tmp_path / "half.flac", settings)


def test_a_recording_whose_header_was_never_finished_is_read(tmp_path, stage):
    """Programs that write WAV into a pipe cannot go back and fill in the length."""
    file = files.write_wave(tmp_path / "x.wav", [files.tone(0.5)])
    data = bytearray(file.read_bytes())
    data[4:8] = data[40:44] = b"\xff" * 4
    file.write_bytes(data)
    assert len(stage(file)) == 24_000


def test_the_longest_sound_is_a_setting(tmp_path):
    file = files.write_wave(tmp_path / "x.wav", [files.tone(2, 8_000)], 8_000)
    tight = Settings(home=tmp_path / "home", device="cpu", max_media_seconds=1)
    assert refusal(file, tight) == "The sound lasts 2 s; the limit is 1 s."


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"start": 1.5}, "The start, 1.5 s, is after the end: the sound lasts 1.00 s."),
        ({"start": -1}, "The start cannot be negative."),
        ({"seconds": 0}, "The length must be more than 0 s."),
    ],
)
def test_a_part_that_is_not_there_is_refused(part, sentence, tmp_path, settings):
    file = files.write_wave(tmp_path / "x.wav", [files.tone(1, 8_000)], 8_000)
    with pytest.raises(MediaError) as error:
        Preparer(settings).audio(file, **part)
    assert error.value.message == sentence
