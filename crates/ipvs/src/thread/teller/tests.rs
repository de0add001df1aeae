use ipvs_table::{Family, Table};
use mailbox::mailbox;

use super::*;

#[test]
fn while_nobody_reads_levels_collapse_and_edges_are_counted() {
    let (outbox, mut inbox) = mailbox(1).unwrap();
    let mut teller = Teller::new(outbox);
    teller.tell(Fact::Warning("first".into()));
    for revision in 0..10 {
        teller.tell(Fact::Ours(vec![KEY]));
        teller.tell(Fact::Refused(Refusal { service: KEY, server: None, errno: 22 }));
        teller.tell(Fact::Applied(revision));
        teller.tell(Fact::Report(Table::new(), BTreeMap::new()));
        teller.tell(Fact::Cured(KEY, None));
    }
    for _ in 0..EDGES + 7 {
        teller.tell(Fact::Drift(KEY, None));
    }
    teller.tell(Fact::Ended);
    let mut read = Vec::new();
    while let Some(fact) = inbox.take() {
        read.push(name(&fact));
        teller.flush();
    }
    let drifts = read.iter().filter(|name| *name == "drift").count();
    read.retain(|name| name != "drift");
    assert_eq!(drifts, EDGES);
    let expected =
        ["first", "ours", "7 more of them were not told", "cured", "applied 9", "report", "ended"];
    assert_eq!(read, expected);
    assert!(!teller.is_behind());
}

#[test]
fn a_reader_that_keeps_up_gets_all_in_order() {
    let (outbox, mut inbox) = mailbox(8).unwrap();
    let mut teller = Teller::new(outbox);
    teller.tell(Fact::Applied(1));
    teller.tell(Fact::Drift(KEY, None));
    teller.tell(Fact::Applied(2));
    let read: Vec<_> = std::iter::from_fn(|| inbox.take()).map(|fact| name(&fact)).collect();
    assert_eq!(read, ["applied 1", "drift", "applied 2"]);
}

#[test]
fn a_reader_that_is_gone_is_noticed() {
    let (outbox, inbox) = mailbox(1).unwrap();
    drop(inbox);
    let mut teller = Teller::new(outbox);
    teller.tell(Fact::Applied(1));
    assert!(teller.is_closed() && !teller.is_behind());
}

const KEY: ServiceKey = ServiceKey::Mark { family: Family::V4, mark: 1 };

fn name(fact: &Fact) -> String {
    match fact {
        Fact::Applied(revision) => format!("applied {revision}"),
        Fact::Refused(_) => "refused".into(),
        Fact::Cured(..) => "cured".into(),
        Fact::Drift(..) => "drift".into(),
        Fact::Ours(_) => "ours".into(),
        Fact::Report(..) => "report".into(),
        Fact::Warning(text) => text.clone(),
        Fact::Ended => "ended".into(),
    }
}
