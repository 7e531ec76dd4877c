"""LTX-2.3 in one stage at full size, led by guides: frames that are appended to the latent and cropped off again.

Their number and size are literals here, where the templates measure them on the media while they run: Kinora knows
them before, announces them and keeps its word.
"""

from typing import Any

from tools.extract.graph import BYPASS
from tools.extract.recipes.ltx import padded
from tools.extract.recipes.recipe import Added, Recipe, Values, inside

# The templates' numbers, the same in all of them.
_ONE_STAGE = {
    "127": "checkpoint",
    "103": "text_encoder",
    "126": "audio_vae",
    "128": "positive_prompt",
    "112": "negative_prompt",
    "109": "conditioning",
    "108": "video_latent",
    "101": "audio_latent",
    "119": "av_latent",
    "121": "first_separate",
    "106": "crop_guides",
    "105": "decode_video",
    "107": "decode_audio",
    "122": "create_video",
}
_TWO_ENDS = _ONE_STAGE | {
    "124": "resize_first_frame",
    "104": "preprocess_first_frame",
    "115": "first_frame_guide",
    "125": "resize_last_frame",
    "99": "preprocess_last_frame",
    "111": "last_frame_guide",
    "100": "first_noise",
    "117": "first_sampler",
    "118": "first_sigmas",
    "116": "first_guider",
    "120": "first_pass",
}


def _two_ends(subgraph: str) -> dict[str, Values]:
    return {
        # Measured on the resized first frame, which has this size by then.
        f"{subgraph}:108": {"width": [f"{subgraph}:113", 0], "height": [f"{subgraph}:98", 0]},
        # "nearest-exact" makes steps of slanted edges; all other templates use this.
        f"{subgraph}:124": {"scale_method": "lanczos"},
        f"{subgraph}:125": {"scale_method": "lanczos"},
    }


FIRST_LAST_FRAME = Recipe(
    template="video_ltx2_3_flf2v",
    inputs=_two_ends("129"),
    names={"31": "load_first_frame", "39": "load_last_frame", "68": "save_video", **inside("129", _TWO_ENDS)},
)

STYLE_TRANSITION = Recipe(
    template="template_ltx2_3_style_transition",
    inputs=_two_ends("139"),
    names={
        "138": "load_first_frame",
        "137": "load_last_frame",
        "68": "save_video",
        **inside("139", _TWO_ENDS | {"129": "transition_lora"}),
    },
)

_IC_LORA = _ONE_STAGE | {"704": "first_pass", "195": "ic_lora", "196": "ic_lora_parameters", "115": "guide"}
_FRAMES = 121  # about the 5 s to which the template trims its video

# What the source video gives, by the template's node "697:70" (its frames and its sound).
_CONTROL: Added = {
    # A guide must not be longer than the clip, and cutting by time may leave a frame too many.
    "control_frames": ("ImageFromBatch", {"image": ["697:70", 0], "batch_index": 0, "length": _FRAMES}),
    # In the clip's size, so that no preprocessor works on pixels that are cropped away later.
    "resize_control": (
        "ResizeImageMaskNode",
        {
            "input": ["control_frames", 0],
            "resize_type": "scale dimensions",
            "resize_type.width": ["129:113", 0],
            "resize_type.height": ["129:98", 0],
            "resize_type.crop": "center",
            "scale_method": "lanczos",
        },
    ),
}
# Its sound leads the pictures and goes into the file, as in video_ltx2_3_ia2v; a video without sound has silence.
_KEPT_SOUND: Added = {
    **padded(["697:70", 1], seconds=5.0),
    "trim_audio": ("TrimAudioDuration", {"audio": ["pad_audio", 0], "start_index": 0.0, "duration": 5.0}),
    "encode_audio": ("LTXVAudioVAEEncode", {"audio": ["trim_audio", 0], "audio_vae": ["129:126", 0]}),
    "audio_mask": ("SolidMask", {"value": 0.0, "width": 8, "height": 8}),
    "masked_audio_latent": ("SetLatentNoiseMask", {"samples": ["encode_audio", 0], "mask": ["audio_mask", 0]}),
}


def _restyle(control: list[Any], added: Added, inputs: dict[str, Values], words: dict[str, str]) -> Recipe:
    """Restyling of a video by `control`, an output that has its frames as the guide wants them.

    The template makes new sound. What it makes it with stays spare: modes link av_latent to audio_latent and
    create_video to decode_audio for that.
    """
    return Recipe(
        template="video_ltx2_3_ic_lora",
        added={**_CONTROL, **added, **_KEPT_SOUND},
        inputs={
            "129:212": {"value": False},  # prompt enhancer
            "129:115": {"image": control},
            # The template counts the frames for these two.
            "129:108": {"length": _FRAMES},
            "129:101": {"frames_number": _FRAMES},
            "129:119": {"audio_latent": ["masked_audio_latent", 0]},
            "129:122": {"audio": ["trim_audio", 0]},
            **inputs,
        },
        spares=("129:101", "129:107"),
        names={
            "199": "load_video",
            "692": "trim_video",
            "697:70": "video_frames",
            "200": "load_image",
            "68": "save_video",
            **inside("129", _IC_LORA | {"198": "first_image_in_place"}),
            **words,
        },
    )


RESTYLE_DEPTH = _restyle(
    ["697:25", 0],
    added={},
    inputs={"697:13": {"image": ["resize_control", 0]}},  # instead of the source, shrunk to 2048 pixels if larger
    words={"697:32": "depth_model", "697:13": "estimate_depth", "697:25": "control"},
)

# As in video_ltx2_canny_to_video, edges are found at half size: with the union LoRA that is the size in which the
# guide is encoded, so that lines stay a pixel wide.
RESTYLE_CANNY = _restyle(
    ["control", 0],
    added={
        "halve_control": (
            "ImageScaleBy",
            {"image": ["resize_control", 0], "upscale_method": "lanczos", "scale_by": 0.5},
        ),
        "control": ("Canny", {"image": ["halve_control", 0], "low_threshold": 0.4, "high_threshold": 0.8}),
    },
    inputs={},
    words={},
)

# No template has this for LTX-2.3. The union LoRA knows poses too; the pose map is made as in
# utility_sdpose_ood_video_to_pose_map, which takes the whole picture as one person's.
RESTYLE_POSE = _restyle(
    ["control", 0],
    added={
        "enlarge_control": (
            "ResizeImageMaskNode",
            {
                "input": ["resize_control", 0],
                "resize_type": "scale longer dimension",
                "resize_type.longer_size": 1024,
                "scale_method": "lanczos",
            },
        ),
        "pose_model": ("CheckpointLoaderSimple", {"ckpt_name": "sdpose_wholebody_fp16.safetensors"}),
        "estimate_pose": (
            "SDPoseKeypointExtractor",
            {
                "image": ["enlarge_control", 0],
                "model": ["pose_model", 0],
                "vae": ["pose_model", 2],
                "batch_size": 16,
            },
        ),
        "control": (
            "SDPoseDrawKeypoints",
            {
                "keypoints": ["estimate_pose", 0],
                "draw_body": True,
                "draw_hands": True,
                "draw_face": True,
                "draw_feet": True,
                "draw_head": True,
                "stick_width": 4,
                "face_point_size": 2,
                "score_threshold": 0.5,
            },
        ),
    },
    inputs={},
    words={},
)

REFERENCE_SHEET = Recipe(
    template="template_ltx2_3_ic_lora_ingredients",
    modes={"129:198": BYPASS},  # a first frame, which the template has off
    inputs={
        "129:212": {"value": False},  # prompt enhancer
        # The sheet becomes a still video of the clip's size and length. The template repeats it before it resizes it,
        # which takes gigabytes for a large sheet, and then measures what came out.
        "722": {"image": ["724", 0]},
        "709": {"image": ["722", 0]},
        "129:115": {"image": ["709", 0]},
        "717": {"expression": "a * b + 1"},  # seconds x fps, as in all other templates
        "129:108": {"width": 1280, "height": 720, "length": ["717", 1]},
        "129:101": {"frames_number": ["717", 1]},
    },
    names={
        "724": "load_sheet",
        "722": "resize_sheet",
        "709": "repeat_sheet",
        "68": "save_video",
        **inside("129", _IC_LORA),
    },
)

LTX_GUIDES: dict[str, Recipe] = {
    "flf2v": FIRST_LAST_FRAME,
    "style_transition": STYLE_TRANSITION,
    "restyle_depth": RESTYLE_DEPTH,
    "restyle_canny": RESTYLE_CANNY,
    "restyle_pose": RESTYLE_POSE,
    "ingredients": REFERENCE_SHEET,
}
