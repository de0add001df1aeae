//! How fast addresses move on the real kernel, beside the kernel's own time for them. Always run
//! with few addresses; `GEMEL_ADDRESSES=1000` (or 5000) and `GEMEL_REPAIRS=300` ask for more, and
//! `--release` for figures that mean something. Prints what it measured.

use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;

use clock::Duration;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{MsgFlags, recv, send, setsockopt, sockopt};
use vrrp::{Fact, Order};
use vrrp_proto::router::Holding;

use crate::net::{Lab, on};
use crate::witness::{Seen, Witness, is_advert, is_gratuitous, times};

/// <linux/rtnetlink.h>
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const CREATE: u16 = 0x400;

fn asked(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

fn ms(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

fn address(number: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 1).to_bits() + number as u32)
}

/// Director 'a' with so many addresses, no cap, and what the switch saw until the last landed.
fn taken_over(lab: &Lab, count: usize) -> (crate::net::Director, Vec<Seen>) {
    let mut setup = lab.setup('a', 100);
    let held = &mut setup.routers[0].held;
    held.addresses = (0..count).map(|number| on("eth0", address(number).into())).collect();
    held.announce.rate = None;
    held.announce.refresh = None;
    let witness = Witness::new(lab);
    let mut a = lab.try_start('a', setup).unwrap();
    a.wait("held", |fact| {
        matches!(fact, Fact::Settled { holding: Holding::Held, .. }).then_some(())
    });
    let mut seen = Vec::new();
    let started = std::time::Instant::now();
    while times(&seen, 'a', is_gratuitous).len() < count {
        seen.extend(witness.seen());
        assert!(started.elapsed() < Duration::from_secs(10), "an announcement is missing");
    }
    (a, seen)
}

#[test]
fn many_addresses_land_as_fast_as_the_kernel_takes_them() {
    let count = asked("GEMEL_ADDRESSES", 200);
    let lab = Lab::new(1);
    let kernel = lab.inside('a', || {
        crate::net::run("link add plain type veth peer name other");
        crate::net::run("link set plain up");
        crate::net::run("link set other up");
        let mut hand = Hand::new("plain");
        let before = std::time::Instant::now();
        hand.change(NEW_ADDRESS, 0..count);
        let took = before.elapsed();
        crate::net::run("link del plain");
        took.as_nanos() as i64
    });
    let (a, seen) = taken_over(&lab, count);
    let advert = times(&seen, 'a', is_advert)[0];
    let announced = times(&seen, 'a', is_gratuitous);
    let (first, last) = (announced[0] - advert, announced[count - 1] - advert);
    println!(
        "{count} addresses: first announcement {:.2} ms after the first advert, last {:.2} ms; the \
         kernel's own time to add them {:.2} ms, ratio {:.2}",
        ms(first),
        ms(last),
        ms(kernel),
        last as f64 / kernel as f64
    );
    let adverts = times(&seen, 'a', is_advert);
    let late = adverts.windows(2).map(|two| two[1] - two[0]).max().unwrap_or(0);
    println!("longest pause between two adverts of 100 ms: {:.2} ms", ms(late));
    assert!(first < 50_000_000, "{first} ns");
    assert!(last < 20 * kernel + 50_000_000, "{last} ns beside {kernel} ns");
    a.order(Order::Release);
    a.ended();
}

#[test]
fn addresses_removed_by_hand_are_back_at_once_without_a_change_of_role() {
    let count = asked("GEMEL_ADDRESSES", 200).min(1_000);
    let rounds = asked("GEMEL_REPAIRS", 40);
    let lab = Lab::new(1);
    let (mut a, _) = taken_over(&lab, count);
    let (mut each, all) = lab.inside('a', || {
        let mut hand = Hand::new("eth0");
        let each: Vec<i64> = (0..rounds)
            .map(|round| hand.remove_and_wait(round % count..round % count + 1))
            .collect();
        (each, hand.remove_and_wait(0..count))
    });
    each.sort_unstable();
    let p99 = each[(each.len() * 99).div_ceil(100) - 1];
    println!(
        "one address removed, {rounds} times: back after {:.3} ms (median), {:.3} ms (p99), {:.3} ms \
         (worst); {count} at once: {:.2} ms",
        ms(each[rounds / 2]),
        ms(p99),
        ms(each[rounds - 1]),
        ms(all)
    );
    assert!(each[rounds / 2] < 10_000_000, "median {} ns", each[rounds / 2]);
    assert!(all < 2_000_000_000, "{all} ns");
    let heard = a.heard();
    assert!(!heard.iter().any(|fact| matches!(fact, Fact::Role { .. })), "no change of role");
    a.order(Order::Release);
    a.ended();
}

/// Changes addresses by rtnetlink as somebody else would, many in one send, and hears what happens.
struct Hand {
    requests: Socket,
    monitor: Socket,
    index: u32,
    buffer: Vec<u8>,
}

impl Hand {
    fn new(interface: &str) -> Self {
        let mut requests = Socket::new(NETLINK_ROUTE).unwrap();
        requests.bind_auto().unwrap();
        let mut monitor = Socket::new(NETLINK_ROUTE).unwrap();
        monitor.bind(&SocketAddr::new(0, libc::RTMGRP_IPV4_IFADDR as u32)).unwrap();
        setsockopt(&monitor, sockopt::RcvBufForce, &(32 << 20)).unwrap();
        let index = nix::net::if_::if_nametoindex(interface).unwrap();
        Self { requests, monitor, index, buffer: vec![0; 1 << 16] }
    }

    /// The kernel has done all of it when this returns.
    fn change(&mut self, kind: u16, numbers: std::ops::Range<usize>) {
        for some in numbers.collect::<Vec<_>>().chunks(1_000) {
            let mut bytes = Vec::with_capacity(some.len() * 40);
            for &number in some {
                let ip = address(number).octets();
                // No acknowledgement is asked for: refusals alone are answered.
                bytes.extend(40_u32.to_ne_bytes());
                bytes.extend(kind.to_ne_bytes());
                bytes.extend((0x1 | CREATE).to_ne_bytes());
                bytes.extend([0; 8]);
                bytes.extend([libc::AF_INET as u8, 32, 0, 0]);
                bytes.extend(self.index.to_ne_bytes());
                for attribute in [1_u16, 2] {
                    bytes.extend(8_u16.to_ne_bytes());
                    bytes.extend(attribute.to_ne_bytes());
                    bytes.extend(ip);
                }
            }
            send(self.requests.as_raw_fd(), &bytes, MsgFlags::empty()).unwrap();
        }
    }

    /// Removes addresses and waits until each is back; how long that took.
    fn remove_and_wait(&mut self, numbers: std::ops::Range<usize>) -> i64 {
        while recv(self.monitor.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT).is_ok() {}
        let mut missing = numbers.len();
        let before = std::time::Instant::now();
        self.change(DELETE_ADDRESS, numbers);
        while missing > 0 {
            let length = recv(self.monitor.as_raw_fd(), &mut self.buffer, MsgFlags::empty());
            let mut rest = &self.buffer[..length.unwrap()];
            while let Some(header) = rest.first_chunk::<8>() {
                let length = u32::from_ne_bytes(header[..4].try_into().unwrap()) as usize;
                let kind = u16::from_ne_bytes(header[4..6].try_into().unwrap());
                missing -= usize::from(kind == NEW_ADDRESS);
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
        before.elapsed().as_nanos() as i64
    }
}
