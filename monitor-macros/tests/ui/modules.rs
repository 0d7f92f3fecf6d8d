//! Modules, and mistakes inside of them.

use monitor_macros::monitored;

/// Where modules find the attribute for what is inside.
mod runtime {
    pub(super) use monitor_macros::monitored;
}

#[monitored(max_tim = "1s")] // mistake
mod unknown_option {
    pub(super) fn inside() {}
}

#[monitored(crate = crate::runtime)]
mod with_a_mistake_inside {
    use super::monitored;

    #[monitored(max_time = 250)] // mistake
    pub(super) fn inside() {}

    pub(super) mod nested {
        use super::monitored;

        #[monitored(skip, when = true)] // mistake
        pub(in super::super) fn inside() {}
    }

    #[monitored(component = 1)] // mistake
    pub(super) mod with_options {
        pub(in super::super) fn inside() {}
    }
}

fn main() {
    unknown_option::inside();
    with_a_mistake_inside::inside();
    with_a_mistake_inside::nested::inside();
    with_a_mistake_inside::with_options::inside();
}
