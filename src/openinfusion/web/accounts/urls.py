"""
Addresses of people's own pages. What stands behind them is django-allauth's; only what a trust needs is let in.

Nobody makes an account, or changes its address, by themselves: those pages have no address here.
"""

from allauth.account import views as account
from allauth.mfa.webauthn.views import remove_webauthn
from allauth.socialaccount import views as social
from django.urls import include, path, re_path

from openinfusion.web.accounts import elsewhere, views

_RESET = r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(_RESET, account.password_reset_from_key, name="account_reset_password_from_key"),
    # Before django-allauth's own, which would take away the last second factor where one is demanded.
    path("2fa/webauthn/keys/<int:pk>/remove/", views.unless_the_last(remove_webauthn), name="mfa_remove_webauthn"),
    path("2fa/", include("allauth.mfa.urls")),
    path("elsewhere/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("elsewhere/error/", social.login_error, name="socialaccount_login_error"),
    # In place of the package's, which believe what is not signed, and tie accounts to whatever provider.
    path("oidc/<slug:provider_id>/login/", elsewhere.sign_in, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", elsewhere.callback, name="openid_connect_callback"),
    path("oidc/<slug:provider_id>/again/", views.SignInAgain.as_view(), name="sign_in_again"),
]
