//! Where this code lies: in the program, or in a library that was loaded while it runs.

/// Whether this code is part of the program. A library that is loaded while it runs has its own copy, besides which there may be that
/// of the program, and another of SQLite: the system keeps the locks of a file for the whole process, so that two copies do not
/// keep each other out. True where the system does not tell.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn is_in_program() -> bool {
    use std::ffi::c_void;
    use std::mem::MaybeUninit;

    let image_of = |address: *const c_void| {
        let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: asks which image the address lies in, wherever that is; all zeroes is a valid answer.
        unsafe { (libc::dladdr(address, found.as_mut_ptr()) != 0).then(|| found.assume_init().dli_fbase) }
    };
    // SAFETY: asks for a number that the system has given to the program.
    let entry = unsafe { libc::getauxval(libc::AT_ENTRY) } as *const c_void;
    image_of(is_in_program as *const c_void).zip(image_of(entry)).is_none_or(|(this, program)| this == program)
}

#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) fn is_in_program() -> bool {
    true
}
