//! Who is calling: Meta's signature over the raw bytes of a webhook, and the handshake that registers it.
//!
//! The signature covers the bytes as they came (Meta escapes non-ASCII; a body that is parsed and written again
//! has another one), so it is checked before anything is parsed. All comparisons take constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header that carries the signature. `X-Hub-Signature` (SHA-1) is not looked at.
pub const HEADER: &str = "x-hub-signature-256";

/// Whether `header` is `sha256=` and the HMAC of exactly these bytes under one of the secrets.
///
/// Several secrets are in force while the app secret is being rotated.
pub fn is_signed<'a>(header: Option<&str>, body: &[u8], secrets: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let Some(digits) = header.and_then(|value| value.strip_prefix("sha256=")) else { return false };
    // Meta writes lower case; anything else did not come from there
    if digits.len() != 64 || digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return false;
    }
    let Ok(claimed) = hex::decode(digits) else { return false };
    secrets.into_iter().any(|secret| hmac(secret, body).verify_slice(&claimed).is_ok())
}

/// The header's value for these bytes, as Meta writes it; the simulator signs with it.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac(secret, body).finalize().into_bytes()))
}

fn hmac(secret: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    mac
}

/// What to answer to the handshake.
#[derive(Debug, PartialEq, Eq)]
pub enum Handshake<'a> {
    /// 200 with exactly this text.
    Echo(&'a str),
    /// 400: the right token, but nothing to echo.
    NothingToEcho,
    /// 403: not ours.
    Refuse,
}

/// Judges `GET /webhook?hub.mode=…&hub.verify_token=…&hub.challenge=…`.
pub fn handshake<'a>(
    mode: Option<&str>,
    token: Option<&str>,
    challenge: Option<&'a str>,
    expected_token: &str,
) -> Handshake<'a> {
    let token_fits = token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(expected_token.as_bytes())));
    // an unset token must not let anyone in
    if mode != Some("subscribe") || !token_fits || expected_token.is_empty() {
        return Handshake::Refuse;
    }
    challenge.map_or(Handshake::NothingToEcho, Handshake::Echo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_secret_is_good_while_they_are_being_rotated() {
        let body = br#"{"text":"\u00e9"}"#;
        let header = sign(b"old", body);
        assert!(is_signed(Some(&header), body, [&b"new"[..], &b"old"[..]]));
        assert!(!is_signed(Some(&header), body, [&b"new"[..]]));
        assert!(!is_signed(Some(&header), body, []));
    }

    #[test]
    fn one_changed_byte_breaks_the_signature() {
        let header = sign(b"secret", b"hola");
        assert!(!is_signed(Some(&header), b"holA", [&b"secret"[..]]));
    }

    #[test]
    fn an_unset_verify_token_lets_nobody_in() {
        assert_eq!(handshake(Some("subscribe"), Some(""), Some("1"), ""), Handshake::Refuse);
    }
}
