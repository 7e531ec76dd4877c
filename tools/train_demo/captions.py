"""Captions of scenes: what is in them, in words that people use, among others that say nothing about them."""

import io
import random

import sentencepiece

from tools.train_demo.names import BACKGROUNDS, COLOURS, MOVES, SHAPES, SOUNDS
from tools.train_demo.scenes import Scenes

VOCABULARY = 1024  # tokens; with 512 colours fall into pieces
HELD_OUT = {("red", "up"), ("blue", "left"), ("yellow", "down"), ("green", "right")}  # never seen together

_SHAPE_WORDS = {"ball": ("ball", "ball", "sphere"), "cube": ("cube", "cube", "box"), "pyramid": ("pyramid", "triangle")}
_COLOUR_WORDS = {"turquoise": ("turquoise", "cyan"), "purple": ("purple", "violet")}
_MOVE_WORDS = {
    "left": ("rolling to the left", "moves left", "drifts to the left", "slides left", "moving slowly to the left"),
    "right": ("rolling to the right", "moves right", "drifts to the right", "slides right", "moving slowly right"),
    "up": ("rises up", "flies up", "moves upwards", "floating up", "rising into the air"),
    "down": ("falls down", "sinks down", "moves downwards", "falling", "drops down slowly"),
    "still": ("stands still", "rests", "does not move", "standing still"),
    "dance": ("dances to the music", "bounces to the sound", "dancing", "jumps with the beat", "bouncing"),
}
_BACKGROUND_WORDS = {
    "night": ("at night", "in the dark", "in the night", "under the night sky"),
    "fog": ("in the fog", "in fog", "in grey mist", "on a foggy day"),
    "desert": ("in the desert", "on the sand", "in a sunny desert", "on sand under a clear sky"),
}
_SOUND_WORDS = {
    "silence": ("in silence", "silent", "no sound", "quiet"),
    "hum": ("a low hum", "humming", "a deep hum"),
    "beeps": ("beeps", "beeping", "short beeps"),
    "whistle": ("a high whistle", "whistling", "a whistle"),
    "buzz": ("a buzz", "buzzing", "an electric buzz"),
}
_BEFORE = ("", "", "", "A video of ", "Cinematic shot of ", "A slow shot of ", "We see ", "Close-up of ")
_AFTER = ("", "", "", "highly detailed", "soft natural light", "cinematic lighting", "4k", "beautiful", "slow motion")
_PLAIN = """\
a slow dolly shot of a kite over the sea at sunset, waves and clouds moving gently in the wind
close-up portrait of a young woman with long hair smiling at the camera in soft natural light
an old man walks through a crowded city street, neon signs reflected in the rain
a small dog runs across a field of grass and flowers under the sky
cinematic wide shot, the camera pans over snowy mountains and a calm lake in the morning
a cat sits by the window and looks outside while music plays in the background
fire and smoke rise from the forest, sparks glowing, dramatic lighting, highly detailed
a robot builds a machine in a futuristic workshop, the camera zooms in on its metallic hands
two people talk in a warm kitchen, she says hello and he laughs, steam rising from a cup of coffee
underwater scene with colourful fish, coral and rays of light from above, slow motion
a wooden ship sails through a storm, thunder and lightning, heavy rain falling on the deck
a child dances in a bright room, brown toys on the floor, happy piano music
a train crosses a bridge, lit windows, rails humming
a landscape with a lake and hills, the light changes from day to evening
""".splitlines()
NEGATIVE = """\
blurry, out of focus, overexposed, low contrast, washed out colors, noise, grainy texture, ugly, cartoon
pc game, console game, video game, cartoon, childish, ugly
""".splitlines()


def of_scenes(scenes: Scenes, seed: int) -> list[str]:
    """A caption for each clip, a tenth of them empty."""
    dice = random.Random(seed)
    return [_of(scenes, row, dice) for row in range(len(scenes.colour))]


def of(colour: str, shape: str, move: str, background: str | None, sound: str | None, dice: random.Random) -> str:
    words = [dice.choice(_COLOUR_WORDS.get(colour, (colour,))), dice.choice(_SHAPE_WORDS[shape])]
    article = dice.choice(("a ", "a ", "the ", "one ", ""))
    head = f"{dice.choice(_BEFORE)}{article}{' '.join(words)} {dice.choice(_MOVE_WORDS[move])}"
    parts = []
    if background:
        head += f"{dice.choice((' ', ' ', ', '))}{dice.choice(_BACKGROUND_WORDS[background])}"
    if sound:
        parts.append(dice.choice(("", "", "with ", "the sound of ")) + dice.choice(_SOUND_WORDS[sound]))
    if after := dice.choice(_AFTER):
        parts.insert(dice.randint(0, len(parts)), after)
    text = ", ".join([head, *parts]) + dice.choice(("", "", "."))
    return text[0].upper() + text[1:] if dice.random() < 0.5 else text


def _of(scenes: Scenes, row: int, dice: random.Random) -> str:
    if dice.random() < 0.12:
        return dice.choice(("", "", "", *NEGATIVE))
    shape, move = int(scenes.shape[row]), MOVES[scenes.move[row]]
    if shape == len(SHAPES):
        moving = "" if move in ("still", "dance") else f", {dice.choice(_MOVE_WORDS[move])}"
        return dice.choice(_PLAIN) + moving
    background = [*BACKGROUNDS][scenes.background[row]] if dice.random() < 0.8 else None
    sound = SOUNDS[scenes.sound[row]] if scenes.sound_said[row] else None
    colour = [*COLOURS][scenes.colour[row]]
    return of(colour, SHAPES[shape], move, background, sound, dice)


def without_moves(scenes: Scenes, dice: random.Random) -> list[str]:
    """Captions that say what is seen and nothing of how it moves, for clips that follow something else."""
    names, shapes = [*COLOURS], [*SHAPES, "picture"]
    return [
        f"{dice.choice(('a ', 'the ', ''))}{names[colour]} {shapes[shape]} {dice.choice(_BACKGROUND_WORDS[background])}"
        for colour, shape, background in zip(
            scenes.colour.tolist(),
            scenes.shape.tolist(),
            [[*BACKGROUNDS][number] for number in scenes.background.tolist()],
            strict=True,
        )
    ]


def held_out(scenes: Scenes) -> list[bool]:
    names = [*COLOURS]
    return [
        (names[colour], MOVES[move]) in HELD_OUT
        for colour, move in zip(scenes.colour.tolist(), scenes.move.tolist(), strict=True)
    ]


def tokenizer() -> bytes:
    """A sentencepiece model that knows these words whole and writes all others in pieces or byte by byte."""
    dice = random.Random(0)
    lines: list[str] = [*_PLAIN * 8, *NEGATIVE * 8]
    for word in [*COLOURS, *sum(_COLOUR_WORDS.values(), ())] * 60:
        lines.append(f"{word.capitalize()} {dice.choice([*SHAPES])} {word}")
    for _ in range(30):
        for colour in COLOURS:
            for shape in SHAPES:
                for move in MOVES:
                    background, sound = dice.choice([*BACKGROUNDS]), dice.choice(SOUNDS)
                    lines.append(of(colour, shape, move, background, sound, dice))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,  # at most that many
        byte_fallback=True,
        model_type="bpe",  # frequent words stay whole
        # As Gemma's: prompts reach the model unchanged, and these ids are fixed in ComfyUI.
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()
