//! Enforcing SSO without locking anybody out: the proof, the day within which it is confirmed, and owners' codes.

mod codes;
mod going_back;
mod proof;
mod scene;
mod strangers;
