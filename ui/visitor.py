"""The queue as the visitor sees it whose event is handled."""

from gradio.context import LocalContext

from jobs import Jobs
from visitors import visitor_of


def of_visitor(jobs: Jobs) -> Jobs:
    """Inside a handler: what this visitor may see. Gradio keeps the request of each event in its context."""
    request = LocalContext.request.get(None)
    if request is None or request.request is None:
        return jobs.of("nobody") if jobs.settings.visitors_apart else jobs
    return jobs.of(visitor_of(request.request.scope))
