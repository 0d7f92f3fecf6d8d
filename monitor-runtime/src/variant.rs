//! The variant: an item's name with its parameters.
