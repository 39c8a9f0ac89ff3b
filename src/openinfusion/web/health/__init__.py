"""The health of the machinery: server, certificates, signed metadata, queue, disk, data and copies."""
