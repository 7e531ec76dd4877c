"""What the queue's page knows of the queue: `queue/store.js`. No server runs: see the fixture `modules`."""

from typing import Any

from playwright.sync_api import Page

TASKS = "(...ids) => ids.map((id) => ({ id, status: 'queued' }))"


def run(modules: Page, steps: str) -> Any:
    """What `steps` return, in which `store` is an empty store and `tasks(1, 2)` makes tasks."""
    return modules.evaluate(
        f"""async () => {{
          const {{ QueueStore, PAGE }} = await import("/scripts/0/queue/store.js");
          const store = new QueueStore();
          const tasks = {TASKS};
          {steps}
        }}"""
    )


def test_a_question_names_only_what_narrows_the_view(modules: Page) -> None:
    assert run(
        modules,
        """
        const asked = [store.question()];
        store.look({ filter: "failed", search: " a b ", job: 3 });
        return [...asked, store.question(), store.isUnfiltered];
        """,
    ) == ["limit=50", "limit=50&status=failed&search=a+b&job=3", False]


def test_only_the_answer_to_the_newest_question_counts(modules: Page) -> None:
    assert run(
        modules,
        """
        const old = store.question();
        store.look({ search: "new" });
        const fresh = store.question();
        store.answer(fresh, { tasks: tasks(2), total: 1, next: null });
        store.answer(old, { tasks: tasks(1), total: 1, next: null });
        return store.tasks.map((task) => task.id);
        """,
    ) == [2]


def test_tasks_that_did_not_change_stay_the_same_objects(modules: Page) -> None:
    assert run(
        modules,
        """
        store.answer(store.question(), { tasks: tasks(1, 2), total: 2, next: null });
        const [first, second] = store.tasks;
        store.change([{ id: 1, status: "queued" }, { id: 2, status: "running" }, { id: 9, status: "queued" }]);
        const changed = [store.tasks[0] === first, store.tasks[1] === second, store.tasks[1].status];
        store.answer(store.question(), { tasks: tasks(3, 1), total: 2, next: null });
        return [...changed, store.tasks[1] === first, store.tasks.length];
        """,
    ) == [True, False, "running", True, 2]


def test_the_list_has_next_and_previous_pages(modules: Page) -> None:
    assert run(
        modules,
        """
        const page = (ids, next) => store.answer(store.question(), { tasks: tasks(...ids), total: 60, next });
        page(Array.from({ length: PAGE }, (_, index) => index), "cursor");
        const first = [store.span, store.hasPrevious, store.hasNext];
        store.goOn();
        page([50, 51], null);
        const second = [store.span, store.hasPrevious, store.hasNext, store.question()];
        store.goBack();
        return [first, second, store.question()];
        """,
    ) == [[[1, 50], False, True], [[51, 52], True, False, "limit=50&cursor=cursor"], "limit=50"]


def test_a_page_that_has_become_empty_is_left_for_the_one_before(modules: Page) -> None:
    assert run(
        modules,
        """
        store.answer(store.question(), { tasks: tasks(1), total: 2, next: "cursor" });
        store.goOn();
        const again = store.answer(store.question(), { tasks: [], total: 1, next: null });
        return [again, store.question(), store.answer(store.question(), { tasks: [], total: 0, next: null })];
        """,
    ) == [True, "limit=50", False]


def test_another_view_starts_at_its_first_page(modules: Page) -> None:
    assert run(
        modules,
        """
        store.answer(store.question(), { tasks: tasks(1), total: 2, next: "cursor" });
        store.goOn();
        store.look({ filter: "failed" });
        return [store.question(), store.hasPrevious];
        """,
    ) == ["limit=50&status=failed", False]
