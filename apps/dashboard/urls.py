from django.urls import path
from django.views.generic import RedirectView

from apps.dashboard.views import backtests, catalogue, execution, executions, people

app_name = "dashboard"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:executions")),
    path("sign-in/", people.SignIn.as_view(), name="sign-in"),
    path("sign-out/", people.SignOut.as_view(), name="sign-out"),
    path("register/", people.register, name="register"),
    path("executions/", executions.listing_page, name="executions"),
    path("executions/rows/", executions.live_rows, name="live-rows"),
    path("executions/<int:pk>/", execution.detail, name="execution"),
    path("executions/<int:pk>/chart/", execution.chart_columns, name="chart"),
    path("executions/<int:pk>/trades/", execution.older_trades, name="older-trades"),
    path("executions/<int:pk>/controls/", execution.controls_part, name="controls"),
    path("executions/<int:pk>/figures/", execution.figures_part, name="figures"),
    path("executions/<int:pk>/pause/", execution.pause, name="pause"),
    path("executions/<int:pk>/resume/", execution.resume, name="resume"),
    path("executions/<int:pk>/stop/", execution.stop, name="stop"),
    path("executions/<int:pk>/verification/", execution.verification_part, name="verification"),
    path("executions/<int:pk>/verify/", execution.verify, name="verify"),
    path("backtests/new/", backtests.new, name="new-backtest"),
    path("backtests/new/parameters/", backtests.parameters, name="strategy-parameters"),
    path("backtests/new/coverage/", backtests.coverage, name="dataset-coverage"),
    path("strategies/", catalogue.strategies, name="strategies"),
    path("data/", catalogue.data, name="data"),
    path("data/upload/", catalogue.upload, name="upload"),
]
