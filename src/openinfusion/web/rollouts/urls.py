"""Addresses of roll-outs."""

from django.urls import path

from openinfusion.web.rollouts import views

app_name = "rollouts"
urlpatterns = [
    path("", views.rollouts, name="rollouts"),
    path("new", views.new, name="new"),
    path("<slug:rollout>/", views.rollout, name="rollout"),
    path("<slug:rollout>/plan", views.plan, name="plan"),
    path("<slug:rollout>/begin", views.begin, name="begin"),
    path("<slug:rollout>/agree", views.agree, name="agree"),
    path("<slug:rollout>/stop", views.stop, name="stop"),
    path("<slug:rollout>/recall", views.recall, name="recall"),
]
