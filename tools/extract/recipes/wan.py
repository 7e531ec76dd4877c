"""Wan 2.2: two experts, one for high and one for low noise, and the small model that takes text and image.

In all of them a word id names the same job. The 4-step LoRAs are not in the templates' own state; modes insert them.
"""

from tools.extract.recipes.recipe import Recipe, inside

TEXT_TO_VIDEO = Recipe(
    template="video_wan2_2_14B_t2v",
    names={
        "80": "save_video",
        **inside(
            "128",
            {
                "71": "text_encoder",
                "73": "video_vae",
                "75": "high_model",
                "76": "low_model",
                "82": "high_sampling",
                "86": "low_sampling",
                "89": "positive_prompt",
                "72": "negative_prompt",
                "74": "video_latent",
                "81": "high_pass",
                "78": "low_pass",
                "87": "decode_video",
                "88": "create_video",
            },
        ),
    },
)

IMAGE_TO_VIDEO = Recipe(
    template="video_wan2_2_14B_i2v",
    names={
        "97": "load_image",
        "108": "save_video",
        **inside(
            "129",
            {
                "84": "text_encoder",
                "90": "video_vae",
                "95": "high_model",
                "96": "low_model",
                "104": "high_sampling",
                "103": "low_sampling",
                "93": "positive_prompt",
                "89": "negative_prompt",
                "98": "conditioning",
                "86": "high_pass",
                "85": "low_pass",
                "87": "decode_video",
                "94": "create_video",
            },
        ),
    },
)

FIRST_LAST_FRAME = Recipe(
    template="video_wan2_2_14B_flf2v",
    names={
        "72": "text_encoder",
        "79": "video_vae",
        "76": "high_model",
        "77": "low_model",
        "73": "high_sampling",
        "74": "low_sampling",
        "90": "positive_prompt",
        "78": "negative_prompt",
        "80": "load_first_frame",
        "89": "load_last_frame",
        "81": "conditioning",
        "84": "high_pass",
        "87": "low_pass",
        "85": "decode_video",
        "86": "create_video",
        "83": "save_video",
    },
)

TEXT_IMAGE_TO_VIDEO = Recipe(
    template="video_wan2_2_5B_ti2v",
    modes={"56": 0},  # its image, bypassed in the template
    names={
        "38": "text_encoder",
        "39": "video_vae",
        "37": "model",
        "48": "sampling",
        "6": "positive_prompt",
        "7": "negative_prompt",
        "56": "load_image",
        "55": "video_latent",
        "3": "pass",
        "8": "decode_video",
        "57": "create_video",
        "58": "save_video",
    },
)

WAN = {
    "wan_t2v": TEXT_TO_VIDEO,
    "wan_i2v": IMAGE_TO_VIDEO,
    "wan_flf2v": FIRST_LAST_FRAME,
    "wan_ti2v": TEXT_IMAGE_TO_VIDEO,
}
