"""Files of vendors: handed in, looked at, made a version or a draft; and read back against what was approved."""
