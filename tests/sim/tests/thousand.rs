//! A thousand seeds hold, or as many as `GEMEL_SIM_SEEDS` says.

#[test]
fn a_thousand_seeds_hold() {
    let seeds = std::env::var("GEMEL_SIM_SEEDS").ok().and_then(|text| text.parse().ok());
    let report = sim::many(1, seeds.unwrap_or(1_000), |broken| println!("{broken}"));
    println!("{report}");
    assert!(
        report.broken.is_empty(),
        "{} seeds broke a rule, first {}",
        report.broken.len(),
        report.broken[0]
    );
    assert!(report.fewest >= 20, "a run had only {} faults", report.fewest);
}
