"""The queue as the visitor sees it whose event is handled."""

from gradio.context import LocalContext

from jobs import Caller, CallerQueue, JobQueue
from web.rate_limit import client_of
from web.visitors import visitor_of


def of_visitor(queue: JobQueue) -> CallerQueue:
    """Inside a handler: what this visitor may see and use. Gradio keeps the request of each event in its context."""
    uploads = queue.settings.cache_dir
    request = LocalContext.request.get(None)
    if request is None or request.request is None:
        return CallerQueue(queue, Caller("nobody" if queue.settings.visitors_apart else "", uploads=uploads))
    scope = request.request.scope
    return CallerQueue(queue, Caller(visitor_of(scope), client_of(scope), uploads))
