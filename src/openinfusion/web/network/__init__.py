"""The network survey: ports and access points by ward and bed space, tested by people, beside the pumps seen there."""
