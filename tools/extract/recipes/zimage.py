"""Z-Image: from text, from an image, and inside a mask. The turbo model's template, with a prompt of what to avoid."""

from tools.extract.recipes.recipe import Recipe, inside

TEMPLATE = "image_z_image_turbo"
NAMES = {
    "9": "save_image",
    **inside(
        "57",
        {
            "30": "text_encoder",
            "29": "vae",
            "28": "model",
            "27": "positive_prompt",
            "11": "sampling",
            "3": "pass",
            "8": "decode_image",
        },
    ),
}
NEGATIVE = {"negative_prompt": ("CLIPTextEncode", {"text": "", "clip": ["57:30", 0]})}
IMAGE = {
    "load_image": ("LoadImage", {"image": "image.png"}),
    "encode_image": ("VAEEncode", {"pixels": ["load_image", 0], "vae": ["57:29", 0]}),
}

FROM_TEXT = Recipe(
    template=TEMPLATE,
    added=NEGATIVE,
    inputs={"57:3": {"negative": ["negative_prompt", 0]}},
    names=NAMES | {"57:13": "image_latent"},
)

FROM_IMAGE = Recipe(
    template=TEMPLATE,
    added={
        **NEGATIVE,
        **IMAGE,
        "repeat_latent": ("RepeatLatentBatch", {"samples": ["encode_image", 0], "amount": 1}),
    },
    inputs={"57:3": {"negative": ["negative_prompt", 0], "latent_image": ["repeat_latent", 0]}},
    names=NAMES,
)

INPAINT = Recipe(
    template=TEMPLATE,
    added={
        **NEGATIVE,
        **IMAGE,
        "masked_latent": ("SetLatentNoiseMask", {"samples": ["encode_image", 0], "mask": ["load_image", 1]}),
        "repeat_latent": ("RepeatLatentBatch", {"samples": ["masked_latent", 0], "amount": 1}),
        "soft_mask": ("DifferentialDiffusion", {"model": ["57:11", 0], "strength": 1.0}),
        "repeat_image": ("RepeatImageBatch", {"image": ["load_image", 0], "amount": 1}),
        "put_back": (
            "ImageCompositeMasked",
            {
                "destination": ["repeat_image", 0],
                "source": ["57:8", 0],
                "x": 0,
                "y": 0,
                "resize_source": False,
                "mask": ["load_image", 1],
            },
        ),
        "own_size": ("ImageCrop", {"image": ["put_back", 0], "width": 1024, "height": 1024, "x": 0, "y": 0}),
    },
    inputs={
        "57:3": {
            "model": ["soft_mask", 0],
            "negative": ["negative_prompt", 0],
            "latent_image": ["repeat_latent", 0],
        },
        "9": {"images": ["own_size", 0]},
    },
    names=NAMES,
)

ZIMAGE = {"z_image": FROM_TEXT, "z_image_change": FROM_IMAGE, "z_image_inpaint": INPAINT}
