//! Chance, for what must not happen at all gateways at the same instant. Secrets are not drawn here.

use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::distr::{Distribution, StandardUniform};
use rand::{Rng, RngExt};

/// A value drawn anew.
pub(crate) fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    thrown(|dice| dice.random())
}

/// A value within `range`, drawn anew.
pub(crate) fn random_range<T: SampleUniform>(range: impl SampleRange<T>) -> T {
    thrown(|dice| dice.random_range(range))
}

#[cfg(not(test))]
fn thrown<T>(throw: impl FnOnce(&mut dyn Rng) -> T) -> T {
    throw(&mut rand::rng())
}

#[cfg(test)]
fn thrown<T>(throw: impl FnOnce(&mut dyn Rng) -> T) -> T {
    loaded::LOADED.with_borrow_mut(|loaded| match loaded {
        Some(dice) => throw(dice),
        None => throw(&mut rand::rng()),
    })
}

/// The same throws again, on one thread.
#[cfg(test)]
pub(crate) mod loaded {
    use std::cell::RefCell;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    thread_local! {
        pub(super) static LOADED: RefCell<Option<StdRng>> = const { RefCell::new(None) };
    }

    /// Dice that fall by `seed` from now on.
    pub(crate) fn by(seed: u64) {
        LOADED.set(Some(StdRng::seed_from_u64(seed)));
    }
}
