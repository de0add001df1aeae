//! Ends the Active gemel and starts it again at once, as systemd does.

use std::time::Duration;

use lab::pair::{CONVERGENCE, Pair};
use lab::peers::{INTERVAL, Side};
use lab::witness::now_ns;
use nix::sys::signal::Signal;

/// lb1 is gemel and Active. It ends by `signal` and starts again: lb2 must not say a word, no echo
/// be lost, and lb1 be Active as before.
///
/// It may resume until one interval before lb2's wait is over. A machine that is so busy that the
/// new process cannot speak by then has tried nothing: then once more, a few times.
pub(crate) fn expect_unnoticed(pair: &mut Pair, signal: Signal) {
    for _ in 0..TRIES {
        let client = pair.client().unwrap();
        let from = now_ns();
        pair.witness.advert_of("lb1", from, CONVERGENCE).unwrap();
        pair.lb1.stop(signal).unwrap();
        assert!(pair.lb1.holds().unwrap(), "{signal} must leave the address");
        let started_at = now_ns();
        pair.lb1.start().unwrap();
        let first = pair.witness.advert_of("lb1", started_at, CONVERGENCE).unwrap();
        let heard = pair.witness.since(from);
        let last =
            heard.iter().rfind(|event| event.claims_by("lb1") && event.at_ns < started_at).unwrap();
        let pause = Duration::from_nanos(first.at_ns - last.at_ns);
        if pause < Side::Lb2.active_down_interval() - INTERVAL {
            expect_undisturbed(pair, from);
            assert!(pair.lb1.holds().unwrap());
            let report = client.finish().unwrap();
            assert_eq!(report.lost, 0, "{signal}: {report:?} in a pause of {pause:?}");
            pair.expect_sole_answer(Side::Lb1).unwrap();
            return;
        }
        eprintln!("{signal}: back only after {pause:?}, too late to resume");
        pair.await_sole(Side::Lb1).unwrap();
    }
    panic!("{signal}: never back in time: {}", pair.witness.tale(0));
}

/// lb1 advertises on for longer than lb2 waits, and lb2 has been silent since then.
pub(crate) fn expect_undisturbed(pair: &mut Pair, since_ns: u64) {
    pair.witness.adverts_of("lb1", 5, now_ns(), CONVERGENCE).unwrap();
    let heard = pair.witness.since(since_ns);
    let claim = heard.iter().find(|event| event.claims_by("lb2"));
    assert!(claim.is_none(), "{claim:?}: {}", pair.witness.tale(since_ns));
}

const TRIES: u32 = 5;
