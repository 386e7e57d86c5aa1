//! An error and what caused it, in one line.

/// Any error and its causes in one line, joined by `: `. A cause that ends what stands before it is not repeated.
#[must_use]
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let fragment = error.to_string();
        if !text.ends_with(&fragment) {
            text.push_str(": ");
            text.push_str(&fragment);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot connect to web01{}", .repeated.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    struct Failed {
        repeated: Option<String>,
        source: std::io::Error,
    }

    #[test]
    fn each_cause_stands_once_in_the_line() {
        for repeated in [None, Some("connection refused".to_owned())] {
            let error = Failed { repeated, source: std::io::Error::other("connection refused") };
            assert_eq!(error_chain(&error), "cannot connect to web01: connection refused");
        }
    }
}
