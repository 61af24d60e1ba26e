//! The program as people and scripts meet it: exit codes, messages, JSON, and that a refusal changes nothing.

mod harness;
mod scene;
mod words;
mod output;
mod places;
mod contract;
mod inputs;
mod permissions;
