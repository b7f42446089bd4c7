//! The one constructor of HTTP clients.
//!
//! A client without timeouts waits for ever, and reqwest's default has none: so there is one place that makes
//! them, with ring as the TLS provider.

use std::time::Duration;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);

/// A client that gives up after `read` without an answer.
///
/// # Panics
/// Never: the options are constants that reqwest accepts.
pub fn client(read: Duration) -> reqwest::Client {
    // a second installation is refused and harmless
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(read)
        .pool_max_idle_per_host(64)
        // a signed or secret-bearing call stays where it was sent
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("smartsalud/", env!("CARGO_PKG_VERSION")))
        .build()
        .expect("constant options are accepted")
}
