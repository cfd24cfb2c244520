//! Which addresses belong to the public internet, and ranges of others that are allowed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses, such as `10.0.0.0/8`, `fd00::/8` or `192.168.1.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    first: IpAddr,
    prefix_bits: u32,
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// No address before the slash.
    #[error("{text:?} is no range of addresses; write 10.0.0.0/8, fd00::/8 or one address")]
    Address {
        /// The text.
        text: String,
    },
    /// No number of bits behind the slash, or too many.
    #[error("{text:?} is no range of addresses: behind the slash stands a number from 0 to {limit}")]
    Prefix {
        /// The text.
        text: String,
        /// The bits of such an address.
        limit: u32,
    },
    /// The address has bits behind the prefix.
    #[error("{text:?} names an address inside a range; write {range}")]
    Inside {
        /// The text.
        text: String,
        /// The range that holds the address.
        range: Cidr,
    },
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address { text: text.to_owned() })?;
        let limit = if address.is_ipv4() { 32 } else { 128 };
        let is_number = |prefix: &str| !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix_bits = match prefix {
            None => limit,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|bits| is_number(prefix) && *bits <= limit)
                .ok_or_else(|| CidrError::Prefix { text: text.to_owned(), limit })?,
        };
        let first = match address {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask_v4(prefix_bits))),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask_v6(prefix_bits))),
        };
        let range = Self { first, prefix_bits };
        if first == address { Ok(range) } else { Err(CidrError::Inside { text: text.to_owned(), range }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.first, self.prefix_bits)
    }
}

impl Cidr {
    /// Tells whether the range holds an address. An IPv4 address written as IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(v4)) => v4.to_bits() & mask_v4(self.prefix_bits) == first.to_bits(),
            (IpAddr::V6(first), IpAddr::V6(v6)) => v6.to_bits() & mask_v6(self.prefix_bits) == first.to_bits(),
            _ => false,
        }
    }
}

fn mask_v4(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

fn mask_v6(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

/// Tells whether an address may be connected to.
pub(super) fn is_allowed(address: IpAddr, allowed: &[Cidr]) -> bool {
    is_public(address) || allowed.iter().any(|range| range.contains(address))
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Ranges of IPv4 that are not routed on the internet, by first address and prefix.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    // Carrier-grade NAT, where a large cloud also has its metadata.
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    // Link-local, where most clouds have their metadata.
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    // A public address by which one cloud serves its metadata.
    ([168, 63, 129, 16], 32),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_within =
        |&(first, bits): &([u8; 4], u32)| address.to_bits() & mask_v4(bits) == Ipv4Addr::from(first).to_bits();
    !SPECIAL_V4.iter().any(is_within)
}

/// Of IPv6 only `2000::/3` is routed, less some; loopback, private, link-local, multicast and metadata lie outside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [one, two, three, _, five, six, seven, eight] = address.segments();
    let embedded = |high: u16, low: u16| is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match (one, two) {
        // Translated by a gateway, or tunnelled, to the IPv4 address within.
        (0x64, 0xff9b) => address.segments()[2..6] == [0; 4] && embedded(seven, eight),
        (0x2002, high) => embedded(high, three),
        // Teredo, benchmarks, identifiers and other special uses; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) => false,
        (0x3fff, 0..=0xfff) => false,
        _ if one & 0xe000 == 0x2000 => {
            // An interface identifier of ISATAP ends in an IPv4 address that tunnels lead to.
            let is_isatap = matches!((five, six), (0 | 0x200, 0x5efe));
            !is_isatap || embedded(seven, eight)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expect: bool) {
        assert_eq!(is_public(address.parse().unwrap()), expect, "{address}");
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "11.0.0.1"] {
            check(address, true);
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            check(address, false);
        }
    }

    #[test]
    fn addresses_of_version_6_hide_none_of_version_4() {
        for address in ["2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"] {
            check(address, true);
        }
        check("2002:101:101::1", true);
        for address in [
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "64:ff9b::1:0:101:101",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "2001:10::1",
            "3fff::1",
            "5f00::1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2600::5efe:10.0.0.1",
            "2600::200:5efe:127.0.0.1",
        ] {
            check(address, false);
        }
    }

    #[track_caller]
    fn check_range(range: &str, inside: &[&str], outside: &[&str]) {
        let cidr: Cidr = range.parse().unwrap();
        for address in inside {
            assert!(cidr.contains(address.parse().unwrap()), "{range} lacks {address}");
        }
        for address in outside {
            assert!(!cidr.contains(address.parse().unwrap()), "{range} holds {address}");
        }
    }

    #[test]
    fn ranges_hold_what_their_prefix_says() {
        check_range("10.0.0.0/8", &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], &["11.0.0.0", "::1", "fd00::1"]);
        check_range("192.168.1.7", &["192.168.1.7"], &["192.168.1.8"]);
        check_range("0.0.0.0/0", &["127.0.0.1", "8.8.8.8"], &["::1"]);
        check_range("::/0", &["::1", "fe80::1"], &["127.0.0.1", "::ffff:127.0.0.1"]);
        check_range("fd00::/8", &["fd00::", "fdff::1"], &["fc00::1", "fe00::1"]);
        check_range("::1", &["::1"], &["::2"]);
    }

    #[track_caller]
    fn check_refused(range: &str, expect: &str) {
        assert_eq!(range.parse::<Cidr>().unwrap_err().to_string(), expect);
    }

    #[test]
    fn what_is_no_range_is_told_how_to_be_one() {
        let form = "write 10.0.0.0/8, fd00::/8 or one address";
        for text in ["", "localhost", "10.0.0/8", "10.0.0.0.0", "/8", " 10.0.0.0/8"] {
            check_refused(text, &format!("{text:?} is no range of addresses; {form}"));
        }
        for text in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8"] {
            let expect = format!("{text:?} is no range of addresses: behind the slash stands a number from 0 to 32");
            check_refused(text, &expect);
        }
        check_refused("::/129", "\"::/129\" is no range of addresses: behind the slash stands a number from 0 to 128");
        check_refused("10.1.0.0/8", "\"10.1.0.0/8\" names an address inside a range; write 10.0.0.0/8");
        check_refused("fd00::1/8", "\"fd00::1/8\" names an address inside a range; write fd00::/8");
    }

    #[test]
    fn a_range_allows_what_is_not_public() {
        let allowed = ["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (address, expect) in
            [("127.0.0.1", true), ("::ffff:127.0.0.1", true), ("fd00::1", true), ("10.0.0.1", false), ("::1", false)]
        {
            assert_eq!(is_allowed(address.parse().unwrap(), &allowed), expect, "{address}");
        }
    }
}
