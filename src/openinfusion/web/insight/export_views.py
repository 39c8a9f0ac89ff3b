"""Charts and figures to take along."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from openinfusion.lake.charted import CHARTED
from openinfusion.lake.kept import can_be_told
from openinfusion.web.insight.exporting import FORMS, PICTURES, Taken, chart_taken, figure_taken
from openinfusion.web.insight.figure_views import question_or_404
from openinfusion.web.insight.pages import Opened, figures
from openinfusion.web.insight.picked import parts_of


def _file(taken: Taken, form: str) -> HttpResponse:
    if form in PICTURES and taken.chart is None:
        raise Http404
    answer = HttpResponse(taken.content(form), content_type=FORMS[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{taken.name}.{form}"'
    return answer


@figures()
@require_GET
def chart(_request: HttpRequest, told: Opened, slug: str, form: str) -> HttpResponseBase:
    """Give a control chart as a table or a picture."""
    if slug not in CHARTED or form not in FORMS or not can_be_told(CHARTED[slug].question, told.picked.only):
        raise Http404
    return _file(chart_taken(told, slug), form)


@figures(complete=True)
@require_GET
def figure(request: HttpRequest, told: Opened, question: str, form: str) -> HttpResponseBase:
    """Give a figure of a month, parted or not, as a table or a picture."""
    asked, by = question_or_404(question), request.GET.get("by", "")
    if form not in FORMS or (by and by not in parts_of(asked)) or not can_be_told(question, told.picked.only):
        raise Http404
    return _file(figure_taken(told, asked, by), form)
