"""The processes that hold sockets: messages of pumps come in, are stored durably, and only then acknowledged."""
