//! The multipart/encrypted frame, byte for byte (MS-WSMV 2.2.9.1, Encrypted Message Types): bytes in, bytes out.

use std::ops::Range;

use super::{AuthError, Seal};

/// One pair of parts of a sealed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The signature or token header.
    pub signature: Vec<u8>,
    /// The ciphertext, as long as the plaintext.
    pub ciphertext: Vec<u8>,
    /// The length that `OriginalContent` announces for the plaintext, in bytes.
    pub plaintext_len: usize,
}

/// Whose frame it is: they differ in blanks, and each is read by [`read_frames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameLayout {
    /// Without the tabs before the parts' headers that MS-WSMV shows: Windows takes it, and OMI nothing else.
    Client,
    /// As Windows answers: a tab before each header of a part.
    Windows,
    /// As OMI answers: no tab, and one more line end after the closing boundary.
    Omi,
}

/// Seals one request body: its `Content-Type` header and the framed bytes.
///
/// # Errors
/// What [`Seal::seal`] says.
pub fn seal_body(seal: &mut dyn Seal, plaintext: &[u8]) -> Result<(String, Vec<u8>), AuthError> {
    let protocol = seal.protocol();
    let sealed = seal.seal(plaintext)?;
    let body =
        write_frame(FrameLayout::Client, protocol, &sealed.signature, &sealed.ciphertext, plaintext.len());
    Ok((content_type(protocol), body))
}

/// Opens a sealed body, whatever number of pairs it has, and drops what pads it ([`without_padding`]).
///
/// # Errors
/// As [`open_body_in_place`].
pub fn open_body(seal: &mut dyn Seal, body: &[u8]) -> Result<Vec<u8>, AuthError> {
    let mut plaintext = body.to_vec();
    open_body_in_place(seal, &mut plaintext).map(|()| plaintext)
}

/// The same without a copy: the text takes the place of the body.
///
/// # Errors
/// [`AuthError::BadFrame`], [`AuthError::BadSeal`] or [`AuthError::Poisoned`]. After any of them the connection is of
/// no further use: the server's stream has moved on.
pub fn open_body_in_place(seal: &mut dyn Seal, body: &mut Vec<u8>) -> Result<(), AuthError> {
    let mut length = 0;
    for place in places(body)? {
        let (head, tail) = body.split_at_mut(place.ciphertext.start);
        let signature = head.get(place.signature).unwrap_or_default();
        let text = tail.get_mut(..place.ciphertext.len()).unwrap_or_default();
        seal.open_in_place(signature, text)?;
        // What is opened moves up to what was opened before.
        length += place.ciphertext.len();
        body.copy_within(place.ciphertext.clone(), length - place.ciphertext.len());
    }
    body.truncate(length);
    body.truncate(without_padding(body).len());
    Ok(())
}

/// Whether a `Content-Type` announces a sealed body: `multipart/encrypted` or `multipart/x-multi-encrypted`.
#[must_use]
pub fn is_sealed(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("multipart/encrypted")
        || media.eq_ignore_ascii_case("multipart/x-multi-encrypted")
}

/// The `Content-Type` header of a sealed request.
#[must_use]
pub fn content_type(protocol: &str) -> String {
    format!("multipart/encrypted;protocol=\"{protocol}\";boundary=\"{BOUNDARY}\"")
}

/// Frames one sealed message.
#[must_use]
pub fn write_frame(
    layout: FrameLayout,
    protocol: &str,
    signature: &[u8],
    ciphertext: &[u8],
    plaintext_len: usize,
) -> Vec<u8> {
    let (indent, end) = match layout {
        FrameLayout::Client => ("", ""),
        FrameLayout::Windows => ("\t", ""),
        FrameLayout::Omi => ("", "\r\n"),
    };
    let head = format!(
        "--{BOUNDARY}\r\n{indent}Content-Type: {protocol}\r\n\
         {indent}OriginalContent: type=application/soap+xml;charset=UTF-8;Length={plaintext_len}\r\n\
         --{BOUNDARY}\r\n{indent}Content-Type: application/octet-stream\r\n"
    );
    let signature_len = u32::try_from(signature.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(head.len() + signature.len() + ciphertext.len() + CLOSING_BYTES);
    frame.extend_from_slice(head.as_bytes());
    frame.extend_from_slice(&signature_len.to_le_bytes());
    frame.extend_from_slice(signature);
    frame.extend_from_slice(ciphertext);
    frame.extend_from_slice(format!("--{BOUNDARY}--\r\n{end}").as_bytes());
    frame
}

/// The opened text without what pads it at its end: PowerShell's own client on Linux fills up with NUL bytes to a
/// multiple of 16, which `Length` counts, and OMI's puts them after the envelope. White space before the first NUL, or
/// without any, is part of the text, as XML has it.
#[must_use]
pub fn without_padding(plaintext: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let end = plaintext.iter().rposition(|byte| !is_padding(byte)).map_or(0, |last| last + 1);
    let (text, tail) = plaintext.split_at_checked(end).unwrap_or_default();
    let kept = tail.iter().position(|byte| *byte == 0).unwrap_or(tail.len());
    plaintext.get(..text.len() + kept).unwrap_or_default()
}

/// Reads the pairs of parts of a sealed body, either `multipart/encrypted` or `multipart/x-multi-encrypted`. The boundary
/// is what the first line says, with or without white space after its dashes; the binary part ends where the announced
/// length ends, and is never searched.
///
/// # Errors
/// [`AuthError::BadFrame`] says what is wrong with the framing.
pub fn read_frames(body: &[u8]) -> Result<Vec<Frame>, AuthError> {
    let bytes = |range: Range<usize>| body.get(range).unwrap_or_default().to_vec();
    let frame = |place: Place| {
        let plaintext_len = place.ciphertext.len();
        Frame { signature: bytes(place.signature), ciphertext: bytes(place.ciphertext), plaintext_len }
    };
    Ok(places(body)?.into_iter().map(frame).collect())
}

/// Where a pair of parts stands in its body.
struct Place {
    signature: Range<usize>,
    /// As long as the plaintext.
    ciphertext: Range<usize>,
}

fn places(body: &[u8]) -> Result<Vec<Place>, AuthError> {
    let mut reader = FrameReader { body, at: 0 };
    let boundary = delimiter(reader.line()?).ok_or_else(|| bad_frame("it does not begin with a boundary"))?;
    if boundary.is_empty() || boundary.ends_with("--") {
        return Err(bad_frame("its boundary is empty"));
    }
    let mut frames = Vec::new();
    loop {
        frames.push(reader.pair(boundary)?);
        let line = reader.line()?;
        match delimiter(line).and_then(|text| text.strip_prefix(boundary)) {
            Some("") => {}
            Some("--") if reader.rest().trim_ascii().is_empty() => return Ok(frames),
            Some("--") => return Err(bad_frame("something follows its closing boundary")),
            _ => return Err(bad_frame("the ciphertext is not followed by the boundary")),
        }
    }
}

/// A body that is read from the front.
struct FrameReader<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> FrameReader<'a> {
    /// One pair of parts, from after its first boundary line to the end of its ciphertext.
    fn pair(&mut self, boundary: &str) -> Result<Place, AuthError> {
        let mut announced = None;
        for _ in 0..MAX_HEADER_LINES {
            let line = self.line()?;
            if delimiter(line) == Some(boundary) {
                let plaintext_len = announced.ok_or_else(|| bad_frame("OriginalContent is missing"))?;
                return self.binary(plaintext_len);
            }
            if let Some(value) = header(line, "OriginalContent") {
                announced = Some(length(value)?);
            }
        }
        Err(bad_frame("its first part has too many header lines"))
    }

    fn binary(&mut self, plaintext_len: usize) -> Result<Place, AuthError> {
        let media = header(self.line()?, "Content-Type").unwrap_or_default();
        if !media.trim_end().eq_ignore_ascii_case("application/octet-stream") {
            return Err(bad_frame("its second part is not application/octet-stream"));
        }
        let signature_len = u32::from_le_bytes(self.take(4)?.try_into().unwrap_or_default());
        let signature_len = usize::try_from(signature_len).unwrap_or(usize::MAX);
        if signature_len > MAX_SIGNATURE {
            return Err(bad_frame(format!("its signature would have {signature_len} bytes")));
        }
        let begins = self.at;
        self.take(signature_len)?;
        let signature = begins..self.at;
        self.take(plaintext_len)?;
        Ok(Place { ciphertext: signature.end..self.at, signature })
    }

    /// One line of text without its end.
    fn line(&mut self) -> Result<&'a str, AuthError> {
        let rest = self.rest();
        let window = rest.get(..MAX_LINE).unwrap_or(rest);
        let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
            return Err(bad_frame("a header line has no end"));
        };
        let line = self.take(end + 1)?;
        let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
        std::str::from_utf8(line).map_err(|_| bad_frame("a header line is not text"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], AuthError> {
        let taken = self.rest().get(..count).ok_or_else(|| bad_frame("it is cut short"))?;
        self.at += count;
        Ok(taken)
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }
}

/// What follows the dashes of a boundary line.
fn delimiter(line: &str) -> Option<&str> {
    Some(line.strip_prefix("--")?.trim())
}

/// The value of a part's header, which may be indented.
fn header<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = line.trim_start().split_once(':')?;
    found.trim_end().eq_ignore_ascii_case(name).then(|| value.trim_start())
}

/// The `Length` of an `OriginalContent`.
fn length(value: &str) -> Result<usize, AuthError> {
    value
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("Length"))
        .map(|(_, digits)| digits.trim())
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| bad_frame("OriginalContent has no usable Length"))
}

pub(super) fn bad_frame(problem: impl Into<String>) -> AuthError {
    AuthError::BadFrame { problem: problem.into() }
}

/// The `protocol` of bodies that are sealed after a login through `Negotiate`.
pub const SPNEGO: &str = "application/HTTP-SPNEGO-session-encrypted";

/// The `protocol` of bodies that are sealed after a login through `Kerberos`.
pub const KERBEROS: &str = "application/HTTP-Kerberos-session-encrypted";

const BOUNDARY: &str = "Encrypted Boundary";

/// The closing boundary line.
const CLOSING_BYTES: usize = BOUNDARY.len() + 6;

/// The longest header line that is read; real ones have fewer than a hundred bytes.
const MAX_LINE: usize = 1024;

/// The most header lines of a part; real ones have two.
const MAX_HEADER_LINES: usize = 16;

/// The longest signature or token header; Kerberos needs at most 76 bytes.
const MAX_SIGNATURE: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROTOCOL: &str = SPNEGO;

    fn frame(signature: &[u8], ciphertext: &[u8]) -> Frame {
        Frame {
            signature: signature.to_vec(),
            ciphertext: ciphertext.to_vec(),
            plaintext_len: ciphertext.len(),
        }
    }

    fn problem(body: &[u8]) -> String {
        match read_frames(body) {
            Err(AuthError::BadFrame { problem }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_frame_is_written_byte_for_byte() {
        let signature = [1, 0, 0, 0, 0x8c, 0x78, 0x2f, 0x51, 0xe5, 0x33, 0x4a, 0x76, 0, 0, 0, 0];
        let ciphertext = b"\x38\x9d\x42\x5b";
        let written = write_frame(FrameLayout::Client, PROTOCOL, &signature, ciphertext, 4);
        let expected: &[u8] = b"--Encrypted Boundary\r\n\
            Content-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
            OriginalContent: type=application/soap+xml;charset=UTF-8;Length=4\r\n\
            --Encrypted Boundary\r\n\
            Content-Type: application/octet-stream\r\n\
            \x10\0\0\0\x01\0\0\0\x8c\x78\x2f\x51\xe5\x33\x4a\x76\0\0\0\0\x38\x9d\x42\x5b--Encrypted Boundary--\r\n";
        assert_eq!(written, expected);
        // What NTLM adds: 251 bytes and the digits of the length.
        assert_eq!(written.len(), ciphertext.len() + 251 + 1);
        assert_eq!(read_frames(&written).unwrap(), [frame(&signature, ciphertext)]);
        for (layout, more) in [(FrameLayout::Windows, 3), (FrameLayout::Omi, 2)] {
            let answer = write_frame(layout, PROTOCOL, &signature, ciphertext, 4);
            assert_eq!(answer.len(), written.len() + more);
            assert_eq!(read_frames(&answer).unwrap(), [frame(&signature, ciphertext)]);
        }
        assert_eq!(
            content_type(PROTOCOL),
            "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\""
        );
    }

    #[test]
    fn only_nul_bytes_at_the_end_and_what_follows_them_are_padding() {
        for (padded, text) in [
            (&b"<x/>\0\0\0"[..], &b"<x/>"[..]),
            (b"<x/>\r\n\0 \t\0\n", b"<x/>\r\n"),
            (b"<x/>\n", b"<x/>\n"),
            (b"\0 <x>\0</x>", b"\0 <x>\0</x>"),
            (b"\0\0", b""),
            (b"", b""),
        ] {
            assert_eq!(without_padding(padded), text);
        }
    }

    #[test]
    fn servers_may_differ_in_blanks_and_boundary() {
        let parts = |boundary: &str, indent: &str, close: &str| {
            format!(
                "--{boundary}\r\n{indent}content-type: {PROTOCOL}\r\n\
                 {indent}ORIGINALCONTENT: type=application/soap+xml;charset=UTF-8; length = 3\r\n\
                 --{boundary}\r\n{indent}Content-Type: application/octet-stream\r\n\x02\0\0\0abxyz{close}"
            )
        };
        for body in [
            parts("Encrypted Boundary", "\t", "--Encrypted Boundary--\r\n"),
            parts("Encrypted Boundary", "", "--Encrypted Boundary--\r\n"),
            parts("Encrypted Boundary", "  ", "--Encrypted Boundary--\r\n\r\n"),
            parts(" Encrypted Boundary", "\t", "-- Encrypted Boundary--\r\n"),
            parts(" Encrypted Boundary", "\t", "--Encrypted Boundary--\r\n"),
            parts("another", "\t", "--another--\n"),
        ] {
            assert_eq!(read_frames(body.as_bytes()).unwrap(), [frame(b"ab", b"xyz")], "{body:?}");
        }
    }

    #[test]
    fn several_pairs_have_one_closing_boundary() {
        let first = write_frame(FrameLayout::Client, PROTOCOL, b"s1", b"one", 3);
        let second = write_frame(FrameLayout::Client, PROTOCOL, b"s2", b"", 0);
        let body = [first.strip_suffix(b"--Encrypted Boundary--\r\n").unwrap(), second.as_slice()].concat();
        assert_eq!(read_frames(&body).unwrap(), [frame(b"s1", b"one"), frame(b"s2", b"")]);
        assert!(is_sealed("multipart/x-multi-encrypted;protocol=\"x\";boundary=\"y\""));
        assert!(is_sealed(" Multipart/Encrypted ; boundary=x") && !is_sealed("application/soap+xml"));
    }

    #[test]
    fn a_boundary_within_the_ciphertext_is_data() {
        let data =
            b"--Encrypted Boundary--\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n";
        let body = write_frame(FrameLayout::Client, PROTOCOL, data, data, data.len());
        assert_eq!(read_frames(&body).unwrap(), [frame(data, data)]);
    }

    #[test]
    fn a_bad_frame_says_what_is_wrong() {
        let good = write_frame(FrameLayout::Client, PROTOCOL, &[1; 16], b"body", 4);
        let change = |from: &str, to: &str| {
            let at = good.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat()
        };
        for (body, expected) in [
            (b"".to_vec(), "no end"),
            (b"<html>\r\n".to_vec(), "begin with a boundary"),
            (b"--\r\n".to_vec(), "boundary is empty"),
            (change("OriginalContent", "Another"), "OriginalContent is missing"),
            (change("Length=4", "Length=-4"), "usable Length"),
            (change("Length=4", "Length="), "usable Length"),
            (change("Length=4", "Length=99999999999999999999999"), "usable Length"),
            (change("Length=4", "Length=18446744073709551615"), "cut short"),
            (change("Length=4", "Length=3"), "no end|not followed by the boundary"),
            (change("Length=4", "Length=5"), "not followed by the boundary"),
            (change("octet-stream", "json"), "octet-stream"),
            (change("octet-stream\r\n\x10\0", "octet-stream\r\n\x11\x11"), "4369 bytes"),
            (change("Boundary--\r\n", "Boundary--\r\nmore\r\n"), "follows its closing"),
            (change("Boundary--\r\n", "Boundary"), "no end"),
            (good[..good.len() - 30].to_vec(), "cut short"),
            ([b"--x\r\n".to_vec(), b"a: b\r\n".repeat(17)].concat(), "too many header lines"),
            ([b"--".to_vec(), b"x".repeat(MAX_LINE), b"\r\n".to_vec()].concat(), "no end"),
            (b"--\xff\r\n".to_vec(), "not text"),
        ] {
            let said = problem(&body);
            assert!(expected.split('|').any(|part| said.contains(part)), "{said} / {expected}");
        }
    }

    #[cfg(feature = "ntlm")]
    mod with_ntlm {
        use super::*;
        use crate::auth::NtlmSeal;

        #[test]
        fn a_body_is_sealed_and_opened_in_one_call() {
            let (mut client, mut server) = (NtlmSeal::client([0x55; 16]), NtlmSeal::server([0x55; 16]));
            let (content_type, body) = seal_body(&mut client, b"<x/>").unwrap();
            assert!(is_sealed(&content_type));
            assert!(body.windows(4).any(|window| window == [0x38, 0x9d, 0x42, 0x5b]));
            assert_eq!(open_body(&mut server, &body).unwrap(), b"<x/>");
            let (_, body) = seal_body(&mut client, b"<x/>\0\0\0\0\0\0\0\0\0\0\0\0").unwrap();
            assert_eq!(open_body(&mut server, &body).unwrap(), b"<x/>", "padded to 16 bytes, as libmi does");
            let frames = [&b"<x>"[..], b"", b"a longer one</x>"].map(|part| {
                let sealed = client.seal(part).unwrap();
                let (signature, ciphertext) = (&sealed.signature, &sealed.ciphertext);
                write_frame(FrameLayout::Windows, client.protocol(), signature, ciphertext, part.len())
            });
            let closing = format!("--{BOUNDARY}--\r\n");
            let [one, two, three] = frames.map(|frame| frame[..frame.len() - closing.len()].to_vec());
            let whole = [one, two, three, closing.into_bytes()].concat();
            assert_eq!(open_body(&mut server, &whole).unwrap(), b"<x>a longer one</x>");

            let (_, body) = seal_body(&mut server, b"").unwrap();
            assert_eq!(open_body(&mut client, &body).unwrap(), b"");
            assert_eq!(open_body(&mut client, &body), Err(AuthError::BadSeal));
            assert_eq!(open_body(&mut client, &body), Err(AuthError::Poisoned));
            assert_eq!(seal_body(&mut client, b"x"), Err(AuthError::Poisoned));
        }
    }

    /// A seal that changes the length, as a broken one might.
    #[derive(Debug)]
    struct Doubling;

    impl Seal for Doubling {
        fn protocol(&self) -> &'static str {
            PROTOCOL
        }

        fn seal(&mut self, _: &[u8]) -> Result<crate::auth::Sealed, AuthError> {
            Err(AuthError::Poisoned)
        }

        fn open(&mut self, _: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AuthError> {
            Ok(ciphertext.repeat(2))
        }
    }

    #[test]
    fn a_plaintext_of_another_length_than_announced_is_refused() {
        let body = write_frame(FrameLayout::Client, PROTOCOL, b"s", b"abc", 3);
        let error = open_body(&mut Doubling, &body).unwrap_err();
        assert_eq!(error, AuthError::BadFrame { problem: "3 bytes were announced and 6 came".to_owned() });
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(signature in prop::collection::vec(any::<u8>(), 0..64), ciphertext in prop::collection::vec(any::<u8>(), 0..300)) {
            let body = write_frame(FrameLayout::Client, PROTOCOL, &signature, &ciphertext, ciphertext.len());
            prop_assert_eq!(read_frames(&body).unwrap(), [frame(&signature, &ciphertext)]);
        }

        #[test]
        fn no_bytes_make_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut: prop::sample::Index,
        ) {
            let _ = read_frames(&bytes);
            let mut body = write_frame(FrameLayout::Client, PROTOCOL, &[1; 16], &bytes, bytes.len());
            for (at, byte) in changes {
                let at = at.index(body.len());
                body[at] = byte;
            }
            body.truncate(cut.index(body.len() + 1));
            let _ = read_frames(&body);
        }
    }
}
