//! A function that runs when the process starts, before `main`.

/// Lets `$function` run at the start of every program that calls `$keep` somewhere, on Linux; elsewhere never.
macro_rules! at_start {
    ($function:path, $keep:ident) => {
        #[cfg(all(target_os = "linux", not(miri)))]
        #[used]
        #[unsafe(link_section = ".init_array")]
        static START: extern "C" fn() = {
            extern "C" fn start() {
                $function();
            }
            start
        };

        /// Makes the linker take what this file has for the start.
        fn $keep() {
            #[cfg(all(target_os = "linux", not(miri)))]
            std::hint::black_box(&START);
            #[cfg(not(all(target_os = "linux", not(miri))))]
            let _ = $function;
        }
    };
}

pub(crate) use at_start;
