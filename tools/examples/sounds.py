"""A voice that says nothing in a melodious way, and a few bars of music, computed from sines and noise."""

import numpy as np

RATE = 16_000
"""Samples per second: enough for a voice, and small files."""

VOWELS = {
    "a": (800, 1200, 2600),
    "e": (450, 1900, 2600),
    "i": (300, 2250, 3000),
    "o": (480, 850, 2500),
    "u": (330, 760, 2400),
}
"""The first three formants in Hz, after Peterson and Barney, Control Methods Used in a Study of the Vowels (1952)."""

CONSONANTS = {"n": (250, 1400, 2300), "m": (250, 1000, 2200), "l": (360, 1100, 2600)}
"""The first three formants in Hz at the beginning of some consonants, found by ear."""

WIDTHS = (80, 100, 140)
"""Bandwidths in Hz of those formants."""

SYLLABLES = "na lo mi ra _ so la ne mo _ wi na lu"
MELODY = (60, 64, 67, 72, 57, 60, 64, 69, 53, 57, 60, 65, 55, 59, 62, 67)
"""An arpeggio in MIDI notes, four to a bar: C, A minor, F, G."""


def speech() -> np.ndarray:
    """About 3 s of a voice in syllables, as float from -1 to 1."""
    pieces = [_syllable(each, number) for number, each in enumerate(SYLLABLES.split())]
    return _levelled(np.concatenate([np.zeros(RATE // 10), *pieces, np.zeros(RATE // 10)]))


def music() -> np.ndarray:
    """4 s of plucked notes over a bass, as float from -1 to 1."""
    beat = RATE // 4
    sound = np.zeros(beat * len(MELODY))
    for number, note in enumerate(MELODY):
        _add(sound, number * beat, _pluck(hertz(note), 0.9))
        if number % 4 == 0:
            _add(sound, number * beat, 1.4 * _pluck(hertz(note - 24), 1.2))
        if number % 2 == 0:
            _add(sound, number * beat, 0.9 * _drum())
        _add(sound, number * beat + beat // 2, 0.08 * _shaker(number))
    fade = np.minimum(1, np.arange(len(sound), 0, -1) / (RATE * 0.3))
    return _levelled(sound * fade)


def beep(frequency: float, seconds: float) -> np.ndarray:
    """A soft tone that dies away, as float from -1 to 1."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * frequency * time) * np.exp(-time * 5 / seconds) * np.minimum(1, time / 0.004)


def hertz(note: int) -> float:
    """The frequency of a MIDI note."""
    return 440 * 2 ** ((note - 69) / 12)


def _syllable(text: str, number: int) -> np.ndarray:
    """A consonant that opens into a vowel; "_" is a breath."""
    if text == "_":
        return np.zeros(round(RATE * 0.16))
    length = round(RATE * (0.2 + 0.03 * (number % 3)))
    share = np.linspace(0, 1, length)
    opening = np.clip(share / 0.3, 0, 1)[:, None]
    consonant = np.array(
        {"n": (250, 1400, 2300), "m": (250, 1000, 2200), "l": (360, 1100, 2600)}.get(text[0], (300, 900, 2000))
    )
    formants = consonant + (np.array(VOWELS[text[1]]) - consonant) * opening
    pitch = 172 * 2 ** ((3 * np.sin(number * 1.3) + 1.5 * np.sin(share * np.pi) - number * 0.25) / 12)
    pitch *= 1 + 0.01 * np.sin(2 * np.pi * 5.5 * np.arange(length) / RATE)
    loudness = np.sin(np.pi * np.clip(share, 0, 1) ** 0.7) ** 0.6 * (0.35 + 0.65 * opening[:, 0])
    if text[0] == "s":
        hiss = np.diff(np.random.default_rng(number).normal(size=RATE // 11 + 1)) * 0.12
        return np.concatenate([hiss * np.hanning(len(hiss)), _voiced(pitch, formants) * loudness])
    return _voiced(pitch, formants) * loudness


def _voiced(pitch: np.ndarray, formants: np.ndarray) -> np.ndarray:
    """The vocal cords as a sum of harmonics, each as loud as the formants around it let it through."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(len(pitch))
    for harmonic in range(1, 40):
        frequency = pitch * harmonic
        gain = sum(
            weight / (1 + ((frequency - formants[:, index]) / WIDTHS[index]) ** 2)
            for index, weight in enumerate((1.0, 0.6, 0.3))
        )
        sound += np.where(frequency < RATE / 2.2, (gain + 0.02) / harmonic**0.6, 0) * np.sin(harmonic * phase)
    return sound


def _pluck(frequency: float, seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    overtones = [
        np.sin(2 * np.pi * frequency * number * time) * np.exp(-time * (3 + 2.2 * number)) / number**1.3
        for number in range(1, 8)
        if frequency * number < RATE / 2.2
    ]
    return sum(overtones) * np.minimum(1, time / 0.003)


def _drum() -> np.ndarray:
    time = np.arange(round(0.18 * RATE)) / RATE
    return np.sin(2 * np.pi * (50 * time - 6 * np.exp(-time * 30))) * np.exp(-time * 18)


def _shaker(number: int) -> np.ndarray:
    noise = np.diff(np.random.default_rng(number).normal(size=round(0.06 * RATE) + 1))
    return noise * np.exp(-np.arange(len(noise)) / (0.012 * RATE))


def _add(sound: np.ndarray, start: int, part: np.ndarray) -> None:
    end = min(start + len(part), len(sound))
    sound[start:end] += part[: end - start]


def _levelled(sound: np.ndarray) -> np.ndarray:
    return sound / np.abs(sound).max() * 0.8
