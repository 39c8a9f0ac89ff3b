"""What a limit that is moved would have done, and proposals for one."""
