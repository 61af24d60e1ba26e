//! Capture: documents as values, seeds, secrets, the environment.

mod environment;
mod secrets;
mod seeds;
mod values;
