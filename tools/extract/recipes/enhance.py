"""Enlarging images and videos, and frames in between. Videos come in pieces, see `modes.mode.Pieces`."""

from tools.extract.recipes.recipe import Recipe, inside

FOUR_TIMES = {"1": "upscale_model", "2": "upscale"}  # what the model makes; the size asked for is taken from it


def resized(source: str, crop: str = "disabled") -> tuple[str, dict[str, object]]:
    size = {"upscale_method": "lanczos", "width": 1024, "height": 1024, "crop": crop}
    return "ImageScale", {"image": [source, 0], **size}


def piece(video: str) -> tuple[str, dict[str, object]]:
    """A part of a video, in seconds."""
    return "Video Slice", {"video": [video, 0], "start_time": 0.0, "duration": 0.0, "strict_duration": False}


# Of a piece, before it is joined to the others and compressed once more.
NEARLY_LOSSLESS = {"codec": "h264", "codec.encoding": "re-encode", "codec.encoding.crf": 6.0}

UPSCALE = Recipe(
    template="utility-gan_upscaler",
    added={
        "load_image": ("LoadImage", {"image": "image.png"}),
        "resize": resized("2"),
        "save_image": ("SaveImage", {"images": ["resize", 0], "filename_prefix": ""}),
    },
    modes={"12": 2},  # no video here
    inputs={"2": {"image": ["load_image", 0]}},
    names=FOUR_TIMES,
)

UPSCALE_WITH_DETAIL = Recipe(
    template="utility_z_image_turbo_2k_upscaler.app",
    added={"resize": resized("87:79"), "own_size": resized("87:65")},
    inputs={
        "87:79": {"image": ["77", 0]},
        "87:80": {"pixels": ["resize", 0]},
        "9": {"images": ["own_size", 0]},
    },
    names={
        "77": "load_image",
        "9": "save_image",
        **inside(
            "87",
            {
                "76": "upscale_model",
                "79": "upscale",
                "62": "text_encoder",
                "63": "vae",
                "66": "model",
                "67": "positive_prompt",
                "71": "negative_prompt",
                "70": "sampling",
                "80": "encode_image",
                "69": "pass",
                "65": "decode_image",
            },
        ),
    },
)

UPSCALE_VIDEO = Recipe(
    template="utility-gan_upscaler",
    added={"piece": piece("9"), "resize": resized("2")},
    inputs={
        "10": {"video": ["piece", 0]},
        "11": {"images": ["resize", 0], "fps": 24.0},
        "12": NEARLY_LOSSLESS,
    },
    names={**FOUR_TIMES, "9": "load_video", "10": "frames", "11": "create_video", "12": "save_video"},
)

INTERPOLATE = Recipe(
    template="utility_video_frame_interpolation",
    added={
        "piece": piece("4"),
        "new_frames": ("ImageFromBatch", {"image": ["16:2", 0], "batch_index": 0, "length": 4096}),
    },
    inputs={
        "16:3": {"video": ["piece", 0]},
        "16:5": {"images": ["new_frames", 0], "fps": 24.0},
        "7": NEARLY_LOSSLESS,
    },
    names={
        "4": "load_video",
        "7": "save_video",
        **inside("16", {"1": "interpolation_model", "2": "interpolate", "3": "frames", "5": "create_video"}),
    },
)

ENHANCE = {
    "upscale": UPSCALE,
    "upscale_detail": UPSCALE_WITH_DETAIL,
    "upscale_video": UPSCALE_VIDEO,
    "interpolate": INTERPOLATE,
}
