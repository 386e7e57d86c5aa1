//! HTTP/1.1 as WinRM uses it: one POST at a time with a Content-Length, read from a buffer.

use memchr::memmem;

/// One request, as it lies in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'b> {
    pub authorization: Option<&'b [u8]>,
    pub is_sealed: bool,
    /// `WSMANIDENTIFY: unauthenticated`.
    pub is_anonymous: bool,
    /// `Connection: close`.
    pub closes: bool,
    pub is_at_wsman: bool,
    pub body: &'b [u8],
}

#[derive(Debug, PartialEq, Eq)]
pub enum Read<'b> {
    /// A request, and how many bytes of the buffer it took.
    Whole(Request<'b>, usize),
    /// More bytes are needed.
    Partial,
    /// It is no HTTP, or more than is taken.
    Malformed,
}

/// The most bytes of a head.
const MOST_HEAD: usize = 32_768;
/// The most bytes of a body: the largest envelope of any service, and its frame.
const MOST_BODY: usize = 520_000;

pub fn read(buffer: &[u8]) -> Read<'_> {
    let Some(end) = memmem::find(buffer, b"\r\n\r\n") else {
        return if buffer.len() > MOST_HEAD { Read::Malformed } else { Read::Partial };
    };
    let (head, rest) = buffer.split_at(end);
    let rest = &rest[4..];
    let mut request = Request {
        authorization: None,
        is_sealed: false,
        is_anonymous: false,
        closes: false,
        is_at_wsman: false,
        body: &[],
    };
    let mut length = 0;
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let Some(path) = first.strip_prefix(b"POST ") else { return Read::Malformed };
    request.is_at_wsman = path.starts_with(b"/wsman ") || path.starts_with(b"/wsman?");
    for line in lines {
        let Some(colon) = memchr::memchr(b':', line) else { return Read::Malformed };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // The length decides first: most headers are none of these.
        match name.len() {
            13 if name.eq_ignore_ascii_case(b"authorization") => request.authorization = Some(value),
            13 if name.eq_ignore_ascii_case(b"wsmanidentify") => {
                request.is_anonymous = value.eq_ignore_ascii_case(b"unauthenticated");
            }
            12 if name.eq_ignore_ascii_case(b"content-type") => {
                request.is_sealed = value.len() > 10 && value[..10].eq_ignore_ascii_case(b"multipart/");
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let digits = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                match digits.filter(|length| *length <= MOST_BODY) {
                    Some(found) => length = found,
                    None => return Read::Malformed,
                }
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                request.closes = value.eq_ignore_ascii_case(b"close");
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => return Read::Malformed,
            _ => {}
        }
    }
    match rest.get(..length) {
        Some(body) => {
            request.body = body;
            Read::Whole(request, end + 4 + length)
        }
        None => Read::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"POST /wsman?PSVersion=7 HTTP/1.1\r\nHost: x\r\nCONTENT-TYPE: multipart/encrypted;x\r\n\
        authorization: Basic eDp5\r\nContent-Length: 4\r\n\r\n<x/>POST ";

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        for end in 0..TEXT.len() - 5 {
            assert_eq!(read(&TEXT[..end]), Read::Partial, "{end} bytes");
        }
        let Read::Whole(request, used) = read(TEXT) else { panic!("{:?}", read(TEXT)) };
        assert_eq!((request.body, used), (&b"<x/>"[..], TEXT.len() - 5));
        assert_eq!(request.authorization, Some(&b"Basic eDp5"[..]));
        assert!(request.is_sealed && request.is_at_wsman && !request.closes && !request.is_anonymous);
    }

    #[test]
    fn what_is_no_post_with_a_length_is_refused() {
        for text in [
            &b"GET /wsman HTTP/1.1\r\n\r\n"[..],
            b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST /wsman HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
            b"POST /wsman HTTP/1.1\r\nnonsense\r\n\r\n",
        ] {
            assert_eq!(read(text), Read::Malformed);
        }
    }
}
