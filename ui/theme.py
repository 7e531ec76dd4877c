"""The look: one accent, neutral greys, light and dark. Colours and sizes live in kinora.css as tokens."""

from pathlib import Path

from gradio import themes

_FOLDER = Path(__file__).resolve().parent
_SYSTEM_FONTS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_ACCENT = themes.Color(
    c50="#eef6f6", c100="#d6eaea", c200="#afd5d5", c300="#7fbaba", c400="#4e9b9c", c500="#2b7d80",
    c600="#1f676b", c700="#1b5357", c800="#184347", c900="#14363a", c950="#0a2124",
)  # fmt: skip


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


CSS = _read("kinora.css") + _read("queue.css")


def theme() -> themes.Base:
    """Gradio's plain theme in our colours; fonts of the system, so that nothing is fetched."""
    return themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=themes.colors.zinc,
        radius_size=themes.sizes.radius_md,
        font=_SYSTEM_FONTS,
        font_mono=("ui-monospace", "Menlo", "Consolas", "monospace"),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_border_width="0px",
        input_background_fill="white",
        input_background_fill_dark="*neutral_800",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        input_border_width="1px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
    )
