"""Roll-outs in the browser: plans written, rings seen, opened by a second person, halted, recalled."""
