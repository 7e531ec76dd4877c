"""The queue as the visitor sees it whose event is handled."""

from gradio.context import LocalContext

from jobs import JobQueue
from web.rate_limit import client_of
from web.visitors import visitor_of


def of_visitor(jobs: JobQueue) -> JobQueue:
    """Inside a handler: what this visitor may see and use. Gradio keeps the request of each event in its context."""
    uploads = jobs.settings.cache_dir
    request = LocalContext.request.get(None)
    if request is None or request.request is None:
        return jobs.of("nobody" if jobs.settings.visitors_apart else "", uploads)
    scope = request.request.scope
    return jobs.of(visitor_of(scope), uploads, client_of(scope))
