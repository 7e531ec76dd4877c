"""Real pictures, sounds and videos as people have them, made small, and what was prepared read back."""

import struct
import wave
import zlib
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from PIL import Image

CORNERS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220), "white": (240, 240, 240)}


def quadrants(width: int = 64, height: int = 48) -> np.ndarray:
    """A picture with red top left, green top right, blue bottom left and white bottom right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, bottom = slice(0, height // 2), slice(height // 2, None)
    left, right = slice(0, width // 2), slice(width // 2, None)
    places = [(top, left), (top, right), (bottom, left), (bottom, right)]
    for (y, x), colour in zip(places, CORNERS.values(), strict=True):
        pixels[y, x] = colour
    return pixels


def seen(pixels: np.ndarray) -> str:
    """The initials of the colours in the corners: top left, top right, bottom left, bottom right."""
    height, width = pixels.shape[:2]
    points = [(y, x) for y in (height // 8, height - height // 8 - 1) for x in (width // 8, width - width // 8 - 1)]
    names = list(CORNERS)
    palette = np.array(list(CORNERS.values()), int)
    return "".join(names[np.abs(palette - pixels[point][:3].astype(int)).sum(1).argmin()][0] for point in points)


def png_header(file: Path, width: int, height: int) -> Path:
    """A PNG that promises `width` x `height` pixels and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return file


def tone(seconds: float, rate: int = 48_000, hertz: float = 440.0) -> np.ndarray:
    """A sine of half the full scale, from -1 to 1."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def write_wave(file: Path, channels: Iterable[np.ndarray], rate: int = 48_000, bits: int = 16) -> Path:
    """PCM of 8, 16, 24 or 32 bits from channels of -1 to 1."""
    samples = np.stack(list(channels), axis=1)
    if bits == 8:
        data = np.round(samples * 127 + 128).astype(np.uint8).tobytes()
    else:
        whole = np.round(samples * (2 ** (bits - 1) - 1)).astype("<i4")
        width = bits // 8
        data = whole[..., None].view(np.uint8)[..., :width].tobytes()
    with wave.open(str(file), "wb") as written:
        written.setparams((samples.shape[1], bits // 8, rate, 0, "NONE", ""))
        written.writeframes(data)
    return file


def write_sound(file: Path, codec: str, samples: np.ndarray, rate: int = 48_000, layout: str = "mono") -> Path:
    """`samples` (channels, samples) of -1 to 1 in the container of the file's name."""
    with av.open(str(file), "w") as container:
        add_sound(container, codec, samples, rate, layout)()
    return file


def add_sound(
    container: OutputContainer, codec: str, samples: np.ndarray, rate: int, layout: str, start: float = 0
) -> Callable[[], None]:
    """Adds a stream; the call that is returned writes it, once all streams are there."""
    stream = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})  # for Vorbis
    assert isinstance(stream, av.AudioStream)

    def write() -> None:
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
        for each in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))

    return write


def write_video(
    file: Path,
    pictures: Iterable[np.ndarray],
    *,
    rate: int = 20,
    moments: list[int] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    prepare: Callable[[av.VideoStream], None] = lambda stream: None,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    sound_start: float = 0,
) -> Path:
    """Pictures (height, width, 3) of uint8, evenly or at `moments` in milliseconds, with mono sound at 48 kHz."""
    with av.open(str(file), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = pixels
        prepare(stream)
        write_sound_of_it = None
        if sound is not None:
            write_sound_of_it = add_sound(container, sound_codec, sound[None], 48_000, "mono", sound_start)
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = picture.shape[:2]
                if moments:
                    stream.codec_context.time_base = Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = moments[number] if moments else number
            frame.time_base = Fraction(1, 1000) if moments else Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if write_sound_of_it:
            write_sound_of_it()
    return file


def greys(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Pictures that tell their number by their grey: 20, 28, 36 …"""
    return [np.full((height, width, 3), 20 + 8 * (number % 28), np.uint8) for number in range(count)]


def numbers(pictures: Iterable[np.ndarray]) -> list[int]:
    """Which of the `greys` are seen."""
    return [round((float(picture.mean()) - 20) / 8) for picture in pictures]


def read_video(file: Path) -> tuple[np.ndarray, list[Fraction], np.ndarray | None]:
    """Pictures (frames, height, width, 3), their times in seconds, and the sound (samples, channels) of int16."""
    with av.open(str(file)) as container:
        decoded = list(container.decode(video=0))
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in decoded])
        times = [Fraction(frame.pts or 0) * (frame.time_base or 0) for frame in decoded]
    with av.open(str(file)) as container:
        if not container.streams.audio:
            return pictures, times, None
        channels = container.streams.audio[0].codec_context.channels
        blocks = [frame.to_ndarray().reshape(-1, channels) for frame in container.decode(audio=0)]
    return pictures, times, np.concatenate(blocks)


def read_wave(file: Path) -> tuple[np.ndarray, int]:
    """Samples (samples, channels) of int16, and the rate."""
    with wave.open(str(file), "rb") as opened:
        assert opened.getsampwidth() == 2
        data = np.frombuffer(opened.readframes(opened.getnframes()), "<i2")
        return data.reshape(-1, opened.getnchannels()), opened.getframerate()


def read_image(file: Path) -> Image.Image:
    with Image.open(file) as image:
        image.load()
        return image


def loudest(samples: np.ndarray, rate: int) -> float:
    """The strongest frequency in Hz of one channel."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))
