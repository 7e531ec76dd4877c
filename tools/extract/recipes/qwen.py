"""Qwen-Image-Edit 2511: an instruction, and one to three images. Sizes are decided before."""

from tools.extract.recipes.recipe import Recipe, inside

EDIT = Recipe(
    template="image_qwen_image_edit_2511",
    added={"load_third_image": ("LoadImage", {"image": "image.png"})},
    inputs={
        **{f"170:{node}": {"image1": ["41", 0], "image3": ["load_third_image", 0]} for node in (149, 151)},
        "170:156": {"pixels": ["41", 0]},
    },
    names={
        "41": "load_image",
        "83": "load_second_image",
        "9": "save_image",
        **inside(
            "170",
            {
                "161": "model",
                "162": "text_encoder",
                "146": "vae",
                "151": "positive_prompt",
                "149": "negative_prompt",
                "148": "positive_references",
                "147": "negative_references",
                "145": "sampling",
                "152": "guidance",
                "156": "encode_image",
                "169": "pass",
                "158": "decode_image",
            },
        ),
    },
)

QWEN = {"qwen_edit": EDIT}
