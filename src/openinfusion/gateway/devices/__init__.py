"""The API that pumps poll: signed releases, signed time, reports, events, certificates; update clients of others."""
