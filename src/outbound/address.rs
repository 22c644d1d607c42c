//! Which addresses belong to the public internet (RFC 6890 and the IANA special-purpose registries).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not somebody else's public machine: (network, prefix length).
const SPECIAL_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this host
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carrier NAT, some clouds' metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, cloud metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// Whether `ip` is a public unicast address. IPv4 inside IPv6 counts as what it carries only in the mapped form; NAT64
/// (`64:ff9b::/96`), 6to4, Teredo and compatible forms are refused as a whole (F-05).
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|&(net, prefix)| shares_prefix(v4, net, prefix)),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn shares_prefix(ip: Ipv4Addr, net: Ipv4Addr, prefix: u8) -> bool {
    (ip.to_bits() ^ net.to_bits()).leading_zeros() >= u32::from(prefix)
}

/// Only 2000::/3 is handed out as global unicast; these parts of it are not.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let global_unicast = first & 0xe000 == 0x2000;
    let protocol_assignments = first == 0x2001 && second & 0xfe00 == 0; // 2001::/23 with Teredo
    let documentation = (first == 0x2001 && second == 0xdb8) || (first == 0x3fff && second & 0xf000 == 0);
    let six_to_four = first == 0x2002;
    global_unicast && !protocol_assignments && !documentation && !six_to_four
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn the_first_and_the_last_address_of_each_special_block_are_refused_and_the_neighbours_are_not() {
        let blocks = [
            ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
            ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
            ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
        ];
        for (first, last, before, after) in blocks {
            assert!(!public(first) && !public(last), "{first}..{last}");
            assert!(public(before) && public(after), "{before}, {after}");
        }
        assert!(!public("224.0.0.1") && !public("255.255.255.255") && public("223.255.255.255"));
    }

    #[test]
    fn ipv4_inside_ipv6_is_seen_through_or_refused() {
        for hidden in ["::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1::1"] {
            assert!(!public(hidden), "{hidden}");
        }
        assert!(public("::ffff:9.9.9.9"));
    }

    #[test]
    fn only_global_unicast_ipv6_is_public() {
        for internal in
            ["::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1"]
        {
            assert!(!public(internal), "{internal}");
        }
        assert!(public("2606:4700::1111") && public("2a00:1450::1"));
    }
}
