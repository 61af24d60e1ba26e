//! The program as people and scripts meet it: exit codes, messages, JSON, and that a refusal changes nothing.
#![cfg(unix)]

mod collect;
mod collected;
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
mod races;
mod release;
mod repair;
mod restore;
mod rollback;
mod scene;
mod secrets;
mod story;
mod words;
