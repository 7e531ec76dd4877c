"""What scenes are made of, by the names that captions use. Red, green and blue from 0 to 1."""

COLOURS = {
    "red": (0.88, 0.10, 0.12),
    "orange": (1.0, 0.50, 0.0),
    "yellow": (0.98, 0.92, 0.15),
    "green": (0.10, 0.62, 0.18),
    "turquoise": (0.10, 0.85, 0.82),
    "blue": (0.12, 0.25, 0.95),
    "purple": (0.58, 0.12, 0.78),
    "white": (0.98, 0.98, 0.98),
}
SHAPES = ("ball", "cube", "pyramid")
MOVES = ("left", "right", "up", "down", "still", "dance")
BACKGROUNDS = {  # sky, ground
    "night": ((0.04, 0.05, 0.14), (0.10, 0.11, 0.18)),
    "fog": ((0.62, 0.64, 0.67), (0.47, 0.49, 0.52)),
    "desert": ((0.66, 0.80, 0.92), (0.82, 0.70, 0.50)),
}
SOUNDS = ("silence", "hum", "beeps", "whistle", "buzz")
