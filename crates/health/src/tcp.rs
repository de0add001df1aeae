//! CONTRACT (to be written): a TCP connection as a check.
