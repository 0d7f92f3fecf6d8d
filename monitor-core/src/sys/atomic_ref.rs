//! An atomic `Option<&'static T>`.

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A place for a reference that lives as long as the program, shared between threads.
#[derive(Debug)]
pub(crate) struct AtomicRef<T: 'static> {
    pointer: AtomicPtr<T>,
    _owns_nothing: PhantomData<&'static T>,
}

impl<T: Sync + 'static> AtomicRef<T> {
    pub(crate) const fn empty() -> Self {
        Self { pointer: AtomicPtr::new(ptr::null_mut()), _owns_nothing: PhantomData }
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        as_ref(self.pointer.load(Ordering::Acquire))
    }

    pub(crate) fn set(&self, value: Option<&'static T>) {
        self.pointer.store(as_pointer(value), Ordering::Release);
    }

    pub(crate) fn take(&self) -> Option<&'static T> {
        as_ref(self.pointer.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    /// Sets `new` if `old` is still there.
    pub(crate) fn replace_if(&self, old: Option<&'static T>, new: Option<&'static T>) -> bool {
        self.pointer.compare_exchange(as_pointer(old), as_pointer(new), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

fn as_pointer<T>(value: Option<&'static T>) -> *mut T {
    value.map_or(ptr::null_mut(), |value| ptr::from_ref(value).cast_mut())
}

fn as_ref<T>(pointer: *mut T) -> Option<&'static T> {
    // SAFETY: every pointer stored here is null or was made from a `&'static T` by `as_pointer`, and is
    // only ever turned back into a shared reference.
    unsafe { pointer.as_ref() }
}
