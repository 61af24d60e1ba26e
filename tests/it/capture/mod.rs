//! Capture: documents as values, seeds, secrets, the environment.

mod environment;
mod ignored;
mod secrets;
mod seeds;
mod values;
