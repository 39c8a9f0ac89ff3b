"""The JSON API: what pages do, for other systems, by tokens with scopes."""
