//! The inputs of the published example (MS-NLMP 4.2, Cryptographic Values for Validation), for tests.

/// The random session key of the example.
pub(in crate::auth) const SESSION_KEY: [u8; 16] = [0x55; 16];
/// The server challenge of the example.
pub(in crate::auth) const SERVER_CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
/// The client challenge of the example.
pub(in crate::auth) const CLIENT_CHALLENGE: [u8; 8] = [0xaa; 8];

/// The bytes that a hex text stands for.
pub(in crate::auth) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The NEGOTIATE message of a whole handshake, computed from MS-NLMP and recomputed with pyspnego's primitives; not
/// recorded.
pub(in crate::auth) const NEGOTIATE: &str =
    "4e544c4d5353500001000000378208e2000000000000000000000000000000000a0000000000000f";
/// Its CHALLENGE, 116 bytes.
pub(in crate::auth) const CHALLENGE: &str = "4e544c4d53535000020000000c000c0038000000358289e20123456789abcdef0000000000000000\
     30003000440000000a0000000000000f44006f006d00610069006e0002000c0044006f006d00610069006e0001000c005300650072007600\
     6500720007000800000000000000da0100000000";
/// Its AUTHENTICATE, 300 bytes.
pub(in crate::auth) const AUTHENTICATE: &str = "4e544c4d5353500003000000180018005800000098009800700000000c000c000801000008000800\
     14010000000000001c010000100010001c010000358289e20a0000000000000f81951ba009c8d3fc5930e0a9904b6c6b0000000000000000\
     0000000000000000000000000000000004293d6233ea2636acf50bddad7c5a960101000000000000000000000000da01aaaaaaaaaaaaaaaa\
     0000000002000c0044006f006d00610069006e0001000c0053006500720076006500720007000800000000000000da010600040002000000\
     09002c0048005400540050002f00770069006e00300031002e006500780061006d0070006c0065002e0063006f006d000000000000000000\
     44006f006d00610069006e0055007300650072001b51d13f7245fe7ab609ba416dca28de";
