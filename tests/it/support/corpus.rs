//! The seeds and past findings of a fuzz target, read again.
#![expect(clippy::disallowed_methods, reason = "a test reads its inputs")]

use std::path::Path;

/// Takes an input, and panics where something does not hold.
type Target = fn(&[u8]);

/// Gives each input of each target to it. The published package has no fuzz targets, and nothing happens there.
#[expect(clippy::print_stdout, reason = "the input that fails is the last one named")]
pub(crate) fn replay(targets: &[(&str, Target)]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    if !corpus.exists() {
        return;
    }
    for (name, target) in targets {
        let inputs: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().collect();
        assert!(!inputs.is_empty(), "{name} has no seed");
        for input in inputs {
            let path = input.unwrap().path();
            println!("{}", path.display());
            target(&std::fs::read(path).unwrap());
        }
    }
}
