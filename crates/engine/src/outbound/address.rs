//! Which addresses belong to the public internet, and ranges of others that are allowed.

use ipnet::{IpNet, Ipv4Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses, such as `10.0.0.0/8`, `fd00::/8` or `192.168.1.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr(IpNet);

/// Why a text is not a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// There is no address before the slash.
    #[error("{text:?} is not an address range; write 10.0.0.0/8, fd00::/8 or one address")]
    Address {
        /// The text.
        text: String,
    },
    /// There is no number of bits after the slash, or too large a one.
    #[error("{text:?} is not an address range: the number after / must be 0 to {limit}")]
    Prefix {
        /// The text.
        text: String,
        /// The bits of such an address.
        limit: u8,
    },
    /// The address has bits after the prefix.
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
        let address = text.split_once('/').map_or(text, |(address, _)| address);
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address { text: text.to_owned() })?;
        let single = IpNet::from(address);
        let range = match text.contains('/') {
            false => single,
            true => {
                text.parse().map_err(|_| CidrError::Prefix { text: text.to_owned(), limit: single.max_prefix_len() })?
            }
        };
        let whole = Self(range.trunc());
        if whole.0 == range { Ok(whole) } else { Err(CidrError::Inside { text: text.to_owned(), range: whole }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl Cidr {
    /// Returns whether the range holds an address. An IPv4 address written as IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// Returns whether an address may be connected to.
pub(super) fn is_allowed(address: IpAddr, allowed: &[Cidr]) -> bool {
    is_public(address) || allowed.iter().any(|range| range.contains(address))
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Ranges of IPv4 that are not routed on the internet.
const SPECIAL_V4: &[Ipv4Net] = &[
    Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carrier-grade NAT, where a large cloud also has its metadata.
    Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10),
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, where most clouds have their metadata.
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 0, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 2, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 88, 99, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15),
    Ipv4Net::new_assert(Ipv4Addr::new(198, 51, 100, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4),
    Ipv4Net::new_assert(Ipv4Addr::new(240, 0, 0, 0), 4),
    // A public address by which one cloud serves its metadata.
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|range| range.contains(&address))
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
    fn an_invalid_range_is_refused_with_a_remedy() {
        let form = "write 10.0.0.0/8, fd00::/8 or one address";
        for text in ["", "localhost", "10.0.0/8", "10.0.0.0.0", "/8", " 10.0.0.0/8"] {
            check_refused(text, &format!("{text:?} is not an address range; {form}"));
        }
        for text in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8"] {
            let expect = format!("{text:?} is not an address range: the number after / must be 0 to 32");
            check_refused(text, &expect);
        }
        check_refused("::/129", "\"::/129\" is not an address range: the number after / must be 0 to 128");
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
