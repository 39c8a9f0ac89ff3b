"""People of an organisation: who has an account, which duties are given and ended, who signed in."""
