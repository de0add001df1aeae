use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::Index;
use vrrp_proto::Family;

use super::*;

const EXAMPLE: &str = include_str!("../../tests/golden/example.toml");
const GROUP: &str = include_str!("../../tests/golden/example-group.toml");
const EVERYTHING: &str = include_str!("../../tests/golden/everything.toml");

#[test]
fn a_byte_order_mark_is_no_column() {
    let report = check("f.toml", "\u{feff}pear = 1\n[pair]\nname = \"edge\"\n");
    let problem = report.problems.iter().find(|problem| problem.message.contains("pear")).unwrap();
    assert_eq!((problem.line, problem.column), (1, 1));
}

#[test]
fn lines_may_end_as_elsewhere() {
    let report = check("f.toml", &EXAMPLE.replace('\n', "\r\n"));
    assert_eq!(report.problems, Vec::new());
    assert!(report.settings.is_some());
}

#[test]
fn a_misspelt_required_key_is_one_problem() {
    let report = check("f.toml", &EXAMPLE.replace("vrid", "vird"));
    let messages: Vec<_> = report.problems.iter().map(|problem| &*problem.message).collect();
    assert_eq!(messages, ["router \"web\": unknown key \"vird\""]);
    assert_eq!(report.problems[0].hint.as_deref(), Some("did you mean `vrid`?"));
}

#[test]
fn broken_syntax_hides_only_what_is_missing_or_does_not_fit() {
    let text = EXAMPLE.replace("vrid = 51", "vrid 51").replace("weight = -60", "weight = \"x\"");
    let report = check("f.toml", &text);
    let messages: Vec<_> = report.problems.iter().map(|problem| &*problem.message).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].starts_with("not TOML: "), "{messages:?}");
    assert!(messages[1].contains("weight must be an integer, not a string"), "{messages:?}");
}

#[test]
fn a_broken_header_takes_its_keys_along() {
    let text = EXAMPLE.replace("[[router]]", "[[router]").replace("scheduler", "schedular");
    let report = check("f.toml", &text);
    let messages: Vec<_> = report.problems.iter().map(|problem| &*problem.message).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].starts_with("not TOML: "), "{messages:?}");
    assert_eq!(messages[1], "service \"https\": unknown key \"schedular\"");
}

#[test]
fn a_key_that_is_there_twice_is_told_behind_broken_syntax() {
    let text = EXAMPLE.replace("vrid = 51", "vrid 51").replace("forward =", "scheduler =");
    let report = check("f.toml", &text);
    let messages: Vec<_> = report.problems.iter().map(|problem| &*problem.message).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[1], "not TOML: duplicate key");
}

#[test]
fn a_flood_of_problems_is_cut_with_a_count() {
    let text: String = (0..1_000).map(|n| format!("key{n} = {n}\n")).collect();
    let report = check("f.toml", &text);
    assert_eq!(report.problems.len(), MOST_PROBLEMS);
    let last = report.problems.last().unwrap();
    assert_eq!(last.message, "802 more problems from here on");
    assert_eq!(last.severity, Severity::Error);
}

#[test]
fn a_file_of_another_kind_is_refused_by_its_length() {
    let report = check("f.toml", &"\n".repeat(LONGEST + 1));
    assert_eq!(report.problems.len(), 1);
    assert!(report.settings.is_none());
}

#[test]
fn more_addresses_than_an_advert_names_are_refused_with_the_way_out() {
    let lists = |four: usize, six: usize, more: usize| {
        let four = (0..four).map(|n| format!("\"198.51.{}.{}\"", 100 + n / 250, 1 + n % 250));
        let six = (0..six).map(|n| format!("\"2001:db8::{n:x}:1\""));
        let more = (0..more).map(|n| format!("\"2001:db8:1::{:x}\"", n + 1));
        let list = four.chain(six).collect::<Vec<_>>().join(", ");
        let more = more.collect::<Vec<_>>().join(", ");
        let keys = format!("addresses = [\"192.0.2.80\", {list}]\nunadvertised = [{more}]");
        check("f.toml", &EXAMPLE.replace("addresses = [\"192.0.2.80\"]", &keys))
    };
    let first = |report: &Report| {
        let problem = report.problems.first().expect("a problem");
        format!("{}: {}", problem.message, problem.hint.as_deref().unwrap_or_default())
    };
    // One of IPv4 is there already, and a link-local one of IPv6 comes before the rest.
    assert_eq!(lists(254, 89, 0).problems, []);
    assert_eq!(
        first(&lists(255, 0, 0)),
        "router \"web\": 256 IPv4 addresses are more than an advert can name: \
         there is room for 255; put the rest in `unadvertised`: they move along"
    );
    assert_eq!(
        first(&lists(0, 90, 0)),
        "router \"web\": 90 IPv6 addresses are more than an advert can name: \
         there is room for 89 beside the link-local one; put the rest in `unadvertised`: they move along"
    );
    assert_eq!(lists(0, 1, 9_998).problems, []);
    assert!(first(&lists(0, 1, 9_999)).starts_with("router \"web\": more than 10000 addresses"));
}

#[test]
fn a_large_file_is_read_in_one_go() {
    let mut text = String::from(EXAMPLE);
    for n in 0..2_000 {
        text.push_str(&format!(
            "[[service]]\nname = \"s{n}\"\nlisten = \"tcp://192.0.2.80:{}\"\nrouter = \"web\"\n\
             check = {{ tcp = true }}\nserver = [{{ address = \"10.0.1.11\" }}]\n",
            1_000 + n
        ));
    }
    let report = check("f.toml", &text);
    assert_eq!(report.problems, Vec::new());
    assert_eq!(report.settings.map(|settings| settings.services.len()), Some(2_001));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        holds(&text)?;
    }

    #[test]
    fn any_soup_of_the_files_words_gets_an_answer(words in prop::collection::vec(word(), 0..60)) {
        holds(&words.concat())?;
    }

    #[test]
    fn any_change_of_a_good_file_gets_an_answer(
        good in prop::sample::select(vec![EXAMPLE, EVERYTHING, GROUP]),
        changes in prop::collection::vec((any::<Index>(), 0..9_usize, word()), 1..6),
    ) {
        let mut text: Vec<char> = good.chars().collect();
        for (place, length, word) in changes {
            let from = place.index(text.len() + 1);
            let to = (from + length).min(text.len());
            text.splice(from..to, word.chars());
        }
        holds(&text.into_iter().collect::<String>())?;
    }
}

/// What is true of the answer to any text.
fn holds(text: &str) -> Result<(), TestCaseError> {
    let report = check("f.toml", text);
    prop_assert_eq!(report.settings.is_none(), report.of(Severity::Error).next().is_some());
    let mut before = (1, 1);
    for problem in &report.problems {
        let place = (problem.line, problem.column);
        prop_assert!(before <= place, "{:?} after {:?}", place, before);
        before = place;
        prop_assert!(!problem.message.contains('\n'), "{}", problem.message);
        let head = format!("f.toml:{}:{}\n", problem.line, problem.column);
        prop_assert!(problem.text.contains(&head), "{} is not in\n{}", head, problem.text);
    }
    if let Some(settings) = report.settings {
        for director in &settings.directors {
            let assembly = settings.for_director(&director.name);
            prop_assert!(assembly.is_some());
            let assembly = assembly.unwrap();
            let mut parts: Vec<&str> = assembly
                .routers
                .iter()
                .flat_map(|plan| &plan.parts)
                .map(|part| &*part.name)
                .collect();
            parts.sort_unstable();
            let mut names: Vec<&str> = settings.routers.iter().map(|one| &*one.name).collect();
            names.sort_unstable();
            prop_assert_eq!(parts, names, "every router in one plan");
            for plan in &assembly.routers {
                prop_assert!(!plan.settings.members.is_empty());
                prop_assert_eq!(plan.settings.members.len(), plan.members.len());
                for member in &plan.settings.members {
                    let most = if member.protocol.family() == Family::V4 { 255 } else { 90 };
                    prop_assert!((1..=most).contains(&member.addresses.len()));
                    let family = |address: &IpAddr| Family::of(*address);
                    prop_assert!(
                        member.addresses.iter().all(|one| family(one) == member.protocol.family())
                    );
                }
            }
            prop_assert_eq!(assembly.coordinator.pools.len(), settings.services.len());
            let servers: usize =
                settings.services.iter().map(|service| service.servers.len()).sum();
            let planned: usize =
                assembly.coordinator.pools.values().map(|pool| pool.servers.len()).sum();
            prop_assert_eq!(planned, servers);
        }
    }
    Ok(())
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS).prop_map(String::from)
}

const WORDS: &[&str] = &[
    "",
    "\n",
    " ",
    "\t",
    "=",
    " = ",
    ".",
    ",",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "#",
    "ä",
    "\u{1b}[31m",
    "\r\n",
    "\u{200b}",
    "0",
    "-1",
    "255",
    "99999999999999999999",
    "1.5",
    "inf",
    "1979-05-27",
    "true",
    "\"\"",
    "\"100ms\"",
    "\"lb1\"",
    "\"web\"",
    "\"192.0.2.80\"",
    "\"tcp://192.0.2.80:443\"",
    "\"http://{server}/\"",
    "[pair]\n",
    "[[director]]\n",
    "[[router]]\n",
    "[[service]]\n",
    "[service.check]\n",
    "[[service.server]]\n",
    "[router]\n",
    "name",
    "vrid",
    "priority",
    "addresses",
    "address",
    "track",
    "interface",
    "weight",
    "listen",
    "check",
    "quorum",
    "server",
    "tcp",
    "http",
    "interval",
    "peers",
    "adverts",
    "unicast",
    "[[group]]\n",
    "[[script]]\n",
    "[announce]\n",
    "[[router.track]]\n",
    "routers",
    "leader",
    "version",
    "password",
    "unadvertised",
    "virtual_mac",
    "route",
    "rule",
    "gateway",
    "fault",
    "fall",
    "false",
    "2",
    "\"2001:db8::80\"",
    "\"fe80::1\"",
    "\"default via 192.0.2.1\"",
    "\"from 192.0.2.80 table 7\"",
    "via",
    "table",
];
