use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::{Client, Report};
use crate::net::Lab;

#[test]
fn losses_runs_and_gaps_are_counted() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let sent: Vec<Instant> = (0..10).map(at).collect();
    let answers = [0, 1, 3, 7, 8].map(|number| (number, at(number as u64)));
    let report = Report::new(&sent, answers.to_vec());
    assert_eq!((report.sent, report.lost, report.longest_loss), (10, 5, 3));
    assert_eq!(report.longest_gap, Duration::from_millis(4));
}

#[test]
fn a_cut_of_so_many_milliseconds_costs_so_many_echoes() {
    let mut lab = Lab::new().unwrap();
    lab.host("server", &[("eth0", "front", "192.0.2.1/24")]).unwrap();
    let host = lab.host("client", &[("eth0", "front", "192.0.2.2/24")]).unwrap();
    let client = Client::start(&host, Ipv4Addr::new(192, 0, 2, 1)).unwrap();
    client.wait_for_answer(Duration::from_secs(5)).unwrap();
    let cut_at = Instant::now();
    lab.drop_traffic("server", "eth0").unwrap();
    lab.heal("server", "eth0").unwrap();
    let bound_ms = cut_at.elapsed().as_millis() as usize;
    let again = Client::start(&host, Ipv4Addr::new(192, 0, 2, 1)).unwrap();
    again.wait_for_answer(Duration::from_secs(5)).unwrap();
    assert_eq!(again.finish().unwrap().lost, 0);
    let report = client.finish().unwrap();
    assert!((1..=bound_ms + 2).contains(&report.lost), "{report:?} in {bound_ms} ms");
}
