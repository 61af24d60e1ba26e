//! The program as people and scripts meet it: exit codes, messages, JSON, and that a refusal changes nothing.
#![cfg(unix)]

mod attach;
mod bundle;
mod bundle_hostile;
mod cases;
mod code_notebooks;
mod code_scene;
mod code_scope;
mod code_tree;
mod code_untouched;
mod collect;
mod collected;
mod contract;
mod damage;
mod data;
mod data_dvc;
mod data_restore;
mod deployed;
mod determinism;
#[cfg(target_os = "linux")]
mod disturbed;
mod environment;
mod evidence;
mod exec;
mod firewall;
#[cfg(target_os = "linux")]
mod fsync;
mod full_disk;
mod harness;
mod holdout;
mod import;
mod in_force;
mod init;
mod inputs;
#[cfg(target_os = "linux")]
mod killed;
mod lookup;
mod machine;
mod measured;
mod measured_trust;
mod output;
mod permissions;
mod places;
mod policy;
mod purge;
mod races;
mod release;
mod repair;
mod reproduce;
mod restore;
mod rollback;
mod rules;
mod scene;
mod secrets;
mod signing;
mod small_disk;
mod story;
mod waive;
mod words;
