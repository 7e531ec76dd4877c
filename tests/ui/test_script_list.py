"""The keyed, windowed list: `list.js`, `windowing.js`. No server runs: see the fixture `modules`."""

from typing import Any

import pytest
from playwright.sync_api import Page

MANY = 10_000


def visible(modules: Page, heights: list[int], top: int, bottom: int, kept: list[int]) -> Any:
    return modules.evaluate(
        """async ([heights, top, bottom, kept]) => {
          const { visibleRows } = await import("/scripts/0/windowing.js");
          return visibleRows(heights, { top, bottom, kept: new Set(kept) });
        }""",
        [heights, top, bottom, kept],
    )


@pytest.mark.parametrize(
    ("top", "bottom", "kept", "rows", "tail"),
    [
        (0, 100, [], [(0, 0)], 500),
        (100, 300, [], [(1, 100)], 300),
        (50, 301, [], [(0, 0), (1, 0), (2, 0)], 0),
        (-50, 0, [], [], 600),
        (0, 100, [2], [(0, 0), (2, 200)], 0),
    ],
)
def test_gaps_stand_for_the_rows_that_are_left_out(
    modules: Page, top: int, bottom: int, kept: list[int], rows: list[tuple[int, int]], tail: int
) -> None:
    found = visible(modules, [100, 200, 300], top, bottom, kept)
    assert [(row["index"], row["gap"]) for row in found["rows"]] == rows
    assert found["tail"] == tail


@pytest.fixture
def long_list(modules: Page) -> Page:
    """A page whose `list` has ten thousand rows of 40 px, each with a field. `made` counts the rows that it created."""
    modules.set_viewport_size({"width": 800, "height": 600})
    modules.evaluate(
        """async (many) => {
          await import("/scripts/0/list.js");
          window.made = 0;
          window.list = document.createElement("k-list");
          list.style.display = "flow-root";
          document.body.style.margin = "0";
          document.body.append(list);
          list.setup({
            create: () => {
              made += 1;
              const row = document.createElement("div");
              row.style.height = "40px";
              row.append(document.createElement("input"));
              return row;
            },
            update: (row, item) => { row.id = `row-${item.id}`; },
            height: 40,
          });
          list.items = Array.from({ length: many }, (_, id) => ({ id }));
        }""",
        MANY,
    )
    return modules


def settle(page: Page) -> None:
    """Waits until the list was drawn after what was done."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


def test_of_ten_thousand_rows_only_those_near_the_visible_part_exist(long_list: Page) -> None:
    assert long_list.evaluate("list.children.length") < 60
    assert long_list.evaluate("list.offsetHeight") == MANY * 40
    long_list.evaluate("scrollTo(0, 200_000)")
    settle(long_list)
    assert long_list.evaluate("list.children.length") < 60
    assert long_list.evaluate("document.querySelector('#row-5000').getBoundingClientRect().top") == 0
    assert long_list.evaluate("document.querySelector('#row-5000').ariaPosInSet") == "5001"


def test_a_row_keeps_its_element_while_others_come_and_go(long_list: Page) -> None:
    kept = """() => {
      window.third = document.querySelector("#row-3");
      list.items = [{ id: 20_000 }, ...list.items.filter(({ id }) => id !== 0 && id !== 2)];
      return [third === document.querySelector("#row-3"), [...list.children].slice(0, 3).map((row) => row.id)];
    }"""
    assert long_list.evaluate(kept) == [True, ["row-20000", "row-1", "row-3"]]


def test_the_focus_stays_in_a_row_that_moves_or_leaves_the_visible_part(long_list: Page) -> None:
    long_list.evaluate("document.querySelector('#row-3 input').focus()")
    long_list.evaluate("void (list.items = [...list.items].reverse())")
    assert long_list.evaluate("document.activeElement.parentElement.id") == "row-3"
    long_list.evaluate("void (list.items = [...list.items].reverse())")
    long_list.evaluate("scrollTo(0, 200_000)")
    settle(long_list)
    assert long_list.evaluate("document.activeElement.parentElement.id") == "row-3"
    assert long_list.evaluate("list.children[0].id") == "row-3"
    assert long_list.evaluate("document.querySelector('#row-5000').getBoundingClientRect().top") == 0


def test_a_sound_keeps_playing_when_its_row_moves_or_leaves_the_visible_part(long_list: Page) -> None:
    playing = """async () => {
      const rate = 8000;
      const bytes = new DataView(new ArrayBuffer(44 + rate * 20));
      const write = (at, text) => new TextEncoder().encode(text).forEach((byte, n) => bytes.setUint8(at + n, byte));
      write(0, "RIFF"); bytes.setUint32(4, 36 + rate * 20, true); write(8, "WAVEfmt ");
      bytes.setUint32(16, 16, true); bytes.setUint16(20, 1, true); bytes.setUint16(22, 1, true);
      bytes.setUint32(24, rate, true); bytes.setUint32(28, rate, true);
      bytes.setUint16(32, 1, true); bytes.setUint16(34, 8, true);
      write(36, "data"); bytes.setUint32(40, rate * 20, true);
      window.sound = new Audio(URL.createObjectURL(new Blob([bytes], { type: "audio/wav" })));
      sound.muted = true;
      document.querySelector("#row-3").append(sound);
      await sound.play();
      list.items = [list.items[3], ...list.items.filter(({ id }) => id !== 3)];
      return sound.paused;
    }"""
    assert long_list.evaluate(playing) is False
    long_list.evaluate("scrollTo(0, 200_000)")
    settle(long_list)
    assert long_list.evaluate("[sound.isConnected, sound.paused]") == [True, False]


def test_rows_out_of_sight_go_unless_they_are_to_be_kept(long_list: Page) -> None:
    long_list.evaluate("list.keep = (row) => row.id === 'row-3'; window.third = document.querySelector('#row-3')")
    long_list.evaluate("window.fourth = document.querySelector('#row-4'); scrollTo(0, 200_000)")
    settle(long_list)
    assert long_list.evaluate("[third.isConnected, fourth.isConnected]") == [False, False]
    long_list.evaluate("scrollTo(0, 0)")
    settle(long_list)
    assert long_list.evaluate(
        "[third === document.querySelector('#row-3'), fourth === document.querySelector('#row-4')]"
    ) == [True, False]


def test_rows_of_another_height_are_measured(long_list: Page) -> None:
    long_list.evaluate("document.querySelector('#row-0').style.height = '100px'")
    settle(long_list)
    long_list.evaluate("scrollTo(0, 200_060)")
    settle(long_list)
    assert long_list.evaluate("document.querySelector('#row-5000').getBoundingClientRect().top") == 0


def test_arrows_home_and_end_move_between_rows(long_list: Page) -> None:
    place = "document.activeElement.id"
    long_list.locator("#row-0").focus()
    long_list.keyboard.press("ArrowDown")
    assert long_list.evaluate(place) == "row-1"
    long_list.keyboard.press("End")
    settle(long_list)
    assert long_list.evaluate(place) == f"row-{MANY - 1}"
    assert long_list.locator(f"#row-{MANY - 1}").evaluate("row => row.getBoundingClientRect().bottom") <= 600
    long_list.keyboard.press("ArrowDown")
    assert long_list.evaluate(place) == f"row-{MANY - 1}"
    long_list.keyboard.press("ArrowUp")
    assert long_list.evaluate(place) == f"row-{MANY - 2}"
    long_list.keyboard.press("Home")
    settle(long_list)
    assert long_list.evaluate(place) == "row-0"
    assert long_list.evaluate("scrollY") == 0


def test_keys_within_a_row_are_its_own(long_list: Page) -> None:
    long_list.locator("#row-1 input").focus()
    long_list.keyboard.press("ArrowDown")
    assert long_list.evaluate("document.activeElement.parentElement.id") == "row-1"


def test_a_list_that_is_not_shown_is_drawn_once_it_is(long_list: Page) -> None:
    long_list.evaluate("list.style.display = 'none'; list.items = [{ id: 7 }]")
    assert long_list.evaluate("list.children.length") > 1
    long_list.evaluate("list.style.display = 'flow-root'")
    settle(long_list)
    assert long_list.evaluate("[...list.children].map((row) => row.id)") == ["row-7"]


def test_ten_thousand_rows_are_drawn_within_a_frame(long_list: Page) -> None:
    took = long_list.evaluate(
        """() => {
          const start = performance.now();
          for (let times = 0; times < 10; times += 1) list.draw();
          return performance.now() - start;
        }"""
    )
    assert took / 10 < 50  # ms; 16 on a machine that has nothing else to do
    assert long_list.evaluate("made") < 100
