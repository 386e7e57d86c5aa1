//! The escapes in texts of CLIXML (MS-PSRP 2.2.5.3.2, Encoding Strings).

/// The code units of UTF-16 of a text in which `_xHHHH_` stands for one: what XML cannot hold, and an underscore before an
/// `x`.
pub(crate) fn code_units(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        units.extend(before.encode_utf16());
        match escape(after) {
            Some((unit, behind)) => {
                units.push(unit);
                rest = behind;
            }
            None => {
                units.extend("_x".encode_utf16());
                rest = after;
            }
        }
    }
    units.extend(rest.encode_utf16());
    units
}

/// The code unit that `HHHH_` names, and what stands behind it.
fn escape(text: &str) -> Option<(u16, &str)> {
    let (digits, behind) = text.split_at_checked(4)?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)?;
    Some((unit, behind.strip_prefix('_')?))
}
