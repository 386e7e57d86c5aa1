//! The key that encrypts secure strings: the client sends an RSA key, the server a session key encrypted with it
//! (MS-PSRP 2.2.2.3, PUBLIC_KEY; 2.2.2.4, ENCRYPTED_SESSION_KEY). Nothing that matters is protected by a simulator's
//! key, so that it need not be random, and the arithmetic need not take the same time for every value.

/// A session key is for AES-256.
pub(super) const KEY_LENGTH: usize = 32;

/// PUBLICKEYBLOB, version 2, CALG_RSA_KEYX, `RSA1`, 2048 bits.
const PUBLIC_KEY: &[u8] = b"\x06\x02\x00\x00\x00\xa4\x00\x00RSA1\x00\x08\x00\x00";
/// SIMPLEBLOB, version 2, CALG_AES_256, encrypted with CALG_RSA_KEYX.
const SESSION_KEY: &[u8] = b"\x01\x02\x00\x00\x10\x66\x00\x00\x00\xa4\x00\x00";
/// The bytes of a modulus of 2048 bits.
const MODULUS: usize = 256;
const LIMBS: usize = MODULUS / 4;

/// A number of 2048 bits, its lowest limb first.
type Number = [u32; LIMBS];

/// The session key for the owner of a public key, both as CryptoAPI's blobs; `None` if that is no key of 2048 bits.
pub(super) fn encrypted(key: &[u8; KEY_LENGTH], public_key: &[u8]) -> Option<Vec<u8>> {
    let (exponent, modulus) = public_key.strip_prefix(PUBLIC_KEY)?.split_at_checked(4)?;
    let exponent = u32::from_le_bytes(exponent.try_into().ok()?);
    let modulus = number(modulus)?;
    if exponent < 3 || modulus.last()? >> 31 == 0 {
        return None;
    }
    // RFC 8017, 7.2.1, RSAES-PKCS1-v1_5: 0, 2, padding without a zero, 0, the key. CryptoAPI's numbers begin with the
    // lowest byte, and so does the key in them.
    let mut block = [0; MODULUS];
    let padding = MODULUS - 3 - KEY_LENGTH;
    let bytes = key.iter().copied().chain([0]).chain((1..=u8::MAX).take(padding)).chain([2, 0]);
    for (place, byte) in block.iter_mut().zip(bytes) {
        *place = byte;
    }
    let encrypted = power(&number(&block)?, exponent, &modulus);
    let mut blob = SESSION_KEY.to_vec();
    blob.extend(encrypted.iter().flat_map(|limb| limb.to_le_bytes()));
    Some(blob)
}

fn number(bytes: &[u8]) -> Option<Number> {
    let mut limbs = [0; LIMBS];
    if bytes.len() != MODULUS {
        return None;
    }
    for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(4)) {
        *limb = u32::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(limbs)
}

/// `base` to the power of `exponent`, modulo `modulus`.
fn power(base: &Number, exponent: u32, modulus: &Number) -> Number {
    let mut result = [0; LIMBS];
    if let Some(lowest) = result.first_mut() {
        *lowest = 1;
    }
    for bit in (0..u32::BITS - exponent.leading_zeros()).rev() {
        result = product(&result, &result, modulus);
        if exponent >> bit & 1 == 1 {
            result = product(&result, base, modulus);
        }
    }
    result
}

/// The product of two numbers below the modulus, by doubling and adding.
fn product(one: &Number, other: &Number, modulus: &Number) -> Number {
    let mut result = [0; LIMBS];
    for limb in one.iter().rev() {
        for bit in (0..u32::BITS).rev() {
            result = sum(&result, &result, modulus);
            if limb >> bit & 1 == 1 {
                result = sum(&result, other, modulus);
            }
        }
    }
    result
}

/// The sum of two numbers below the modulus.
fn sum(one: &Number, other: &Number, modulus: &Number) -> Number {
    let (mut result, mut carry) = ([0; LIMBS], false);
    for ((place, one), other) in result.iter_mut().zip(one).zip(other) {
        let (low, first) = one.overflowing_add(*other);
        let (low, second) = low.overflowing_add(u32::from(carry));
        (*place, carry) = (low, first || second);
    }
    if carry || result.iter().rev().ge(modulus.iter().rev()) {
        let mut borrow = false;
        for (place, limb) in result.iter_mut().zip(modulus) {
            let (low, first) = place.overflowing_sub(*limb);
            let (low, second) = low.overflowing_sub(u32::from(borrow));
            (*place, borrow) = (low, first || second);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public_key(exponent: u32, modulus: &[u8]) -> Vec<u8> {
        [PUBLIC_KEY, &exponent.to_le_bytes(), modulus].concat()
    }

    #[test]
    fn a_power_is_what_arithmetic_says() {
        // 2^2048 - 1 is the modulus, so that 2^2048 is 1, and 2 to the power of 65537 (32 * 2048 + 1) is 2.
        let modulus = [u32::MAX; LIMBS];
        let mut two = [0; LIMBS];
        two[0] = 2;
        assert_eq!(power(&two, 65_537, &modulus), two);
        let mut large = [0; LIMBS];
        large[LIMBS - 1] = 1 << 31;
        let mut half = [0; LIMBS];
        half[LIMBS - 1] = 1 << 30;
        assert_eq!(product(&large, &large, &modulus), half, "2^4094 is 2^2046");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let key = [7; KEY_LENGTH];
        assert_eq!(encrypted(&key, &public_key(65_537, &[0xFF; MODULUS])).map(|blob| blob.len()), Some(268));
        for blob in [
            Vec::new(),
            public_key(65_537, &[0xFF; MODULUS - 1]),
            public_key(65_537, &[0xFF; MODULUS + 1]),
            public_key(65_537, &[0x0F; MODULUS]),
            public_key(1, &[0xFF; MODULUS]),
        ] {
            assert_eq!(encrypted(&key, &blob), None, "{} bytes", blob.len());
        }
    }
}
