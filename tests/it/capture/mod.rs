//! Capture: code and notebooks, documents as values, seeds, secrets, the environment.

mod code;
mod drift;
mod environment;
mod ignored;
mod languages;
mod machines;
mod markers;
mod notebook;
mod secrets;
mod seeds;
mod values;
