//! The binary under test is `gemel`; see tests/lab/tests.
