//! Claims about a real server process; see the files named after them.
