use super::*;

#[test]
fn what_the_hosts_network_needs_goes_in_and_what_is_this_cargos_stays_out() {
    for name in ["https_proxy", "SSL_CERT_FILE", "CARGO_HTTP_CAINFO", "CARGO_NET_RETRY", "LANG"] {
        assert!(is_the_hosts(&name.into()), "{name}");
    }
    for name in
        ["CARGO", "CARGO_HOME", "CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN"]
    {
        assert!(!is_the_hosts(&name.into()), "{name}");
    }
}

#[test]
fn the_second_test_is_the_same_task() {
    let words = |task: &str| {
        let command = inside(Path::new("/bare"), task);
        command.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(words(AGAIN), words("test"));
    assert_eq!(words("demo").last().map(String::as_str), Some("demo"));
}
