//! Capture: code and notebooks, documents as values, seeds, secrets, the environment.

mod code;
mod environment;
mod ignored;
mod notebook;
mod secrets;
mod seeds;
mod values;
