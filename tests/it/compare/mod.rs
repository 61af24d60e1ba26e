//! Two versions side by side: patches beside git, notebooks beside nbformat, versions beside pip's library.

mod environment;
#[cfg(unix)]
mod notebooks;
#[cfg(unix)]
mod patches;
