//! What happens in the demo: four faults and their ends, each with what the client saw of it
//! beside what the protocol allows.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::scene::Scene;
use crate::witness::now_ns;

/// Everything, in order.
pub(super) fn play(scene: &mut Scene) -> Result<()> {
    begin(scene)?;
    a_server_dies(scene)?;
    the_active_dies(scene)?;
    the_active_loses_its_servers(scene)?;
    the_active_is_stopped(scene)
}

/// What is allowed, and why.
struct Allowed {
    loss: Loss,
    time: Duration,
    why: String,
}

/// Which requests are lost while there is an outage.
enum Loss {
    Every,
    /// Others are answered meanwhile.
    Some,
}

fn begin(scene: &mut Scene) -> Result<()> {
    println!("\n(0) lb1 and lb2 start; lb1 has priority 150, lb2 100");
    scene.stage.lb1.start()?;
    scene.stage.lb2.start()?;
    scene.watch("lb1 is Active, and both servers answer", LONG, |now| {
        now.active == Some("lb1") && now.tables_have(&BOTH) && now.answered_by(&BOTH)
    })
}

fn a_server_dies(scene: &mut Scene) -> Result<()> {
    println!("\n(a) a real server dies and returns");
    let since = now_ns();
    scene.tell("web1's web server is killed")?;
    scene.stage.web1.die()?;
    scene.watch("web1 is out of both tables", LONG, |now| {
        now.tables_have(&["web2"]) && now.answered_by(&["web2"])
    })?;
    let fall = scene.pace.fall();
    let why =
        format!("{} ms: two checks and a time-out until web1 is found dead", fall.as_millis());
    let allowed = Allowed { loss: Loss::Some, ..allowed(scene, fall, why) };
    sum_up(scene, since, "half of the requests failed until web1 was out", allowed)?;

    let since = now_ns();
    scene.tell("web1's web server is started again")?;
    scene.stage.web1.revive()?;
    scene.watch("web1 is in both tables again", LONG, |now| {
        now.tables_have(&BOTH) && now.answered_by(&BOTH)
    })?;
    sum_up(scene, since, "web1 takes traffic again", nothing(scene))
}

fn the_active_dies(scene: &mut Scene) -> Result<()> {
    println!("\n(b) lb1 is killed by SIGKILL and its cables are cut at the same moment");
    let since = now_ns();
    scene.tell("lb1 is killed, its cables are cut")?;
    scene.stage.lab.cut("lb1", "eth0")?;
    scene.stage.lab.cut("lb1", "eth1")?;
    scene.stage.lb1.crash()?;
    scene.watch("lb2 is Active, and both servers answer", LONG, |now| {
        now.active == Some("lb2") && now.answered_by(&BOTH)
    })?;
    sum_up(scene, since, "lb2 has taken over", take_over(scene, Duration::ZERO, ""))?;

    let since = now_ns();
    scene.tell("lb1 starts again, its cables are plugged in")?;
    scene.stage.lb1.start()?;
    scene.stage.lab.mend("lb1", "eth1")?;
    scene.stage.lab.mend("lb1", "eth0")?;
    scene.watch("lb1 is Active again", LONG, |now| {
        now.active == Some("lb1") && now.tables_have(&BOTH) && now.answered_by(&BOTH)
    })?;
    settle(scene)?;
    sum_up(scene, since, "lb1 has taken its place again", nothing(scene))
}

fn the_active_loses_its_servers(scene: &mut Scene) -> Result<()> {
    println!(
        "\n(c) lb1's path to the real servers is cut; its cables stay up, so only checks can tell"
    );
    let since = now_ns();
    scene.tell("lb1's frames to and from the back network are lost")?;
    scene.stage.lab.drop_traffic("lb1", "eth1")?;
    scene.watch("lb2 is Active, and both servers answer", LONG, |now| {
        now.active == Some("lb2") && now.answered_by(&BOTH)
    })?;
    own_words(scene)?;
    let (fall, hold) = (scene.pace.fall(), scene.pace.hold());
    let why = format!(
        "{} ms: two checks and a time-out until lb1 finds its servers dead, and {} ms: as long again, \
         for lb2 might find the same, which would be no reason to move; then 150 - 60 < 100, and ",
        fall.as_millis(),
        hold.as_millis()
    );
    let allowed = take_over(scene, fall + hold, &why);
    sum_up(scene, since, "lb2 has taken over", allowed)?;

    let since = now_ns();
    scene.tell("the path heals")?;
    scene.stage.lab.heal("lb1", "eth1")?;
    scene.watch("lb1 is Active again", LONG, |now| {
        now.active == Some("lb1") && now.tables_have(&BOTH) && now.answered_by(&BOTH)
    })?;
    settle(scene)?;
    own_words(scene)?;
    sum_up(scene, since, "lb1 has taken its place again", nothing(scene))
}

fn the_active_is_stopped(scene: &mut Scene) -> Result<()> {
    println!("\n(d) lb1 is stopped as planned, by SIGTERM");
    let since = now_ns();
    scene.tell("SIGTERM to lb1")?;
    scene.stage.lb1.terminate()?;
    scene.watch("lb2 is Active, and both servers answer", LONG, |now| {
        now.active == Some("lb2") && now.answered_by(&BOTH)
    })?;
    scene.stage.lb1.wait()?;
    scene.tell("gemel on lb1 has ended")?;
    settle(scene)?;
    sum_up(scene, since, "lb2 has taken over; lb1 held the address until it did", nothing(scene))
}

/// A few intervals more, so that what comes late is seen.
fn settle(scene: &mut Scene) -> Result<()> {
    let until = now_ns() + scene.pace.interval.as_nanos() as u64 * 2;
    scene.watch("some time passes", LONG, |_| now_ns() >= until)
}

/// lb1's and lb2's own account of their role and priority.
fn own_words(scene: &mut Scene) -> Result<()> {
    let lines = [&scene.stage.lb1, &scene.stage.lb2].map(|director| {
        let words = director.own_words()?;
        anyhow::Ok(format!("gemel status on {}: {words}", director.host.name()))
    });
    lines.into_iter().try_for_each(|line| scene.tell(&line?))
}

/// The outage until lb2 has taken over from a lb1 that fell silent, or behind, after `before`.
fn take_over(scene: &Scene, before: Duration, why: &str) -> Allowed {
    let interval = scene.pace.interval.as_millis();
    let down = scene.pace.active_down(100);
    let why = format!(
        "{why}{} ms: lb2's Active_Down_Interval, 3 x {interval} ms + (256 - 100)/256 x {interval} ms",
        down.as_millis()
    );
    allowed(scene, before + down, why)
}

/// Nothing is lost but what was under way.
fn nothing(scene: &Scene) -> Allowed {
    allowed(scene, Duration::ZERO, "0 ms".to_owned())
}

/// The client's own time-out comes on top of whatever made a request fail.
fn allowed(scene: &Scene, time: Duration, why: String) -> Allowed {
    let patience = scene.pace.patience;
    let why = format!("{why}; and {} ms for a request under way then", patience.as_millis());
    Allowed { loss: Loss::Every, time: time + patience, why }
}

fn sum_up(scene: &Scene, since_ns: u64, what: &str, allowed: Allowed) -> Result<()> {
    let seen = scene.seen_since(since_ns);
    let outage = match allowed.loss {
        Loss::Every => seen.outage,
        Loss::Some => seen.trouble,
    };
    let (slack, ms) = (scene.pace.slack, outage.as_secs_f64() * 1e3);
    println!("  {what}.");
    println!(
        "  outage the client saw: {ms:.0} ms ({} of {} requests failed)",
        seen.failed, seen.requests
    );
    println!("  the protocol allows:   {} ms ({})", allowed.time.as_millis(), allowed.why);
    if outage > allowed.time {
        println!("  (to which this machine may add {} ms)", slack.as_millis());
    }
    ensure!(
        outage <= allowed.time + slack,
        "{what}: an outage of {ms:.0} ms is more than is allowed"
    );
    Ok(())
}

const BOTH: [&str; 2] = ["web1", "web2"];

/// For what takes as long as it takes; what it may take is judged by the client.
const LONG: Duration = Duration::from_secs(40);
