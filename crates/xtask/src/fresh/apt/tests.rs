use super::*;

#[test]
fn both_formats_are_read() {
    let expected = |suite: &str| source("http://mirror/debian", suite, "main contrib");
    assert_eq!(
        of_line("deb http://mirror/debian bookworm main contrib"),
        Some(expected("bookworm"))
    );
    assert_eq!(
        of_line("deb [signed-by=/k arch=amd64] http://mirror/debian sid main contrib"),
        Some(expected("sid"))
    );
    assert_eq!(of_line("deb-src http://mirror/debian bookworm main"), None);
    assert_eq!(of_line("# deb http://mirror/debian bookworm main"), None);
    let stanza = "Types: deb\n# a comment\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By: /k";
    assert_eq!(of_stanza(stanza), [expected("bookworm"), expected("bookworm-updates")]);
    assert_eq!(of_stanza(&stanza.replace("Types: deb", "Types: deb-src")), []);
    assert_eq!(of_stanza(&format!("{stanza}\nEnabled: no")), []);
}

#[test]
fn a_bare_root_gets_the_suite_and_nothing_foreign() {
    let sources = [
        source("http://other/apt", "stable", "main"),
        source("http://mirror/security", "bookworm-security", "main"),
        source("http://mirror/debian", "bookworm", "main"),
        source("http://other/apt", "bookwormish", "main"),
    ];
    assert_eq!(mirror(&sources, "bookworm"), Some("http://mirror/debian"));
    assert_eq!(mirror(&sources, "trixie"), None);
    let list = list(&sources, "bookworm");
    assert_eq!(
        list,
        "deb http://mirror/security bookworm-security main\ndeb http://mirror/debian bookworm main\n"
    );
}

fn source(uri: &str, suite: &str, components: &str) -> Source {
    Source { uri: uri.into(), suite: suite.into(), components: components.into() }
}
