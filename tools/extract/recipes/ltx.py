"""LTX-2.3 in two stages: half size first, then enlarged and refined.

In all LTX recipes a word id names the same job, so that modes can share the code that patches it, and prompt enhancers
are off: a prompt goes to the encoder as it was written.
"""

from typing import Any

from tools.extract.graph import BYPASS
from tools.extract.recipes.recipe import Added, Recipe, Values, inside

IA2V = "video_ltx2_3_ia2v"

TEXT_TO_VIDEO = Recipe(
    template="video_ltx2_3_t2v",
    # The latent passes the two places where an image would enter.
    modes={"267:249": BYPASS, "267:230": BYPASS},
    inputs={"267:330": {"value": False}},  # prompt enhancer
    names={
        "75": "save_video",
        **inside(
            "267",
            {
                "236": "checkpoint",
                "243": "text_encoder",
                "221": "audio_vae",
                "233": "upscale_model",
                "232": "distilled_lora",
                "240": "positive_prompt",
                "247": "negative_prompt",
                "239": "conditioning",
                "228": "video_latent",
                "214": "audio_latent",
                "222": "av_latent",
                "237": "first_noise",
                "209": "first_sampler",
                "252": "first_sigmas",
                "231": "first_guider",
                "215": "first_pass",
                "217": "first_separate",
                "212": "crop_guides",
                "253": "upsample",
                "229": "second_av_latent",
                "216": "second_noise",
                "246": "second_sampler",
                "211": "second_sigmas",
                "213": "second_guider",
                "219": "second_pass",
                "218": "second_separate",
                "251": "decode_video",
                "220": "decode_audio",
                "242": "create_video",
            },
        ),
    },
)

IMAGE_TO_VIDEO = Recipe(
    template="video_ltx2_3_i2v",
    inputs={"320:328": {"value": False}, "320:302": {"value": False}},  # prompt enhancer; "text to video"
    names={
        "75": "save_video",
        "269": "load_image",
        **inside(
            "320",
            {
                "316": "checkpoint",
                "317": "text_encoder",
                "279": "audio_vae",
                "311": "upscale_model",
                "285": "distilled_lora",
                "303": "positive_prompt",
                "313": "negative_prompt",
                "304": "conditioning",
                "290": "resize_image",
                "286": "enlarge_image",
                "289": "preprocess_image",
                "295": "video_latent",
                "296": "first_image_in_place",
                "305": "audio_latent",
                "318": "av_latent",
                "277": "first_noise",
                "291": "first_sampler",
                "306": "first_sigmas",
                "314": "first_guider",
                "283": "first_pass",
                "307": "first_separate",
                "284": "crop_guides",
                "287": "upsample",
                "288": "second_image_in_place",
                "278": "second_av_latent",
                "276": "second_noise",
                "280": "second_sampler",
                "281": "second_sigmas",
                "282": "second_guider",
                "308": "second_pass",
                "309": "second_separate",
                "315": "decode_video",
                "297": "decode_audio",
                "310": "create_video",
            },
        ),
    },
)

# video_ltx2_3_ia2v and video_ltx2_3_id_lora share their numbers.
_WITH_AUDIO = {
    "276": "load_audio",
    "341": "save_video",
    **inside(
        "340",
        {
            "317": "checkpoint",
            "318": "text_encoder",
            "335": "audio_vae",
            "313": "upscale_model",
            "293": "distilled_lora",
            "306": "positive_prompt",
            "314": "negative_prompt",
            "307": "conditioning",
            "302": "video_latent",
            "326": "av_latent",
            "286": "first_noise",
            "298": "first_sampler",
            "308": "first_sigmas",
            "315": "first_guider",
            "291": "first_pass",
            "309": "first_separate",
            "292": "crop_guides",
            "295": "upsample",
            "287": "second_av_latent",
            "285": "second_noise",
            "288": "second_sampler",
            "289": "second_sigmas",
            "290": "second_guider",
            "310": "second_pass",
            "311": "second_separate",
            "316": "decode_video",
            "312": "create_video",
        },
    ),
}
_PORTRAIT = {
    "269": "load_image",
    **inside(
        "340",
        {
            "297": "resize_image",
            "294": "enlarge_image",
            "334": "preprocess_image",
            "325": "first_image_in_place",
            "296": "second_image_in_place",
        },
    ),
}
_SOUND_AS_GIVEN: dict[str, Values] = {
    "340:349": {"value": False},  # prompt enhancer
    "340:305": {"value": False},  # "text to video"
    "340:332": {"audio": ["pad_audio", 0]},
    # The template decodes the sound again from its latent, at a loss; what was given goes into the file instead.
    "340:312": {"audio": ["340:332", 0]},
    # All zeros, stretched to the sound's latent: no size means anything.
    "340:333": {"width": 8, "height": 8},
}
_GIVEN_SOUND = inside(
    "340", {"332": "trim_audio", "328": "encode_audio", "333": "audio_mask", "327": "masked_audio_latent"}
)


def padded(audio: list[Any], seconds: float) -> Added:
    """Nodes that lengthen an output `audio` by so much silence, to two channels at 44.1 kHz or more.

    ComfyUI encodes only whole blocks of 4096 samples at 44.1 kHz (0.093 s) and takes them from the middle
    (vae_encode_crop_pixels in comfy/sd.py): what is left over would shift the sound by up to 0.046 s against the
    pictures. With silence behind it the sound can be cut to a whole number of blocks that covers the clip; CreateVideo
    then cuts the file's sound to the length of its pictures.
    """
    return {
        "silence": ("EmptyAudio", {"duration": seconds, "sample_rate": 44100, "channels": 2}),
        "pad_audio": ("AudioConcat", {"audio1": audio, "audio2": ["silence", 0], "direction": "after"}),
    }


LIPSYNC = Recipe(
    template=IA2V,
    added=padded(["276", 0], seconds=9.0),
    inputs=_SOUND_AS_GIVEN,
    names=_WITH_AUDIO | _PORTRAIT | _GIVEN_SOUND,
)

# No template of its own: lipsync, whose latent passes the two places where the portrait would enter.
AUDIO_TO_VIDEO = Recipe(
    template=IA2V,
    modes={"340:325": BYPASS, "340:296": BYPASS},
    added=padded(["276", 0], seconds=9.0),
    inputs=_SOUND_AS_GIVEN,
    names=_WITH_AUDIO | _GIVEN_SOUND,
)

VOICE_IDENTITY = Recipe(
    template="video_ltx2_3_id_lora",
    # The template takes the voice in full. The LoRA was trained on about 5 s (LTXVReferenceAudio says so), and a
    # person shall choose which.
    added={"trim_audio": ("TrimAudioDuration", {"audio": ["276", 0], "start_index": 0.0, "duration": 5.0})},
    inputs={"340:349": {"reference_audio": ["trim_audio", 0]}},
    names=_WITH_AUDIO
    | _PORTRAIT
    | inside("340", {"346": "id_lora", "349": "reference_audio", "348": "audio_latent", "303": "decode_audio"}),
)

LTX: dict[str, Recipe] = {
    "t2v": TEXT_TO_VIDEO,
    "i2v": IMAGE_TO_VIDEO,
    "a2v": AUDIO_TO_VIDEO,
    "lipsync": LIPSYNC,
    "id_lora": VOICE_IDENTITY,
}
