use proptest::prelude::*;

use super::*;

fn matches(pattern: &str, input: &str) -> bool {
    WildcardPattern::new(pattern).unwrap().matches(input)
}

/// The rules read straight from the text, by trying everything; exponential.
fn naive(pattern: &[char], input: &[char]) -> Result<bool, ()> {
    Ok(match pattern {
        [] => input.is_empty(),
        ['*', rest @ ..] => {
            let mut any = false;
            for start in 0..=input.len() {
                any |= naive(rest, &input[start..])?;
            }
            any
        }
        ['[', set @ ..] => {
            let (members, rest) = naive_set(set)?;
            let behind = naive(rest, input.get(1..).unwrap_or_default())?;
            input.first().is_some_and(|unit| members.iter().any(|m| m.eq_ignore_ascii_case(unit))) && behind
        }
        ['?', rest @ ..] => naive(rest, input.get(1..).unwrap_or_default())? && !input.is_empty(),
        ['`', unit, rest @ ..] | [unit, rest @ ..] => {
            let behind = naive(rest, input.get(1..).unwrap_or_default())?;
            input.first().is_some_and(|first| first.eq_ignore_ascii_case(unit)) && behind
        }
    })
}

/// Every member of a set, ranges written out, and what follows its bracket.
fn naive_set(text: &[char]) -> Result<(Vec<char>, &[char]), ()> {
    let mut content: Vec<(char, bool)> = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [']', rest @ ..] if !content.is_empty() => {
                let mut members = Vec::new();
                while !content.is_empty() {
                    if content.len() >= 3 && content[1] == ('-', true) {
                        let (low, high) = (content[0].0, content[2].0);
                        if low > high || high == '[' {
                            return Err(());
                        }
                        members.extend(low..=high);
                        content.drain(..3);
                    } else {
                        members.push(content.remove(0).0);
                    }
                }
                return Ok((members, rest));
            }
            ['`', unit, rest @ ..] => {
                content.push((*unit, false));
                rest
            }
            ['`'] | [] => return Err(()),
            [unit, rest @ ..] => {
                content.push((*unit, true));
                rest
            }
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_matcher_agrees_with_the_naive_one(pattern in "[abBz*?`\\[\\]!^_-]{0,9}", input in "[abBz*`\\]!_-]{0,7}") {
        let as_chars: Vec<char> = if pattern == "`" { Vec::new() } else { pattern.chars().collect() };
        let expected = naive(&as_chars, &input.chars().collect::<Vec<_>>()).ok();
        let found = WildcardPattern::new(&pattern).ok().map(|compiled| compiled.matches(&input));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_short_pattern_takes_one_step_for_each_unit_and_place(pattern in "[ab*?]{1,24}", input in "[ab]{1,64}") {
        let steps = steps(&pattern, &input);
        prop_assert!(steps <= pattern.len() + input.len(), "{} steps", steps);
    }
}

proptest! {
    #[test]
    fn escaped_text_is_no_wildcard_and_matches_itself(text in "\\PC{0,20}|[*?`\\[\\]a]{0,8}") {
        let pattern = WildcardPattern::new(&WildcardPattern::escape(&text)).unwrap();
        prop_assert!(!pattern.is_wildcard());
        prop_assert!(pattern.matches(&text));
    }

    #[test]
    fn no_pattern_and_no_input_panics(pattern in "\\PC*|[\\[\\]`*?a-]{0,40}", input in "\\PC*") {
        if let Ok(pattern) = WildcardPattern::new(&pattern) {
            let _ = pattern.matches(&input);
        }
    }
}

/// How many comparisons a match takes.
fn steps(pattern: &str, input: &str) -> usize {
    let mut steps = 0;
    let pattern = WildcardPattern::new(pattern).unwrap();
    pattern.covers(input.encode_utf16(), input.encode_utf16().count(), || steps += 1);
    steps
}

#[test]
fn what_is_made_to_be_slow_takes_few_steps() {
    let text = "a".repeat(60_000);
    for (pattern, words) in [
        (format!("{}b", "*a".repeat(40)), 1),
        (format!("*{}b*", "a".repeat(63)), 1),
        (format!("*{}b*", "?".repeat(63)), 1),
        (format!("*{}b*", "a".repeat(MAX_PATTERN - 3)), 64),
        (format!("*{}b*", "[a-c]".repeat(800)), 13),
        (format!("*{}*b", "a".repeat(1_000)), 16),
    ] {
        let steps = steps(&pattern, &text);
        assert!(steps <= words * text.len() + pattern.len(), "{steps} steps: {:.20}", pattern);
    }
}

#[test]
fn a_pattern_that_is_too_long_is_refused_and_its_beginning_is_quoted() {
    assert!(WildcardPattern::new(&"é".repeat(MAX_PATTERN)).is_ok());
    let error = WildcardPattern::new(&"ab*".repeat(MAX_PATTERN)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the wildcard pattern \"ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*ab*a…\" is not valid: \
         it is longer than 4096 characters; replace the rest with *"
    );
}

/// So many letters, from a to z again and again.
fn letters(count: usize) -> String {
    ('a'..='z').cycle().take(count).collect()
}

#[test]
fn a_match_is_found_behind_places_of_more_than_one_word() {
    let long = letters(200);
    let begin = letters(130);
    let without_the_first: String = long.chars().skip(1).collect();
    assert!(matches(&format!("*{long}*"), &format!("{long}{long}x")));
    assert!(matches(&format!("x*{begin}[n-z]?*y"), &format!("xx{begin}oAzy")));
    assert!(!matches(&format!("*{long}*"), &without_the_first));
    assert!(!matches(&format!("*{long}x*{long}"), &format!("{long}x{without_the_first}")));
}

#[test]
fn what_stands_around_stars_does_not_overlap() {
    for (pattern, input, expected) in [
        ("ab*ba", "aba", false),
        ("ab*ba", "abba", true),
        ("*aa*aa*", "aaa", false),
        ("*aa*a?", "aaaa", true),
    ] {
        assert_eq!(matches(pattern, input), expected, "{pattern} {input}");
    }
}

#[test]
fn a_range_takes_what_shares_its_lower_case_with_a_unit_in_it() {
    for (pattern, input, expected) in [
        ("[K-K]", "\u{212a}", true),
        ("[\u{212a}-\u{212a}]", "k", true),
        ("[0-a]", "\u{212a}", true),
        ("[I-I]", "ı", false),
        ("[S-S]", "ſ", false),
        ("[A-\u{3b5}]", "\u{3f5}", false),
    ] {
        assert_eq!(matches(pattern, input), expected, "{pattern} {input}");
    }
}

#[test]
fn units_are_utf16_so_a_character_outside_the_bmp_takes_two_question_marks() {
    assert!(!matches("?", "😀"));
    assert!(matches("??", "😀"));
    assert!(matches("a😀*", "A😀b"));
}

#[test]
fn case_is_ignored_one_unit_at_a_time() {
    assert!(matches("ÉCOLE*", "école-1"));
    assert!(matches("[À-Ý]", "é"));
    assert!(matches("[à-ý]", "É"));
    assert!(!matches("straße", "STRASSE"));
    assert!(!matches("i", "İ"));
}

#[test]
fn accents_are_compared_unit_by_unit() {
    assert!(!matches("caf\u{e9}", "cafe\u{301}"));
}

#[test]
fn a_range_may_not_end_in_an_opening_bracket() {
    for pattern in ["[A-[]x", "[A-`[]", "[[-[x]]", "[Z-[]]*"] {
        let error = WildcardPattern::new(pattern).unwrap_err();
        assert_eq!(error.problem, TO_A_BRACKET, "{pattern}");
    }
    assert!(matches("[[A-Z]x", "[x") && matches("[[-^]", "\\"));
}

#[test]
fn an_error_quotes_the_pattern_and_says_what_to_write() {
    let error = WildcardPattern::new("web[01").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the wildcard pattern \"web[01\" is not valid: a set begins with [ and does not end; write `[ for a \
         literal bracket"
    );
}

#[test]
fn only_an_unescaped_sign_makes_a_wildcard() {
    for wildcard in ["*", "a?", "[a]", "x]", "``*"] {
        assert!(WildcardPattern::new(wildcard).unwrap().is_wildcard(), "{wildcard}");
    }
    for literal in ["", "abc", "x`*", "`[x`]", "a-b", "!", "`"] {
        assert!(!WildcardPattern::new(literal).unwrap().is_wildcard(), "{literal}");
    }
}
