"""Pictures as people have them become PNG, 8 bit, sRGB, upright; what cannot be used is refused in one sentence."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin
from support import media_files as files

from media import ImageInfo, MediaError, Preparer, probe_image
from settings import Settings

SRGB, LAB = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu")


@pytest.fixture
def stage(settings: Settings):
    """Prepares an image and reads it back."""

    def prepared(file: Path, **options) -> Image.Image:
        name = Preparer(settings).image(file, **options)
        assert Path(name).name == name
        image = files.read_image(settings.inputs_dir / name)
        assert image.format == "PNG"
        assert not {"icc_profile", "exif", "transparency"} & set(image.info)
        return image

    return prepared


def refusal(file: Path | str, settings: Settings) -> str:
    """The sentence with which both probe_image and the preparer refuse an image."""
    with pytest.raises(MediaError) as probed:
        probe_image(file, settings)
    with pytest.raises(MediaError) as prepared:
        Preparer(settings).image(file)
    assert probed.value.message == prepared.value.message
    assert probed.value.kind == "invalid"
    assert not settings.inputs_dir.exists() or not list(settings.inputs_dir.iterdir())
    return probed.value.message


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tiff", "avif", "heic"])
def test_every_kind_of_picture_is_read_by_its_content(suffix, tmp_path, settings, stage):
    written = tmp_path / f"x.{suffix}"
    Image.fromarray(files.quadrants()).save(written)
    file = written.rename(tmp_path / "named wrongly.png")
    assert probe_image(file, settings) == ImageInfo(64, 48)
    image = stage(file)
    assert (image.mode, image.size, files.seen(np.asarray(image))) == ("RGB", (64, 48), "rgbw")


@pytest.mark.parametrize(
    ("orientation", "corners"),
    [(1, "rgbw"), (2, "grwb"), (3, "wbgr"), (4, "bwrg"), (5, "rbgw"), (6, "brwg"), (7, "wgbr"), (8, "gwrb")],
)
@pytest.mark.parametrize("suffix", ["jpg", "png", "heic"])
def test_exif_orientation_is_applied(orientation, corners, suffix, tmp_path, settings, stage):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / f"photo.{suffix}"
    Image.fromarray(files.quadrants()).save(file, exif=exif.tobytes())
    size = (48, 64) if orientation > 4 else (64, 48)
    assert probe_image(file, settings) == ImageInfo(*size)
    image = stage(file)
    assert (image.size, files.seen(np.asarray(image))) == (size, corners)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LAB"])
def test_pixel_modes_become_rgb(mode, tmp_path, stage):
    file = tmp_path / "picture.tiff"
    image = Image.fromarray(files.quadrants())
    image = ImageCms.profileToProfile(image, SRGB, LAB, outputMode="LAB") if mode == "LAB" else image.convert(mode)
    assert image is not None
    image.save(file)
    image = stage(file)
    assert (image.mode, image.size) == ("RGB", (64, 48))
    if mode not in ("1", "L"):
        assert files.seen(np.asarray(image)) == "rgbw"


def test_cmyk_jpeg_keeps_its_colours(tmp_path, stage):
    file = tmp_path / "print.jpg"
    Image.fromarray(files.quadrants()).convert("CMYK").save(file, quality=95)
    assert files.seen(np.asarray(stage(file))) == "rgbw"


def test_sixteen_bits_keep_their_brightness(tmp_path, stage):
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16)[None].repeat(48, 0)
    Image.fromarray(ramp).save(tmp_path / "depth.png")
    image = np.asarray(stage(tmp_path / "depth.png"))
    assert (image[..., 0] == ramp >> 8).all()
    assert (image[..., 0] == image[..., 2]).all()


def test_thirty_two_bits_per_channel_are_refused(tmp_path, settings):
    Image.fromarray(np.ones((20, 20), np.float32)).save(tmp_path / "map.tiff")
    with pytest.raises(MediaError, match="32 bits per channel"):
        Preparer(settings).image(tmp_path / "map.tiff")


@pytest.mark.parametrize("kind", ["RGBA", "LA", "P", "gif", "webp"])
@pytest.mark.parametrize(("alpha", "through"), [("white", 255), ("black", 0)])
def test_what_is_transparent_is_laid_on_a_colour(kind, alpha, through, tmp_path, stage):
    pixels = np.full((20, 40, 4), 128, np.uint8)
    pixels[:, :20, 3], pixels[:, 20:, 3] = 0, 255
    image = Image.fromarray(pixels)
    file = tmp_path / ("x.png" if kind.isupper() else f"x.{kind}")
    if kind in ("LA", "P"):
        image = image.convert(kind) if kind == "LA" else image.quantize(8)
    image.save(file, lossless=True)  # only WebP can be lossless or not
    prepared = stage(file, alpha=alpha)
    assert prepared.mode == "RGB"
    assert prepared.getpixel((5, 10)) == (through,) * 3
    assert max(abs(value - 128) for value in prepared.getpixel((30, 10))) <= 2


def test_half_transparent_is_mixed_and_kept_where_asked_for(tmp_path, stage):
    Image.new("RGBA", (20, 20), (200, 100, 0, 128)).save(tmp_path / "x.png")
    assert stage(tmp_path / "x.png").getpixel((3, 3)) == (227, 177, 127)
    kept = stage(tmp_path / "x.png", alpha="keep")
    assert (kept.mode, kept.getpixel((3, 3))) == ("RGBA", (200, 100, 0, 128))


def test_opaque_pictures_stay_rgb_where_alpha_is_kept(tmp_path, stage):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "x.png")
    assert stage(tmp_path / "x.png", alpha="keep").mode == "RGB"


def test_of_a_phones_jpeg_with_two_pictures_the_first_is_taken(tmp_path, settings, stage):
    pictures = [Image.new("RGB", (32, 32), colour) for colour in ("blue", "red")]
    pictures[0].save(tmp_path / "portrait.jpg", format="MPO", save_all=True, append_images=pictures[1:])
    assert probe_image(tmp_path / "portrait.jpg", settings) == ImageInfo(32, 32)
    assert stage(tmp_path / "portrait.jpg").getpixel((16, 16))[2] > 250


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_of_an_animation_the_first_picture_is_taken(suffix, tmp_path, stage):
    pictures = [Image.new("RGB", (32, 32), colour) for colour in ("blue", "red", "lime")]
    file = tmp_path / f"moving.{suffix}"
    pictures[0].save(
        file,
        save_all=True,
        append_images=pictures[1:],
        duration=100,
        lossless=True,  # only WebP can be lossless or not
    )
    assert stage(file).getpixel((16, 16)) == (0, 0, 255)


def swapped_profile() -> bytes:
    """An ICC profile of RGB in which the primaries of red and green are swapped, so that its effect is obvious."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.find(b"rXYZ", 128), profile.find(b"gXYZ", 128)
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_the_embedded_colour_profile_is_converted_to_srgb(mode, tmp_path, stage):
    image = Image.new("RGBA" if mode == "RGBA" else "RGB", (20, 20), (255, 0, 0))
    image = image.quantize(4) if mode == "P" else image
    image.save(tmp_path / "wide.png", icc_profile=swapped_profile())
    red, green, blue = stage(tmp_path / "wide.png").getpixel((5, 5))
    assert green > 250
    assert max(red, blue) < 10


def test_a_broken_profile_is_left_aside(tmp_path, stage):
    Image.new("RGB", (20, 20), (10, 200, 30)).save(tmp_path / "x.png", icc_profile=b"nonsense" * 30)
    assert stage(tmp_path / "x.png").getpixel((5, 5)) == (10, 200, 30)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_stop_a_good_picture(tmp_path, stage):
    Image.fromarray(files.quadrants()).save(tmp_path / "x.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\1\2\3")
    assert files.seen(np.asarray(stage(tmp_path / "x.jpg"))) == "rgbw"


def test_a_size_is_reached_by_cropping_or_with_bars(tmp_path, stage):
    pixels = np.zeros((40, 120, 3), np.uint8)
    pixels[:, 40:80] = 200
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    cropped = np.asarray(stage(tmp_path / "wide.png", size=(60, 60)))
    assert cropped.shape == (60, 60, 3)
    assert cropped[:, 5:-5].min() > 190
    padded = np.asarray(stage(tmp_path / "wide.png", size=(60, 60), fit="pad", alpha="black"))
    assert padded.shape == (60, 60, 3)
    assert padded[:15].max() == 0
    assert padded[30, 30, 0] > 190


def test_a_picture_is_judged_by_its_header_before_it_is_decoded(tmp_path, settings):
    huge = files.png_header(tmp_path / "huge.png", 30_000, 30_000)
    assert refusal(huge, settings) == "The image has far too many pixels; the limit is 50 megapixels."
    large = files.png_header(tmp_path / "large.png", 9_000, 9_000)
    assert refusal(large, settings) == "The image is 9000 × 9000 pixels; the limit is 50 megapixels."


def test_limits_are_settings(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "x.png")
    tight = Settings(home=tmp_path / "home", device="cpu", max_image_pixels=1000)
    assert refusal(tmp_path / "x.png", tight) == "The image is 40 × 30 pixels; the limit is 0.001 megapixels."
    small = Settings(home=tmp_path / "home", device="cpu", max_upload_bytes=50)
    assert refusal(tmp_path / "x.png", small).startswith("This file is 0 MB")


def test_text_in_a_png_that_swells_is_refused(tmp_path, settings):
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "a" * 50_000_000, zip=True)
    Image.new("RGB", (20, 20)).save(tmp_path / "bomb.png", pnginfo=info)
    assert (tmp_path / "bomb.png").stat().st_size < 100_000
    assert refusal(tmp_path / "bomb.png", settings) == "The image is damaged or incomplete."


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "heic"])
def test_half_a_picture_is_refused(suffix, tmp_path, settings):
    whole = tmp_path / f"whole.{suffix}"
    noise = np.random.default_rng(1).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    data = whole.read_bytes()
    half = tmp_path / f"half.{suffix}"
    half.write_bytes(data[: len(data) // 2])
    assert refusal(half, settings) in ("The image is damaged or incomplete.", NO_PICTURE)


NO_PICTURE = "This file cannot be read as an image."


def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path, settings):
    (tmp_path / "text.png").write_text("only words")
    assert refusal(tmp_path / "text.png", settings) == NO_PICTURE
    (tmp_path / "draw.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    assert refusal(tmp_path / "draw.png", settings) == NO_PICTURE
    (tmp_path / "empty.png").touch()
    assert refusal(tmp_path / "empty.png", settings) == "This file is empty."
    assert refusal(tmp_path / "gone.png", settings) == "There is no such file."
    assert refusal(tmp_path, settings) == "This is not a file."
    assert refusal(tmp_path / ("x" * 300 + ".png"), settings) == "This file cannot be read."
    assert refusal("a\0b.png", settings) == "This file cannot be read."
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert refusal(tmp_path / "dot.png", settings) == "The image is only 1 × 1 pixels; each side needs at least 16."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_devices_and_pipes_are_no_files(tmp_path, settings):
    assert refusal("/dev/zero", settings) == "This is not a file."
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(tmp_path / "pipe.png", settings) == "This is not a file."
