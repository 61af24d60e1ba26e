//! The verbs on a store that fails or rots: what they reported stays true, and what they answer is right or an error.

mod faults;
mod purge;
mod refusals;
mod rot;
mod scene;
