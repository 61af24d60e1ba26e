//! The program as people and scripts meet it: exit codes, messages, JSON, and that a refusal changes nothing.
#![cfg(unix)]

mod collect;
mod contract;
mod damage;
mod evidence;
mod harness;
mod inputs;
mod lookup;
mod machine;
mod output;
mod permissions;
mod places;
mod policy;
mod purge;
mod races;
mod release;
mod restore;
mod rollback;
mod scene;
mod secrets;
mod story;
mod words;
