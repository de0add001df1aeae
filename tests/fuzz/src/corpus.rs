//! The kept corpus, for the tests that run it.

use std::path::Path;

/// Runs each file of a target's corpus; a panic is told with the file it came from.
pub(crate) fn each(target: &str, run: fn(&[u8])) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.join("../../tests/fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("the target has a corpus");
    let mut count = 0;
    for file in files {
        let path = file.expect("the folder can be read").path();
        let bytes = std::fs::read(&path).expect("the file can be read");
        let ran = std::panic::catch_unwind(|| run(&bytes));
        assert!(ran.is_ok(), "on {}", path.display());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}
