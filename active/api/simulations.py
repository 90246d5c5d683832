"""REST: simulations, which replay strategies on what a project has labeled."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from active.models import Simulation
from active.names import STRATEGIES
from active.reports import simulations as report
from active.services import simulations
from active.services.simulations import MOST_BATCH, MOST_BUDGET, MOST_SEEDS, MOST_START, MOST_STRATEGIES
from active.tasks import simulate_soon
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.paging import LARGEST_PAGE, following_url, query
from annotation.roles import Action

STATES = [state.value for state in Simulation.State]


class SimulationPageRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class NewSimulationRequest(serializers.Serializer[Any]):
    strategies = serializers.ListField(
        child=serializers.ChoiceField(list(STRATEGIES)),
        min_length=1,
        max_length=MOST_STRATEGIES,
        help_text="Held against each other and against random, which is always among them.",
    )
    seeds = serializers.IntegerField(min_value=1, max_value=MOST_SEEDS, default=5, help_text="So often each.")
    start = serializers.IntegerField(
        min_value=0, max_value=MOST_START, default=20, help_text="Labels at random to begin with."
    )
    batch = serializers.IntegerField(min_value=1, max_value=MOST_BATCH, default=50)
    budget = serializers.IntegerField(
        min_value=2, max_value=MOST_BUDGET, default=1000, help_text="Labels at the end."
    )
    annotator = serializers.FloatField(
        min_value=0,
        max_value=1,
        default=1.0,
        help_text="The share of right answers that whoever is simulated gives.",
    )


class OptionsView(serializers.Serializer[Any]):
    strategies = serializers.ListField(child=serializers.CharField())
    seeds = serializers.IntegerField()
    start = serializers.IntegerField()
    batch = serializers.IntegerField()
    budget = serializers.IntegerField()
    annotator = serializers.FloatField()


class WithErrorView(serializers.Serializer[Any]):
    mean = serializers.FloatField()
    se = serializers.FloatField(allow_null=True, help_text="Standard error over the seeds; null: not known.")


class SavingView(serializers.Serializer[Any]):
    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval; null with one seed.")
    high = serializers.FloatField(allow_null=True)


class StrategyResultView(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    labels = serializers.ListField(child=serializers.IntegerField())
    mean = serializers.ListField(child=serializers.FloatField(), help_text="Accuracy at so many labels.")
    low = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="Of the 95 % interval; null with one seed."
    )
    high = serializers.ListField(child=serializers.FloatField(allow_null=True))
    area = WithErrorView(help_text="Under the curve, from 0 to 1.")
    to95 = WithErrorView(
        allow_null=True, help_text="Labels to 95 % of what all labels reach; null: not within the budget."
    )
    saving = SavingView(allow_null=True, help_text="Labels saved against random, as a share.")


class ResultView(serializers.Serializer[Any]):
    full_accuracy = serializers.FloatField(help_text="What all labels reach.")
    train = serializers.IntegerField()
    test = serializers.IntegerField()
    seconds = serializers.FloatField()
    strategies = StrategyResultView(many=True)


class SimulationView(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    status = serializers.ChoiceField(STATES, source="state")
    question = serializers.CharField()
    options = OptionsView()
    progress = serializers.FloatField(help_text="From 0 to 1.")
    result = serializers.SerializerMethodField(help_text="null until it is done.")
    error = serializers.CharField(allow_blank=True)
    requested_by = serializers.CharField(source="requested_by.username", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(ResultView(allow_null=True))
    def get_result(self, simulation: Simulation) -> Any:
        return ResultView(simulation.result).data if simulation.result else None


class SimulationListView(serializers.Serializer[Any]):
    results = SimulationView(many=True)
    next = serializers.CharField(allow_null=True)


class Simulations(Api):
    @extend_schema(
        operation_id="simulations",
        parameters=[
            OpenApiParameter("after", int, description="Only those with a smaller id."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: SimulationListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Simulations, latest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(SimulationPageRequest, request)
        limit = wanted["limit"]
        found = report.listed(project=project, before=wanted.get("after"), limit=limit + 1)
        following = following_url(request, found[limit - 1].pk if len(found) > limit else None)
        return Response({"results": SimulationView(found[:limit], many=True).data, "next": following})

    @extend_schema(
        operation_id="simulate",
        request=NewSimulationRequest,
        responses={202: SimulationView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Replay strategies on what is labeled. A worker does it; poll the simulation."""
        project = self.project(project_id, Action.CONFIGURE)
        made = simulations.request(project=project, by=self.user(), **valid(NewSimulationRequest, request))
        simulate_soon(project.pk)
        return Response(SimulationView(made).data, status=202)


class OneSimulation(Api):
    @extend_schema(operation_id="simulation", responses={200: SimulationView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, simulation_id: int) -> Response:
        """How far a simulation is, and what came of it."""
        return Response(
            SimulationView(simulations.simulation_of(user=self.user(), simulation_id=simulation_id)).data
        )


class CancelSimulation(Api):
    @extend_schema(
        operation_id="cancel_simulation",
        request=None,
        responses={200: SimulationView, **PROBLEMS(401, 403, 404)},
    )
    def post(self, request: Request, simulation_id: int) -> Response:
        """Stop a simulation. Harmless when it is over."""
        found = simulations.simulation_of(
            user=self.user(), simulation_id=simulation_id, action=Action.CONFIGURE
        )
        return Response(SimulationView(simulations.cancel(simulation=found, by=self.user())).data)


urlpatterns = [
    path("projects/<int:project_id>/simulations/", Simulations.as_view(), name="simulations"),
    path("simulations/<int:simulation_id>/", OneSimulation.as_view(), name="simulation"),
    path("simulations/<int:simulation_id>/cancel/", CancelSimulation.as_view(), name="cancel-simulation"),
]
