//! Gate, structure, decryption's allow-list and conditions, over whatever bytes: an answer, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| doorward::protocol::saml::fuzzing::read_unverified(bytes));
