//! The fingerprint of ROCA (CVE-2017-15361): RSA moduli of a widely used smart-card library, which can be factored.
//!
//! Such a modulus is a power of 65537 modulo every small prime. An honest one passes for it about once in 2^27.

const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether the big-endian `modulus` has the fingerprint.
pub(in crate::protocol) fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| {
        let rest = modulus.iter().fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime);
        is_power_of_65537(rest, prime)
    })
}

fn is_power_of_65537(rest: u32, prime: u32) -> bool {
    let powers = std::iter::successors(Some(1), |power| Some(power * (65_537 % prime) % prime));
    powers.take(prime as usize).any(|power| power == rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 65537 to the power of 128, big-endian, plus a small number.
    fn power_of_65537(plus: u8) -> Vec<u8> {
        let mut little_endian = vec![1_u8];
        for _ in 0..128 {
            let shifted = [&[0, 0], &little_endian[..]].concat();
            let mut carry = 0_u16;
            little_endian = shifted
                .iter()
                .enumerate()
                .map(|(at, &byte)| {
                    carry += u16::from(byte) + u16::from(little_endian.get(at).copied().unwrap_or(0));
                    let low = carry.to_le_bytes()[0];
                    carry >>= 8;
                    low
                })
                .collect();
        }
        little_endian[0] += plus;
        little_endian.reverse();
        little_endian
    }

    #[test]
    fn a_power_of_65537_has_the_fingerprint_and_its_neighbour_has_not() {
        assert!(has_roca_fingerprint(&power_of_65537(0)));
        assert!(!has_roca_fingerprint(&power_of_65537(2)));
    }
}
