//! How a test's parameter is shown in its variant.
