//! The number in a fault, and what is known about it.

use std::fmt;

use super::fault_table::FAULTS;

/// A WSManFault code, unsigned, as MS-WSMV prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultCode(pub u32);

/// What a code is about, in the order in which a reader would sort them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultGroup {
    /// The shell or command is gone or going: closing it is done.
    Gone,
    /// Busy or timed out: ask again.
    Busy,
    /// A quota is full; closing shells is usually the cure.
    Quota,
    /// Access or authentication.
    Denied,
    /// The request is wrong or not supported there.
    Unsupported,
    /// The shell is disconnected, or connected elsewhere.
    Disconnected,
    /// The service, the network or a policy.
    Infrastructure,
}

/// One row of the table of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: FaultCode,
    /// The symbol in Windows' headers.
    pub symbol: &'static str,
    /// What it is about.
    pub group: FaultGroup,
    /// What it means, as a fragment.
    pub meaning: &'static str,
    /// What to do, as a fragment.
    pub advice: &'static str,
}

/// Looks a code up; a Win32 error is found as itself and as an HRESULT.
#[must_use]
pub fn explain(code: FaultCode) -> Option<&'static Explanation> {
    FAULTS.iter().find(|row| row.code.normalized() == code.normalized())
}

/// The faults in whose code, symbol, meaning or advice each of these words stands, in any case, in the order of the table.
#[must_use]
pub fn search_faults(words: &[&str]) -> Vec<&'static Explanation> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let has_all = |row: &&Explanation| {
        let text = format!(
            "{} {} {} {} {} {}",
            row.code.0,
            row.code.hex(),
            row.symbol,
            row.group.as_str(),
            row.meaning,
            row.advice
        )
        .to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    FAULTS.iter().filter(has_all).collect()
}

impl FaultCode {
    /// Reads a code as people and tools write it: decimal, signed decimal (`-2144108453`) or hexadecimal
    /// (`0x8033805B`), and [normalises](Self::normalized) it. `None` for anything that is no 32-bit number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let code = if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            let digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits)?;
            u32::from_str_radix(digits, 16).ok()?
        } else if text.starts_with('-') {
            text.parse::<i32>().ok()?.cast_unsigned()
        } else {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)?;
            digits.parse().ok()?
        };
        Some(Self(code).normalized())
    }

    /// The Win32 error, where the code is one that travels as an HRESULT (`0x80070005` is 5); else the code itself.
    #[must_use]
    pub const fn normalized(self) -> Self {
        const WIN32_FACILITY: u32 = 0x8007;
        if self.0 >> 16 == WIN32_FACILITY { Self(self.0 & 0xFFFF) } else { self }
    }
}

impl FaultCode {
    /// Eight hexadecimal digits: `0x8033805B`.
    #[must_use]
    pub fn hex(self) -> String {
        format!("0x{:08X}", self.0)
    }

    /// The signed number that Windows' own client tools print: `-2144108453`.
    #[must_use]
    pub const fn signed(self) -> i32 {
        self.0.cast_signed()
    }
}

impl FaultGroup {
    /// The group's name, as it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "Gone",
            Self::Busy => "Busy",
            Self::Quota => "Quota",
            Self::Denied => "Denied",
            Self::Unsupported => "Unsupported",
            Self::Disconnected => "Disconnected",
            Self::Infrastructure => "Infrastructure",
        }
    }
}

impl fmt::Display for FaultCode {
    /// Decimal and hexadecimal: `2150858843, 0x8033805B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.0, self.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_that_people_paste_is_the_same_code() {
        for text in ["2150858843", "-2144108453", "0x8033805B", "0X8033805b", " 0x8033805B "] {
            assert_eq!(FaultCode::parse(text), Some(FaultCode(2_150_858_843)), "{text}");
        }
    }

    #[test]
    fn a_win32_error_in_an_hresult_is_the_win32_error() {
        let pairs = [
            ("0x80070005", 5),
            ("2147942405", 5),
            ("-2147024891", 5),
            ("0x800703E3", 995),
            ("0x800704C7", 1223),
            ("0x80070520", 1312),
            ("0x8007052E", 1326),
            ("5", 5),
        ];
        for (text, code) in pairs {
            assert_eq!(FaultCode::parse(text), Some(FaultCode(code)), "{text}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in
            ["", "-", "0x", "0x+5", "+5", "4294967296", "-2147483649", "0x100000000", "5 5", "five", "0x-1"]
        {
            assert_eq!(FaultCode::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_code_is_shown_in_decimal_and_hexadecimal() {
        assert_eq!(FaultCode(5).to_string(), "5, 0x00000005");
        assert_eq!(FaultCode(2_150_858_843).to_string(), "2150858843, 0x8033805B");
    }

    #[test]
    fn both_spellings_of_a_win32_error_find_the_same_row() {
        assert_eq!(explain(FaultCode(2)), explain(FaultCode(0x8007_0002)));
        assert_eq!(explain(FaultCode(2)).unwrap().symbol, "HRESULT ERROR_FILE_NOT_FOUND");
        assert_eq!(explain(FaultCode(0x8007_0005)).unwrap().symbol, "ERROR_ACCESS_DENIED");
        assert_eq!(explain(FaultCode(4_000_000_000)), None);
    }
}
